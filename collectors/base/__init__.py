"""What every layer stands on.

process.py      the only place that starts a process: limits, time-out, what it said
invocation.py   how a program under study is run, and what counts as success
toolchain.py    one LLVM and its tools; repeatable answers of a compiler
processor.py    whether a program got a processor when it wanted one
table.py        a table's columns with their documentation; `Problem`: why something is missing
errors.py       what is raised, and the exit code it means
foreign_text.py names and messages of others, harmless to a terminal, a reader, a model
scratch.py      temporary folders that outlive a kill, and who clears them away
threads.py      work side by side; demangle.py names as people write them
"""
