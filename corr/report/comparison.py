"""`corr report --diff A B`: two runs side by side, loop by loop, with hypotheses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from corr.compare.diff import diff
from corr.compare.difference import LoopDiff, RemarkChange, RemarkChanges
from corr.lake.store import Lake, RunInfo
from corr.report.build import Report
from corr.report.draw import Painter
from corr.report.ink import PAGE
from corr.report.listing import Listing, columns
from corr.report.page import document, render
from corr.report.waterfall import steps

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


@dataclass(frozen=True)
class Value:
    """A fact of a loop on both sides; `style` is one of corr.console.output.shown."""

    name: str
    a: Any
    b: Any
    style: str | None

    @property
    def same(self) -> bool:
        return bool(self.a == self.b)


@dataclass(frozen=True)
class Remark:
    """A line of a loop's remarks."""

    mark: str
    change: str
    pass_name: str
    words: str | None


@dataclass(frozen=True)
class Change:
    """A loop with what both sides say of it, and its remarks in the order of their weight."""

    loop: LoopDiff
    values: Sequence[Value]
    remarks: Sequence[Remark]


def report(lake: Lake, a: RunInfo, b: RunInfo, *, served: bool = False) -> Report:
    """The page of a comparison; its numbers are those of `corr diff A B`."""
    from corr.report import charts_run

    with Painter() as painter:
        difference = diff(lake, a, b)
        drawn = painter.draw([charts_run.costs(difference.loops, PAGE)], PAGE, "diff")()
    changed = [loop for loop in difference.loops if loop.changed]
    counters = [
        {"event": c.event, "a": c.a, "b": c.b, "unit": c.unit, "ratio": c.ratio}
        for c in difference.counters
    ]
    body = render(
        "diff.html.j2",
        a=difference.a.to_json() | a.facts.to_json(),
        b=difference.b.to_json() | b.facts.to_json(),
        total=difference.total,
        steps=steps(difference),
        changes=[_change(loop) for loop in changed[:MOST_LOOPS]],
        left_out=len(changed[MOST_LOOPS:]),
        counters=Listing("diff_counters", "Counters of whole runs", "", COUNTERS, counters),
        outside=difference.outside_loops[:200],
        chart=drawn[0] if drawn else None,
    )
    title = f"{difference.a.program} against {difference.b.program} · corr"
    html = document(title, body, served=served)
    return Report(html, {"charts": sum(len(d.svg) for d in drawn)})


def _change(loop: LoopDiff) -> Change:
    values = [
        Value(words, getattr(loop.a, name), getattr(loop.b, name), style)
        for words, name, style in SIDES
    ]
    filled = [value for value in values if value.a is not None or value.b is not None]
    return Change(loop, filled, list(_remarks(loop.remarks)))


def _remarks(changes: RemarkChanges) -> Iterator[Remark]:
    for mark, change, remarks in (
        ("+", "appeared", changes.appeared),
        ("−", "disappeared", changes.disappeared),
        ("~", "changed", changes.changed),
    ):
        for remark in sorted(remarks, key=_weight):
            both = f"{remark.words_a} → {remark.words_b}"
            words = both if change == "changed" else remark.words
            yield Remark(mark, change, remark.pass_name, words)


def _weight(remark: RemarkChange) -> tuple[int, str]:
    return remark.weight, remark.words_b or remark.words_a or ""
