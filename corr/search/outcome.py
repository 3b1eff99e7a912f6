"""What came of one setting for one case."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How it ended."""

    ok = "ok"
    not_built = "does not build"
    crashed = "crashed"
    wrong = "wrong result"
    timed_out = "timed out"
    no_time = "no time"
    output = "too much output"
    baseline = "baseline failed"


class Role(StrEnum):
    """What a setting was measured as."""

    baseline = "baseline"
    value = "value"
    recommended = "recommended"


class Failed(Exception):
    """A build or a run did not end as it should."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


@dataclass(frozen=True)
class Result:
    """A row of `search_results` without what every row of a run has."""

    case_name: str
    setting: str
    role: Role
    outcome: Outcome
    request: str
    value: float | None = None
    used: str | None = None
    detail: str = ""
    seconds: float | None = None
    seconds_baseline: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    verdict: str | None = None
    pairs: int = 0
    clock: str | None = None
    disagreement: str | None = None
    same_code_as: str | None = None
    key: str | None = None
    host: str | None = None

    def to_row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Result:
        """The result of a row; what else is in the row is left out."""
        known: dict[str, Any] = {name: row.get(name) for name in _NAMES}
        known |= {"role": Role(row["role"]), "outcome": Outcome(row["outcome"])}
        known |= {"detail": row.get("detail") or "", "pairs": row.get("pairs") or 0}
        return cls(**known)


_NAMES = tuple(f.name for f in fields(Result))
