"""A gate's own limits: what it reads, and the steps that it takes over that, are counted.

Every pass of the gate over a text counts what it visits. The count decides, not a clock, so that
a text is refused on every machine or on none; the clock is only the last resort.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

#: Steps for each character, beyond those that any text may take. Programs take about 3.
STEPS_PER_CHARACTER = 40
FREE_STEPS = 100_000
#: Seconds of processor time that one judgement may take, whatever the steps cost.
SECONDS = 120.0
_LOOK_AT_THE_CLOCK = 1 << 16


class TooMuch(Exception):
    """A text that takes more steps than its length allows."""


@dataclass
class Steps:
    """The steps taken over texts of so many characters."""

    characters: int
    taken: int = 0
    _started: float = field(default_factory=time.thread_time)
    _next_look: int = _LOOK_AT_THE_CLOCK

    @property
    def most(self) -> int:
        return FREE_STEPS + STEPS_PER_CHARACTER * self.characters

    def take(self, steps: int = 1) -> None:
        """Count steps. Raises TooMuch."""
        self.taken += steps
        if self.taken > self.most:
            raise TooMuch(f"over {self.most} steps for {self.characters} characters")
        if self.taken >= self._next_look:
            self._next_look = self.taken + _LOOK_AT_THE_CLOCK
            if time.thread_time() - self._started > SECONDS:
                raise TooMuch(f"over {SECONDS:g} seconds for {self.characters} characters")
