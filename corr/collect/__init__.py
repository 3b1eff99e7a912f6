"""One program → one run.

run.py (the order of it all) → options.py → built.py (the program, built) → layers.py (every layer,
in order; layer.py what one is) → gather.py (what is timed alone, the rest side by side) →
from_running.py, from_binary.py, from_compiler.py (how each layer is had; hottest.py: where the
costly ones look; pass_traces.py) → attempts.py (what breaks costs its own rows) →
join.py (every fact gets its loop: queries/attribute) → artifacts.py (what the tools wrote stays).
again.py builds a run's program once more.
"""
