"""A check that can fail: the program broken on purpose, before its outputs are trusted.

nests.py (hot nests of a run) → module.py (the front end's IR as text, and back to a program),
flow.py (where a value goes) → region.py, kinds/ (how a nest is broken: a table of functions)
trials.py: builds, runs and compares each mutant as a candidate is, within a limit of time
ledger.py (what was caught) → touched.py: whether the check sees what a variant changes
"""
