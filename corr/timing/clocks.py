"""Which clock decides between two series of runs, and how far the others bear it out.

Three clocks see a run: the wall, the CPU time of the process, and what the program says of its own
kernel. On an idle machine they agree, and the program's own leaves out what is not of interest.
Beside other work, wall times are several times too large and never twice the same, and so is a
program's own clock, which is a wall clock as a rule; the CPU time stays what it was.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from collectors.base import processor
from corr.timing.verdict import MARGIN, UNKNOWN, Ratio, Verdict, ratio

KERNEL, CPU, WALL = "kernel time", "CPU time", "wall time"
#: Seconds of a unit that a program may print its time in.
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
#: CPU time over wall time above which more than one thread ran.
PARALLEL = 1.1
#: How many times narrower the interval of the CPU time must be for it to decide on a quiet machine.
STEADIER = 1.5


@dataclass(frozen=True)
class Reading:
    """Seconds of one run. `kernel` is the sum of what the program measured itself, `count` times.

    `idle` is how long processors stood idle meanwhile. None: not known.
    """

    wall: float
    cpu: float | None = None
    idle: float | None = None
    kernel: float | None = None
    count: int = 0

    @property
    def single(self) -> bool:
        """Its CPU time is known, and one thread's."""
        return self.cpu is not None and 0 < self.cpu <= PARALLEL * self.wall

    @property
    def load(self) -> float | None:
        """Wall time over CPU time, where other work kept it from a processor."""
        return processor.load(self.wall, self.cpu, self.idle) if self.single else None

    @property
    def own(self) -> float | None:
        """Its kernel time, as far as a processor was there for it."""
        if self.kernel is None or self.cpu is None or not self.single:
            return self.kernel
        return self.kernel * min(1.0, self.cpu / self.wall)


@dataclass(frozen=True)
class Start:
    """Seconds that starting any program takes at least, which are no time of the program."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True)
class Series:
    """The seconds of two sides by one clock, pair by pair."""

    clock: str
    a: tuple[float, ...]
    b: tuple[float, ...]
    paired: bool = True

    def less(self, seconds: float) -> Series:
        """The series with so many seconds taken off each value."""
        a, b = (tuple(value - seconds for value in side) for side in (self.a, self.b))
        return Series(self.clock, a, b, self.paired)

    @property
    def positive(self) -> bool:
        return all(value > 0 for value in (*self.a, *self.b))

    @property
    def ratio(self) -> Ratio:
        """Time of b over that of a; unknown where a clock stood still."""
        return ratio(self.a, self.b, paired=self.paired) if self.positive else UNKNOWN

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.a), statistics.median(self.b)

    @property
    def width(self) -> float:
        """How uncertain the ratio is: the logarithm of its interval's ends over each other."""
        found = self.ratio
        return math.log(found.high / found.low) if found.low > 0 else math.inf


@dataclass(frozen=True)
class Comparison:
    """Two sides compared by the clock that decides.

    `load`: how many times its CPU time a single thread took, for want of a processor; None: it had
    one. `cpu` is the series by CPU time, where there is one.
    """

    series: Series
    load: float | None = None
    cpu: Series | None = None

    @property
    def a(self) -> tuple[float, ...]:
        return self.series.a

    @property
    def b(self) -> tuple[float, ...]:
        return self.series.b

    @property
    def clock(self) -> str:
        return self.series.clock

    @property
    def ratio(self) -> Ratio:
        return self.series.ratio

    @property
    def verdict(self) -> Verdict:
        return self.ratio.verdict(MARGIN)


