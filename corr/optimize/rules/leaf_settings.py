"""How a band of loops may run: order, vectors, register blocks, tiles; the promising first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from corr.optimize.rules.weights import ENOUGH_REGISTERS, NEAR, WEIGHTS, Weights
from corr.polyhedral import schedules
from corr.polyhedral.expressions import Call, Expression, NotAffine, Number, Operation
from corr.polyhedral.legality import MOST_LANES, still_rows
from corr.polyhedral.rewrite import has_lanes, held, lanes_of, parallel, walked
from corr.polyhedral.schedules import Band, Leaf, Tree
from corr.polyhedral.scop import Scop
from corr.polyhedral.speculation import Speculation

#: Registers that a block's accumulators may take, of the 32 (AVX-512) or 16.
_ACCUMULATORS = {64: 24, 32: 12, 16: 12}
#: Vectors, and rows of them, in a block. What is equal by its weights is tried in this order: 4
#: rows of 2 were at most 12 % behind the best of jacobi_2d, heat_3d and mvt, in the cache and out
#: of it; 2 rows take jacobi_2d 1.5 times as long at n = 1200, 1 vector 1.2 times at n = 500.
_UNROLLS, _ROWS = (2, 1, 3, 4), (4, 2, 1, 6, 8)
NOT_PACKED = "-fno-slp-vectorize"
#: Chains side by side, most first: their sums stay in registers.
_CHAINS = {64: (16, 4, 8, 2), 32: (8, 4, 2), 16: (8, 4, 2)}
_BYTES = {
    "double": 8, "long": 8, "float": 4, "int": 4, "short": 2, "char": 1, "signed char": 1,
    "unsigned char": 1, "unsigned short": 2, "unsigned int": 4, "unsigned long": 8,
}  # fmt: skip


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

    @property
    def chains(self) -> int:
        """How many iterations of ours run side by side, each by itself: 1 where they do not."""
        return 1 if self.vector is not None or self.skew else max(self.blocks, default=1)

    @property
    def flags(self) -> tuple[str, ...]:
        """What it has to be compiled with.

        LLVM packs chains that run side by side into vectors, whose elements it must gather first:
        then they are slower than one (atax in 16 chains takes four times as long).
        """
        return (NOT_PACKED,) if self.chains > 1 else ()

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
class Candidate:
    """A setting that is legal, with what it does to the band's accesses.

    `near`: accesses by which the innermost loop walks neighbours, less two for each that it must
    gather. `kept`: an element that is written stays the same over the innermost loop. `vectors` and
    `gathered`: shares of the accesses of a vector. `divides`: in each of its elements, along an
    outer loop, a division waits for the one before.
    """

    setting: Setting
    reason: str
    near: int = 0
    kept: bool = False
    vectors: float = 0.0
    gathered: float = 0.0
    divides: bool = False


@dataclass(frozen=True)
class Choice:
    """A setting with its reason and a score; the highest is tried first."""

    setting: Setting
    reason: str
    score: float


def choices(scop: Scop, tree: Tree, path: tuple[int, ...], band: Band, width: int) -> list[Choice]:
    """The settings that are legal and worth a try, best first. `width`: bytes of a vector."""
    assert isinstance(band.child, Leaf)
    several = len(band.child.statements) > 1
    tiled = band.permutable
    return ranked(candidates(scop, tree, path, band, width), several, tiled=tiled)


def candidates(
    scop: Scop, tree: Tree, path: tuple[int, ...], band: Band, width: int
) -> list[Candidate]:
    """The settings of a band that are legal, without tiles."""
    count = len(band.rows)
    orders = list(itertools.permutations(range(count)))
    still: list[int] = []
    if not band.permutable or count > 4:
        still = still_rows(scop, tree, band) if count > 1 else []
        orders = list(_with_still_rows(count, still))
    within = _Band(scop, tree, path, band, width, frozenset(still))
    return [candidate for order in orders for candidate in within.in_order(order)]


def _with_still_rows(count: int, still: list[int]) -> Iterator[tuple[int, ...]]:
    """Orders in which only rows change their places along which nothing depends on anything."""
    yield tuple(range(count))
    others = [at for at in range(count) if at not in still]
    for first in itertools.permutations(still[-2:]) if still else ():
        before = [at for at in still if at not in first]
        yield (*before, *first, *others)
        yield (*before, *first[:-1], *others, first[-1])


def ranked(
    found: list[Candidate], several: bool, weights: Weights = WEIGHTS, *, tiled: bool = True
) -> list[Choice]:
    """The candidates, and the best of them with tiles, best first. `several`: statements."""
    scored = [Choice(c.setting, c.reason, _score(c, weights)) for c in found]
    scored.sort(key=lambda c: -c.score)
    if tiled:
        scored += _tiled(scored, several, weights)
    best: dict[Setting, Choice] = {}
    for choice in sorted(scored, key=lambda c: -c.score):
        best.setdefault(choice.setting, choice)
    return list(best.values())


def _score(c: Candidate, w: Weights) -> float:
    """What a candidate is worth before it is measured."""
    s = c.setting
    if s.vector is None:
        cover = (s.chains - 1) / (ENOUGH_REGISTERS - 1)
        score = w.near * max(-NEAR, min(c.near, NEAR)) + w.wavefront * bool(s.skew)
        return score + w.chains * c.kept * cover
    score = w.neighbours * c.vectors - w.gathered * c.gathered + w.divisions * c.divides
    if s.vector == len(s.order) - 1:
        return score
    rows = max((size for at, size in enumerate(s.blocks) if at != s.vector), default=1)
    cover = min(rows * s.unroll, ENOUGH_REGISTERS) / ENOUGH_REGISTERS
    return score + w.registers * c.kept * cover - w.rows * rows


def _tiled(best: list[Choice], several: bool, w: Weights) -> Iterator[Choice]:
    """The best block settings with tiles for the caches. `best` are sorted.

    Where statements share the band, tiles also leave the one that runs most often by itself.
    """
    count = len(best[0].setting.order) if best else 0
    if count == 3:
        chosen = [c for c in best if c.setting.vector in (0, 1)][:4]
        sizes: tuple[tuple[int, ...], ...] = ((32, 64, 32), (64, 64, 256))
    elif count == 2 and several:
        chosen = [c for c in best if c.setting.vector is None and c.setting.blocks][:3]
        sizes = ((1, 64), (1, 256))
    else:
        return
    for choice in chosen:
        for wanted in sizes:
            bonus = w.tiles * several * (wanted == sizes[0])
            blocks = choice.setting.blocks
            if choice.setting.vector == 0:
                wanted = (wanted[1], wanted[0], *wanted[2:])
            pairs = zip(wanted, blocks, strict=True)
            tiles = tuple(max(size, block) // block * block for size, block in pairs)
            setting = replace(choice.setting, tiles=tiles)
            reason = f"{choice.reason}; tiles of {'×'.join(map(str, tiles))} for the caches"
            yield Choice(setting, reason, choice.score + bonus)


@dataclass(frozen=True)
class _Band:
    """What of a band is the same for all its settings. `width`: bytes of a vector."""

    scop: Scop
    tree: Tree
    path: tuple[int, ...]
    band: Band
    width: int
    #: of a band that is not permutable, the rows along which nothing depends on anything
    still: frozenset[int] = frozenset()

    def in_order(self, order: tuple[int, ...]) -> Iterator[Candidate]:
        """The settings whose loops are in this order."""
        count, inner = len(order), len(order) - 1
        band = schedules.permuted(self.band, order)
        tree = schedules.with_band(self.tree, self.path, band)
        kept = count > 1 and held(self.scop, tree, band, inner) > 0
        strides = [_strides(self.scop, tree, band, at) for at in range(count)]
        along = _along(self.scop, tree, band, inner)
        if self.still:
            yield Candidate(Setting(order), _order_reason(_near(strides[inner])))
        else:
            yield from _scalar(order, kept and along, _near(strides[inner]), self.width)
        lanes = self.width // _element_bytes(self.scop, band)
        for vector, counts in enumerate(strides):
            if counts is None or lanes < 2 or not self._in_lanes(tree, band, vector, lanes):
                continue
            if count <= 2 or vector in (inner, inner - 1) or order[vector] in self.still:
                waits = vector != inner and self._divides(tree, band, inner)
                for candidate in self._vector(order, vector, kept, counts, lanes):
                    yield replace(candidate, divides=waits)
        if self.band.permutable and count > 1:
            yield from self._skewed(order, band, tree, _near(strides[inner]))

    def _in_lanes(self, tree: Tree, band: Band, row: int, lanes: int) -> bool:
        """Neighbours along a row may be lanes of vectors, and all that is done has such a form."""
        apart = parallel(self.scop, tree, band, row)
        return apart and has_lanes(self._speculation, tree, band, row, lanes)

    @cached_property
    def _speculation(self) -> Speculation:
        return Speculation(self.scop)

    def _divides(self, tree: Tree, band: Band, inner: int) -> bool:
        """Each iteration of the innermost loop divides, or takes a root, after the one before."""
        assert isinstance(band.child, Leaf)
        values = [self.scop.statement(name).value for name in band.child.statements]
        slow = any(map(_is_slow, (node for value in values for node in value.walk())))
        return slow and not parallel(self.scop, tree, band, inner)

    def _skewed(
        self, order: tuple[int, ...], band: Band, tree: Tree, near: int
    ) -> Iterator[Candidate]:
        """Where iterations of the row before the inner one wait for each other: a wavefront."""
        inner, jam = len(order) - 1, len(order) - 2
        if parallel(self.scop, tree, band, jam):
            return
        for factor in (1, 2):
            moved = schedules.skewed(band, inner, jam, factor)
            there = schedules.with_band(self.tree, self.path, moved)
            if parallel(self.scop, there, moved, jam):
                for size in (8, 4):
                    blocks = tuple(size if at == jam else 1 for at in range(len(order)))
                    setting = Setting(order, blocks, skew=((inner, jam, factor),))
                    reason = (
                        f"a wavefront: {size} iterations that wait for each other run staggered"
                    )
                    yield Candidate(setting, reason, near)
                return

    def _vector(
        self, order: tuple[int, ...], vector: int, kept: bool, counts: dict[str, int], lanes: int
    ) -> Iterator[Candidate]:
        count = len(order)
        total = sum(counts.values()) or 1
        room = _ACCUMULATORS.get(self.width, 12)
        rows = [at for at in range(count) if not self.still or order[at] in self.still]
        jammed = _jam_row([at for at in rows if at < count - 1], vector)
        for unroll, jam in itertools.product(_UNROLLS, _ROWS):
            if jam * unroll > room or (jam > 1 and jammed is None) or lanes * unroll > MOST_LANES:
                continue
            blocks = [1] * count
            blocks[vector] = lanes * unroll
            if jammed is not None:
                blocks[jammed] = jam
            if vector == count - 1:
                reason = f"neighbours in vectors of {lanes}"
            elif kept:
                reason = (
                    f"vectors of {lanes}; a block of {jam}×{lanes * unroll} elements stays in "
                    "registers over the innermost loop"
                )
            else:
                reason = f"vectors of {lanes} along an outer loop"
            if counts["gather"]:
                reason += "; some elements must be gathered"
            yield Candidate(
                Setting(order, tuple(blocks), vector, unroll),
                reason,
                kept=kept,
                vectors=counts["vector"] / total,
                gathered=counts["gather"] / total,
            )


def _strides(scop: Scop, tree: Tree, band: Band, at: int) -> dict[str, int] | None:
    try:
        return lanes_of(scop, tree, band, at)
    except NotAffine:
        return None


def _along(scop: Scop, tree: Tree, band: Band, at: int) -> bool:
    """A row walks neighbours in every access that it moves."""
    try:
        counts, _ = walked(scop, tree, band, at)
    except NotAffine:
        return False
    return counts["vector"] > 0 and counts["gather"] == 0


def _near(strides: dict[str, int] | None) -> int:
    return strides["vector"] - 2 * strides["gather"] if strides else 0


def _scalar(order: tuple[int, ...], kept: bool, near: int, width: int) -> Iterator[Candidate]:
    """No vectors of ours: what the compiler makes of the order, and chains side by side."""
    count = len(order)
    yield Candidate(Setting(order), _order_reason(near), near)
    if count > 1:
        for jam in _CHAINS.get(width, _CHAINS[16]):
            blocks = tuple(jam if at == count - 2 else 1 for at in range(count))
            reason = f"{jam} independent chains side by side hide the latency of each"
            yield Candidate(Setting(order, blocks), reason, near, kept)


def _jam_row(rows: list[int], vector: int) -> int | None:
    """The last of some rows before the innermost that is not the vector's."""
    others = [at for at in rows if at != vector]
    return others[-1] if others else None


def _order_reason(near: int) -> str:
    if near > 0:
        return "this order makes the innermost loop walk neighbours in memory"
    return "another order of the loops"


def _is_slow(node: Expression) -> bool:
    """A division by what is no number, or a root."""
    if isinstance(node, Operation):
        floating = node.type in ("double", "float")
        return node.operator == "/" and floating and not isinstance(node.operands[1], Number)
    return isinstance(node, Call) and node.function.removesuffix("f") == "sqrt"


def _element_bytes(scop: Scop, band: Band) -> int:
    """Bytes of the largest element that the band's statements write."""
    assert isinstance(band.child, Leaf)
    return max(_BYTES.get(scop.statement(n).target.type, 8) for n in band.child.statements)
