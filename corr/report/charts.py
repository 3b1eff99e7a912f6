"""The charts of an optimisation, by altair. Each returns None where there is nothing to draw.

Every mark that stands for a fact has a description in words, which a screen reader reads and the
page shows when the mark is pointed at or focused, and where there is more to see a link (`href`)
to the place on the page. `at` is what the links on a page of several kernels begin with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import altair as alt

from collectors.base.foreign_text import one_line
from corr.console.output import shown
from corr.report import captions
from corr.report.ink import KINDS, Ink
from corr.report.listing import Row
from corr.report.trials import Kind, Trials, heat_map

WIDTH = 680
SHAPE_SIZE = 90
#: Characters of foreign text in a mark's description.
LONGEST = 220

#: Counters of the variants, those that say most first, as many as there is room for.
TELLING = (
    *("cycles", "instructions", "cache-misses", "LLC-load-misses", "L1-dcache-load-misses"),
    *("branch-misses", "simulated: instructions", "simulated: L1 misses", "task-clock"),
    *("simulated: last-level misses", "LLVM IR instructions", "duration_time", "page-faults"),
)
MOST_COUNTERS = 8


@dataclass(frozen=True)
class Chart:
    """A chart with its name (of a file, too), title, and how it is read.

    `finding` is what is to be seen in it, in a sentence; empty where nothing is.
    """

    name: str
    title: str
    says: str
    drawing: alt.TopLevelMixin
    finding: str = ""


def times(trials: Trials, ink: Ink, at: str = "") -> Chart | None:
    """Time of every trial as a share of the original's, with intervals; what has none below."""
    # the original is what the others are compared with, and is drawn whether it has a row or not
    rows = [_point(row, at) for row in trials.trials.rows if row["role"] != "original"]
    measured = [row for row in rows if row["y"] is not None]
    if not measured:
        return None
    clock = next(r["clock"] for r in trials.trials.rows if r["clock"])
    first = {"name": "original", "y": 1.0, "low": 1.0, "high": 1.0, "kind": str(Kind.original)}
    first |= {"says": "original: 1, what everything else is compared with", "link": "#hot"}
    measured.insert(0, first)
    names = ["original", *(row["name"] for row in rows)]
    x = alt.X("name:N", sort=names, scale=alt.Scale(domain=names), title=None)
    x = x.axis(labelAngle=-60, labelOverlap=True)
    title = f"{clock} / original (log scale)"
    y, low = (
        alt.Y(f"{field}:Q", title=title, scale=alt.Scale(type="log")).axis(format="~g")
        for field in ("y", "low")
    )
    kinds = [kind for kind in KINDS if any(r["kind"] == kind for r in [*rows, first])]
    look = _look(kinds, ink)
    base = alt.Chart(alt.Data(values=measured))
    intervals = base.mark_rule(aria=False, strokeWidth=1.5).encode(
        x=x, y=low, y2="high:Q", color=look["color"]
    )
    points = base.mark_point(filled=True, size=SHAPE_SIZE, opacity=1, strokeWidth=1.5).encode(
        x=x, y=y, href="link:N", description="says:N", **look
    )
    line = alt.Chart(alt.Data(values=[{"y": 1}])).mark_rule(strokeDash=[4, 3], aria=False)
    top = alt.layer(line.encode(y="y:Q"), intervals, points).properties(width=WIDTH, height=260)
    without = [row for row in rows if row["y"] is None]
    if without:
        strip = alt.Chart(alt.Data(values=without)).mark_point(
            filled=True, size=SHAPE_SIZE, opacity=1, strokeWidth=1.5
        )
        strip = strip.encode(
            x=x, y=alt.Y("strip:N", title=None), href="link:N", description="says:N", **look
        )
        drawing: Any = alt.vconcat(top, strip.properties(width=WIDTH, height=34), spacing=8)
    else:
        drawing = top
    return Chart(
        "times",
        "Time of the original, the baselines, each proposal and the best",
        "Lower is faster; bars are 99 % intervals. What was refused or failed has no time and"
        " stands below.",
        drawing,
        captions.times(trials),
    )


def _look(kinds: Sequence[Kind], ink: Ink) -> dict[str, Any]:
    """Colour and shape by kind, in one legend."""
    domain = [str(kind) for kind in kinds]
    colours = [ink[KINDS[kind][0]] for kind in kinds]
    shapes = [KINDS[kind][1] for kind in kinds]
    return {
        "color": alt.Color("kind:N", scale=alt.Scale(domain=domain, range=colours)),
        "shape": alt.Shape("kind:N", scale=alt.Scale(domain=domain, range=shapes)),
    }


