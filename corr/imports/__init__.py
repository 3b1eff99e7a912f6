"""Other tools' files → one run.

profiles.py   Caliper and PAPI; remarks.py a finished build's records, through recordings.py (a
cache), remark_loops.py (loops that only remarks know of) and sources.py (the text around them)
"""
