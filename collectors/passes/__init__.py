"""What each pass did to each function, from clang's -print-changed.

changes.py (runs clang) → stream.py (cuts its output) → trace.py (one function's history) →
text.py, blocks.py (a dump as lines and blocks) → diff.py (what changed) →
block_loops.py (in which loop) → spill.py (rows to disk). opcodes.py counts instructions,
stripped.py shows a function's IR without what nobody reads.
"""
