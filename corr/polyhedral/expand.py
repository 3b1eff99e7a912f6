"""Scalars that carry nothing from one iteration to the next, each iteration given its own."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import islpy as isl

from corr.polyhedral.expressions import (
    Affine,
    Element,
    Expression,
    Name,
    NotAffine,
    Operation,
    linear,
    scaled,
)
from corr.polyhedral.limits import limited
from corr.polyhedral.scop import Array, Scop, Statement
from corr.polyhedral.syntax import text


def expanded(scop: Scop) -> Scop:
    """The region with every scalar that allows it turned into an array over its loops.

    A scalar allows it when each value is used within the iteration that computed it, and nobody
    looks at it after the region, as far as isl can tell.
    (Scalar expansion: Padua & Wolfe, CACM 1986.) One that several nests use for values of their own
    becomes an array in each nest.
    """
    for array in list(scop.arrays.values()):
        if array.dimensions == 0 and not array.outside:
            for nest in _nests(scop, array):
                with contextlib.suppress(NotAffine):
                    scop = _one(scop, array, nest)
    return scop


def _nests(scop: Scop, scalar: Array) -> list[str]:
    """The outermost loops round what uses a scalar."""
    return list(dict.fromkeys(s.loops[0] for s in _users(scop, scalar) if s.loops))


def _users(scop: Scop, scalar: Array) -> list[Statement]:
    return [s for s in scop.statements if any(a.array == scalar.name for a in s.accesses)]


@limited("to expand a scalar")
def _one(scop: Scop, scalar: Array, nest: str) -> Scop:
    """The region with an array for the scalar in one nest, if its values stay within that."""
    every = _users(scop, scalar)
    users = [s for s in every if s.loops[:1] == (nest,)]
    depth = len(common([s.loops for s in users]))
    if depth == 0 or not private(scop, scalar, users, depth):
        return scop
    name = f"{scalar.name}_of"
    while name in scop.arrays or name in scop.words:
        name += "_"
    starts = [_start(scop, users, at) for at in range(depth)]
    extents = extents_of(scop, users, depth, starts)
    statements = tuple(
        _renamed(s, scalar.name, name, s.loops[:depth], starts) if s in users else s
        for s in scop.statements
    )
    others = len(users) < len(every)
    arrays = {k: v for k, v in scop.arrays.items() if others or k != scalar.name}
    arrays[name] = Array(
        name, scalar.element, depth, local=True, outside=False, folded=depth > 1, extents=extents
    )
    return scop.with_statements(statements, arrays)


def common(chains: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The loops that all of these begin with."""
    depth = 0
    while all(len(c) > depth for c in chains) and len({c[depth] for c in chains}) == 1:
        depth += 1
    return chains[0][:depth]


def private(scop: Scop, scalar: Array, users: list[Statement], depth: int) -> bool:
    """What these write is read by them alone, and by each in the iteration that wrote it.

    An iteration of the loops that they have in common; and nothing else is read by them.
    """
    element = isl.UnionSet(f"{{ A_{scalar.name}[] }}")
    reads = scop.accesses(write=False).intersect_range(element)
    sure = scop.accesses(write=True, sure=True).intersect_range(element)
    maybe = scop.accesses(write=True).intersect_range(element)
    info = isl.UnionAccessInfo.from_sink(reads).set_must_source(sure)
    info = info.set_may_source(maybe.subtract(sure))
    found = info.set_schedule_map(scop.order.intersect_domain(scop.domain)).compute_flow()
    own = isl.UnionSet("{}")
    for s in users:
        own = own.union(isl.UnionSet.from_set(scop.domain_of(s)))
    if not found.get_may_no_source().intersect_domain(own).is_empty():
        return False
    same = isl.UnionMap("{}")
    for s in users:
        for t in users:
            ours = [f"a{k}" for k in range(len(s.loops))]
            theirs = [f"b{k}" for k in range(len(t.loops))]
            equal = " and ".join(f"a{k} = b{k}" for k in range(depth))
            same = same.union(
                isl.UnionMap(
                    f"{{ {s.name}[{', '.join(ours)}] -> {t.name}[{', '.join(theirs)}] : {equal} }}"
                )
            )
    flow = found.get_may_dependence()
    theirs_too = flow.intersect_domain(own).union(flow.intersect_range(own))
    return bool(theirs_too.is_subset(same))


def extents_of(
    scop: Scop, users: list[Statement], depth: int, starts: Sequence[Affine] = ()
) -> tuple[str, ...]:
    """How large each dimension over their loops must be, as C, if it begins at these.

    Raises NotAffine where an index could be negative.
    """
    found = []
    for at in range(depth):
        total = _indices(scop, users, at)
        if starts and starts[at]:
            less = linear(scaled(starts[at], -1), scop.spelling())
            total = total.apply(isl.Map(f"{scop.header}{{ [x] -> [x + {less}] }}"))
        found.append(extent_of(scop, total))
    return tuple(found)


def _indices(scop: Scop, users: list[Statement], at: int) -> isl.Set:
    """The values of one loop of several statements."""
    total: isl.Set | None = None
    for s in users:
        domain = scop.domain_of(s)
        count = len(s.loops)
        domain = domain.project_out(isl.dim_type.set, at + 1, count - at - 1)
        domain = domain.project_out(isl.dim_type.set, 0, at)
        total = domain if total is None else total.union(domain)
    assert total is not None
    return total


def _start(scop: Scop, users: list[Statement], at: int) -> Affine:
    """The first value of a loop that may begin below 0: a parameter. Nothing where it does not."""
    indices = _indices(scop, users, at)
    if indices.is_subset(isl.Set(f"{scop.header}{{ [x] : x >= 0 }}")):
        return {}
    for parameter in scop.parameters:
        begin = f"{scop.header}{{ [x] : x >= {scop.spelling()[parameter]} }}"
        if indices.is_subset(isl.Set(begin)):
            return {parameter: 1}
    return {}


def extent_of(scop: Scop, indices: isl.Set) -> str:
    """How large a dimension with these indices must be, as C.

    Raises NotAffine where one of them may be negative.
    """
    if not indices.is_subset(isl.Set(f"{scop.header}{{ [x] : x >= 0 }}")):
        raise NotAffine("an index may be negative")
    build = isl.AstBuild.from_context(isl.Set(f"{scop.header}{{ : }}"))
    return text(build.expr_from_pw_aff(indices.coalesce().dim_max(0) + 1))


def _renamed(
    s: Statement, old: str, new: str, loops: tuple[str, ...], starts: Sequence[Affine]
) -> Statement:
    index = tuple(
        _less(Name("int", loop), start) for loop, start in zip(loops, starts, strict=True)
    )

    def change(node: Element) -> Element:
        return Element(node.type, new, index) if node.array == old else node

    return s.with_elements(change)


def _less(index: Expression, start: Affine) -> Expression:
    """An index counted from where a loop begins."""
    for parameter in start:
        index = Operation("long", "-", (index, Name("long", parameter)))
    return index
