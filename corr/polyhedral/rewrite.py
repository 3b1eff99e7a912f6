"""Legal changes of a schedule tree: what to fuse or split, and how a band of loops may run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from corr.polyhedral.emit import check_lanes
from corr.polyhedral.expressions import Affine, NotAffine
from corr.polyhedral.legality import lane_order, legal, still_rows
from corr.polyhedral.legality import parallel as parallel
from corr.polyhedral.limits import bounded
from corr.polyhedral.registers import steps_of
from corr.polyhedral.schedules import (
    Band,
    Leaf,
    Sequence,
    Tree,
    bands,
    merged,
    statements,
    with_band,
)
from corr.polyhedral.scop import Scop
from corr.polyhedral.speculation import Speculation
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
        if parts is None or (isinstance(band.child, Leaf) and len(band.rows) == 1):
            continue  # an innermost loop: nothing is read again within a strip of it
        strip = Band(
            band.rows, band.permutable, Sequence(parts), (size,) * len(band.rows), strip=True
        )
        other = _merged(scop, with_band(tree, path, strip))
        if other is not None:
            yield distributed(scop, other)


def together(scop: Scop, tree: Tree, size: int) -> Iterator[Tree]:
    """Trees in which nests that walk one array share it: each takes a strip of its rows in turn.

    So the rows are still in a cache for the second of them. The outer loops of the nests need not
    be the same: the strips are those of the array's first subscript.
    """
    for path, nests in _sequences(tree):
        for name in scop.arrays:
            forms = [_leading(scop, child, name) for child in nests.children]
            for start, end in _runs([form is not None for form in forms]):
                row = {s: form for found in forms[start:end] for s, form in (found or {}).items()}
                group = Sequence(nests.children[start:end])
                strip = Band((row,), True, group, (size,), strip=True)
                children = (*nests.children[:start], strip, *nests.children[end:])
                node = Sequence(children) if len(children) > 1 else strip
                other = _merged(scop, with_band(tree, path, node))
                if other is not None:
                    yield other


def _sequences(
    tree: Tree, path: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Sequence]]:
    """Every sequence of nests with its path."""
    if isinstance(tree, Sequence):
        yield path, tree
        for number, child in enumerate(tree.children):
            yield from _sequences(child, (*path, number))
    elif isinstance(tree, Band):
        yield from _sequences(tree.child, (*path, 0))


def _leading(scop: Scop, tree: Tree, array: str) -> dict[str, Affine] | None:
    """The first subscript by which each statement of a nest walks an array of several."""
    found: dict[str, Affine] = {}
    for name in statements(tree):
        s = scop.statement(name)
        forms = [a.index[0] for a in s.accesses if a.array == array and len(a.index) > 1]
        if not forms or any(form != forms[0] for form in forms) or not set(s.loops) & set(forms[0]):
            return None
        found[name] = forms[0]
    return found


def _runs(wanted: list[bool]) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) of several in turn."""
    for start in range(len(wanted)):
        if wanted[start] and not (start and wanted[start - 1]):
            end = next((at for at in range(start, len(wanted)) if not wanted[at]), len(wanted))
            if end - start > 1:
                yield start, end


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
    counts, same = walked(scop, tree, band, at)
    if same:
        raise NotAffine(f"{same[0]} writes one element along this row")
    return counts


def has_lanes(speculation: Speculation, tree: Tree, band: Band, at: int, lanes: int) -> bool:
    """Whether all that the statements do along a row can be done to vectors: a remainder cannot."""
    assert isinstance(band.child, Leaf)
    for name in band.child.statements:
        s = speculation.scop.statement(name)
        rows = rows_of(tree, name)
        step = steps_of(s, rows, len(rows) - len(band.rows) + at)
        if step is None:
            continue
        try:
            with bounded("what lanes may read"):
                speculation.check_lanes(s)
            check_lanes(s, step, lanes)
        except NotAffine:
            return False
    return True


def walked(scop: Scop, tree: Tree, band: Band, at: int) -> tuple[dict[str, int], list[str]]:
    """The same of a row that need be no vector; and the statements that write one element along it.

    Raises NotAffine where no statement has a step along the row.
    """
    assert isinstance(band.child, Leaf)
    counts = {"vector": 0, "scalar": 0, "gather": 0}
    moves, same = False, []
    for name in band.child.statements:
        s = scop.statement(name)
        rows = rows_of(tree, name)
        step = steps_of(s, rows, len(rows) - len(band.rows) + at)
        if step is None:  # it runs at one place of the row only, in code of its own
            continue
        moves = True
        for access in s.accesses:
            if access.array in scop.transient:
                continue  # a variable of the body, if these statements stay together
            moved = [sum(form.get(k, 0) * v for k, v in step.items()) for form in access.index]
            if not any(moved):
                counts["scalar"] += 1
                if access.write:
                    same.append(name)
            elif not any(moved[:-1]) and moved[-1] == 1:
                counts["vector"] += 1
            else:
                counts["gather"] += 1
    if not moves:
        raise NotAffine("no statement has a step along this row")
    return counts, same


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


def for_lanes(scop: Scop, tree: Tree) -> Tree:
    """The tree with the statements of each innermost band in an order that suits vectors."""
    for path, band in leaves(tree):
        assert isinstance(band.child, Leaf)
        if len(band.child.statements) > 1 and band.permutable:
            with contextlib.suppress(NotAffine):
                rows = sorted(
                    range(len(band.rows)), key=lambda at: -_neighbours(scop, tree, band, at)
                )
                ordered = Leaf(lane_order(scop, tree, band, rows))
                tree = with_band(tree, path, replace(band, child=ordered))
    return tree


def _neighbours(scop: Scop, tree: Tree, band: Band, at: int) -> int:
    """How many accesses are vectors of neighbours along a row, less those that are gathered."""
    try:
        counts = lanes_of(scop, tree, band, at)
    except NotAffine:
        return -len(scop.statements)
    return counts["vector"] - counts["gather"]


def joined(scop: Scop, tree: Tree) -> Tree | None:
    """The tree with loops that nest directly, but may not all be exchanged, as one band each.

    Only where along one of them nothing depends on anything, which may then stand anywhere: the
    pixels of a filter, round the two loops of its sum. None where there is no such nest.
    """
    done: list[tuple[int, ...]] = []
    for path, band in list(bands(tree)):
        if any(path[: len(outer)] == outer for outer in done):
            continue
        rows, child = list(band.rows), band.child
        while isinstance(child, Band) and not _is_set(child):
            rows += child.rows
            child = child.child
        if len(rows) == len(band.rows) or not isinstance(child, Leaf) or _is_set(band):
            continue
        whole = Band(tuple(rows), False, child)
        other = with_band(tree, path, whole)
        with contextlib.suppress(NotAffine), bounded("which loops stand still"):
            if still_rows(scop, other, whole):
                tree = other
                done.append(path)
    return tree if done else None


def _is_set(band: Band) -> bool:
    return band.strip or any(size > 1 for size in (*band.tile_sizes, *band.block_sizes))


def leaves(tree: Tree) -> list[tuple[tuple[int, ...], Band]]:
    """Bands whose child is a leaf, with their paths."""
    return [(p, b) for p, b in bands(tree) if isinstance(b.child, Leaf) and not b.strip]
