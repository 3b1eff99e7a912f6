"""Builds made on purpose, to decide what a rule can only suspect.

modules.py (the modules that two runs kept, as objects) → symbols.py (what a module
defines, and which functions go together) → hybrids.py (functions of one build in the other)
→ swap.py (each timed in turn: what part of the difference it is)
invocations.py (the pass invocations of a compilation) → ablation.py (what a pass is worth to a
function) and bisection.py (which invocation gave code a property); effects.py (seconds with an
interval, of a budget)
otherwise.py (a build as it is, run in another way: numbers flushed, memory kept, data moved)
"""
