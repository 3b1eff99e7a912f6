"""Seconds with an interval: sums, what is left, and when a budget is spent."""

from __future__ import annotations

import pytest

from corr.commands.experiments import print_swap
from corr.console.output import Format
from corr.experiment.effects import Budget, Effect, effect_of, less, narrow, total
from corr.experiment.swap import Part, Swap
from corr.timing.clocks import Comparison, Series


def test_uncertainties_add_as_squares() -> None:
    found = total([Effect(1.0, 0.7, 1.3), Effect(-0.2, -0.6, 0.2)])
    assert (found.seconds, found.low, found.high) == pytest.approx((0.8, 0.3, 1.3))
    rest = less(Effect(1.0, 0.7, 1.3), Effect(1.1, 0.7, 1.2))
    assert rest.seconds == pytest.approx(-0.1)
    assert rest.low == pytest.approx(-0.1 - (0.3**2 + 0.1**2) ** 0.5)
    assert rest.high == pytest.approx(-0.1 + (0.3**2 + 0.4**2) ** 0.5)
    assert rest.none and not Effect(0.2, 0.1, 0.3).none
    assert total([]) == Effect(0.0, 0.0, 0.0)


def test_an_effect_is_the_ratio_less_one_of_the_base() -> None:
    comparison = Comparison(Series("wall time", (2.0,) * 7, (3.0,) * 7))
    assert effect_of(comparison) == Effect(1.0, 1.0, 1.0)
    assert effect_of(comparison, 4.0).seconds == 2.0
    assert narrow(1.0)(comparison)
    noisy = Comparison(Series("wall time", (2.0,) * 7, (2.0, 3.0, 4.0, 2.5, 3.5, 2.2, 3.9)))
    assert not narrow(1.0)(noisy) and narrow(100.0)(noisy)


def test_a_budget_is_over_when_its_seconds_are() -> None:
    now = [100.0]
    budget = Budget(5, lambda: now[0])
    assert budget.left == 5 and not budget.over
    now[0] = 105.0
    assert budget.over


@pytest.mark.parametrize(
    ("low", "high", "steady"), [(0.40, 0.44, True), (0.1, 0.8, False), (-0.1, 0.9, False)]
)
def test_shares_of_what_is_hardly_known_are_not_told(
    low: float, high: float, steady: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    part = Part("file", "x.c", effect=Effect(0.2, 0.19, 0.21))
    found = Swap(Effect(0.42, low, high), 1.0, "CPU time", (part,))
    assert found.steady == steady == found.to_json()["steady"]
    print_swap(found, {}, Format.table)
    told = capsys.readouterr().out
    assert ("48%" in told) == steady
    assert ("not known well enough" in told) == (not steady and low > 0)
