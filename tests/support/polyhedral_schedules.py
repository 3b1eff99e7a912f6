"""Legal orders of a region drawn at random, with blocks, vectors and tiles."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from corr.polyhedral import generate, index_sets, rewrite, schedules, strips_of_rounds
from corr.polyhedral.expand import expanded
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.in_place import in_place
from corr.polyhedral.schedules import Band, Tree
from corr.polyhedral.scop import Scop
from corr.polyhedral.turned import turned


def bases(scop: Scop) -> list[tuple[Scop, Tree]]:
    """Ways to split and fuse a region."""
    found = [(scop, schedules.original(scop))]
    placed = in_place(scop)
    for whole in [expanded(scop)] if placed is scop else [expanded(placed), expanded(scop)]:
        found += _of(whole)
    return found


def _of(whole: Scop) -> list[tuple[Scop, Tree]]:
    tree = schedules.original(whole)
    found = [(whole, tree), (whole, rewrite.distributed(whole, tree))]
    for fuse in (False, True):
        try:
            order = schedules.automatic(whole, fuse=fuse)
        except NotAffine:
            continue
        found += [(whole, order), (whole, rewrite.for_lanes(whole, order))]
    found += [(whole, other) for other in rewrite.stripped(whole, tree, 3)]
    split = rewrite.distributed(whole, tree)
    found += [(whole, other) for other in rewrite.together(whole, split, 3)]
    for beside in (rewrite.joined(whole, tree), rewrite.joined(whole, split)):
        found += [(whole, beside)] if beside is not None else []
    found += [(whole, other) for other in index_sets.forward(whole, tree)]
    for part in index_sets.cut(whole):
        there = schedules.original(part)
        found += [(part, there), (part, rewrite.distributed(part, there))]
    for part in (one for size in (3, 1) for one in strips_of_rounds.in_strips(whole, size)):
        there = schedules.original(part)
        found += [(part, there), (part, rewrite.distributed(part, there))]
    for part in turned(whole):
        there = schedules.original(part)
        found += [(part, there), (part, rewrite.distributed(part, there))]
    return found


def with_leaf(tree: Tree, path: tuple[int, ...], band: Band, **changes: Any) -> Tree:
    """The tree with the band there run in another way."""
    return schedules.with_band(tree, path, replace(band, **changes))


def varied(scop: Scop, tree: Tree, random: random.Random) -> Tree:
    """The tree with random orders, blocks, vectors and tiles; it may be illegal."""
    for path, found in rewrite.leaves(tree):
        band, count = found, len(found.rows)
        if random.random() < 0.15 and count > 1:
            row, by = random.sample(range(count), 2)
            band = schedules.skewed(band, row, by, random.choice((1, 2, -1)))
        if count > 1:
            order = list(range(count))
            random.shuffle(order)
            band = schedules.permuted(band, tuple(order))
        band = _settings(scop, schedules.with_band(tree, path, band), band, random)
        tree = schedules.with_band(tree, path, band)
    return tree


def _settings(scop: Scop, tree: Tree, band: Band, random: random.Random) -> Band:
    count = len(band.rows)
    blocks = [random.choice((1, 1, 2, 3, 4)) for _ in range(count)]
    vector, unroll = None, 1
    if random.random() < 0.75:
        rows = [at for at in range(count) if _may_be_vector(scop, tree, band, at)]
        if rows:
            vector, unroll = random.choice(rows), random.choice((1, 2))
            blocks[vector] = unroll * random.choice((2, 4, 8))
    tiles: tuple[int, ...] = ()
    if random.random() < 0.3:
        tiles = tuple(random.choice((1, 2, 4, 5)) for _ in range(count))
    return replace(band, blocks=tuple(blocks), vector=vector, unroll=unroll, tiles=tiles)


def _may_be_vector(scop: Scop, tree: Tree, band: Band, at: int) -> bool:
    try:
        rewrite.lanes_of(scop, tree, band, at)
        return rewrite.parallel(scop, tree, band, at)
    except NotAffine:
        return False


def rewritten(scop: Scop, random: random.Random, wanted: int) -> Iterator[str]:
    """Up to so many different texts of a region, each in another legal order."""
    seen = {scop.text}
    first, *others = bases(scop)
    random.shuffle(others)
    starts = [first, *others]
    for attempt in range(4 * wanted):
        part, tree = starts[attempt] if attempt < len(starts) else random.choice(starts)
        if attempt >= len(starts) or attempt % 2:
            tree = varied(part, tree, random)
        if not generate.legal(part, tree):
            continue
        try:
            text = generate.code(part, tree)
        except NotAffine:
            continue
        if text not in seen:
            seen.add(text)
            yield text
        if len(seen) > wanted:
            return
