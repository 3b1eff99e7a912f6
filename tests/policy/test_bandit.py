"""Which call the next pair of runs is for: planted gains are found with few runs."""

from __future__ import annotations

import random

import pytest

from corr.policy.bandit import FEWEST, MOST, Bandit, State
from corr.timing.clocks import Reading


def reading(seconds: float) -> Reading:
    return Reading(seconds, seconds, None, None, 0)


def played(
    gains: list[float], shares: list[float], seed: int, noise: float = 0.01
) -> tuple[list[int], list[int]]:
    """Arms won, in the order that they won, and pulls of each; what wins is the best from then on."""
    source = random.Random(seed)
    bandit, won = Bandit(shares), list[int]()
    pulls = [0] * len(gains)
    while arms := bandit.next():
        for arm in arms:
            a, b = (s * source.gauss(1, noise) for s in (1.0, gains[arm.number]))
            arm.pairs.append((reading(a), reading(b)))
            pulls[arm.number] += 1
            if arm.judge() == State.won:
                won.append(arm.number)
                bandit.begin_again()
    return won, pulls


def test_planted_gains_win_and_losses_are_given_up_early() -> None:
    gains = [1.1, 0.9, 1.0, 1.2, 0.95, 1.3]
    shares = [0.3, 0.3, 0.2, 0.1, 0.05, 0.05]
    for seed in range(10):
        won, pulls = played(gains, shares, seed)
        assert set(won) >= {1, 4} and set(won) <= {1, 2, 4}
        assert pulls[3] <= 3 * FEWEST and pulls[5] <= 3 * FEWEST, "a clear loss takes few runs"
        assert all(count <= 3 * MOST for count in pulls)


def test_the_hottest_call_is_first_and_the_promising_one_goes_on() -> None:
    bandit = Bandit([0.1, 0.4, 0.2])
    assert [arm.number for arm in bandit.next(5)] == [1, 2, 0, 1, 2]
    (first,) = bandit.next()
    first.pairs += [(reading(1.0), reading(1.2))] * 3
    assert bandit.next()[0].number == 2, "it is slower: another may be better"
    other = bandit.arms[2]
    other.pairs += [(reading(1.0), reading(0.8 + n / 100)) for n in range(3)]
    assert bandit.next()[0] is other and bandit.decided == 0


@pytest.mark.parametrize("gain", [1.0, 1.2])
def test_an_arm_that_gains_nothing_is_closed(gain: float) -> None:
    won, pulls = played([gain], [0.5], seed=3)
    assert not won or gain == 1.0
    assert FEWEST <= pulls[0] <= MOST


def test_a_new_best_makes_the_others_begin_again() -> None:
    bandit = Bandit([0.5, 0.4])
    for arm in bandit.arms:
        arm.pairs.append((reading(1.0), reading(0.9)))
    bandit.arms[0].state = State.won
    bandit.begin_again()
    assert len(bandit.arms[0].pairs) == 1 and bandit.arms[1].pairs == []
    assert bandit.decided == 1
