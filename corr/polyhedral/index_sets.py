"""Loops cut in three where an iteration meets what all others read; updates moved forward.

In Floyd and Warshall's `p[i][j] = min(p[i][j], p[i][k] + p[k][j])` only the iteration j = k writes
what the others of its row read. Cut there, the parts before and after it are vectors.
(Index set splitting: Griebl, Feautrier, Lengauer, PACT 1999.)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from corr.polyhedral import schedules
from corr.polyhedral.expressions import Affine, NotAffine, added, scaled
from corr.polyhedral.schedules import Band, Leaf, Sequence, Tree, bands, with_band
from corr.polyhedral.scop import Constraint, Scop, Statement
from corr.polyhedral.updates import kind_of

#: Statements that a region may have for its loops to be cut.
MOST_STATEMENTS = 6


def cut(scop: Scop) -> Iterator[Scop]:
    """The region with innermost loops cut at the iteration that writes what others read.

    The order is that of the text.
    """
    if len(scop.statements) > MOST_STATEMENTS:
        return
    statements = scop.statements
    for name in [s.name for s in scop.statements]:
        s = next(s for s in statements if s.name == name)
        at = _meets(s)
        if at is not None and not any(s.loops[-1] in t.loops for t in statements if t is not s):
            statements = tuple(part for t in statements for part in _beside(t, s, at))
    if len(statements) > len(scop.statements):
        yield scop.with_statements(statements, scop.arrays)


def _beside(t: Statement, s: Statement, at: Affine) -> list[Statement]:
    """A statement with room among its siblings for the three parts of `s`; these, if it is `s`."""
    depth = len(s.loops) - 1
    if t.position[:depth] == s.position[:depth]:
        place = 3 * t.position[depth]
        t = replace(t, position=(*t.position[:depth], place, *t.position[depth + 1 :]))
        return _three(t, at) if t.name == s.name else [t]
    return [t]


def _meets(s: Statement) -> Affine | None:
    """Where in its innermost loop a statement writes an element that others of it read."""
    if len(s.loops) < 2:
        return None
    loop, written = s.loops[-1], s.accesses[-1]
    for a in s.accesses[:-1]:
        if a.array != written.array or a.index == written.index:
            continue
        for ours, theirs in zip(written.index, a.index, strict=True):
            if abs(ours.get(loop, 0)) == 1 and not theirs.get(loop, 0):
                # ours = sign * loop + rest; they meet where loop = sign * (theirs - rest)
                sign = ours[loop]
                rest = added(ours, {loop: -sign})
                found = scaled(added(theirs, scaled(rest, -1)), sign)
                if any(found.get(outer, 0) for outer in s.loops[:-1]):
                    return found
    return None


def _three(s: Statement, at: Affine) -> list[Statement]:
    """The iterations before, at and after a place in the innermost loop, one after another."""
    loop, step = s.loops[-1], s.directions[-1]
    ahead = scaled(added({loop: 1}, scaled(at, -1)), step)  # how far it is past the place
    before = Constraint(added(scaled(ahead, -1), {"": -1}))
    after = Constraint(added(ahead, {"": -1}))
    parts = (before, Constraint(ahead, equal=True), after)
    depth = len(s.loops) - 1
    return [
        replace(
            s,
            name=f"{s.name}_{number}",
            constraints=(*s.constraints, part),
            position=(
                *s.position[:depth],
                3 * s.position[depth] + number,
                *s.position[depth + 1 :],
            ),
        )
        for number, part in enumerate(parts)
    ]


def forward(scop: Scop, tree: Tree) -> Iterator[Tree]:
    """Trees in which the innermost loop of an update changes places with the loop round it, and
    runs beside the others there: what is ready is told at once to all that wait for it."""
    for path, band in bands(tree):
        if not isinstance(band.child, Sequence):
            continue
        for at, child in enumerate(band.child.children):
            if isinstance(child, Band) and len(child.rows) == 1 and _updates(scop, child.child):
                moved = _exchanged(band, band.child, at, child)
                with contextlib.suppress(NotAffine):
                    yield schedules.merged(scop, with_band(tree, path, moved))


def _updates(scop: Scop, tree: Tree) -> bool:
    """Statements that may come in any order, and nothing else."""
    names = tree.statements if isinstance(tree, Leaf) else ()
    return bool(names) and all(kind_of(scop.statement(name)) for name in names)


def _exchanged(outer: Band, sequence: Sequence, at: int, inner: Band) -> Band:
    """The innermost row of a band exchanged with that of one of the bands in it."""
    names, (*before, last) = schedules.statements(inner), outer.rows
    row = {**last, **{name: inner.rows[0][name] for name in names}}
    within = replace(inner, rows=({name: last[name] for name in names},))
    children = (*sequence.children[:at], within, *sequence.children[at + 1 :])
    moved = Band((row,), False, Sequence(children))
    return Band(tuple(before), outer.permutable, moved) if before else moved
