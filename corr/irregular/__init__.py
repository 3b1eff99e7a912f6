"""Loops that no polyhedron models: loops of searches, which end when the data says so.

effects.py says what a piece of the syntax tree reads and writes; lookups.py finds outer loops whose
iterations each search for something by a loop of their own; calls.py those whose search is a
function; edits.py changes a text by the places of its nodes; side_by_side.py writes several
searches that run at once.
"""
