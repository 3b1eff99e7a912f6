"""Propose → gate → build → check → time → keep: `corr optimize`.

request.py (what was asked for) → prepare_original.py, inputs.py → loop.py (iterations)
look_around.py → surroundings.py (where a program runs), observed.py (what counts of its output),
printed_time.py (what it says of its time)
session.py (how it stands), rows.py (what is recorded of it), resume.py (a session read back)
time_budget.py (seconds that it may take)
proposers.py → rules/ (built in), llm/ (a model): who proposes; proposal.py the words
experience/: what earlier sessions of the lake taught
moves/ → variant.py: what a change is, and the program with it; polly/ schedules
gate/: what a change may not bring in; build_and_run.py: compiled and run, confined
judging/: whether it is right and faster; guarantee.py how sure that is
mutants/: whether the check would find out, if it were not
commits.py, result_folder.py: what is left at the end; confined_run.py measured for it
"""
