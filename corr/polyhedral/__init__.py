"""Loop nests as polyhedra: read from clang's AST, rescheduled by isl, written back as C.

clang_ast.py → accessors.py (small methods written out) → members.py (those of structures, as
variables) → extract.py, region.py (starts.py: a loop's start; guards.py: conditions on data),
comparisons.py (on loops' variables), convert.py (pure_functions.py: what a call computes),
library.py, statements.py; structures.py (members of arrays' elements), structure_values.py,
structure_calls.py, accesses.py → folded.py → scop.py (what the nest computes) → in_place.py,
expand.py (its scalars) → index_sets.py, rounds.py, strips_of_rounds.py, turned.py (other statements
that compute the same) → dependences.py (what must stay in order) → groups.py (and together),
schedules.py, rewrite.py (another order) → legality.py (is it one) → syntax.py, loop_names.py,
contraction.py (what needs no memory), nest.py, emit.py (loops again) → tidy.py (as a person would
write them) → conditions.py, generate.py (and what to ask before they may run).
"""
