"""How a band of loops may run: order, vectors, register blocks, tiles; the promising first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from corr.polyhedral import schedules
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.rewrite import held, lanes_of, parallel
from corr.polyhedral.schedules import Band, Leaf, Tree
from corr.polyhedral.scop import Scop

#: Registers that the accumulators of a block may take, of the 32 (AVX-512) or 16 there are.
_ACCUMULATORS = {64: 24, 32: 12, 16: 12}
_BYTES = {"double": 8, "long": 8, "float": 4, "int": 4, "short": 2, "char": 1}


Sizes = tuple[tuple[tuple[int, ...], float], ...]


@dataclass(frozen=True)
class Setting:
    """How one band runs. `order` are numbers of its rows as they are; the rest is by new place.

    `skew`: (row, by, factor), so many times a row is added to another, before anything else.
    """

    order: tuple[int, ...]
    blocks: tuple[int, ...] = ()
    vector: int | None = None
    unroll: int = 1
    tiles: tuple[int, ...] = ()
    skew: tuple[tuple[int, int, int], ...] = ()

    def describe(self) -> str:
        """What differs from plain loops, in a few words."""
        words = []
        if any(size > 1 for size in self.blocks):
            kind = "vector block" if self.vector is not None else "block"
            words.append(f"{kind} {'×'.join(map(str, self.blocks))}")
        if self.skew:
            words.append("staggered")
        if any(size > 1 for size in self.tiles):
            words.append(f"tiles {'×'.join(map(str, self.tiles))}")
        return " ".join(words)

    def apply(self, band: Band) -> Band:
        """The band run so."""
        moved = schedules.permuted(band, self.order)
        for row, by, factor in self.skew:
            moved = schedules.skewed(moved, row, by, factor)
        return replace(
            moved,
            blocks=self.blocks,
            vector=self.vector,
            unroll=self.unroll,
            tiles=self.tiles,
        )


@dataclass(frozen=True)
class Choice:
    """A setting with its reason and a score; the highest is tried first."""

    setting: Setting
    reason: str
    score: float


def choices(scop: Scop, tree: Tree, path: tuple[int, ...], band: Band, width: int) -> list[Choice]:
    """The settings that are legal and worth a try, best first. `width`: bytes of a vector."""
    found: list[Choice] = []
    count = len(band.rows)
    lanes = width // _element_bytes(scop, band)
    orders = list(itertools.permutations(range(count)))
    if not band.permutable or count > 4:
        orders = [tuple(range(count))]
    for order in orders:
        moved = schedules.permuted(band, order)
        there = schedules.with_band(tree, path, moved)
        found += _of_order(scop, there, moved, order, lanes, width)
        if band.permutable and count > 1:
            found += _skewed(scop, there, path, moved, order)
    assert isinstance(band.child, Leaf)
    found += list(_tiled(found, count, len(band.child.statements) > 1))
    found.append(Choice(Setting(tuple(range(count))), "as it is", 0.0))
    best: dict[Setting, Choice] = {}
    for choice in sorted(found, key=lambda c: -c.score):
        best.setdefault(choice.setting, choice)
    return list(best.values())


def _of_order(
    scop: Scop, tree: Tree, band: Band, order: tuple[int, ...], lanes: int, width: int
) -> Iterator[Choice]:
    count = len(order)
    inner = count - 1
    kept = held(scop, tree, band, inner) if count > 1 else 0
    strides = [_strides(scop, tree, band, at) for at in range(count)]
    for vector in (None, *range(count)):
        if vector is None:
            yield from _scalar(order, kept, strides[inner])
            continue
        counts = strides[vector]
        if counts is None or lanes < 2 or not parallel(scop, tree, band, vector):
            continue
        if count > 2 and vector not in (inner, inner - 1):
            continue
        yield from _vector(order, vector, kept, counts, lanes, width)


def _skewed(
    scop: Scop, tree: Tree, path: tuple[int, ...], band: Band, order: tuple[int, ...]
) -> Iterator[Choice]:
    """Where iterations of the row before the inner one wait for each other: a wavefront."""
    inner, jam = len(order) - 1, len(order) - 2
    if parallel(scop, tree, band, jam):
        return
    for factor in (1, 2):
        moved = schedules.skewed(band, inner, jam, factor)
        if parallel(scop, schedules.with_band(tree, path, moved), moved, jam):
            for size in (8, 4):
                blocks = tuple(size if at == jam else 1 for at in range(len(order)))
                reason = f"a wavefront: {size} iterations that wait for each other run staggered"
                skew = ((inner, jam, factor),)
                yield Choice(Setting(order, blocks, skew=skew), reason, 2.2 + size / 20)
            return


def _tiled(found: list[Choice], count: int, several: bool) -> Iterator[Choice]:
    """The best block settings with tiles for the caches.

    Where statements share the band, tiles also leave the one that runs most often by itself.
    """
    ranked = sorted(found, key=lambda c: -c.score)
    if count == 3:
        best = [c for c in ranked if c.setting.vector in (0, 1)][:4]
        sizes: Sizes = (((32, 64, 32), 0.4 if several else -0.3), ((64, 64, 256), -0.4))
    elif count == 2:
        best = [c for c in ranked if c.setting.vector is None and c.setting.blocks][:3]
        sizes = (((1, 64), 0.4), ((1, 256), 0.3)) if several else ()
    else:
        return
    for choice in best:
        for wanted, bonus in sizes:
            blocks = choice.setting.blocks
            if choice.setting.vector == 0:
                wanted = (wanted[1], wanted[0], *wanted[2:])
            tiles = tuple(
                max(size, block) // block * block
                for size, block in zip(wanted, blocks, strict=True)
            )
            setting = replace(choice.setting, tiles=tiles)
            reason = f"{choice.reason}; tiles of {'×'.join(map(str, tiles))} for the caches"
            yield Choice(setting, reason, choice.score + bonus)


def _strides(scop: Scop, tree: Tree, band: Band, at: int) -> dict[str, int] | None:
    try:
        return lanes_of(scop, tree, band, at)
    except NotAffine:
        return None


def _scalar(order: tuple[int, ...], kept: int, strides: dict[str, int] | None) -> Iterator[Choice]:
    """No vectors of ours: what the compiler makes of the order, and chains side by side."""
    count = len(order)
    near = (strides["vector"] - 2 * strides["gather"]) if strides else 0
    yield Choice(Setting(order), _order_reason(near), 1.0 + min(0.3 * near, 0.9))
    if count > 1:
        for jam in (4, 8, 2):
            blocks = tuple(jam if at == count - 2 else 1 for at in range(count))
            reason = f"{jam} independent chains side by side hide the latency of each"
            yield Choice(Setting(order, blocks), reason, 1.2 + 0.5 * bool(kept) - 0.05 * jam / 8)


def _vector(
    order: tuple[int, ...],
    vector: int,
    kept: int,
    counts: dict[str, int],
    lanes: int,
    width: int,
) -> Iterator[Choice]:
    count = len(order)
    inner = count - 1
    total = sum(counts.values()) or 1
    quality = 3.0 * counts["vector"] / total - 4.0 * counts["gather"] / total
    room = _ACCUMULATORS.get(width, 12)
    for unroll in (1, 2, 3, 4):
        for jam in (1, 2, 4, 6, 8):
            jammed = _jam_row(count, vector)
            if jam > 1 and jammed is None:
                continue
            if jam * unroll > room:
                continue
            blocks = [1] * count
            blocks[vector] = lanes * unroll
            if jammed is not None:
                blocks[jammed] = jam
            score = 2.0 + quality
            if vector == inner:
                reason = f"neighbours in vectors of {lanes}"
                score += 0.4 * (unroll in (1, 2)) + 0.3 * (jam > 1) * bool(
                    kept or jammed is not None
                )
                score -= 0.1 * (unroll > 2) + 0.05 * abs(jam - 4)
            else:
                # accumulators are worth having: enough of them to hide the latency of each
                cover = min(jam * unroll, 16) / 16
                score += 2.0 * bool(kept) * cover - 0.02 * jam
                reason = (
                    f"vectors of {lanes}; a block of {jam}×{lanes * unroll} elements stays in "
                    "registers over the innermost loop"
                    if kept
                    else f"vectors of {lanes} along an outer loop"
                )
            if counts["gather"]:
                reason += "; some elements must be gathered"
            setting = Setting(order, tuple(blocks), vector, unroll)
            yield Choice(setting, reason, score)


def _jam_row(count: int, vector: int) -> int | None:
    """The row before the vector's, or before the innermost, that is neither."""
    rows = [at for at in range(count - 1) if at != vector]
    return rows[-1] if rows else None


