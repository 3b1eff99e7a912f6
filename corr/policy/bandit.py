"""Which calls to spend the next runs on: a bandit over the calls of the hot path.

Each call is an arm, and a pull is a pair: the best so far and the program with that call turned
round, timed in turn. The arm is pulled that may still be the best: the one whose time could be the
lowest, as far as its interval allows (of one that was never pulled, as far as its share of the time
promises). So a call that pays is found without timing every other one to the end, and one that
costs is given up after few runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from corr.timing.clocks import Pairs, Reading, compared
from corr.timing.verdict import FEWEST_PAIRS, UNKNOWN, Ratio

#: Pulls before an arm is decided, and after which it is given up undecided.
FEWEST, MOST = 5, 21
#: A gain that is surely less than this is not worth more runs.
WORTH = 0.003
#: Relative error of one pair, where there are too few to tell.
_ERROR = 0.05
#: Share of its time that turning a call round may save at best, before anything is known.
_SAVES = 0.5


class State(StrEnum):
    """How it stands with an arm."""

    open = "open"
    won = "won"
    lost = "lost"


@dataclass
class Arm:
    """A call by its number, what it may come to before it is pulled, and its pairs."""

    number: int
    share: float
    state: State = State.open
    pairs: list[tuple[Reading, Reading]] = field(default_factory=list)

    @property
    def ratio(self) -> Ratio:
        """Time over that of the best so far."""
        if len(self.pairs) < FEWEST_PAIRS:
            return UNKNOWN
        return compared(Pairs.of(*zip(*self.pairs, strict=True))).ratio

    @property
    def bound(self) -> float:
        """The lowest ratio that it may yet turn out to have."""
        promise = 1 - _SAVES * min(self.share, 1.0)
        if not self.pairs:
            return promise
        found = self.ratio
        if found.known:
            return found.low
        ratios = sorted(_time(b) / _time(a) for a, b in self.pairs)
        middle = ratios[len(ratios) // 2]
        return max(promise, middle - 2 * _ERROR / math.sqrt(len(ratios)))

    def judge(self) -> State:
        """How it stands after its last pull."""
        found = self.ratio
        if len(self.pairs) >= FEWEST and found.known:
            if found.high < 1:
                self.state = State.won
            elif found.low > 1 - WORTH or len(self.pairs) >= MOST:
                self.state = State.lost
        elif len(self.pairs) >= MOST:
            self.state = State.lost
        return self.state


class Bandit:
    """The arms; `shares` are those of the calls, in order."""

    def __init__(self, shares: Sequence[float]) -> None:
        self.arms = [Arm(number, share) for number, share in enumerate(shares)]

    @property
    def open(self) -> list[Arm]:
        return [arm for arm in self.arms if arm.state == State.open]

    @property
    def decided(self) -> int:
        return len(self.arms) - len(self.open)

    def next(self, count: int = 1) -> list[Arm]:
        """The arms for the next `count` pulls, one several times where few are open."""
        ranked = sorted(self.open, key=lambda arm: (arm.bound, len(arm.pairs), arm.number))
        if not ranked:
            return []
        return [ranked[n % len(ranked)] for n in range(count)]

    def begin_again(self) -> None:
        """The best is another one: what was measured against the last one does not count."""
        for arm in self.open:
            arm.pairs.clear()


def _time(reading: Reading) -> float:
    return reading.own or reading.cpu or reading.wall
