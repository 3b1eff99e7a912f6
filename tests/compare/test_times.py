"""Times of places by their samples: those that come in clumps decide less."""

from __future__ import annotations

import pytest

from corr.compare.places import PlaceSide
from corr.compare.times import LoopTimes, Times
from corr.timing.verdict import Verdict

TIMES = Times([0.100, 0.101, 0.1, 0.099, 0.1, 0.1], [0.1, 0.1, 0.101, 0.1, 0.099, 0.1], "", True)


def test_a_few_samples_of_the_kernel_decide_nothing() -> None:
    divided = LoopTimes(TIMES, (800, 800))
    fewer, more = PlaceSide(0.1, 80), PlaceSide(0.2, 160)
    alone = divided.ratio(fewer, more)
    clumped = divided.ratio(fewer, more, clump=4)
    assert alone is not None and clumped is not None
    assert alone.verdict == Verdict.slower
    assert clumped.verdict == Verdict.inconclusive
    assert clumped.low < alone.low < alone.value < alone.high < clumped.high


def test_many_samples_of_the_kernel_do() -> None:
    divided = LoopTimes(TIMES, (8000, 8000))
    found = divided.ratio(PlaceSide(0.1, 800), PlaceSide(0.3, 2400), clump=4)
    assert found is not None and found.verdict == Verdict.slower


def test_too_few_for_any_ratio() -> None:
    divided = LoopTimes(TIMES, (800, 800))
    assert divided.ratio(PlaceSide(0.05, 40), PlaceSide(0.2, 160), clump=4) is None


@pytest.mark.parametrize(
    ("b", "verdict"),
    [
        ([0.51, 0.512, 0.52], Verdict.slower),
        ([0.03, 0.031, 0.033], Verdict.faster),
        ([0.15, 0.16, 0.17], Verdict.inconclusive),
        ([0.51, 0.512, 0.15], Verdict.inconclusive),
        ([0.51, 0.52], Verdict.inconclusive),
    ],
)
def test_three_repetitions_decide_what_is_beyond_doubt_only(
    b: list[float], verdict: Verdict
) -> None:
    total = Times([0.133, 0.1337, 0.134][: len(b)], b, "CPU time", False).total()
    assert total.time.verdict == verdict
