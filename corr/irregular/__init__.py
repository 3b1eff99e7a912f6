"""Loops that no polyhedron models: searches, which end when the data says so, and branches.

effects.py says what a piece of the syntax tree reads and writes. lookups.py finds outer loops whose
iterations each search for something by a loop of their own (heads.py: what goes from one to the
next; calls.py: searches that are functions). side_by_side.py writes several at once, as_vectors.py
as lanes of vectors; lanes.py is what a search's text becomes, lane_text.py how it is put down.
events.py finds the iterations that do nothing (questions.py: conditions about them; iterations.py:
what they leave behind; steps.py: how the loop counts; remainders.py: divisors), and ahead.py writes
a loop that passes over many at once.
branch_free.py writes an `if` as choices (swaps.py: calls that exchange two places). tables.py finds
loops over the bits of a shift register, and writes a table (bits.py: what becomes of each bit).
Under all of them: syntax.py, edits.py, names.py and macros.py.
"""
