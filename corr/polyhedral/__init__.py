"""Loop nests as polyhedra: read from clang's AST, rescheduled by isl, written back as C.

clang_ast.py → expressions.py → scop.py (what the nest computes) → dependences.py (what must stay in
order) → schedules.py, blocks.py (another order) → generate.py (C again).
"""
