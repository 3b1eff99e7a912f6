"""Loop nests as polyhedra: read from clang's AST, rescheduled by isl, written back as C.

clang_ast.py → accessors.py (small methods written out) → members.py (those of structures, as
variables) → extract.py, region.py, convert.py, accesses.py → folded.py → scop.py (what the nest
computes) → dependences.py (what must stay in order) → schedules.py, rewrite.py (another order) →
legality.py (is it one) → syntax.py, nest.py, emit.py (loops again) → conditions.py, generate.py
(and what to ask before they may run).
"""
