"""optimization_report.csv: a row a kernel, before and after, with the change of each counter."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from collectors.measured.counters import EVENTS
from corr.export.stages import Course

#: Columns that come before and after those of the counters.
FIRST = (
    *("kernel", "session", "iterations", "outcome", "guarantee"),
    *("time_before", "time_after", "time_delta_pct", "speedup", "speedup_low", "speedup_high"),
    *("speedup_native", "speedup_polly"),
)
LAST = ("ir_lines_before", "ir_lines_after", "ir_lines_delta_pct", "missing")


def columns() -> list[str]:
    """The names of all columns in order."""
    counters = [f"{_column(e)}_{end}" for e in EVENTS for end in ("before", "after", "delta_pct")]
    return [*FIRST, *counters, *LAST]


def write(courses: Iterable[Course], out: TextIO) -> None:
    """The table with its header. What is not known is an empty field, and `missing` says why."""
    writer = csv.DictWriter(out, columns(), lineterminator="\n")
    writer.writeheader()
    for one in courses:
        writer.writerow(row(one))


def row(course: Course) -> dict[str, Any]:
    """A kernel's row. Times are seconds, changes per cent of what was before.

    The final measurement times the original again beside the best; where there is none, the times
    are those of the original and of the last accepted proposal.
    """
    first, last, best = course.original, course.last, course.best
    before = best["seconds_before"] if best else first.seconds
    after = best["seconds"] if best else last.seconds
    found: dict[str, Any] = {
        "kernel": course.subject.name,
        "session": course.subject.session,
        "iterations": len(course.stages) - 1,
        "outcome": _outcome(course),
        "guarantee": best["guarantee"] if best else last.guarantee,
        "time_before": before,
        "time_after": after,
        "time_delta_pct": _delta(before, after),
        "speedup": best["speedup"] if best else last.speedup_original,
    }
    if best:
        for name in ("speedup_low", "speedup_high", "speedup_native", "speedup_polly"):
            found[name] = best[name]
    for event in EVENTS:
        ends = first.counters.get(event), last.counters.get(event)
        found |= _change(_column(event), *ends)
    found |= _change("ir_lines", first.ir_lines, last.ir_lines)
    found["missing"] = _missing([first.reasons, last.reasons])
    return found


def _outcome(course: Course) -> str:
    if any(stage.outcome == "accepted" for stage in course.stages):
        return "faster"
    return "the original is kept" if course.subject.session else "not optimised"


def _column(event: str) -> str:
    return event.replace("-", "_")


def _change(name: str, before: float | None, after: float | None) -> dict[str, Any]:
    return {
        f"{name}_before": before,
        f"{name}_after": after,
        f"{name}_delta_pct": _delta(before, after),
    }


def _delta(before: float | None, after: float | None) -> float | None:
    """The change in per cent; None where one is not known or there was nothing before."""
    if before is None or after is None or not before:
        return None
    return 100 * (after - before) / before


def _missing(reasons: Sequence[Mapping[str, str]]) -> str:
    """Each reason with what it concerns."""
    concerned: dict[str, dict[str, None]] = {}
    for known in reasons:
        for event, reason in known.items():
            concerned.setdefault(reason, {})[event] = None
    return "; ".join(f"{', '.join(events)}: {reason}" for reason, events in concerned.items())
