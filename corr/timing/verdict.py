"""A difference is a statistic: ratios of medians, bootstrap intervals, and what they allow.

The interval is the percentile bootstrap (Efron & Tibshirani, An Introduction to the Bootstrap,
1993, ch. 13) of median(b) / median(a), resampling pairs where the measurements were interleaved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]
CONFIDENCE = 0.99
DRAWS = 4000
#: Fewer pairs than this allow no verdict: resampling one value says that it is certain.
FEWEST_PAIRS = 3
#: Relative difference below which two times count as the same, for interleaved measurements and
#: for runs measured at different times (a shared machine drifts between them).
MARGIN = 0.05
DRIFT_MARGIN = 0.15


class Verdict(StrEnum):
    """What a ratio of times allows one to say."""

    faster = "faster"
    slower = "slower"
    same = "same"
    inconclusive = "inconclusive"


@dataclass(frozen=True)
class Ratio:
    """Time of b over time of a, with its confidence interval; below 1 means b is faster."""

    value: float
    low: float
    high: float

    def verdict(self, margin: float) -> Verdict:
        """Faster or slower where the whole interval lies beyond the margin, same within it.

        An interval that straddles the border of the margin is inconclusive: measure more.
        """
        if self.high < 1 - margin:
            return Verdict.faster
        if self.low > 1 + margin:
            return Verdict.slower
        inside = 1 - margin <= self.value <= 1 + margin
        if inside and self.low >= 1 - 2 * margin and self.high <= 1 + 2 * margin:
            return Verdict.same
        return Verdict.inconclusive

    def strictly(self, margin: float) -> Verdict:
        """As `verdict`, but the same only where the whole interval lies within the margin."""
        found = self.verdict(margin)
        within = self.low >= 1 - margin and self.high <= 1 + margin
        return found if found != Verdict.same or within else Verdict.inconclusive

    @property
    def known(self) -> bool:
        """There was enough to tell an interval from."""
        return self.low > 0 and math.isfinite(self.high)


#: Where a clock stood still, or nothing was timed.
UNKNOWN = Ratio(math.nan, 0.0, math.inf)


def draws_of_ratio(a: Sequence[float], b: Sequence[float], *, paired: bool, seed: int = 0) -> Draws:
    """Bootstrap draws of median(b) / median(a); `paired` resamples the pairs together."""
    random = np.random.default_rng(seed)
    first, second = np.asarray(a, float), np.asarray(b, float)
    if paired:
        count = min(len(first), len(second))
        picked = random.integers(0, count, (DRAWS, count))
        return _medians(second[picked]) / _medians(first[picked])
    tops = _medians(random.choice(second, (DRAWS, len(second))))
    return tops / _medians(random.choice(first, (DRAWS, len(first))))


def _medians(rows: Draws) -> Draws:
    found: Draws = np.median(rows, axis=1)
    return found


def interval(draws: Draws, value: float) -> Ratio:
    """The ratio with the percentile interval of its draws."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Ratio(value, float(low), float(high))


def ratio(a: Sequence[float], b: Sequence[float], *, paired: bool = False) -> Ratio:
    """median(b) / median(a) with its interval, which is everything for fewer than three values."""
    value = float(np.median(b) / np.median(a))
    if min(len(a), len(b)) < FEWEST_PAIRS:
        return Ratio(value, 0.0, math.inf)
    return interval(draws_of_ratio(a, b, paired=paired), value)


def loop_ratio(
    total: Draws,
    value: float,
    samples: tuple[int, int],
    totals: tuple[int, int],
    seed: int = 1,
) -> Ratio | None:
    """Ratio of the times of one loop: that of the totals times that of the loop's sample shares.

    `total` holds draws of the ratio of total times, `value` that ratio; shares are drawn from
    their posterior (Beta, uniform prior). None where a side has fewer than 20 samples of it.
    """
    if min(samples) < 20:
        return None
    random = np.random.default_rng(seed)
    shares = [
        random.beta(hits + 1, max(all_ - hits, 0) + 1, len(total))
        for hits, all_ in zip(samples, totals, strict=True)
    ]
    point = value * (samples[1] / totals[1]) / (samples[0] / totals[0])
    return interval(total * shares[1] / shares[0], point)
