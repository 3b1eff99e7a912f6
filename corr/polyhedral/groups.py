"""Statements that stay together, as they share values that one iteration alone uses."""

from __future__ import annotations

import islpy as isl

from corr.polyhedral.scop import Scop


def groups(scop: Scop) -> dict[str, str]:
    """The first statement of its group for each that is in one; empty where there is none."""
    first = {s.name: s.name for s in scop.statements}
    for array in sorted(scop.transient):
        users = [s.name for s in scop.statements if any(a.array == array for a in s.accesses)]
        joined = {first[name] for name in users}
        leader = next(name for name in first if name in joined)
        first.update((name, leader) for name, of in list(first.items()) if of in joined)
    return first if len(set(first.values())) < len(first) else {}


def renaming(scop: Scop, one: dict[str, str]) -> isl.UnionMap:
    """Each instance → that of the statement that stands for its group."""
    total = isl.UnionMap("{}")
    for s in scop.statements:
        place = ", ".join(s.loops)
        named = isl.UnionMap(f"{{ {s.name}[{place}] -> {one.get(s.name, s.name)}[{place}] }}")
        total = total.union(named)
    return total


def between_groups(scop: Scop, depends: isl.UnionMap, one: dict[str, str]) -> isl.UnionMap:
    """Dependences between groups, and of one on other iterations of itself."""
    if not one:
        return depends
    names = renaming(scop, one)
    changed = depends.apply_domain(names).apply_range(names)
    return changed.subtract(scop.domain.apply(names).identity())
