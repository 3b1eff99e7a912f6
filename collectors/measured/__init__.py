"""What a run of the program showed.

timings.py     wall, processor and kernel time        counters.py    perf stat
samples.py     perf record, by address                execution.py   counts by line (llvm-cov)
trips.py       iterations of loops, from those        cachegrind.py  caches, simulated
chains.py      perf record, who called        kernel_work.py  what the kernel did
"""
