"""Rules: moves with a reason, from remarks, the machine model and the shape of loops.

proposer.py asks them in turn, and feeds the results back: flags.py and flag_bases.py (flags of the
compiler), whole_program.py (profile, link, allocator), inlining.py (hot calls), loops.py
(directives at single loops), idioms.py (what the library costs, written otherwise), nests.py (the
orders of whole loop nests).
recipes.py has what a model found for other programs.
leaf_settings.py, bases.py and weights.py serve the search of nests; by_experience.py says what
earlier sessions have tried first, or last.
"""
