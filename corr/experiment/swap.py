"""Which functions the difference of two builds comes from: each is put in the other, and timed.

Rules suspect a cause; here nothing is suspected. A hybrid is build a with one part of build b: the
object of a unit, or single functions, spliced in as optimised IR. What it takes beyond a is that
part's share of the difference. Parts that together give less or more than the whole are said, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from collectors.base import toolchain
from collectors.base.errors import CompileError, CorrError
from collectors.base.invocation import Invocation
from collectors.base.scratch import scratch
from corr.collect.again import how_run
from corr.experiment.effects import (
    PAIRS,
    SPENT,
    Budget,
    Effect,
    decided,
    effect_of,
    less,
    measured,
    narrow,
    total,
)
from corr.experiment.hybrids import Builds, Pair
from corr.experiment.modules import kept
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.timing.verdict import Verdict

#: Part of the whole by which its interval may reach to either side for shares to mean something.
UNSTEADY = 0.3
#: Parts with less than this share of the samples on either side are measured as one.
HOT = 0.01
#: Share of a's time of which a tenth is measured, however little differs as a whole.
LEAST = 0.05
#: Parts that are measured on their own at most, the hottest.
MOST_PARTS = 12

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """A part of the difference: a unit (`file`), functions of one, or all `others` together.

    `effect`: what it takes in b beyond a; None where it was not measured, for the reason `why`.
    """

    kind: str
    file: str | None
    functions: tuple[str, ...] = ()
    effect: Effect | None = None
    why: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Swap:
    """The difference of two builds divided. `whole` is the difference of both as linked here.

    `rest`: what the parts leave of it (those of single functions where there are some).
    """

    whole: Effect
    seconds_a: float
    clock: str
    parts: tuple[Part, ...] = ()
    rest: Effect | None = None
    why: str | None = None

    @property
    def steady(self) -> bool:
        """The whole is known well enough for shares of it."""
        return self.whole.known_to(UNSTEADY)

    @property
    def adds_up(self) -> bool:
        """The parts are the whole, as far as the times tell."""
        return self.rest is not None and self.rest.none

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"adds_up": self.adds_up, "steady": self.steady}


def swap(lake: Lake, runs: tuple[RunInfo, RunInfo], seconds: float, say: Say) -> Swap:
    """Divide the difference of two runs' builds within so many seconds.

    `say` is told what it will cost before it begins. Raises CorrError where there is no hybrid:
    no modules were kept, or the builds were optimised at link time.
    """
    budget = Budget(seconds)
    with scratch("swap") as folder:
        sides = []
        for name, run in zip("ab", runs, strict=True):
            place = folder / name
            place.mkdir()
            major = run.facts.llvm_major
            sides.append(kept(run, toolchain.find(str(major) if major else None), place))
        builds = Builds.of(*sides)
        return _Experiment(builds, _shares(lake, runs), _base(runs), budget, say).run()


def _base(runs: tuple[RunInfo, RunInfo]) -> Invocation:
    """How every hybrid is run: as a was, with patience."""
    how = how_run(runs[0].facts)
    return replace(how, time_limit=max(how.time_limit, Invocation.timeout)).invocation(
        runs[0].folder
    )


def _shares(lake: Lake, runs: tuple[RunInfo, RunInfo]) -> Mapping[str, float]:
    """The larger of a function's two shares of the samples, by its symbol."""
    shares: dict[str, float] = {}
    connection = connect(lake, list(runs))
    try:
        found = rows(
            connection,
            "SELECT symbol, max(share) AS share FROM (SELECT symbol, sum(count)"
            " / sum(sum(count)) OVER (PARTITION BY run_id) AS share FROM samples"
            " GROUP BY run_id, symbol) WHERE symbol IS NOT NULL GROUP BY symbol",
        )
    finally:
        connection.close()
    shares.update((row["symbol"], row["share"]) for row in found)
    return shares


