"""Other tools' files → one run.

profiles.py   Caliper and PAPI; remarks.py a finished build's records, through recordings.py (a
cache) and remark_loops.py (loops that only remarks know of)
"""
