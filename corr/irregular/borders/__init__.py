"""Loops whose checks matter near their ends only: clamped and wrapped indices, tests of bounds.

    linear → facts → counted, sums → checks → inside → body → loops

`inside` tells what the checks of a loop's body come to away from its ends, and `loops` writes the
loop so that it runs without them there.
"""
