"""Other hosts that measure, by Dask distributed: `--workers tcp://…`.

hosts.py   the workers of a scheduler, what each says of its host, and which of them measure
pairs.py   pairs of runs, timed here or there
timer.py   one timed run at a time on a host, whoever times

The unit of work is a pair of runs on one host; what a pair is, is said where it is asked for:
by a search, and by an optimisation.
"""
