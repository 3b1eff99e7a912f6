"""What an optimisation was asked for, and what it is measured against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corr.optimize.inputs import Input

#: The honest baselines: what the compiler can do by itself when it is asked to.
BASELINES = {
    "o3": ("-O3",),
    "native": ("-O3", "-march=native"),
    "polly": ("-O3", "-march=native", "-mllvm", "-polly"),
}


@dataclass(frozen=True)
class Order:
    """What was asked for. Times in seconds; `budget_*` None: no limit."""

    iterations: int = 3
    candidates: int | None = None
    proposer: str = "rules"
    level: str = "auto"
    model: str | None = None
    allow_reassociation: bool = False
    budget_time: float | None = None
    check: str | None = None
    bare: bool = False
    label: str | None = None
    output: Path | None = None
    patience: int = 2
    summary_tokens: int = 6000
    extra: tuple[Input, ...] = ()
    replay: str | None = None
    many: bool = False

    def record(self) -> dict[str, Any]:
        """What must be the same when the session is taken up again, or replayed; JSON."""
        names = ("iterations", "candidates", "proposer", "level", "model", "allow_reassociation")
        found = {name: getattr(self, name) for name in (*names, "check", "summary_tokens")}
        return found | {
            "inputs": [list(one.args) for one in self.extra if not one.held_out],
            "held_out": [list(one.args) for one in self.extra if one.held_out],
        }


@dataclass(frozen=True)
class Baseline:
    """A baseline's time over the original's; None where it could not be had."""

    name: str
    flags: tuple[str, ...]
    ratio: float | None = None
    seconds: float | None = None