def _point(row: Row, at: str) -> Row:
    kind = row["class"]
    name = "best" if kind == Kind.best else row["name"]
    time = row["relative_time"]
    parts = [f"{name}, {row['outcome'] or kind}: {clip(row['move'])}"]
    if time is not None:
        low, high = shown(row["relative_low"]), shown(row["relative_high"])
        parts.append(f"{shown(time)} of the original's time, 99 % from {low} to {high}")
    if row["detail"]:
        parts.append(clip(row["detail"]))
    if row["guarantee"]:
        basis = f" ({clip(row['guarantee_detail'])})" if row["guarantee_detail"] else ""
        parts.append(f"guarantee: {row['guarantee']}{basis}")
    if row["reason"]:
        parts.append(f"proposed because {clip(row['reason'])}")
    return {
        "name": name,
        "y": time,
        "low": row["relative_low"] if row["relative_low"] is not None else time,
        "high": row["relative_high"] if row["relative_high"] is not None else time,
        "kind": str(kind),
        "says": "; ".join(parts),
        "link": f"#{at}trial={quote(row['name'])}",
        "strip": "not timed",
    }


def clip(text: object) -> str:
    """Foreign text for a description: one line, not too long."""
    return one_line(str(text or ""), LONGEST)


def counters(trials: Trials, ink: Ink) -> Chart | None:
    """Counters of the variants, each in a panel of its own, with intervals."""
    available = {row["event"] for row in trials.counters.rows}
    events = [event for event in TELLING if event in available][:MOST_COUNTERS]
    order = list(trials.variants.values())
    rows = [
        {
            "event": row["event"],
            "variant": row["variant"],
            "value": row["value"],
            "low": row["low"],
            "high": row["high"],
            "says": f"{row['variant']}: {shown(row['value'], 'count')} {row['unit']}"
            f" {row['event']}",
        }
        for row in trials.counters.rows
        if row["event"] in events
    ]
    if not rows or len(order) < 2:
        return None
    x = alt.X("variant:N", sort=order, title=None).axis(labelAngle=-40)
    y = alt.Y("value:Q", title=None).axis(format="~s", tickCount=4)
    base = alt.Chart()
    bars = base.mark_rule(aria=False).encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q")
    points = base.mark_point(
        filled=True, size=60, opacity=1, color=ink["blue"], shape="circle"
    ).encode(x=x, y=y, description="says:N")
    panels = alt.layer(bars, points).properties(width=130, height=110)
    drawing = panels.facet(
        facet=alt.Facet("event:N", sort=events, title=None), columns=4, data=alt.Data(values=rows)
    ).resolve_scale(y="independent")
    return Chart(
        "counters",
        "Counters of the original and of each new best",
        "Means of whole runs with 99 % intervals; every panel has a scale of its own.",
        drawing,
        captions.counters(trials, events),
    )


def gains(trials: Trials, ink: Ink, at: str = "") -> Chart | None:
    """Expected against measured speed-up of each proposal."""
    rows = []
    for row in trials.gains.rows:
        if row["expected"] <= 0 or row["speedup"] <= 0:
            continue
        says = f"{row['name']} {clip(row['move'])}: expected ×{shown(row['expected'])},"
        says += f" measured ×{shown(row['speedup'])}, {row['outcome']}"
        names = ("expected", "speedup", "kind")
        link = f"#{at}trial={quote(row['name'])}"
        rows.append({name: row[name] for name in names} | {"says": says, "link": link})
    if not rows:
        return None
    ends = [min(r[k] for r in rows for k in ("expected", "speedup")), 1.0]
    ends.append(max(r[k] for r in rows for k in ("expected", "speedup")))
    low, high = min(ends) / 1.2, max(ends) * 1.2
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    kinds = sorted({r["kind"] or "" for r in rows})
    inks = [ink[n] for n in ("blue", "orange", "green", "purple", "red", "text")]
    shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
    diagonal = alt.Chart(alt.Data(values=[{"x": low, "y": low}, {"x": high, "y": high}]))
    points = alt.Chart(alt.Data(values=rows)).mark_point(filled=True, size=70, opacity=0.9)
    points = points.encode(
        x=alt.X("expected:Q", scale=scale, title="expected speed-up").axis(format="~g"),
        y=alt.Y("speedup:Q", scale=scale, title="measured speed-up").axis(format="~g"),
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=inks[: len(kinds)])),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=shapes[: len(kinds)])),
        href="link:N",
        description="says:N",
    )
    line = diagonal.mark_line(strokeDash=[4, 3], color=ink["muted"], aria=False).encode(
        x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale)
    )
    return Chart(
        "gains",
        "Expected against measured gain of the proposals",
        "On the dashed line a proposal gained what was expected; below it less.",
        alt.layer(line, points).properties(width=340, height=300),
        captions.gains(rows),
    )


