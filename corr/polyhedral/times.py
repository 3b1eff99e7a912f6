"""Times of a schedule tree: tile loops, loops, siblings, in one space for all statements."""

from __future__ import annotations

from dataclasses import dataclass

import islpy as isl

from corr.polyhedral.expressions import linear
from corr.polyhedral.schedules import Band, Leaf, Row, Sequence, Tree
from corr.polyhedral.scop import Scop


@dataclass(frozen=True)
class Dimension:
    """One dimension of time. `factor` is its share of a register block; `vector` its lanes."""

    kind: str
    factor: int = 1
    vector: int = 1


@dataclass(frozen=True)
class Layout:
    """Time of every statement in one space, and what each dimension is at each statement."""

    times: dict[str, tuple[str, ...]]
    dimensions: dict[str, tuple[Dimension, ...]]

    @property
    def depth(self) -> int:
        return max(len(time) for time in self.times.values())


def layout(scop: Scop, tree: Tree) -> Layout:
    """The tree as times."""
    found = _times(scop, tree)
    depth = max(len(time) for time in found.values())
    times, dimensions = {}, {}
    for name, time in found.items():
        padded = time + [("0", Dimension("order"))] * (depth - len(time))
        times[name] = tuple(text for text, _ in padded)
        dimensions[name] = tuple(dimension for _, dimension in padded)
    return Layout(times, dimensions)


Time = list[tuple[str, Dimension]]


def _times(scop: Scop, tree: Tree) -> dict[str, Time]:
    if isinstance(tree, Leaf):
        if len(tree.statements) == 1:
            return {tree.statements[0]: []}
        return {name: [(str(at), Dimension("order"))] for at, name in enumerate(tree.statements)}
    if isinstance(tree, Sequence):
        return {
            name: [(str(at), Dimension("order")), *time]
            for at, child in enumerate(tree.children)
            for name, time in _times(scop, child).items()
        }
    inner = _times(scop, tree.child)
    return {name: [*_of_band(scop, tree, name), *rest] for name, rest in inner.items()}


def _of_band(scop: Scop, band: Band, name: str) -> Time:
    rows = [linear(row[name], scop.spelling()) for row in band.rows]
    tiles = [
        (f"floor(({row})/{size})", Dimension("tile"))
        for row, size in zip(rows, band.tile_sizes, strict=True)
        if size > 1
    ]
    if band.strip:
        return tiles
    loops = []
    for at, (row, factor) in enumerate(zip(rows, band.block_sizes, strict=True)):
        lanes = factor // band.unroll if at == band.vector else 1
        loops.append((row, Dimension("loop", factor, lanes)))
    return [*tiles, *loops]


def time_map(scop: Scop, layout: Layout) -> isl.UnionMap:
    """instance → time, on the domain."""
    total = isl.UnionMap("{}")
    for s in scop.statements:
        times = ", ".join(layout.times[s.name])
        text = f"{scop.header}{{ {s.name}[{', '.join(s.loops)}] -> [{times}] }}"
        total = total.union(isl.UnionMap(text))
    return total.intersect_domain(scop.domain)


def rows_of(tree: Tree, name: str) -> list[Row]:
    """Every row of the bands round a statement, outermost first."""
    if isinstance(tree, Leaf):
        return []
    if isinstance(tree, Sequence):
        return next((rows_of(c, name) for c in tree.children if _holds(c, name)), [])
    return [*(() if tree.strip else tree.rows), *rows_of(tree.child, name)]


def _holds(tree: Tree, name: str) -> bool:
    if isinstance(tree, Leaf):
        return name in tree.statements
    if isinstance(tree, Sequence):
        return any(_holds(child, name) for child in tree.children)
    return _holds(tree.child, name)