@dataclass(frozen=True)
class Pairs:
    """What the runs of both sides took, pair by pair (or apart, where they were not `paired`)."""

    a: tuple[Reading, ...]
    b: tuple[Reading, ...]
    paired: bool = True

    def __len__(self) -> int:
        return len(self.a)

    @classmethod
    def of(cls, a: Iterable[Reading], b: Iterable[Reading], *, paired: bool = True) -> Self:
        return cls(tuple(a), tuple(b), paired)

    @property
    def every(self) -> tuple[Reading, ...]:
        return (*self.a, *self.b)

    @property
    def single(self) -> bool:
        return all(reading.single for reading in self.every)

    @property
    def load(self) -> float | None:
        """Wall time over CPU time of them all, where other work kept one thread waiting."""
        if not self.single:
            return None
        idle = [r.idle for r in self.every if r.idle is not None]
        known = sum(idle) if len(idle) == len(self.every) else None
        cpu = sum(r.cpu or 0.0 for r in self.every)
        return processor.load(sum(r.wall for r in self.every), cpu, known)

    @property
    def waits(self) -> bool:
        """It did not run all the time though processors were free: only the wall tells its time."""
        cpu = sum(r.cpu or 0.0 for r in self.every)
        wall = sum(r.wall for r in self.every)
        return self.single and self.load is None and cpu < processor.LEAST_SHARE * wall


def compared(pairs: Pairs, start: Start | None = None, *, own: bool = True) -> Comparison:
    """The comparison of two sides by the clock that decides.

    The program's own where it gives one (`own`), the same number of times in each run; else the
    wall's. In its place the CPU time of a single thread, where other work disturbed the others,
    or where it is clearly the steadiest and the others bear it out.
    """
    start = start or Start()
    kernel = kernel_times(pairs) if own else None
    first = kernel or _less(start.wall, _walls(pairs))
    cpu = _cpu_times(pairs, start, kernel is not None)
    if cpu is None:
        return Comparison(first, pairs.load)
    load = pairs.load
    decides = load is not None or (
        STEADIER * cpu.width < first.width and _agree(cpu.ratio, first.ratio)
    )
    return Comparison(cpu if decides else first, load, cpu)


def kernel_times(pairs: Pairs) -> Series | None:
    """What the program measured itself; None unless each run did so, equally often, above zero."""
    if any(r.kernel is None for r in pairs.every) or len({r.count for r in pairs.every}) > 1:
        return None
    a, b = (tuple(r.kernel or 0.0 for r in side) for side in (pairs.a, pairs.b))
    found = Series(KERNEL, a, b, pairs.paired)
    return found if found.positive else None


def _walls(pairs: Pairs) -> Series:
    a, b = (tuple(r.wall for r in side) for side in (pairs.a, pairs.b))
    return Series(WALL, a, b, pairs.paired)


def _cpu_times(pairs: Pairs, start: Start, has_kernel: bool) -> Series | None:
    """CPU times less the start; less all that a has beside its kernel, if it says what that takes.

    So that both clocks measure the same thing. What a has is taken off both sides: b cannot gain
    by a larger part that does not count. And no run loses more than it says is beside its kernel.
    """
    if not pairs.single or pairs.waits:
        return None
    a, b = (tuple(r.cpu or 0.0 for r in side) for side in (pairs.a, pairs.b))
    series = Series(CPU, a, b, pairs.paired)
    if not has_kernel:
        return _less(start.cpu, series)
    beside = [(r.cpu or 0.0) - (r.own or 0.0) for r in pairs.every]
    return series.less(max(0.0, min(statistics.median(beside[: len(a)]), *beside)))


def _less(start: float, series: Series) -> Series:
    """The series less a start: the same from all, and never the larger part of any.

    So a gain is rather told too small: never is the rest of a subtraction taken for a time.
    """
    return series.less(min([start, *(value / 2 for value in (*series.a, *series.b))]))


def _agree(one: Ratio, other: Ratio) -> bool:
    """Their intervals meet, within the margin below which times count as the same."""
    return one.low * (1 - MARGIN) <= other.high and other.low * (1 - MARGIN) <= one.high


def told(load: float) -> str:
    """What the load of the machine means, in a few words."""
    return (
        f"other work on this machine: the program had a processor for {1 / load:.0%} of its time, "
        "so its CPU time counts"
    )
