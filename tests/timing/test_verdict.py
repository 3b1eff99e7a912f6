"""Ratios, their intervals and verdicts, against scipy-free truths: known distributions."""

from __future__ import annotations

import numpy as np
import pytest

from corr.timing.verdict import MARGIN, Ratio, Verdict, draws_of_ratio, loop_ratio, ratio


@pytest.mark.parametrize(
    ("low", "value", "high", "verdict"),
    [
        (0.40, 0.50, 0.60, Verdict.faster),
        (1.20, 1.50, 1.80, Verdict.slower),
        (0.99, 1.00, 1.01, Verdict.same),
        (0.96, 1.01, 1.08, Verdict.same),
        (0.93, 0.97, 0.99, Verdict.same),
        (0.70, 1.00, 1.30, Verdict.inconclusive),
        (0.90, 0.93, 0.96, Verdict.inconclusive),
        (0.50, 0.80, 1.02, Verdict.inconclusive),
    ],
)
def test_verdict(low: float, value: float, high: float, verdict: Verdict) -> None:
    assert Ratio(value, low, high).verdict(MARGIN) == verdict


def test_interval_covers_the_truth() -> None:
    """99 % intervals of a true ratio of 1.5: at least 95 of 100 noisy series cover it."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(100):
        a = random.lognormal(0, 0.05, 15)
        b = 1.5 * random.lognormal(0, 0.05, 15)
        found = ratio(list(a), list(b))
        covered += found.low <= 1.5 <= found.high
    assert covered >= 95


def test_pairs_cancel_a_common_drift() -> None:
    random = np.random.default_rng(4)
    drift = np.linspace(1, 1.6, 20)
    a = drift * random.lognormal(0, 0.005, 20)
    b = 1.1 * drift * random.lognormal(0, 0.005, 20)
    paired, apart = ratio(list(a), list(b), paired=True), ratio(list(a), list(b))
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)
    assert paired.low > 1.05 and paired.high < 1.15


def test_loop_ratio() -> None:
    total = draws_of_ratio([1.0] * 5, [2.0] * 5, paired=True)
    found = loop_ratio(total, 2.0, (500, 250), (1000, 1000))
    assert found is not None and found.value == pytest.approx(1.0)
    assert 0.8 < found.low < 1 < found.high < 1.25
    few = loop_ratio(total, 2.0, (25, 25), (1000, 1000))
    assert few is not None and few.high - few.low > found.high - found.low
    assert loop_ratio(total, 2.0, (19, 500), (1000, 1000)) is None
