"""How probable a difference is where there is none: Student's paired t-test on logarithms.

Times are skewed, their ratios are not: the test asks whether the mean of log(b / a) over the pairs
is zero. The tail of Student's distribution is the regularised incomplete beta function, by the
continued fraction of Numerical Recipes (3rd ed., 6.4).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import cache

#: Fewer pairs than this tell nothing of how far they scatter.
FEWEST = 3
_TINY, _ENOUGH, _MOST = 1e-300, 1e-12, 500


def p_value(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Two-sided, of pairs of positive times; None for fewer than three."""
    if len(a) < FEWEST or min(*a, *b) <= 0:
        return None
    logs = [math.log(after / before) for before, after in zip(a, b, strict=True)]
    mean, spread = statistics.fmean(logs), statistics.stdev(logs)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    return student_tail(mean / (spread / math.sqrt(len(logs))), len(logs) - 1)


def student_tail(t: float, freedom: int) -> float:
    """The probability of a t that is at least so far from zero."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


@cache
def student_quantile(tail: float, freedom: int) -> float:
    """The t beyond which, on both sides together, so much of Student's distribution lies."""
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > tail:
        low, high = high, 2 * high
    while high - low > _ENOUGH * high:
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, freedom) > tail else (low, middle)
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, by Lentz's method."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _MOST):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d = 1 / _nonzero(1 + part * d)
            c = _nonzero(1 + part / c)
            found *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return found


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
