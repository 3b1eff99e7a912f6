"""The stages of an optimisation with what was measured of each: original, iterations, best.

After an iteration that found nothing faster the program is the best before it, and so are its
numbers; `run_id` says which run they are of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.measured.counters import EVENTS
from corr.lake.sql import connect, literal, rows
from corr.lake.store import Lake
from corr.report.subject import Subject

TABLES = ("iterations", "counters", "opcodes", "timings")
#: Why a number is missing where no table says it.
NOT_COUNTED = "not counted in this run"

_COUNTERS = "SELECT run_id, event, value, reason FROM counters"
_OPCODES = """\
SELECT run_id, opcode, sum(count)::BIGINT AS count FROM opcodes WHERE stage = 'after'
GROUP BY run_id, opcode ORDER BY opcode"""
_ITERATIONS = """\
SELECT run_id, iteration, role, outcome, seconds, seconds_before, clock, speedup, speedup_low,
       speedup_high, speedup_original, speedup_native, speedup_polly, guarantee, move
FROM iterations WHERE {session} ORDER BY role = 'best', iteration, candidate, run_id"""
_TIMES = "SELECT run_id, median(coalesce(kernel_seconds, wall)) AS seconds FROM timings GROUP BY 1"


@dataclass(frozen=True)
class Stage:
    """The program after an iteration (0: the original). Counters by event, None with a reason."""

    iteration: int
    outcome: str
    run_id: str
    seconds: float | None
    speedup_original: float | None
    guarantee: str | None
    move: str | None
    counters: Mapping[str, float | None]
    reasons: Mapping[str, str]
    opcodes: Mapping[str, int]

    @property
    def ir_lines(self) -> int | None:
        """Instructions of the optimised IR, without debug information."""
        return sum(self.opcodes.values()) or None


@dataclass(frozen=True)
class Course:
    """An optimisation from the original to the best; of a plain run only its original.

    `best`: the row of the final measurement, None where there is none.
    """

    subject: Subject
    stages: Sequence[Stage]
    best: Mapping[str, Any] | None

    @property
    def original(self) -> Stage:
        return self.stages[0]

    @property
    def last(self) -> Stage:
        return self.stages[-1]


def course(lake: Lake, subject: Subject) -> Course:
    """The stages of a subject in order."""
    ids = [run.run_id for run in subject.runs]
    connection = connect(lake, subject.runs, TABLES)
    try:
        counted = rows(connection, _COUNTERS)
        opcodes = rows(connection, _OPCODES)
        times = {row["run_id"]: row["seconds"] for row in rows(connection, _TIMES)}
        session = subject.of_session() if subject.session else f"run_id = {literal(ids[0])}"
        tried = rows(connection, _ITERATIONS.format(session=session))
    finally:
        connection.close()
    facts = {run.run_id: _layers(run.run_id, counted, opcodes) for run in subject.variants}
    first = subject.original.run_id
    given = next((row for row in tried if row["role"] == "original"), None)
    seconds = given["seconds"] if given and given["seconds"] else times.get(first)
    stages = [Stage(0, "original", first, seconds, 1.0, None, None, *facts[first])]
    for number in sorted({row["iteration"] for row in tried if row["role"] == "proposal"}):
        proposals = [r for r in tried if r["role"] == "proposal" and r["iteration"] == number]
        stages.append(_stage(number, proposals, stages[-1], facts))
    bests = [row for row in tried if row["role"] == "best"]
    return Course(subject, stages, bests[-1] if bests else None)


def _stage(
    number: int,
    proposals: Sequence[Mapping[str, Any]],
    before: Stage,
    facts: Mapping[str, tuple[dict[str, Any], dict[str, str], dict[str, int]]],
) -> Stage:
    """The last accepted proposal of an iteration, or the stage before it."""
    accepted = [row for row in proposals if row["outcome"] == "accepted"]
    if not accepted:
        from dataclasses import replace

        return replace(before, iteration=number, outcome="no gain")
    row = accepted[-1]
    none: tuple[dict[str, Any], dict[str, str], dict[str, int]] = ({}, {}, {})
    return Stage(
        number,
        "accepted",
        row["run_id"],
        row["seconds"],
        row["speedup_original"],
        row["guarantee"],
        row["move"],
        *facts.get(row["run_id"], none),
    )


def _layers(
    run_id: str, counted: Sequence[Mapping[str, Any]], opcodes: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, str], dict[str, int]]:
    """Counters, why those that are missing are, and opcodes of a run."""
    own = [row for row in counted if row["run_id"] == run_id]
    values = {row["event"]: row["value"] for row in own}
    reasons = {row["event"]: row["reason"] for row in own if row["value"] is None}
    for event in EVENTS:
        if event not in values:
            values[event], reasons[event] = None, NOT_COUNTED
    codes = {row["opcode"]: row["count"] for row in opcodes if row["run_id"] == run_id}
    return values, {k: v or NOT_COUNTED for k, v in reasons.items()}, codes
