"""Scalars that gather what one element becomes, kept in that element from the start.

    w = a[i][j];                             a[i][j] as it is
    for (k …) w -= a[i][k] * a[k][j];   →    for (k …) a[i][j] -= a[i][k] * a[k][j];
    a[i][j] = w / a[j][j];                   a[i][j] = a[i][j] / a[j][j];

So each iteration of the loops round it has a place of its own, and loops can be exchanged and
tiled, without memory for a copy. It computes the same where nobody looks at the element between
the first and the last of these statements.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import islpy as isl

from corr.polyhedral.expand import common, private
from corr.polyhedral.expressions import Element, NotAffine
from corr.polyhedral.limits import limited
from corr.polyhedral.scop import Access, Array, Scop, Statement, access_to
from corr.polyhedral.useful import useful


def in_place(scop: Scop) -> Scop:
    """The region with every such scalar in the element that it is for.

    Scalars that hold something else as well keep that.
    """
    for array in list(scop.arrays.values()):
        if array.dimensions == 0 and not array.outside:
            for life in list(_lives(scop, array)):
                with contextlib.suppress(NotAffine):
                    scop = _one(scop, array, life)
    return scop


def _lives(scop: Scop, scalar: Array) -> Iterator[list[str]]:
    """The statements that use a scalar, from each that gives it a new value to the next."""
    life: list[str] = []
    for s in scop.statements:
        used = [a for a in s.accesses if a.array == scalar.name]
        if not used:
            continue
        begins = s.guard is None and all(a.write for a in used)
        if begins and life:
            yield life
            life = []
        if life or begins:
            life.append(s.name)
    if life:
        yield life


@limited("to keep a scalar in an element")
def _one(scop: Scop, scalar: Array, life: list[str]) -> Scop:
    users = [scop.statement(name) for name in life]
    first, last = users[0], users[-1]
    loops = common([s.loops for s in users])
    if len(users) < 2 or not first.loops == last.loops == loops or not loops:
        return scop
    target = last.target
    if last.guard is not None or not _is_like(scop, scalar, target.array):
        return scop
    if not _walks(access_to(target), loops) or not _always(scop, users, last):
        return scop
    if _looked_at(scop, first, last) or not private(scop, scalar, users, len(loops)):
        return scop

    def change(node: Element) -> Element:
        return target if node.array == scalar.name else node

    kept = []
    for s in scop.statements:
        if s.name in life:
            s = s.with_elements(change)
            if s.guard is None and isinstance(s.value, Element) and s.value == s.target:
                continue  # the element as it is
        kept.append(s)
    statements, arrays = useful(kept, scop.arrays)
    return scop.with_statements(tuple(statements), arrays)


def _is_like(scop: Scop, scalar: Array, name: str) -> bool:
    """An array whose elements are of the scalar's type."""
    array = scop.arrays[name]
    return array.dimensions > 0 and not array.local and array.element == scalar.element


def _walks(access: Access, loops: tuple[str, ...]) -> bool:
    """The innermost loop walks neighbours: what runs as vectors has them in a row."""
    *rows, last = (form.get(loops[-1], 0) for form in access.index)
    return abs(last) == 1 and not any(rows)


def _always(scop: Scop, users: list[Statement], last: Statement) -> bool:
    """Wherever one of them runs, the last of them runs as well."""
    depth, there = len(last.loops), scop.points(last.loops, last.constraints)
    for s in users:
        run = scop.points(s.loops, s.constraints)
        inner = len(s.loops) - depth
        run = run.project_out(isl.dim_type.set, depth, inner) if inner else run
        if not run.is_subset(there):
            return False
    return True


def _looked_at(scop: Scop, first: Statement, last: Statement) -> bool:
    """Whether the last one's element is read or written between them, but for what they gather."""
    loops = last.loops
    depth = len(loops)
    element = access_to(last.target)
    for s in scop.statements:
        if s.loops[:depth] != loops:
            continue
        if not first.position[depth] <= s.position[depth] <= last.position[depth]:
            continue
        for access in s.accesses:
            if access.array != element.array or s is first or (s is last and access.write):
                continue
            here = scop.touched(s, access).intersect(scop.touched(s, replace(element, write=False)))
            if not here.is_empty():
                return True
    return False
