"""Two runs → what changed, and why.

circumstances.py (what the runs were asked for) → loop_pairs.py (which loop is which;
remark_pairs.py where only remarks tell of loops) → diff.py (queries/diff),
times.py and divided.py (what the times say of each loop and place; moved.py: samples that only
moved between a caller and what it calls) → hypotheses.py (queries/hypotheses, a
rule a file) → experiments.py (build or run it without the suspected cause, and measure),
bisected.py (the pass at fault)
difference.py, side.py, places.py, judged.py   what all of them return; remeasure.py times the two
binaries in turn
"""
