"""What a comparison of two runs says: a `Diff` with a `LoopDiff` for each pair of loops.

`a` is the run before, `b` the run after. `to_json()` is what `corr diff --format json` prints and
`lake.diff()` returns: its keys are an interface, and nobody within corr reads them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from corr.compare.calls import CallChange
from corr.compare.circumstances import Circumstance
from corr.compare.judged import Hypothesis, Json, TimeRatio, flat, time_json
from corr.compare.places import PlaceDiff
from corr.compare.side import Side
from corr.experiment.bisection import Bisected
from corr.timing.verdict import Verdict

SideName = Literal["a", "b"]
SIDES: tuple[SideName, SideName] = ("a", "b")

#: Share of the samples below which a loop or place is counted but gets no row.
HARDLY = 0.002
#: The same, where nothing is decided of its time.
UNDECIDED = 0.01
#: Part of the whole difference from which on what has no verdict of its own gets a row.
NOTICEABLE = 0.05
#: Share of one run from which on a place that the other has not gets a row.
OF_ONE = 0.05
CLEAR = (Verdict.faster, Verdict.slower)

#: Passes whose remarks most often decide, the weightiest first.
PASSES_BY_WEIGHT = (
    "loop-vectorize",
    "inline",
    "loop-unroll",
    "loop-interchange",
    "licm",
    "regalloc",
)


@dataclass(frozen=True)
class ComparedRun:
    """One of the two runs; what an imported run does not know is None.

    `built_with` are the flags of the first unit, and how many units are optimised otherwise.
    """

    run_id: str
    program: str | None = None
    label: str | None = None
    flags: Sequence[str] | None = None
    compiler: str | None = None
    started: str | None = None
    revision: str | None = None
    built_with: str = ""

    def to_json(self) -> Json:
        return flat(self)


@dataclass(frozen=True)
class Total:
    """Median seconds of the whole program on each side. `clock` is what was timed; `margin` the
    relative difference below which two such times count as the same.
    """

    seconds_a: float
    seconds_b: float
    time: TimeRatio
    clock: str
    interleaved: bool
    repetitions: tuple[int, int]
    margin: float

    def to_json(self) -> Json:
        return {
            "seconds_a": self.seconds_a,
            "seconds_b": self.seconds_b,
            **time_json(self.time),
            "clock": self.clock,
            "interleaved": self.interleaved,
            "repetitions": list(self.repetitions),
            "margin": self.margin,
        }


@dataclass(frozen=True)
class RemarkChange:
    """A remark that one side has, or both with other arguments.

    `row_a` and `row_b` name its document in the remark file (`unit:number`).
    """

    pass_name: str
    tag: str
    name: str
    words_a: str | None = None
    words_b: str | None = None
    row_a: str | None = None
    row_b: str | None = None

    @property
    def words(self) -> str | None:
        """The words of a remark that only one side has."""
        return self.words_b if self.words_a is None else self.words_a

    @property
    def weight(self) -> int:
        """The place of its pass among those that most often decide, from 0 on."""
        if self.pass_name in PASSES_BY_WEIGHT:
            return PASSES_BY_WEIGHT.index(self.pass_name)
        return len(PASSES_BY_WEIGHT)

    def by(self, pass_name: str) -> bool:
        """Whether it is a remark of that pass."""
        return self.pass_name == pass_name

    def words_of(self, side: SideName) -> str | None:
        return self.words_a if side == "a" else self.words_b

    def to_json(self) -> Json:
        values = flat(self)
        return {"pass": values.pop("pass_name"), **values}


@dataclass(frozen=True)
class RemarkChanges:
    """The remarks of a loop that differ."""

    appeared: tuple[RemarkChange, ...] = ()
    disappeared: tuple[RemarkChange, ...] = ()
    changed: tuple[RemarkChange, ...] = ()

    def __iter__(self) -> Iterator[RemarkChange]:
        yield from (*self.appeared, *self.disappeared, *self.changed)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def to_json(self) -> Json:
        return {
            "remarks_appeared": [r.to_json() | {"words": r.words} for r in self.appeared],
            "remarks_disappeared": [r.to_json() | {"words": r.words} for r in self.disappeared],
            "remarks_changed": [r.to_json() for r in self.changed],
        }


@dataclass(frozen=True)
class FunctionRemark:
    """A remark outside loops that differs: `change` is appeared, disappeared or changed."""

    function: str
    change: str
    remark: RemarkChange

    def to_json(self) -> Json:
        place = {"loop": f"({self.function})", "change": self.change}
        return place | self.remark.to_json() | {"function": self.function}


@dataclass(frozen=True)
class MnemonicChange:
    """How often a machine instruction stands in a loop, where that differs."""

    mnemonic: str
    count_a: int
    count_b: int


@dataclass(frozen=True)
class LoopDiff:
    """A loop of two builds. `key` and `place` are those of b, of a where b has no such loop.

    `cost`: seconds that b spends in it beyond those of a. Samples that moved between it and
    functions that it calls (`with_callees`) count as its own. `passes_began` and `passes_stopped`
    change the loop in b only and in a only; `bisected`: the invocations that decide.
    """

    key: str
    place: str
    function: str
    matched_by: str
    a: Side
    b: Side
    time: TimeRatio | None = None
    cost: float | None = None
    remarks: RemarkChanges = RemarkChanges()
    mnemonics: tuple[MnemonicChange, ...] = ()
    passes_began: tuple[str, ...] = ()
    passes_stopped: tuple[str, ...] = ()
    bisected: tuple[Bisected, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    with_callees: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.a, self.b

    def side(self, name: SideName) -> Side:
        return self.a if name == "a" else self.b

    @property
    def only_in(self) -> SideName | None:
        if self.a.loop is not None and self.b.loop is not None:
            return None
        return "a" if self.b.loop is None else "b"

    @property
    def verdict(self) -> Verdict | None:
        return self.time.verdict if self.time else None

    @property
    def share(self) -> float:
        """The larger of its shares of the samples; 0 where neither run was sampled."""
        return max(side.share or 0.0 for side in self.sides)

    @property
    def code_changed(self) -> bool:
        """Other instructions, or the same ones on registers of another width."""
        return bool(self.mnemonics) or self.a.vector_bits != self.b.vector_bits

    @property
    def changed(self) -> bool:
        """It differs in more than what any two runs of one build differ in."""
        timed = self.verdict in (Verdict.faster, Verdict.slower)
        ran = self.a.iterations != self.b.iterations
        return bool(self.remarks or self.code_changed or self.only_in or timed or ran)

    def to_json(self) -> Json:
        return {
            "loop": self.key,
            "place": self.place,
            "function": self.function,
            "matched_by": self.matched_by,
            "only_in": self.only_in,
            "a": flat(self.a),
            "b": flat(self.b),
            **time_json(self.time),
            "cost": self.cost,
            "with_callees": list(self.with_callees),
            **self.remarks.to_json(),
            "instructions": [flat(m) for m in self.mnemonics],
            "passes_began": list(self.passes_began),
            "passes_stopped": list(self.passes_stopped),
            "code_changed": self.code_changed,
            "changed": self.changed,
            "bisected": [b.to_json() for b in self.bisected],
            "hypotheses": [h.to_json() for h in self.hypotheses],
        }


@dataclass(frozen=True)
class CounterChange:
    """A counter of whole runs that both sides have."""

    event: str
    a: float
    b: float
    unit: str | None

    @property
    def ratio(self) -> float | None:
        return self.b / self.a if self.a else None


@dataclass(frozen=True)
class RegionChange:
    """A metric of a marked region; `path` are the regions around it and its own name."""

    region: str
    path: str
    metric: str
    unit: str | None
    value_a: float | None
    value_b: float | None


@dataclass(frozen=True)
class Matched:
    """How many loops of the project's own files each run has, and how many are in both."""

    a: int
    b: int
    both: int


