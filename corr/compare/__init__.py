"""Two runs → what changed, and why.

loop_pairs.py (which loop is which) → diff.py (queries/diff), times.py (what the times say of it)
→ hypotheses.py (queries/hypotheses, a rule a file)
→ experiments.py (build without the suspected cause, and measure), bisected.py (the pass at fault)
difference.py   what all of them return; remeasure.py times the two binaries in turn
"""
