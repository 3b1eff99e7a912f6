"""The loop that times two programs in turn: its order and its end, by a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from corr.timing.clocks import Pairs, Reading
from corr.timing.interleave import Limits, clear, interleaved


class Watch:
    """A clock that goes on by what runs take, and notes who ran."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order = ""

    def __call__(self) -> float:
        return self.now

    def program(self, name: str, *seconds: float) -> Callable[[], Reading]:
        """A program that takes these seconds in turn, and the last ones ever after."""
        times = iter(seconds)
        last = seconds[-1]

        def run() -> Reading:
            self.order += name
            taken = next(times, last)
            self.now += taken
            return Reading(taken)

        return run


def lengths(found: Iterator[Pairs]) -> list[int]:
    return [len(pairs) for pairs in found]


def never(_: Pairs) -> bool:
    return False


def test_the_order_is_abba() -> None:
    watch = Watch()
    runs = watch.program("a", 1.0), watch.program("b", 1.0)
    assert lengths(interleaved(*runs, never, Limits(3, 4), watch)) == [1, 2, 3, 4]
    assert watch.order == "abbaabba"


def test_it_is_asked_from_the_fewest_on_and_with_odd_numbers_only() -> None:
    asked = []

    def decide(pairs: Pairs) -> bool:
        asked.append(len(pairs))
        return len(pairs) >= 9

    watch = Watch()
    runs = watch.program("a", 1.0), watch.program("b", 1.0)
    assert lengths(interleaved(*runs, decide, Limits(4, 40), watch))[-1] == 9
    assert asked == [5, 7, 9]


def test_the_most_pairs_end_it() -> None:
    watch = Watch()
    runs = watch.program("a", 0.1), watch.program("b", 0.1)
    assert lengths(interleaved(*runs, never, Limits(3, 6, 1e9), watch))[-1] == 6


@pytest.mark.parametrize(("each", "pairs"), [(100.0, 3), (2.0, 3), (1.5, 4), (1.2, 5), (1.0, 6)])
def test_late_ends_it_but_not_before_the_fewest(each: float, pairs: int) -> None:
    """Late also after an even number: what comes next would only make it later."""
    watch = Watch()
    runs = watch.program("a", each), watch.program("b", each)
    assert lengths(interleaved(*runs, never, Limits(3, 40, 11.0), watch))[-1] == pairs


def test_noise_late_in_a_series_is_waited_out() -> None:
    """The third pair is disturbed, so that three are not clear; the medians of five are."""
    watch = Watch()
    a = watch.program("a", 1.0, 1.0, 1.0, 1.0, 1.0)
    b = watch.program("b", 0.5, 0.5, 1.5, 0.5, 0.5)
    found = list(interleaved(a, b, clear, Limits(3, 40, 1e9), watch))
    assert len(found[0]) == 1 and len(found[-1]) > 3
    assert not clear(found[2])


def test_equals_end_as_soon_as_they_may() -> None:
    watch = Watch()
    runs = watch.program("a", 1.0), watch.program("b", 1.01)
    assert lengths(interleaved(*runs, clear, Limits(3, 40), watch))[-1] == 3


def test_whoever_asks_may_end_it_sooner() -> None:
    watch = Watch()
    runs = watch.program("a", 1.0), watch.program("b", 9.0)
    for pairs in interleaved(*runs, never, Limits(5, 40), watch):
        if len(pairs) == 2:
            break
    assert watch.order == "abba"


@pytest.mark.parametrize(("fewest", "most"), [(1, 9), (2, 40), (5, 4)])
def test_limits_that_allow_no_verdict_are_refused(fewest: int, most: int) -> None:
    with pytest.raises(ValueError, match="no verdict"):
        Limits(fewest, most)
