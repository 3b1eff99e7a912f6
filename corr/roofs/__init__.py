"""What the machine allows at best, and the least time that a program's work takes by that.

peaks.py (peaks.c)  the machine's roofs, measured: operations a second, bytes a second of each level
bounds.py           the least seconds for so many operations and bytes below them
counted.py          the operations that the code of a run's loops does
shares.py           shares of the roof in words
"""
