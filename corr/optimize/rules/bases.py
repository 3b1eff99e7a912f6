"""Ways to split and fuse the statements of a region, before any band is set."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from corr.polyhedral import generate, index_sets, rewrite, schedules, strips_of_rounds
from corr.polyhedral.expand import expanded
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.in_place import in_place
from corr.polyhedral.schedules import Band, Leaf, Sequence, Tree
from corr.polyhedral.scop import Scop
from corr.polyhedral.turned import turned

#: Iterations of an outer loop in a strip.
STRIP = 16
#: Rounds over a matrix that are put together.
ROUNDS = 16
#: Sizes of tiles over time and space, by the number of rows.
SWEEPS = {
    2: ((32, 2048), (64, 512)),
    3: ((8, 32, 1024), (16, 64, 256), (4, 32, 4096)),
    4: ((4, 16, 16, 1024), (4, 8, 32, 256)),
}


_NUMBER = re.compile(r" [\d.]+$")


@dataclass(frozen=True)
class Base:
    """One way, with why it may be good. `kind`: its name without the number of its sizes."""

    name: str
    reason: str
    scop: Scop
    tree: Tree
    kind: str = ""

    @property
    def rule(self) -> str:
        """What it is called on every nest alike."""
        return f"nest {self.kind or _NUMBER.sub('', self.name)}"


#: Is told of a base by name, and why it is none of this region's.
Untried = Callable[[str, str], None]


def _nobody(name: str, why: str) -> None:
    """Nobody is told."""


def bases(scop: Scop, untried: Untried = _nobody) -> Iterator[Base]:
    """The bases of a region, the plain ones first; each is legal by itself."""
    seen: set[str] = set()
    for base in _all(scop, untried):
        key = repr(base.tree)
        if key in seen:
            continue
        seen.add(key)
        if generate.legal(base.scop, base.tree):
            yield base
        else:
            untried(base.kind or base.name, "it would turn a dependence round")


def _all(scop: Scop, untried: Untried) -> Iterator[Base]:
    whole = expanded(in_place(scop))
    original = schedules.original(whole)
    reason = "each statement gets loops of its own, in the order that suits it"
    apart = rewrite.distributed(whole, original)
    beside = rewrite.joined(whole, apart)
    if beside is not None:
        along = "sums of several loops run beside one another, each in its own order"
        yield Base("side by side", along, whole, beside)
    yield Base("split", reason, whole, apart)
    for tree in index_sets.forward(whole, original):
        reason = "what is ready is told at once to all that wait for it: along rows, as vectors"
        yield Base("forward", reason, whole, tree)
    for parts in index_sets.cut(whole):
        reason = "the iteration that writes what others read runs by itself: the rest are vectors"
        cut = schedules.original(parts)
        yield Base("cut apart", reason, parts, rewrite.distributed(parts, cut))
        yield Base("cut", reason, parts, cut)
    for strips in strips_of_rounds.in_strips(whole, ROUNDS):
        reason = f"each row goes through {ROUNDS} rounds at once, while it is near"
        tree = rewrite.for_lanes(strips, schedules.original(strips))
        yield Base("rounds", reason, strips, tree)
    for copied in turned(whole):
        yield from _turned(copied, untried)
    skewed = list(_by_isl(whole, untried))
    yield from skewed
    for number, tree in enumerate(rewrite.stripped(whole, original, STRIP)):
        reason = f"strips of {STRIP} iterations, split within: what one nest reads, the next reuses"
        yield Base(f"strips {number}", reason, whole, tree)
    split = rewrite.distributed(whole, original)
    for number, tree in enumerate(rewrite.together(whole, split, STRIP)):
        reason = f"strips of {STRIP} rows, which one nest reads and the next reads again, or writes"
        yield Base(f"rows {number}", reason, whole, tree)
    for base in skewed:
        yield from _sweeps(base)
    plain = schedules.original(scop)
    yield Base("as written", "the loops as they are written", scop, plain)


def _turned(scop: Scop, untried: Untried) -> Iterator[Base]:
    """The first orders of a region with copies of what it reads down its columns."""
    reason = "what is read down its columns is copied first, so that vectors need not gather"
    yield Base("turned", reason, scop, rewrite.distributed(scop, schedules.original(scop)))
    for base in _by_isl(scop, untried, apart=False):
        yield replace(base, name=f"turned {base.name}", reason=f"{reason}; {base.reason}")


def _by_isl(scop: Scop, untried: Untried, *, apart: bool = True) -> Iterator[Base]:
    """The orders that isl finds, for all nests together, then for each outermost one by itself.

    What other nests do with its results has no say in these; they are left out without `apart`.
    """
    reasons = {
        "skewed": "an order that allows tiles across the outer loop",
        "fused": "fused so that values are used while they are near",
    }
    parts = [
        scop.with_statements(tuple(statements), scop.arrays)
        for _, statements in itertools.groupby(scop.statements, lambda s: s.position[0])
    ]
    for groups in ([scop], parts) if len(parts) > 1 and apart else ([scop],):
        for name, reason in reasons.items():
            called = name if groups[0] is scop else f"{name} apart"
            try:
                trees = [schedules.automatic(part, fuse=name == "fused") for part in groups]
            except NotAffine as why:
                untried(called, str(why))
                continue
            flat = [t.children if isinstance(t, Sequence) else (t,) for t in trees]
            whole = [child for children in flat for child in children]
            tree = Sequence(tuple(whole)) if len(whole) > 1 else whole[0]
            yield Base(called, reason, scop, rewrite.for_lanes(scop, tree))


def _sweeps(base: Base) -> Iterator[Base]:
    """Tiles over time and space; within one, each statement sweeps over space in turn."""
    scop, tree = base.scop, base.tree
    for at, (path, band) in enumerate(rewrite.leaves(tree)):
        assert isinstance(band.child, Leaf)
        names = band.child.statements
        count = len(band.rows)
        if not band.permutable or count < 2:
            continue
        ordered = [s.name for s in scop.statements if s.name in names]
        children = tuple(
            Band(tuple({n: row[n]} for row in band.rows[1:]), True, Leaf((n,))) for n in ordered
        )
        inside = Sequence(children) if len(children) > 1 else children[0]
        time = replace(band, rows=band.rows[:1], child=inside)
        for number, sizes in enumerate(SWEEPS.get(count, ())):
            strip = Band(band.rows, True, time, sizes, strip=True)
            reason = f"tiles of {'×'.join(map(str, sizes))} over time and space stay in the cache"
            name = f"sweeps {number}" + (f".{at}" if at else "") + f" of {base.name}"
            kind = f"sweeps of {base.name}"
            yield Base(name, reason, scop, schedules.with_band(tree, path, strip), kind)
