"""What times allow one to say.

interleave.py   two programs timed in turn until it is decided
clocks.py       which clock decides: the program's own, its CPU time, the wall's
verdict.py      bootstrap interval → faster, slower, same, inconclusive
patterns.py     regular expressions for what a program prints of itself
significance.py how probable a difference is where there is none
"""
