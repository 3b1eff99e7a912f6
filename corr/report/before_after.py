"""The original and the best of an optimisation side by side: time, cycles, misses, lines of IR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corr.report.listing import Listing, Row, columns
from corr.report.subject import Subject

BEFORE_AFTER = columns(
    {
        "metric": "what",
        "before": ("original", "count"),
        "after": ("best", "count"),
        "ratio": "best / original",
        "low": "99 % from",
        "high": "to",
        "unit": "unit",
        "basis": ("measured how", "text"),
    }
)

#: Counters of the before/after bars: the first of each line that both runs have.
_BARS = (
    ("cycles", ("cycles",)),
    ("instructions", ("instructions", "simulated: instructions")),
    ("cache misses", ("cache-misses", "LLC-load-misses", "simulated: last-level misses")),
    ("L1 misses", ("L1-dcache-load-misses", "simulated: L1 misses")),
    ("IR lines", ("LLVM IR instructions",)),
)


def before_after(subject: Subject, counted: Sequence[Row], best: Row | None) -> Listing:
    """Time, cycles, cache misses and IR lines of the original and the best."""
    found: list[dict[str, Any]] = []
    if best is not None and best["seconds"]:
        found.append(
            {
                "metric": "time",
                "before": best["seconds_before"],
                "after": best["seconds"],
                "ratio": best["relative_time"],
                "low": best["relative_low"],
                "high": best["relative_high"],
                "unit": "s",
                "basis": f"{best['clock']}, {best['pairs']} pairs in turn",
            }
        )
    first, last = subject.variants[0].run_id, subject.variants[-1].run_id
    values = {(row["run_id"], row["event"]): row for row in counted}
    for metric, events in _BARS:
        for event in events:
            one, other = values.get((first, event)), values.get((last, event))
            if first != last and one and other and one["value"]:
                found.append(
                    {
                        "metric": metric,
                        "before": one["value"],
                        "after": other["value"],
                        "ratio": other["value"] / one["value"],
                        "unit": one["unit"],
                        "basis": event,
                    }
                )
                break
    return Listing("before_after", "Before and after", "", BEFORE_AFTER, found)
