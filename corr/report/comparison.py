"""`corr report --diff A B`: two runs side by side, loop by loop, with hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corr.compare.diff import PASSES_BY_WEIGHT, diff
from corr.lake.store import Lake, RunInfo
from corr.report.build import Report
from corr.report.draw import Painter
from corr.report.ink import PAGE
from corr.report.listing import Listing, Row, columns
from corr.report.page import document, render

#: Loops that are shown, and values of each side that are compared.
MOST_LOOPS = 60
SIDES = (
    ("share of the samples", "share", "percent"),
    ("samples", "samples", "count"),
    ("iterations", "iterations", "count"),
    ("mean trips", "trip_count", "count"),
    ("vector width", "vector_width", None),
    ("interleaving", "interleave", None),
    ("unrolled by", "unroll", None),
    ("simd bits", "vector_bits", None),
    ("model cycles a pass", "mca_cycles", None),
    ("bound by", "bound", None),
    ("instructions a cycle, model", "ipc", None),
    ("instructions", "instructions", "count"),
    ("memory accesses", "memory_accesses", "count"),
    ("stack accesses", "stack_accesses", "count"),
    ("calls", "calls", "count"),
    ("branches", "branches", "count"),
    ("divisions", "divisions", "count"),
)
COUNTERS = columns(
    {
        "event": "event",
        "a": ("a", "count"),
        "b": ("b", "count"),
        "ratio": "b / a",
        "unit": "unit",
    }
)


def report(lake: Lake, a: RunInfo, b: RunInfo, *, served: bool = False) -> Report:
    """The page of a comparison; its numbers are those of `corr diff A B`."""
    from corr.report import charts_run

    with Painter() as painter:
        result = diff(lake, a, b)
        drawn = painter.draw([charts_run.costs(result["loops"], PAGE)], PAGE, "diff")()
    loops = [_loop(entry) for entry in result["loops"] if entry["changed"]][:MOST_LOOPS]
    counters = [
        row | {"ratio": row["b"] / row["a"] if row["a"] else None} for row in result["counters"]
    ]
    body = render(
        "diff.html.j2",
        a=result["a"] | dict(a.facts),
        b=result["b"] | dict(b.facts),
        total=result["total"],
        loops=loops,
        left_out=sum(bool(e["changed"]) for e in result["loops"]) - len(loops),
        counters=Listing("diff_counters", "Counters of whole runs", "", COUNTERS, counters),
        outside=result["outside_loops"][:200],
        chart=drawn[0] if drawn else None,
    )
    title = f"{result['a']['program']} against {result['b']['program']} · corr"
    html = document(title, body, served=served)
    return Report(html, {"charts": sum(len(d.svg) for d in drawn)})


def _loop(entry: Mapping[str, Any]) -> Row:
    """A loop with its two sides as rows, and its remarks in the order of their weight."""
    values = []
    for words, key, style in SIDES:
        one, other = entry["a"].get(key), entry["b"].get(key)
        if one is not None or other is not None:
            row = {"name": words, "a": one, "b": other, "style": style, "same": one == other}
            values.append(row)
    remarks = [
        {"mark": mark, "change": change, **row}
        for mark, change in (("+", "appeared"), ("−", "disappeared"), ("~", "changed"))
        for row in sorted(entry[f"remarks_{change}"], key=_weight)
    ]
    return dict(entry) | {"values": values, "remarks": remarks}


def _weight(remark: Mapping[str, Any]) -> tuple[int, str]:
    name = remark["pass"]
    known = PASSES_BY_WEIGHT.index(name) if name in PASSES_BY_WEIGHT else len(PASSES_BY_WEIGHT)
    return known, str(remark.get("words_b") or remark.get("words_a") or "")