def _order_reason(near: int) -> str:
    if near > 0:
        return "this order makes the innermost loop walk neighbours in memory"
    return "another order of the loops"


def _element_bytes(scop: Scop, band: Band) -> int:
    """Bytes of the largest element that the band's statements write."""
    assert isinstance(band.child, Leaf)
    return max(_BYTES.get(scop.statement(n).target.type, 8) for n in band.child.statements)


def tilings(setting: Setting, depth: int) -> Iterator[Setting]:
    """The setting with tiles for the caches: of the reused rows, then of all."""
    blocks = setting.blocks or (1,) * depth
    for sizes in _TILES.get(depth, ()):
        tiles = tuple(
            max(size, block) // block * block if size > 1 else 1
            for size, block in zip(sizes, blocks, strict=True)
        )
        if any(t > 1 for t in tiles):
            yield replace(setting, tiles=tiles)


#: By number of rows, outermost first; 1 is no tile. Sizes in elements.
_TILES = {
    2: ((1, 512), (64, 1), (64, 256), (32, 32)),
    3: (
        (1, 64, 256),
        (64, 64, 256),
        (128, 256, 256),
        (1, 256, 128),
        (32, 32, 32),
        (16, 64, 1),
        (8, 32, 1),
        (8, 64, 512),
        (16, 128, 512),
    ),
    4: ((1, 1, 64, 256), (8, 32, 32, 1), (16, 16, 16, 1), (4, 16, 64, 1)),
}


def neighbours(setting: Setting) -> Iterator[Setting]:
    """Settings that differ in one number."""
    depth = len(setting.order)
    blocks = list(setting.blocks or (1,) * depth)
    for at, size in enumerate(blocks):
        if at == setting.vector:
            for unroll in (setting.unroll - 1, setting.unroll + 1):
                if 1 <= unroll <= 4:
                    changed = [*blocks[:at], size // setting.unroll * unroll, *blocks[at + 1 :]]
                    yield replace(setting, blocks=tuple(changed), unroll=unroll)
        elif at < depth - 1:
            for other in (size // 2, size * 2, size + 2):
                if 1 <= other <= 16 and other != size:
                    yield replace(setting, blocks=(*blocks[:at], other, *blocks[at + 1 :]))
    yield from tilings(setting, depth)
