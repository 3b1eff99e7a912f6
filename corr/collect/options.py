"""How much of a program is collected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How much to collect. `repeat` None: five, fewer for a program that runs for long."""

    repeat: int | None = None
    run: bool = True
    deep: bool = False
    #: With `deep`: how long the passes may be traced on each core.
    deep_minutes: float = 12.0
    artifacts: bool = True
    cachegrind: bool | None = None
    #: Ask the inliner for each decision and what it went by; compiles every unit twice more.
    decisions: bool = False
    label: str | None = None
