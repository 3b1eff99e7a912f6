"""Whether a schedule tree runs every pair of dependent instances in the old direction."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import islpy as isl

from corr.polyhedral import dependences
from corr.polyhedral.expressions import NotAffine, linear
from corr.polyhedral.limits import bounded, limited
from corr.polyhedral.schedules import Band, Leaf, Row, Tree, bands, forward, statements, still
from corr.polyhedral.scop import Scop
from corr.polyhedral.times import layout, rows_of, time_map

#: Lanes of a vector, and iterations of a block, at most.
MOST_LANES = 64


def legal(scop: Scop, tree: Tree) -> bool:
    """The tree's order, its tiles, blocks and vectors included, keeps every dependence.

    What isl cannot tell within its limit is not legal.
    """
    try:
        with bounded("the order"):
            if sorted(statements(tree)) != sorted(s.name for s in scop.statements):
                return False
            if not all(_settings_fit(band) for _, band in bands(tree)):
                return False
            if not dependences.of(scop).kept_by(time_map(scop, layout(scop, tree))):
                return False
            return all(_blocks_keep(scop, tree, band) for _, band in bands(tree))
    except NotAffine:
        return False


def _settings_fit(band: Band) -> bool:
    """Sizes are there for each row, and vectors divide their blocks."""
    count = len(band.rows)
    sizes = [*band.tile_sizes, *band.block_sizes]
    if len(sizes) != 2 * count or any(size < 1 for size in sizes):
        return False
    if any(size > MOST_LANES for size in band.block_sizes) or band.unroll < 1:
        return False
    if band.vector is None:
        return True
    if not 0 <= band.vector < count or band.block_sizes[band.vector] % band.unroll:
        return False
    lanes = band.block_sizes[band.vector] // band.unroll
    return lanes.bit_count() == 1


def _blocks_keep(scop: Scop, tree: Tree, band: Band) -> bool:
    """A block's iterations may run side by side within the loops that are inside it.

    That is legal where no dependence goes back along any row (Wolfe, More iteration space tiling,
    1989): then each order of the rows is, and a block is a tile whose loops are unrolled.
    """
    blocked = [at for at, size in enumerate(band.block_sizes) if size > 1]
    if not blocked:
        return True
    if band.strip or not isinstance(band.child, Leaf):
        return False
    if band.vector is not None and not parallel(scop, tree, band, band.vector):
        return False
    if blocked == [len(band.rows) - 1]:
        return True
    left = _left(scop, tree, band, blocked[0])
    if all(still(scop, band.rows[at], left) for at in blocked):
        return True  # what depends on one another stays in one iteration of each
    return forward(scop, band.rows[blocked[0] :], left)


def still_rows(scop: Scop, tree: Tree, band: Band) -> list[int]:
    """The rows of a band along which nothing depends on anything, whatever the others do."""
    left = _left(scop, tree, band, 0)
    return [at for at, row in enumerate(band.rows) if still(scop, row, left)]


def _left(scop: Scop, tree: Tree, band: Band, row: int) -> isl.UnionMap:
    """The dependences in a band that are not carried by a row before this one."""
    assert isinstance(band.child, Leaf)
    names = band.child.statements
    total = isl.UnionMap("{}")
    for s_name in names:
        for t_name in names:
            outer = len(rows_of(tree, s_name)) - len(band.rows) + row
            total = total.union(_pairs(scop, tree, s_name, t_name, list(range(outer))))
    return dependences.of(scop).every.intersect(total)


def _pairs(scop: Scop, tree: Tree, s_name: str, t_name: str, same: list[int]) -> isl.UnionMap:
    """Pairs of instances of two statements whose coordinates agree in some rows."""
    s, t = scop.statement(s_name), scop.statement(t_name)
    ours = [f"a{k}" for k in range(len(s.loops))]
    theirs = [f"b{k}" for k in range(len(t.loops))]
    here = dict(zip(s.loops, ours, strict=True)) | scop.spelling()
    there = dict(zip(t.loops, theirs, strict=True)) | scop.spelling()
    rows: list[tuple[Row, Row]] = list(
        zip(rows_of(tree, s_name), rows_of(tree, t_name), strict=True)
    )
    terms = [
        f"{linear(rows[at][0][s_name], here)} = {linear(rows[at][1][t_name], there)}" for at in same
    ]
    inside = " and ".join(terms) or "true"
    pair = f"{s_name}[{', '.join(ours)}] -> {t_name}[{', '.join(theirs)}]"
    return isl.UnionMap(f"{scop.header}{{ {pair} : {inside} }}")


@limited("which iterations are independent")
def parallel(scop: Scop, tree: Tree, band: Band, at: int) -> bool:
    """Iterations of a row that agree in all others may be lanes of one vector operation.

    Within them a statement may only depend on one before it in the text. Raises NotAffine where
    isl cannot tell within its limit.
    """
    assert isinstance(band.child, Leaf)
    names = band.child.statements
    depends = dependences.of(scop).every
    for first, s_name in enumerate(names):
        count = len(rows_of(tree, s_name))
        same = [row for row in range(count) if row != count - len(band.rows) + at]
        for t_name in names[: first + 1]:
            if not depends.intersect(_pairs(scop, tree, s_name, t_name, same)).is_empty():
                return False
    return True


def lane_order(scop: Scop, tree: Tree, band: Band, rows: Sequence[int]) -> tuple[str, ...]:
    """The statements in a band so that lanes along a row depend on what stands before them.

    Along the first of `rows` in any case, along the others as far as that leaves an order. As they
    are where there is none for the first. Raises NotAffine where isl cannot tell.
    """
    assert isinstance(band.child, Leaf)
    names = band.child.statements
    depends = dependences.of(scop).every
    before: dict[str, set[str]] = {name: set() for name in names}
    order = names
    with bounded("which statement stands before which"):
        for at in rows:
            more = {name: set(known) for name, known in before.items()}
            for s_name, t_name in itertools.permutations(names, 2):
                count = len(rows_of(tree, s_name))
                same = [row for row in range(count) if row != count - len(band.rows) + at]
                if not depends.intersect(_pairs(scop, tree, s_name, t_name, same)).is_empty():
                    more[t_name].add(s_name)
            found = _in_order(names, more)
            if found is not None:
                before, order = more, found
    return order


def _in_order(names: tuple[str, ...], before: Mapping[str, set[str]]) -> tuple[str, ...] | None:
    """The names with what must stand before each there; None if they wait for each other."""
    found: list[str] = []
    while len(found) < len(names):
        ready = [n for n in names if n not in found and before[n] <= set(found)]
        if not ready:
            return None
        found.append(ready[0])
    return tuple(found)
