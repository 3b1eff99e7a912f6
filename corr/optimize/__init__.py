"""The optimiser: propose, gate, build, check, measure, record. `loop.py` is where to begin."""
