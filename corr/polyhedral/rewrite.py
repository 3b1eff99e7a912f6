"""Legal changes of a schedule tree: what to fuse or split, and how a band of loops may run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.legality import legal
from corr.polyhedral.legality import parallel as parallel
from corr.polyhedral.limits import bounded
from corr.polyhedral.registers import steps_of
from corr.polyhedral.schedules import Band, Leaf, Sequence, Tree, bands, merged, with_band
from corr.polyhedral.scop import Scop
from corr.polyhedral.times import rows_of


def distributed(scop: Scop, tree: Tree) -> Tree:
    """Loops round several nests are split, each nest given its own, wherever that is legal."""
    for path, band in list(bands(tree)):
        parts = _parts(band)
        if parts is None:
            continue
        split = _merged(scop, with_band(tree, path, Sequence(parts)))
        if split is not None:
            return distributed(scop, split)
    return tree


def _merged(scop: Scop, tree: Tree) -> Tree | None:
    """The tree with its bands joined; None if it is illegal, as far as isl can tell."""
    with contextlib.suppress(NotAffine), bounded("which loops may be exchanged"):
        found = merged(scop, tree)
        if legal(scop, found):
            return found
    return None


def stripped(scop: Scop, tree: Tree, size: int) -> Iterator[Tree]:
    """Trees in which one outer loop runs in strips, its nests split within each strip."""
    for path, band in list(bands(tree)):
        parts = _parts(band)
        if parts is None:
            continue
        strip = Band(
            band.rows, band.permutable, Sequence(parts), (size,) * len(band.rows), strip=True
        )
        other = _merged(scop, with_band(tree, path, strip))
        if other is not None:
            yield other


def _parts(band: Band) -> tuple[Tree, ...] | None:
    """The nests in a band, each within the band's loops; None where there is but one."""
    if band.strip or any(size > 1 for size in band.tile_sizes):
        return None
    if isinstance(band.child, Leaf):
        if len(band.child.statements) == 1:
            return None
        children: tuple[Tree, ...] = tuple(Leaf((name,)) for name in band.child.statements)
    elif isinstance(band.child, Sequence):
        children = band.child.children
    else:
        return None
    return tuple(_within(band, child) for child in children)


def _within(band: Band, child: Tree) -> Band:
    names = _names(child)
    rows = tuple({k: v for k, v in row.items() if k in names} for row in band.rows)
    return Band(rows, band.permutable, child)


def _names(tree: Tree) -> set[str]:
    if isinstance(tree, Leaf):
        return set(tree.statements)
    if isinstance(tree, Sequence):
        return {name for child in tree.children for name in _names(child)}
    return _names(tree.child)


# --- what a band allows --------------------------------------------------------------------


def lanes_of(scop: Scop, tree: Tree, band: Band, at: int) -> dict[str, int]:
    """How many accesses of a row's neighbours are `vector`, `scalar` and `gather`.

    Raises NotAffine where the row cannot be a vector.
    """
    assert isinstance(band.child, Leaf)
    counts = {"vector": 0, "scalar": 0, "gather": 0}
    moves = False
    for name in band.child.statements:
        s = scop.statement(name)
        rows = rows_of(tree, name)
        step = steps_of(s, rows, len(rows) - len(band.rows) + at)
        if step is None:  # it runs at one place of the row only, in code of its own
            continue
        moves = True
        for access in s.accesses:
            moved = [sum(form.get(k, 0) * v for k, v in step.items()) for form in access.index]
            if not any(moved):
                counts["scalar"] += 1
                if access.write:
                    raise NotAffine(f"{name} writes one element along this row")
            elif not any(moved[:-1]) and moved[-1] == 1:
                counts["vector"] += 1
            else:
                counts["gather"] += 1
    if not moves:
        raise NotAffine("no statement has a step along this row")
    return counts


def held(scop: Scop, tree: Tree, band: Band, at: int) -> int:
    """How many written elements stay the same along a row: they can be kept in registers."""
    assert isinstance(band.child, Leaf)
    count = 0
    for name in band.child.statements:
        s = scop.statement(name)
        rows = rows_of(tree, name)
        step = steps_of(s, rows, len(rows) - len(band.rows) + at)
        target = s.accesses[-1]
        if step and not any(
            sum(form.get(k, 0) * v for k, v in step.items()) for form in target.index
        ):
            count += 1
    return count


def leaves(tree: Tree) -> list[tuple[tuple[int, ...], Band]]:
    """Bands whose child is a leaf, with their paths."""
    return [(p, b) for p, b in bands(tree) if isinstance(b.child, Leaf) and not b.strip]
