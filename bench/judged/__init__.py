"""Candidates that are known to be wrong or right, judged by real sessions of `corr optimize`.

candidate.py (the words) → programs/, subjects.py (what is changed, and the text that candidates replace)
wrong_kernel.py, wrong_programs.py; honest_c.py, honest_cxx.py; threads.py (the candidates, as data)
loaded.py (equal and slightly faster ones, judged on a busy machine)
sessions.py (a model's server that proposes them, a session, its rows) → __main__.py, table.py
"""