def opcodes(trials: Trials, ink: Ink) -> Chart | None:
    """The heat map of opcodes and iterations."""
    rows = heat_map(trials)
    if not rows or len(trials.variants) < 2:  # a single column compares nothing
        return None
    most = max(row["count"] for row in rows)
    steps = 6 / math.log1p(most) if most else 0
    for row in rows:
        row["step"] = f"h{round(math.log1p(row['count']) * steps)}"
        row["says"] = f"{row['opcode']}, {row['variant']}: {row['count']}"
        row["ink"] = "on-high" if row["step"] in ("h5", "h6") else "on-low"
    order = list(dict.fromkeys(row["opcode"] for row in rows))
    variants = list(trials.variants.values())
    x = alt.X("variant:N", sort=variants, title=None).axis(orient="top", labelAngle=0)
    y = alt.Y("opcode:N", sort=order, title=None)
    domain = [f"h{n}" for n in range(7)]
    fill = alt.Color("step:N", legend=None)
    fill = fill.scale(domain=domain, range=[ink[n] for n in domain])
    base = alt.Chart(alt.Data(values=rows))
    cells = base.mark_rect(stroke=ink["surface"]).encode(x=x, y=y, color=fill, description="says:N")
    on = ["on-low", "on-high"]
    written = alt.Color("ink:N", legend=None).scale(domain=on, range=[ink[n] for n in on])
    numbers = base.mark_text(aria=False, fontSize=10).encode(
        x=x, y=y, text="count:Q", color=written
    )
    drawing = alt.layer(cells, numbers).resolve_scale(color="independent")
    return Chart(
        "opcodes",
        "LLVM instructions by opcode and variant",
        "Instructions of the optimised IR; darker is more (in light colours), on a log scale.",
        drawing.properties(width=max(160, 84 * len(variants)), height=17 * len(order)),
        captions.opcodes(rows, variants),
    )


def before_after(trials: Trials, ink: Ink) -> Chart | None:
    """Time, cycles, cache misses and IR lines of the best as a share of the original's."""
    rows = []
    for row in trials.before_after.rows:
        for side, share, value in (("original", 1, "before"), ("best", row["ratio"], "after")):
            number = shown(row[value], "count" if abs(row[value]) >= 10000 else None)
            interval = side == "best" and row.get("low") is not None
            rows.append(
                {
                    "metric": row["metric"],
                    "side": side,
                    "share": share,
                    "low": row["low"] if interval else share,
                    "high": row["high"] if interval else share,
                    "label": f"{number}{' s' if row['unit'] == 's' else ''}",
                    "says": f"{row['metric']}, {side}: {number} {row['unit']},"
                    f" {shown(share, 'percent')} of the original ({row['basis']})",
                }
            )
    if not rows:
        return None
    order = list(dict.fromkeys(row["metric"] for row in rows))
    x = alt.X("side:N", sort=["original", "best"], title=None).axis(labelAngle=0)
    y = alt.Y("share:Q", title="share of the original").axis(format="~%")
    base = alt.Chart()
    tone = alt.Color("side:N", legend=None).scale(
        domain=["original", "best"], range=[ink["muted"], ink["blue"]]
    )
    bars = base.mark_bar(size=34).encode(x=x, y=y, color=tone, description="says:N")
    whiskers = base.mark_rule(aria=False, color=ink["text"], strokeWidth=1.5).encode(
        x=x, y=alt.Y("low:Q", title="share of the original"), y2="high:Q"
    )
    labels = base.mark_text(aria=False, dy=-6, baseline="bottom", color=ink["text"]).encode(
        x=x, y=alt.Y("high:Q", title="share of the original"), text="label:N"
    )
    drawing = alt.layer(bars, whiskers, labels).properties(width=130, height=190)
    return Chart(
        "before_after",
        "Before and after",
        "What the best takes of each, as a share of the original; the numbers are absolute.",
        drawing.facet(
            facet=alt.Facet("metric:N", sort=order, title=None),
            columns=5,
            data=alt.Data(values=rows),
        ).resolve_scale(y="independent"),
        captions.before_after(trials.before_after.rows),
    )
