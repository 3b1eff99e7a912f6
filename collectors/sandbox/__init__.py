"""A program that may be hostile, in bubblewrap.

confined.py   run it: limits, what it may write, what is left of it (places.py)
mounts.py     what it sees of the machine; syscalls.py what it may ask of the kernel
watchdog.py   what it may take
invocation.py the same as the layers run a program: timed, counted, sampled from outside
"""
