"""Which clock tells all times of a study, what a series says by it, and where clocks contradict."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from corr.search.study import Clock
from corr.timing.clocks import CPU, KERNEL, PARALLEL, WALL, Pairs, Reading
from corr.timing.significance import FEWEST, p_value, student_quantile
from corr.timing.verdict import CONFIDENCE, MARGIN, UNKNOWN, Ratio, Verdict

#: The clock that the pairs of a study are told by, by what its file asks for; that of `auto` hangs
#: on whether its programs tell their own.
NAMES = {Clock.wall: WALL, Clock.cpu: CPU}
#: Probability below which two clocks that say opposite things count as doing so.
SURE = 0.01
#: How many times more the wall may take than the CPU before that is no longer other work's doing.
BESIDE = 1.25
#: Or by far, whatever the probability; else that below which it counts.
FAR, LIKELY = 2.0, 0.05


@dataclass(frozen=True)
class Timed:
    """Seconds of both sides of a series by one clock, and what their pairs say.

    The ratio is the geometric mean of b / a over the pairs, with its 99 % interval by Student's t
    of the logarithms: of fewer than three pairs it is everything.
    """

    clock: str
    a: tuple[float, ...]
    b: tuple[float, ...]
    ratio: Ratio = field(init=False)
    p_value: float | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratio", ratio(self.a, self.b))
        object.__setattr__(self, "p_value", p_value(self.a, self.b))

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.a), statistics.median(self.b)

    def verdict(self, sure: float) -> Verdict:
        """What is beyond doubt; a difference is where its probability is at most `sure`, too."""
        found = self.ratio.verdict(MARGIN)
        if found in (Verdict.faster, Verdict.slower) and not self._sure(sure):
            return Verdict.inconclusive
        return found

    def faster(self) -> bool:
        return self.ratio.value < 1 - MARGIN and self._sure(SURE)

    def slower(self) -> bool:
        return self.ratio.value > 1 + MARGIN and self._sure(SURE)

    def _sure(self, limit: float) -> bool:
        return self.p_value is not None and self.p_value <= limit


def ratio(a: Sequence[float], b: Sequence[float]) -> Ratio:
    """The geometric mean of b / a over pairs of seconds, and its 99 % interval by Student's t."""
    if not a or min(*a, *b) <= 0:
        return UNKNOWN
    logs = [math.log(after / before) for before, after in zip(a, b, strict=True)]
    mean = statistics.fmean(logs)
    if len(logs) < FEWEST:
        return Ratio(math.exp(mean), 0.0, math.inf)
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    error *= student_quantile(1 - CONFIDENCE, len(logs) - 1)
    return Ratio(math.exp(mean), math.exp(mean - error), math.exp(mean + error))


def timed(clock: str, pairs: Pairs) -> Timed:
    """The pairs by a clock: `kernel time`, `CPU time` or `wall time`."""
    sides = (tuple(seconds(clock, r) for r in side) for side in (pairs.a, pairs.b))
    return Timed(clock, *sides)


def seconds(clock: str, reading: Reading) -> float:
    """What a run took by a clock; by the wall where it has no such time."""
    known = {KERNEL: reading.kernel, CPU: reading.cpu}.get(clock)
    return reading.wall if known is None else known


def clock_of(asked: Clock, readings: Iterable[Reading]) -> str:
    """The clock of a series: `auto` is the program's own where each run tells it, else the wall."""
    if asked == Clock.auto:
        told = {r.count if r.kernel else 0 for r in readings}
        return KERNEL if len(told) == 1 and 0 not in told else WALL
    return NAMES.get(asked, KERNEL)


def of_study(asked: Clock, clocks: Iterable[str | None]) -> str | None:
    """The one clock for series that were told by these; None where they are told by one already.

    A single series whose programs do not all tell their own time has the wall tell all of them.
    """
    known = {clock for clock in clocks if clock is not None}
    if asked != Clock.auto or known <= {KERNEL} or known == {WALL}:
        return None
    return WALL


def disagreement(asked: Clock, found: Timed, pairs: Pairs) -> str | None:
    """What wall and CPU time say where one is faster and the other slower; None where they agree.

    Also where the wall takes much longer than the CPU. By the wall several threads may cost CPU
    time. What a program prints as its time is taken at its word.
    """
    if asked not in (Clock.auto, Clock.cpu, Clock.wall) or any(r.cpu is None for r in pairs.every):
        return None
    wall, cpu = timed(WALL, pairs), timed(CPU, pairs)
    other = wall if found.clock != WALL else cpu
    if other is cpu and any(_parallel(side) for side in (pairs.a, pairs.b)):
        return None
    opposite = (found.faster() and other.slower()) or (found.slower() and other.faster())
    waits = found.clock == CPU and _longer(wall, cpu)
    if not (opposite or waits):
        return None
    return f"{found.clock} ×{found.ratio.value:.3g}, {other.clock} ×{other.ratio.value:.3g}"


def _parallel(side: Sequence[Reading]) -> bool:
    """More than one thread ran."""
    return statistics.median((r.cpu or 0.0) / r.wall for r in side if r.wall > 0) > PARALLEL


def _longer(wall: Timed, cpu: Timed) -> bool:
    """The wall takes longer than before, beyond what other work does to it: by medians, of which
    few pairs are enough where it is by far.
    """
    before, after = wall.medians
    much = after / before > BESIDE * max(1.0, cpu.ratio.value)
    return much and (after / before > FAR or (wall.p_value or 0.0) <= LIKELY)
