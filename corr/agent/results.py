"""What the tools answer. Numbers are the lake's; times are seconds, shares of 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Rows of a listing. `next_offset`: ask with it for those that did not fit; None: no more."""

    rows: list[Row]
    offset: int
    next_offset: int | None
    run: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """A finding of a hot place: the sentence, how much it could give, and how to test it."""

    place: str
    loop: str | None
    kind: str
    share: float
    seconds: float | None
    ceiling: float | None
    confidence: str
    sentence: str
    test: str
    refuted_by: str
    evidence: list[Row]


@dataclass(frozen=True)
class Explanation:
    """What a run does with its time, hottest place first; the likeliest finding of each leads."""

    run: str
    program: str | None
    answers: list[Answer]


@dataclass(frozen=True)
class Facts:
    """Everything that every layer knows of a place; lists are cut, and say how much is left."""

    run: str
    place: str
    facts: Row


@dataclass(frozen=True)
class Text:
    """A text, and about how many tokens it is."""

    run: str
    text: str
    tokens: int


@dataclass(frozen=True)
class Difference:
    """What changed between two runs, loop by loop, most costly first."""

    a: str
    b: str
    total: Row | None
    loops: list[Row]
    loops_left_out: int


@dataclass(frozen=True)
class Gate:
    """Whether a run holds what a baseline had."""

    baseline: str
    new: str
    passes: bool
    findings: list[Row]
    notes: list[str]


@dataclass(frozen=True)
class Collected:
    """A new run, and what it says first."""

    run: str
    program: str
    seconds: float | None
    answers: list[Answer]
    problems: int


@dataclass(frozen=True)
class Judged:
    """What came of a candidate. `speedup` is over the original, with its 99 % interval."""

    outcome: str
    detail: str
    guarantee: str
    speedup: float | None
    speedup_low: float | None
    speedup_high: float | None
    seconds: float | None
    session: str
    run: str | None
    patch: str | None
    checks: list[Row] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
