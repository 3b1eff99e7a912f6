"""How much of a program is collected."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class More(StrEnum):
    """What the default leaves out: of a large program, or always."""

    passes = "passes"
    opcodes = "opcodes"
    counts = "counts"
    cachegrind = "cachegrind"
    decisions = "decisions"


@dataclass(frozen=True)
class Options:
    """How much to collect. `repeat` None: five, fewer for a program that runs for long.

    `more` is asked for however large the program is; `traced` are linkage names of the only
    functions whose passes are traced, whatever that takes.
    """

    repeat: int | None = None
    run: bool = True
    deep: bool = False
    #: With `deep`: how long the passes may be traced on each core.
    deep_minutes: float = 12.0
    artifacts: bool = True
    cachegrind: bool | None = None
    more: frozenset[More] = frozenset()
    traced: tuple[str, ...] = ()
    label: str | None = None

    def wants(self, more: More) -> bool:
        """It is asked for, by itself or with everything."""
        return self.deep or more in self.more
