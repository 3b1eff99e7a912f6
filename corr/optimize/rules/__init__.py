"""Rules: moves with a reason, from remarks, the machine model and the shape of loops.

proposer.py asks them in turn, and feeds the results back: flags.py and flag_bases.py (flags of the
compiler), loops.py (directives at single loops), nests.py (the orders of whole loop nests).
leaf_settings.py, bases.py and weights.py serve the search of nests.
"""
