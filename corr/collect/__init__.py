"""One program → one run.

run.py (the order: build, measure alone, explain side by side, join, commit) → layers.py (each
layer's place in it) → hottest.py (where the costly ones look), pass_traces.py →
join.py (every fact gets its loop: queries/attribute) → artifacts.py (what the tools wrote stays).
again.py builds a run's program once more.
"""
