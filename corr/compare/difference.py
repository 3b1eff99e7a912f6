"""What a comparison of two runs says: a `Diff` with a `LoopDiff` for each pair of loops.

`a` is the run before, `b` the run after. `to_json()` is what `corr diff --format json` prints and
`lake.diff()` returns: its keys are an interface, and nobody within corr reads them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from corr.experiment.bisection import Bisected
from corr.timing.verdict import Verdict

Json = dict[str, Any]
SideName = Literal["a", "b"]
SIDES: tuple[SideName, SideName] = ("a", "b")

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
    """One of the two runs; what an imported run does not know is None."""

    run_id: str
    program: str | None = None
    label: str | None = None
    flags: Sequence[str] | None = None
    compiler: str | None = None
    started: str | None = None
    revision: str | None = None

    def to_json(self) -> Json:
        return _flat(self)


@dataclass(frozen=True)
class TimeRatio:
    """Time of b over time of a, its confidence interval, and what that allows one to say."""

    value: float
    low: float
    high: float
    verdict: Verdict

    def __str__(self) -> str:
        return f"×{self.value:.2f} (99 %: {self.low:.2f}–{self.high:.2f})"


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
            **_time(self.time),
            "clock": self.clock,
            "interleaved": self.interleaved,
            "repetitions": list(self.repetitions),
            "margin": self.margin,
        }


@dataclass(frozen=True)
class Side:
    """A loop as one of the builds has it; the fields but `loop` are columns of `diff_loops`.

    `loop` is its key there, None in a build without it. `share` is of the run's samples, inner
    loops left out. `mca_cycles`, `bound` and `ipc` are llvm-mca's, of its hottest machine loop.
    What is counted from `instructions` to `double_operations` are machine instructions.
    `sparsity`: the longest step of an access over the bytes that it reads or writes.
    """

    place: str | None = None
    share: float | None = None
    samples: int | None = None
    entries: int | None = None
    iterations: int | None = None
    trip_count: float | None = None
    vector_width: int | None = None
    interleave: int | None = None
    unroll: int | None = None
    mca_cycles: float | None = None
    bound: str | None = None
    ipc: float | None = None
    vector_bits: int | None = None
    instructions: int | None = None
    stack_accesses: int | None = None
    calls: int | None = None
    divisions: int | None = None
    branches: int | None = None
    selects: int | None = None
    gathers: int | None = None
    atomics: int | None = None
    fmas: int | None = None
    memory_accesses: int | None = None
    prefetches: int | None = None
    float_operations: int | None = None
    double_operations: int | None = None
    sparsity: float | None = None
    loop: str | None = None


#: The columns of `diff_loops` that there are for each side, with `_a` and `_b`.
SIDE_COLUMNS = tuple(f.name for f in fields(Side) if f.name != "loop")


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
        values = _flat(self)
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
class Hypothesis:
    """Why a loop changed, as a rule of queries/hypotheses has it.

    `strength` is from 0 to 1. `evidence`: sentences that each name their table. `confirm`: the side
    and the flags that switch the suspected cause off there; `confirmed`: what that showed.
    """

    name: str
    says: str
    strength: float
    evidence: tuple[str, ...]
    refuted_by: str
    source: str
    confirm: str | None = None
    confirmed: str | None = None

    def to_json(self) -> Json:
        return _flat(self) | {"evidence": list(self.evidence)}


@dataclass(frozen=True)
class LoopDiff:
    """A loop of two builds. `key` and `place` are those of b, of a where b has no such loop.

    `cost`: seconds that b spends in it beyond those of a. `passes_began` and `passes_stopped`
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
        return bool(self.mnemonics)

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
            "a": _flat(self.a),
            "b": _flat(self.b),
            **_time(self.time),
            "cost": self.cost,
            **self.remarks.to_json(),
            "instructions": [_flat(m) for m in self.mnemonics],
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
class Diff:
    """Two runs compared; `total` is None where one of them has no times.

    `loops` are those that are hot or differ, what cost or gained most first.
    """

    a: ComparedRun
    b: ComparedRun
    total: Total | None = None
    counters: tuple[CounterChange, ...] = ()
    loops: tuple[LoopDiff, ...] = ()
    outside_loops: tuple[FunctionRemark, ...] = ()
    regions: tuple[RegionChange, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        return self.total.time.verdict if self.total else None

    def to_json(self) -> Json:
        untimed = {"verdict": None, "clock": None, "interleaved": False}
        return {
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "total": self.total.to_json() if self.total else untimed,
            "counters": [_flat(c) for c in self.counters],
            "loops": [loop.to_json() for loop in self.loops],
            "outside_loops": [r.to_json() for r in self.outside_loops],
            "regions": [_flat(r) for r in self.regions],
        }


def _time(time: TimeRatio | None) -> Json:
    if time is None:
        return dict.fromkeys(("time_ratio", "time_low", "time_high", "verdict"))
    known = math.isfinite(time.high)  # else there were too few repetitions for an interval
    return {
        "time_ratio": time.value,
        "time_low": time.low if known else None,
        "time_high": time.high if known else None,
        "verdict": str(time.verdict),
    }


def _flat(value: Any) -> Json:
    """The fields of a dataclass that holds no other."""
    return asdict(value)
