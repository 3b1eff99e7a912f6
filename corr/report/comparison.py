"""`corr report --diff A B`: two runs side by side, loop by loop, with hypotheses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corr.compare.diff import diff
from corr.compare.difference import FunctionRemark, LoopDiff, RemarkChange, RemarkChanges
from corr.console.remark_words import readable, spoken
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.report.build import Report
from corr.report.listing import Listing, columns
from corr.report.page import document, render
from corr.report.waterfall import says, steps
from corr.summary.code import bound_briefly

#: Loops that are shown, those of them that are seen whole at once, and what is compared of each.
MOST_LOOPS, MOST_OPENED = 60, 3
#: Remarks outside loops.
MOST_OUTSIDE = 200
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
    words: str


@dataclass(frozen=True)
class Change:
    """A loop with what both sides say of it, and its remarks in the order of their weight."""

    loop: LoopDiff
    values: Sequence[Value]
    remarks: Sequence[Remark]


def report(lake: Lake, a: RunInfo, b: RunInfo, *, served: bool = False) -> Report:
    """The page of a comparison; its numbers are those of `corr diff A B`."""
    difference = diff(lake, a, b)
    linked = ask(lake, "SELECT DISTINCT linkage, name FROM functions", runs=[a, b]).to_pylist()
    names = {row["linkage"]: row["name"] for row in linked}
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
        says=says(steps(difference)),
        opened=MOST_OPENED,
        changes=[_change(loop, names) for loop in changed[:MOST_LOOPS]],
        left_out=len(changed[MOST_LOOPS:]),
        counters=Listing("diff_counters", "Counters of whole runs", "", COUNTERS, counters),
        outside=[_outside(one, names) for one in difference.outside_loops[:MOST_OUTSIDE]],
    )
    title = f"{difference.a.program} against {difference.b.program} · corr"
    html = document(title, body, served=served)
    return Report(html, {"loops": len(body)})


def _change(loop: LoopDiff, names: Mapping[str, str]) -> Change:
    values = [
        Value(words, _fact(loop.a, name), _fact(loop.b, name), style)
        for words, name, style in SIDES
    ]
    filled = [value for value in values if value.a is not None or value.b is not None]
    return Change(loop, filled, list(_remarks(loop.remarks, names)))


def _fact(side: Any, name: str) -> Any:
    value = getattr(side, name)
    return bound_briefly(value) if name == "bound" and value else value


def _remarks(changes: RemarkChanges, names: Mapping[str, str]) -> Iterator[Remark]:
    for mark, change, remarks in (
        ("+", "appeared", changes.appeared),
        ("−", "disappeared", changes.disappeared),
        ("~", "changed", changes.changed),
    ):
        for remark in sorted(remarks, key=_weight):
            yield Remark(mark, change, remark.pass_name, _words(remark, names))


def _words(remark: RemarkChange, names: Mapping[str, str]) -> str:
    """What a remark says; of both sides where it changed."""
    sides = dict.fromkeys(words for words in (remark.words_a, remark.words_b) if words)
    return " → ".join(readable(words, names) for words in sides)


def _outside(one: FunctionRemark, names: Mapping[str, str]) -> dict[str, str]:
    """A remark that is of no loop."""
    return {
        "change": one.change,
        "function": one.function,
        "said": spoken(one.function, names),
        "pass_name": one.remark.pass_name,
        "words": _words(one.remark, names),
    }


def _weight(remark: RemarkChange) -> tuple[int, str]:
    return remark.weight, remark.words_b or remark.words_a or ""
