"""Two runs → what changed, and why.

loop_pairs.py (which loop is which) → diff.py (queries/diff) → hypotheses.py (queries/hypotheses,
a rule a file) → experiments.py (build without the suspected cause, and measure)
"""
