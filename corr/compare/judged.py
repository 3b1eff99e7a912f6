"""What is said of a loop or place: how its time changed, and why."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from corr.timing.verdict import Verdict

Json = dict[str, Any]


@dataclass(frozen=True)
class TimeRatio:
    """Time of b over time of a, its confidence interval, and what that allows one to say."""

    value: float
    low: float
    high: float
    verdict: Verdict

    def __str__(self) -> str:
        return f"×{self.value:.2f} (99 %: {self.low:.2f}–{self.high:.2f})"


@dataclass(frozen=True)
class Hypothesis:
    """Why a loop changed, as a rule of queries/hypotheses has it.

    `strength` is from 0 to 1. `evidence`: sentences that each name their table. `confirm`: the side
    and the flags that switch the suspected cause off there; `confirmed`: what that showed.
    `contradicted_by`: facts that would refute it; none of them holds of this loop.
    """

    name: str
    says: str
    strength: float
    evidence: tuple[str, ...]
    refuted_by: str
    source: str
    confirm: str | None = None
    confirmed: str | None = None
    contradicted_by: tuple[str, ...] = ()

    def to_json(self) -> Json:
        lists = ("evidence", "contradicted_by")
        return flat(self) | {name: list(getattr(self, name)) for name in lists}


def time_json(time: TimeRatio | None) -> Json:
    if time is None:
        return dict.fromkeys(("time_ratio", "time_low", "time_high", "verdict"))
    known = math.isfinite(time.high)  # else there were too few repetitions for an interval
    return {
        "time_ratio": time.value,
        "time_low": time.low if known else None,
        "time_high": time.high if known else None,
        "verdict": str(time.verdict),
    }


def flat(value: Any) -> Json:
    """The fields of a dataclass that holds no other."""
    return asdict(value)