@dataclass(frozen=True)
class _Experiment:
    builds: Builds
    shares: Mapping[str, float]
    how: Invocation
    budget: Budget
    say: Say

    def run(self) -> Swap:
        """Time both builds, then each hybrid; the whole first, for it says what is worth asking."""
        a, b = (replace(self.how, binary=self.builds.program(side)) for side in "ab")
        compared = measured(a, b, self.budget, decided)
        whole, seconds = effect_of(compared), compared.series.medians[0]
        swapped = Swap(whole, seconds, compared.clock)
        if compared.verdict in (Verdict.same, Verdict.inconclusive):
            why = f"{compared.verdict} as a whole: what some parts cost, others may gain"
            swapped = replace(swapped, why=why)
        planned = self._planned()
        if not planned:
            return replace(swapped, why="every function that both builds have is the same code")
        self._announce(len(planned), seconds, seconds + whole.seconds)
        parts = [self._measured(part, n, a, swapped) for n, part in enumerate(planned)]
        # single functions say more than the units that they are in
        finest = [p for p in parts if p.effect and p.kind != "file"]
        finest = finest or [p for p in parts if p.effect]
        rest = less(whole, total([p.effect for p in finest if p.effect])) if finest else None
        return replace(swapped, parts=tuple(parts), rest=rest)

    def _announce(self, hybrids: int, a: float, b: float) -> None:
        longest = PAIRS.most * hybrids * (a + max(a, b))
        least = PAIRS.fewest * hybrids * (a + max(a, b))
        stop = self.budget.left
        self.say(
            f"{hybrids} hybrids to build and time: {least:.0f} to {min(longest, stop):.0f} s"
            + (f", as --budget-time stops it after {self.budget.seconds:.0f}" * (longest > stop))
        )

    def _planned(self) -> list[_Planned]:
        """What is exchanged: the hottest groups of functions, and all the others as one."""
        pairs = [pair for pair in self.builds.pairs if pair.differs]
        found = [
            (max(self.shares.get(n, 0.0) for n in names), pair, names)
            for pair in pairs
            for names in pair.together()
        ]
        found.sort(key=lambda one: (-one[0], one[1].label, sorted(one[2])))
        hot = [one for one in found if one[0] >= HOT][:MOST_PARTS]
        cold: dict[Pair, set[str]] = {}
        for _, pair, names in found[len(hot) :]:
            cold.setdefault(pair, set()).update(names)
        planned = []
        if len({pair for _, pair, _ in hot}) > 1:
            units = dict.fromkeys(pair for _, pair, _ in hot)
            planned += [_Planned(Part("file", pair.label), {}, (pair,)) for pair in units]
        for _, pair, names in hot:
            # the coolest of a group only go along
            order = sorted(names, key=lambda n: (-self.shares.get(n, 0.0), n))
            planned.append(_Planned(Part("function", pair.label, tuple(order)), {pair: names}))
        if cold:
            names_of = tuple(sorted(n for names in cold.values() for n in names))
            planned.append(_Planned(Part("others", None, names_of), cold))
        return planned

    def _measured(self, planned: _Planned, number: int, a: Invocation, swapped: Swap) -> Part:
        part = planned.part
        if self.budget.over:
            return replace(part, why=SPENT)
        try:
            binary = self.builds.hybrid(str(number), planned.functions, planned.whole)
            hybrid = replace(self.how, binary=binary)
            scale = max(abs(swapped.whole.seconds), LEAST * swapped.seconds_a)
            enough = narrow(scale)
            effect = effect_of(measured(a, hybrid, self.budget, enough), swapped.seconds_a)
            return replace(part, effect=effect)
        except CompileError as error:
            return replace(part, why=f"not separable: {error.message.splitlines()[0]}")
        except CorrError as error:
            return replace(part, why=f"fails in the other: {error.message.splitlines()[0]}")


@dataclass(frozen=True)
class _Planned:
    part: Part
    functions: Mapping[Pair, frozenset[str] | set[str]]
    whole: tuple[Pair, ...] = ()


def named(swapped: Swap) -> Iterator[Part]:
    """The parts that are part of the difference beyond doubt, the largest first."""
    found = [p for p in swapped.parts if p.effect and not p.effect.none]
    yield from sorted(found, key=lambda p: -abs(p.effect.seconds) if p.effect else 0.0)
