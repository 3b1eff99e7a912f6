"""What the times of two runs say: of the whole program, and of a loop by its share of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt

from corr.compare.difference import Total
from corr.compare.judged import TimeRatio
from corr.lake.sql import rows
from corr.timing.clocks import Comparison, Pairs, compared
from corr.timing.interleave import reading
from corr.timing.verdict import (
    DRIFT_MARGIN,
    FEWEST_PAIRS,
    MARGIN,
    Ratio,
    Verdict,
    draws_of_ratio,
    loop_ratio,
    ratio,
)

#: Repetitions of each side below which no difference of times is claimed, but for one beyond doubt:
#: each repetition of one side takes so many times as long as any of the other, and so does the
#: least ratio of the interval.
FEWEST_REPETITIONS = 5
BEYOND_DOUBT = 1.5


class Sampled(Protocol):
    """A loop or place of one side: its part of the samples, and how many they are."""

    @property
    def share(self) -> float | None: ...

    @property
    def samples(self) -> int | None: ...


@dataclass(frozen=True)
class Times:
    """The times of two runs compared: seconds of each repetition, and how they were taken."""

    a: Sequence[float]
    b: Sequence[float]
    clock: str
    interleaved: bool

    @property
    def margin(self) -> float:
        return MARGIN if self.interleaved else DRIFT_MARGIN

    @property
    def medians(self) -> tuple[float, float]:
        return float(np.median(self.a)), float(np.median(self.b))

    @property
    def decisive(self) -> bool:
        """Enough repetitions: the bootstrap of a few values is too sure of itself."""
        return min(len(self.a), len(self.b)) >= FEWEST_REPETITIONS

    @property
    def apart(self) -> bool:
        """Few, and yet no repetition of one side is near any of the other."""
        if min(len(self.a), len(self.b)) < FEWEST_PAIRS:
            return False
        return min(self.b) > BEYOND_DOUBT * max(self.a) or min(self.a) > BEYOND_DOUBT * max(self.b)

    def judged(self, ratio: Ratio, margin: float) -> TimeRatio:
        """A ratio with the verdict that it allows beyond a margin."""
        verdict = Verdict.inconclusive
        if self.decisive:
            verdict = ratio.strictly(margin)
        elif self.apart and (ratio.low > BEYOND_DOUBT or ratio.high < 1 / BEYOND_DOUBT):
            verdict = Verdict.slower if ratio.low > 1 else Verdict.faster
        return TimeRatio(ratio.value, ratio.low, ratio.high, verdict)

    def total(self) -> Total:
        """What they say of the whole program."""
        return Total(
            *self.medians,
            self.judged(ratio(self.a, self.b, paired=self.interleaved), self.margin),
            self.clock,
            self.interleaved,
            (len(self.a), len(self.b)),
            self.margin,
        )


@dataclass(frozen=True)
class LoopTimes:
    """The times of two runs, divided among their loops by the samples of each side."""

    times: Times
    samples: tuple[int, int]

    @cached_property
    def _draws(self) -> npt.NDArray[np.float64]:
        return draws_of_ratio(self.times.a, self.times.b, paired=self.times.interleaved)

    def seconds(self, a: Sampled, b: Sampled) -> tuple[float, float]:
        """What each side spent in a loop or place."""
        seconds_a, seconds_b = self.times.medians
        return (a.share or 0.0) * seconds_a, (b.share or 0.0) * seconds_b

    def cost(self, a: Sampled, b: Sampled) -> float:
        """Seconds of b in a loop or place less those of a."""
        seconds_a, seconds_b = self.seconds(a, b)
        return seconds_b - seconds_a

    def ratio(self, a: Sampled, b: Sampled, clump: int = 1) -> TimeRatio | None:
        """The times of what both sides have; None where it has too few samples.

        Of samples that come in clumps, only so many tell something of their own.
        """
        seconds_a, seconds_b = self.times.medians
        samples = (a.samples or 0) // clump, (b.samples or 0) // clump
        totals = self.samples[0] // clump, self.samples[1] // clump
        ratio = loop_ratio(self._draws, seconds_b / seconds_a, samples, totals)
        # a loop's share is sampled in one run each, so its margin is wider than that of the whole
        return None if ratio is None else self.times.judged(ratio, self.times.margin + MARGIN)


def times_in_turn(measured: Comparison) -> Times:
    return Times(measured.a, measured.b, measured.clock, True)


def times_of(
    connection: duckdb.DuckDBPyConnection, measured: Comparison | None = None
) -> Times | None:
    """The times of the two runs of `sides`: `measured`, else those that the runs recorded."""
    if measured is not None and measured.series.positive:
        return times_in_turn(measured)
    sides: list[list[dict[str, Any]]] = [
        rows(
            connection,
            'SELECT wall, "user", system, idle, kernel_seconds, kernel_count'
            " FROM timings JOIN sides USING (run_id) WHERE side = ?",
            side,
        )
        for side in "ab"
    ]
    if not all(sides):
        return None
    found = compared(Pairs.of(*(map(reading, side) for side in sides), paired=False))
    return Times(found.a, found.b, found.clock, False) if found.series.positive else None


def loop_times(connection: duckdb.DuckDBPyConnection, times: Times | None) -> LoopTimes | None:
    """What divides the times among the loops; None without times, or samples of both sides."""
    if times is None:
        return None
    samples = dict(
        connection.execute(
            "SELECT side, coalesce(sum(count), 0)::BIGINT"
            " FROM sides LEFT JOIN samples USING (run_id) GROUP BY side"
        ).fetchall()
    )
    return LoopTimes(times, (samples["a"], samples["b"])) if all(samples.values()) else None
