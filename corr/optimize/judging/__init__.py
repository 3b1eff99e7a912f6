"""Is a candidate right, and is it faster?

order.py     the stages, cheapest first; ruling.py what they find; together.py one on top of another
evidence.py  what a program puts out, as evidence; references.py what the original does
check.py     same outputs on inputs seen and held out, sanitizers; outputs.py compares two
sanitizing.py what it does to memory (reports.py), unwritten.py what it finds there;
             preprocessing.py what its text does under flags
alive.py     a proof where alive-tv is installed
speed.py     timed in turn with the best so far
"""
