"""What times allow one to say.

interleave.py   two programs timed in turn until it is decided
verdict.py      bootstrap interval → faster, slower, same, inconclusive
"""
