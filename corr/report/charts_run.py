"""The charts of one run and of several kernels, by altair (see charts.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import altair as alt

from corr.console.output import shown
from corr.console.short_names import distinct_names, short_name
from corr.report import captions
from corr.report.charts import WIDTH, Chart, clip
from corr.report.ink import Ink
from corr.report.listing import Row
from corr.roofs.peaks import Peaks

#: Loops and changes of the pass timeline, passes of the remarks' chart.
MOST_LOOPS, MOST_CHANGES, MOST_PASSES = 12, 400, 14
#: Height of the roofline, and what the name of a line needs of it.
ROOFLINE_HEIGHT, NAME_HEIGHT = 340, 14

_GREW, _SHRANK, _SAME = "more instructions", "fewer", "as many"


def passes(changes: Sequence[Row], loops: Sequence[str], ink: Ink, at: str = "") -> Chart | None:
    """The pass timeline: which pass changed which of the hot loops, in order."""
    wanted = distinct_names(list(loops)[:MOST_LOOPS])
    rows = []
    for position, change in enumerate(changes):
        for loop in change["loops"] or ():
            if loop in wanted:
                rows.append(_change(change, wanted[loop], position, at))
    rows = rows[:MOST_CHANGES]
    if not rows:
        return None
    domain = [_GREW, _SHRANK, _SAME]
    colours = alt.Scale(domain=domain, range=[ink[n] for n in ("orange", "blue", "muted")])
    shapes = alt.Scale(domain=domain, range=["triangle-up", "triangle-down", "circle"])
    order = [name for name in wanted.values() if any(r["loop"] == name for r in rows)]
    drawing = alt.Chart(alt.Data(values=rows)).mark_point(filled=True, size=55, opacity=0.9)
    drawing = drawing.encode(
        x=alt.X("position:Q", title="changes by passes, in order", scale=alt.Scale(zero=False)),
        y=alt.Y("loop:N", sort=order, title=None),
        color=alt.Color("effect:N", scale=colours),
        shape=alt.Shape("effect:N", scale=shapes),
        href="link:N",
        description="says:N",
    )
    return Chart(
        "passes",
        "Which pass changed which loop",
        "A mark is a change of a hot loop by a pass, in the order of execution; it leads to the"
        " diff.",
        drawing.properties(width=WIDTH - 100, height=24 * len(order) + 20),
        captions.passes(changes, list(wanted)),
    )


def _change(change: Row, loop: str, position: int, at: str) -> Row:
    before, after = change["before"], change["after"]
    effect = _SAME
    if before is not None and after is not None and before != after:
        effect = _GREW if after > before else _SHRANK
    numbers = f", {before} to {after} instructions" if before is not None else ""
    where = quote(f"{change['sequence']},{change['function']},{change['unit']}", safe="")
    return {
        "position": position + 1,
        "loop": loop,
        "effect": effect,
        "says": f"{change['sequence']} {change['pass']} changed {clip(loop)} in"
        f" {clip(short_name(change['function']))}{numbers}",
        "link": f"#{at}pass={where}",
    }


def remarks(rows: Sequence[Row], ink: Ink) -> Chart | None:
    """Remarks by pass, a panel for each kind."""
    counts: list[Row] = []
    shown_passes = [row["pass"] for row in rows[:MOST_PASSES]]
    for row in rows[:MOST_PASSES]:
        for kind in ("done", "missed", "analysis"):
            count = row[kind] or 0
            says = f"{row['pass']}, {kind}: {count} remarks"
            counts.append({"pass": row["pass"], "kind": kind, "count": count, "says": says})
    if not counts:
        return None
    bars = (
        alt.Chart(alt.Data(values=counts))
        .mark_bar(color=ink["blue"])
        .encode(
            x=alt.X("count:Q", title=None).axis(format="~s", tickCount=4),
            y=alt.Y("pass:N", sort=shown_passes, title=None),
            column=alt.Column("kind:N", sort=["done", "missed", "analysis"], title=None),
            description="says:N",
        )
    )
    return Chart(
        "remarks",
        "Remarks by pass and kind",
        "How much each pass reported as done, as missed, and as analysis.",
        bars.properties(width=170, height=17 * len(shown_passes)).resolve_scale(x="independent"),
        captions.remarks(rows),
    )


def roofline(rows: Sequence[Row], peaks: Peaks, ink: Ink, at: str = "") -> Chart | None:
    """The roofs of the machine, and the hot loops below them."""
    points = [row for row in rows if row["intensity"] and row["gflops"]]
    if not points or not peaks.bandwidths:
        return None
    peak = peaks.most_flops / 1e9
    least = min(peaks.bandwidths.values()) / 1e9
    low = min(0.05, min(row["intensity"] for row in points) / 2)
    high = max(8 * peak / least, 2 * max(row["intensity"] for row in points))
    x = alt.X("x:Q", title="flop/byte asked of the first-level cache")
    x = x.scale(type="log", domain=[low, high], nice=False).axis(format="~g", tickCount=8)
    floor = min(*(row["gflops"] for row in points), least * low) / 2  # no mark on the axis
    y = alt.Y("y:Q", title="Gflop/s").axis(format="~g")
    y = y.scale(type="log", domain=[floor, 2 * peak], nice=False)
    lines: list[Row] = []
    names: list[Row] = []
    for name, rate in peaks.bandwidths.items():
        slope, ridge = rate / 1e9, peak / (rate / 1e9)
        lines += [
            {"roof": name, "x": low, "y": slope * low},
            {"roof": name, "x": ridge, "y": peak},
        ]
        names.append({"x": low, "y": slope * low, "text": f"{name}: {slope:.3g} GB/s"})
    names = _apart(names, (2 * peak / floor) ** (NAME_HEIGHT / ROOFLINE_HEIGHT))
    for name, value in (("vector FMA, double", peak), ("scalar, double", _scalar(peaks))):
        lines += [{"roof": name, "x": low, "y": value}, {"roof": name, "x": high, "y": value}]
        names.append({"x": high, "y": value, "text": f"{name}: {value:.3g} Gflop/s", "end": True})
    base = alt.Chart(alt.Data(values=lines))
    roofs = base.mark_line(color=ink["muted"], aria=False, strokeWidth=1.5).encode(
        x=x, y=y, detail="roof:N", strokeDash=alt.StrokeDash("roof:N", legend=None)
    )
    starts, ends = (
        alt.Chart(alt.Data(values=[n for n in names if bool(n.get("end")) == end]))
        for end in (False, True)
    )
    written = [
        starts.mark_text(aria=False, align="left", dx=4, dy=-6, color=ink["text"]),
        ends.mark_text(aria=False, align="right", dx=-4, dy=-6, color=ink["text"]),
    ]
    named = [text.encode(x=x, y=y, text="text:N") for text in written]
    marks = [_loop_point(row, at) for row in points]
    loops = alt.Chart(alt.Data(values=marks)).mark_point(
        filled=True, shape="circle", opacity=0.95, color=ink["blue"], stroke=ink["surface"]
    )
    loops = loops.encode(
        x=x,
        y=y,
        size=alt.Size("share:Q", legend=None).scale(domain=[0, 1], range=[50, 420]),
        href="link:N",
        description="says:N",
    )
    tagged = alt.Chart(alt.Data(values=marks)).mark_text(
        aria=False, align="left", dx=10, dy=4, color=ink["text"]
    )
    drawing = alt.layer(roofs, *named, loops, tagged.encode(x=x, y=y, text="loop:N"))
    return Chart(
        "roofline",
        "Roofline: how much is left",
        "The lines are what one core of this machine reaches; a loop far below its line has room."
        " Larger marks take more of the time.",
        drawing.properties(width=WIDTH - 40, height=ROOFLINE_HEIGHT),
        captions.roofline(points),
    )


def _apart(names: Sequence[Row], factor: float) -> list[Row]:
    """Names of lines, from the top; those nearer to each other than `factor` share a place."""
    kept: list[Row] = []
    for name in sorted(names, key=lambda row: -row["y"]):
        if kept and kept[-1]["y"] < name["y"] * factor:
            kept[-1] = kept[-1] | {"text": f"{kept[-1]['text']}, {name['text']}"}
        else:
            kept.append(name)
    return kept


def _scalar(peaks: Peaks) -> float:
    return peaks.operations.get("scalar_f64", peaks.most_flops) / 1e9


def _loop_point(row: Row, at: str) -> Row:
    left = f", {shown(row['of_roof'], 'percent')} of its roof" if row["of_roof"] else ""
    return {
        "x": row["intensity"],
        "y": row["gflops"],
        "share": row["share"],
        "loop": short_name(row["loop"]),
        "says": f"{clip(short_name(row['loop']))}: {shown(row['gflops'])} Gflop/s at"
        f" {shown(row['intensity'])} flop/byte{left}, {shown(row['share'], 'percent')} of the time",
        "link": f"#{at}loop={quote(row['loop'], safe='')}",
    }


def speedups(rows: Sequence[Row], ink: Ink) -> Chart | None:
    """Speed-up of each kernel's best over the original and every baseline, with their mean.

    A row has `kernel`, `baseline`, `speedup`, and `low` and `high` (or None).
    """
    if not rows:
        return None
    values: list[dict[str, Any]] = []
    for row in rows:
        says = f"{clip(row['kernel'])}: ×{shown(row['speedup'])} over {row['baseline']}"
        ends = {k: row[k] if row[k] is not None else row["speedup"] for k in ("low", "high")}
        mean = "mean" if row["kernel"] == "geometric mean" else "kernel"
        text = f"×{row['speedup']:.2f}"
        values.append(row | ends | {"says": says, "what": mean, "one": 1, "text": text})
    kernels = list(dict.fromkeys(row["kernel"] for row in rows))
    baselines = list(dict.fromkeys(row["baseline"] for row in rows))
    y = alt.Y("kernel:N", sort=kernels, title=None)
    x = alt.X("speedup:Q", title="speed-up (log scale)").scale(type="log").axis(format="~g")
    what = alt.Color("what:N", legend=None).scale(
        domain=["kernel", "mean"], range=[ink["blue"], ink["green"]]
    )
    base = alt.Chart()
    bars = base.mark_bar(height=12).encode(x=x, x2="one:Q", y=y, color=what, description="says:N")
    ends = base.mark_rule(aria=False, color=ink["text"]).encode(
        x=alt.X("low:Q", title="speed-up (log scale)"), x2="high:Q", y=y
    )
    numbers = base.mark_text(aria=False, align="left", dx=5, color=ink["text"]).encode(
        x=alt.X("high:Q", title="speed-up (log scale)"), y=y, text="text:N"
    )
    panels = alt.layer(bars, ends, numbers).properties(width=200, height=22 * len(kernels))
    return Chart(
        "speedups",
        "Speed-up of each kernel against each baseline",
        "The best over what stands above the panel; bars to the left of 1 are slower.",
        panels.facet(
            column=alt.Column("baseline:N", sort=baselines, title=None),
            data=alt.Data(values=values),
        ),
        captions.speedups(values),
    )
