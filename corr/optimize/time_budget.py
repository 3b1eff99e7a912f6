"""The seconds that a session may take, held within one run: nothing is begun once they are over."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SPENT = "the time budget is spent"
#: The least that a run is given, so that one which begins in time is not cut at once.
_LEAST = 0.05
#: Of the budget, what may be kept back for the last measurement.
MOST_RESERVED = 0.25


class OutOfTime(Exception):
    """Nothing more may be begun, or what was going on was ended with the budget."""

    def __init__(self) -> None:
        super().__init__(SPENT)


@dataclass
class TimeBudget:
    """`seconds` from now on, None for no end. `reserve` of them are kept for the last measurement.

    It binds only within `binding`: without the original measured there is no session.
    """

    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    reserve: float = 0.0
    _binds: bool = False
    _started: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self._started

    @property
    def left(self) -> float:
        """Seconds that are left, without those kept back; infinite where there is no budget."""
        if self.seconds is None:
            return math.inf
        return self.seconds - self.reserve - self.spent

    @property
    def late(self) -> bool:
        return self.left <= 0

    def share(self, seconds: float, part: float) -> float:
        """So many seconds, or that part of the budget where it is less."""
        return min(seconds, part * self.seconds) if self.seconds is not None else seconds

    def keep_back(self, seconds: float, most: float = MOST_RESERVED) -> None:
        """Keep seconds for the last measurement, up to `most`, a part of all."""
        self.reserve = min(seconds, most * (self.seconds or 0.0))

    @contextlib.contextmanager
    def binding(self, *, last: bool = False) -> Iterator[None]:
        """What is begun too late in the block raises OutOfTime; `last`: nothing is kept back."""
        kept = self._binds, self.reserve
        self._binds, self.reserve = True, 0.0 if last else self.reserve
        try:
            yield
        finally:
            self._binds, self.reserve = kept

    def check(self) -> None:
        """Raise OutOfTime where nothing more may be begun."""
        if self._binds and self.late:
            raise OutOfTime

    def at_most(self, seconds: float) -> float:
        """So many seconds, or as many as are left."""
        return min(seconds, max(self.left, _LEAST)) if self._binds else seconds