@dataclass(frozen=True)
class Diff:
    """Two runs compared; `total` is None where one of them has no times.

    `loops` are those that are hot or differ, what cost or gained most first; `asked` is what
    differs between the runs themselves (arguments, input, environment), which comes before any
    cause. `places` are functions, libraries and kernel outside loops; `calls` those that were
    inlined in one of the two, the hottest first. `same_output`: both print the same; None where
    that is not known. `sources_differ`: a file of one side is not word for word in the other.
    `matched`: how many loops are in both; None where that is not known.
    """

    a: ComparedRun
    b: ComparedRun
    total: Total | None = None
    counters: tuple[CounterChange, ...] = ()
    loops: tuple[LoopDiff, ...] = ()
    outside_loops: tuple[FunctionRemark, ...] = ()
    regions: tuple[RegionChange, ...] = ()
    asked: tuple[Circumstance, ...] = ()
    places: tuple[PlaceDiff, ...] = ()
    calls: tuple[CallChange, ...] = ()
    same_output: bool | None = None
    sources_differ: bool = False
    matched: Matched | None = None

    @property
    def verdict(self) -> Verdict | None:
        return self.total.time.verdict if self.total else None

    @property
    def cost(self) -> float | None:
        """Seconds of b beyond those of a, as a whole; None where times or samples are missing."""
        nodes: list[LoopDiff | PlaceDiff] = [*self.loops, *self.places]
        if self.total is None or all(node.cost is None for node in nodes):
            return None
        return self.total.seconds_b - self.total.seconds_a

    def noticeable(self, node: LoopDiff | PlaceDiff) -> bool:
        """It has a good part of a difference of the whole that is beyond doubt."""
        part = NOTICEABLE * abs(self.cost or 0.0) if self.verdict in CLEAR else math.inf
        return abs(node.cost or 0.0) >= part

    def rows(self) -> tuple[tuple[LoopDiff | PlaceDiff, ...], int]:
        """What is worth a row, what cost or gained most first, and how many changed loops are not.

        A row has a change of its own, or a noticeable part of a difference of the whole; or it is
        something that only one of the two does.
        """
        nodes: list[LoopDiff | PlaceDiff] = [*self.loops, *self.places]
        unknown = all(node.share == 0.0 for node in nodes)
        found = [
            node
            for node in nodes
            if node.changed or self.noticeable(node) or _in_one_only(node)
            if unknown or node.share >= (HARDLY if node.verdict in CLEAR else UNDECIDED)
        ]
        found.sort(key=lambda node: -abs(node.cost or 0.0))
        left = sum(loop.changed for loop in self.loops if loop not in found)
        return tuple(found), left

    def to_json(self) -> Json:
        untimed = {"verdict": None, "clock": None, "interleaved": False}
        return {
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "asked": [c.to_json() for c in self.asked],
            "same_output": self.same_output,
            "sources_differ": self.sources_differ,
            "matched_loops": flat(self.matched) if self.matched else None,
            "total": self.total.to_json() if self.total else untimed,
            "counters": [flat(c) for c in self.counters],
            "loops": [loop.to_json() for loop in self.loops],
            "outside_loops": [r.to_json() for r in self.outside_loops],
            "places": [place.to_json() for place in self.places],
            "regions": [flat(r) for r in self.regions],
            "calls": [call.to_json() for call in self.calls],
        }


def _in_one_only(node: LoopDiff | PlaceDiff) -> bool:
    """A good part of one run, and next to nothing of the other."""
    low, high = sorted(side.share or 0.0 for side in node.sides)
    return high >= OF_ONE and low < 0.1 * high
