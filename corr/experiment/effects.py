"""What exchanging something is worth: seconds with an interval, timed in turn, within a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from collectors.measured import timings
from collectors.measured.placement import laid_anew
from corr.timing.clocks import Comparison, Pairs, Reading, compared
from corr.timing.interleave import Limits, interleaved, reading
from corr.timing.verdict import Verdict

#: Pairs of runs: what a first idea takes, and what no effect is worth more than.
PAIRS = Limits(7, 31, 600.0)
#: An interval is narrow enough at this share of the difference that is divided.
NARROW = 0.1
#: Why something was not measured.
SPENT = "--budget-time was spent"


@dataclass(frozen=True)
class Effect:
    """Seconds that are spent beyond those of the base, with the 99 % interval."""

    seconds: float
    low: float
    high: float

    @property
    def none(self) -> bool:
        """Zero lies within the interval."""
        return self.low <= 0 <= self.high

    def known_to(self, part: float) -> bool:
        """The interval reaches so large a part of it to either side, at most."""
        reach = max(self.high - self.seconds, self.seconds - self.low)
        return not self.none and reach <= part * abs(self.seconds)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def total(effects: Sequence[Effect]) -> Effect:
    """Their sum; they were measured apart, so their uncertainties add as squares."""
    seconds = math.fsum(e.seconds for e in effects)
    below = math.hypot(*(e.seconds - e.low for e in effects))
    above = math.hypot(*(e.high - e.seconds for e in effects))
    return Effect(seconds, seconds - below, seconds + above)


def less(whole: Effect, part: Effect) -> Effect:
    """What a part leaves of the whole."""
    return total([whole, Effect(-part.seconds, -part.high, -part.low)])


class Budget:
    """Seconds that may be spent; nothing is begun once they are over."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        return self._end - self._clock()

    @property
    def over(self) -> bool:
        return self.left <= 0


def measured(
    base: Invocation, other: Invocation, budget: Budget, enough: Callable[[Comparison], bool]
) -> Comparison:
    """Both timed in turn until that is `enough`, or the budget is spent. Raises CorrError."""
    pairs = Pairs((), ())
    limits = Limits(PAIRS.fewest, PAIRS.most, max(0.0, budget.left))
    for pairs in interleaved(  # noqa: B007 (the last of them counts)
        lambda: _run(base), lambda: _run(other), lambda found: enough(compared(found)), limits
    ):
        pass
    return compared(pairs)


def _run(invocation: Invocation) -> Reading:
    laid_anew(invocation.binary)
    table, _ = timings.measure(invocation, 1)
    if not len(table):
        raise CorrError(f"{invocation.binary.name} could not be timed")
    return reading(table.to_pylist()[0])


def decided(comparison: Comparison) -> bool:
    """Faster, slower or the same."""
    return comparison.verdict != Verdict.inconclusive


def effect_of(comparison: Comparison, base: float | None = None) -> Effect:
    """The seconds that the second takes beyond the first, of a base that takes `base` seconds."""
    found = comparison.ratio
    seconds = comparison.series.medians[0] if base is None else base
    return Effect(*(seconds * (value - 1) for value in (found.value, found.low, found.high)))


def narrow(seconds: float) -> Callable[[Comparison], bool]:
    """The interval is at most a tenth of so many seconds to each side."""

    def enough(comparison: Comparison) -> bool:
        effect = effect_of(comparison)
        return (effect.high - effect.low) / 2 <= NARROW * abs(seconds)

    return enough
