"""The charts of a study, by altair, in the colours and with the descriptions of every report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import altair as alt

from corr.console.output import shown
from corr.report.charts import Chart, clip
from corr.report.ink import Ink
from corr.search.analysis import ALL, Analysis, Row
from corr.search.split import HELD_OUT, TUNING
from corr.search.verdict import counted

WIDTH = 640
#: Cases that a heat map has room for; of more, as many spread over all.
MOST_CASES = 150
#: Ratios of times below which a cell is of a kind, with its colour; the words stand in the legend.
KINDS = (
    (1 / 4, "4× as fast or more", "h6"),
    (1 / 2, "2× as fast or more", "h5"),
    (1 / 1.25, "1.25× as fast or more", "h4"),
    (0.95, "faster", "h2"),
    (1.05, "the same, ±5 %", "grid"),
    (1.5, "slower", "orange"),
    (math.inf, "1.5× as slow or more", "red"),
)
FAILED = ("failed", "text")


def speedups(analysis: Analysis, ink: Ink) -> Chart | None:
    """Geometric mean of each setting, and of what is recommended, with intervals."""
    rows = [_mean(row, str(row["setting"])) for row in analysis.settings() if row["cases"]]
    for part in (TUNING, HELD_OUT):
        row = analysis.proof(part)
        if row is not None and row["cases"]:
            rows.append(_mean(row, f"recommended, {part}"))
    if len(rows) < 2:
        return None
    names = [row["name"] for row in rows]
    x = alt.X("name:N", sort=names, title=", ".join(analysis.search["knobs"]))
    x = x.axis(labelAngle=-40, labelOverlap=len(names) > WIDTH // 16)
    title = "speed-up over the baseline (log scale)"
    known = [row[n] for row in rows for n in ("low", "speedup", "high") if row[n] is not None]
    ends = [*known, 1.0]
    scale = alt.Scale(type="log", domain=[min(ends) / 1.1, max(ends) * 1.1], nice=False)
    y, low = (
        alt.Y(f"{n}:Q", title=title, scale=scale).axis(format="~g") for n in ("speedup", "low")
    )
    kinds = ["value", "recommended"]
    colour = alt.Color("kind:N").scale(domain=kinds, range=[ink["blue"], ink["green"]])
    shape = alt.Shape("kind:N").scale(domain=kinds, range=["square", "circle"])
    base = _chart(rows)
    certain = _chart([row for row in rows if row["low"] is not None])
    intervals = certain.mark_rule(aria=False, strokeWidth=1.5).encode(
        x=x, y=low, y2="high:Q", color=colour
    )
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=x, y=y, color=colour, shape=shape, description="says:N"
    )
    line = _chart([{"y": 1}]).mark_rule(strokeDash=[4, 3], aria=False)
    drawing = alt.layer(line.encode(y="y:Q"), intervals, points)
    return Chart(
        "speedups",
        "Speed-up of each value over all its cases",
        "Geometric means with 95 % intervals over the cases; above 1 is faster than the baseline.",
        drawing.properties(width=WIDTH, height=240),
        _of_means(analysis.settings()),
    )


def heat_map(analysis: Analysis, ink: Ink) -> Chart | None:
    """Cases by settings: how each takes to each."""
    chosen = _spread([row for row in analysis.cases if row["part"] == TUNING])
    names = {row["case_name"] for row in chosen}
    settings = [row["setting"] for row in analysis.settings() if row["role"] != "baseline"]
    rows = [
        _cell(row)
        for row in analysis.changes
        if row["role"] == "value" and row["case_name"] in names
    ]
    if not rows:
        return None
    order = [clip(row["case_name"]) for row in chosen]
    kinds = [(words, colour) for _, words, colour in KINDS] + [FAILED]
    present = [(w, c) for w, c in kinds if any(row["kind"] == w for row in rows)]
    colour = alt.Color("kind:N").scale(
        domain=[w for w, _ in present], range=[ink[c] for _, c in present]
    )
    x = alt.X("setting:N", sort=settings, title=", ".join(analysis.search["knobs"]))
    drawing = (
        _chart(rows)
        .mark_rect(stroke=ink["surface"])
        .encode(
            x=x.axis(orient="top", labelAngle=-40),
            y=alt.Y("case:N", sort=order, title=None).axis(labelLimit=260, labelOverlap=True),
            color=colour,
            description="says:N",
        )
    )
    height = max(4, min(16, 1800 // len(order))) * len(order)
    more = len([r for r in analysis.cases if r["part"] == TUNING]) - len(order)
    left = f"; {more} more cases are in results.csv" if more else ""
    return Chart(
        "cases",
        "Each case under each value",
        f"In the order of the first feature{left}.",
        drawing.properties(width=max(200, 44 * len(settings)), height=height),
        _of_cells(rows),
    )


def preferences(analysis: Analysis, ink: Ink) -> list[Chart]:
    """Which value each case prefers, by each feature that is recommended by, or the first two."""
    named = list(dict.fromkeys(f for one in analysis.advice for f in one["features"]))
    first = dict(analysis.cases[0]["features"]) if analysis.cases else {}
    found = [_preference(analysis, ink, feature) for feature in (named or list(first))[:2]]
    return [chart for chart in found if chart is not None]


def _preference(analysis: Analysis, ink: Ink, feature: str) -> Chart | None:
    rows: list[dict[str, Any]] = []
    for row in analysis.best:
        value = dict(row["features"]).get(feature)
        if value is not None:
            says = f"{clip(row['case_name'])}: {row['setting']}, ×{shown(row['speedup'])}"
            kind = row["class"] or "case"
            rows.append(
                {"x": value, "setting": row["setting"], "speedup": row["speedup"], "says": says}
                | {"kind": kind}
            )
    if len({row["x"] for row in rows}) < 2:
        return None
    log = min(row["x"] for row in rows) > 0
    scale = alt.Scale(type="log" if log else "linear", nice=False, padding=12)
    order = [row["setting"] for row in analysis.settings()]
    ((liked, times),) = Counter(row["setting"] for row in rows).most_common(1)
    kinds = sorted({row["kind"] for row in rows})
    inks = [ink[n] for n in ("blue", "orange", "green", "purple", "red", "text")]
    drawing = (
        _chart(rows)
        .mark_point(filled=True, opacity=0.7)
        .encode(
            x=alt.X("x:Q", scale=scale, title=feature).axis(format="~s"),
            y=alt.Y("setting:N", sort=order, title="best value"),
            size=alt.Size("speedup:Q", scale=alt.Scale(type="log"), legend=None),
            color=alt.Color("kind:N", legend=None if len(kinds) == 1 else alt.Legend()).scale(
                domain=kinds, range=(inks * len(kinds))[: len(kinds)]
            ),
            description="says:N",
        )
    )
    return Chart(
        f"by-{feature}",
        f"The best value of each case, by {feature}",
        "A larger point gains more over the baseline.",
        drawing.properties(width=WIDTH, height=max(120, 24 * len(order))),
        f"{clip(liked)} is best for {times} of {counted(len(rows), 'case')}",
    )


def _of_means(rows: Sequence[Row]) -> str:
    """The single value that gains most over all its cases, of those that fail in none."""
    known = [row for row in rows if row["speedup"] is not None and not row["failed"]]
    best = max(known, key=lambda row: row["speedup"], default=None)
    if best is None or best["speedup"] <= 1:
        return "No single value is faster than the baseline over all its cases"
    gained = f"×{shown(best['speedup'])} over all its cases"
    return f"{clip(best['setting'])} is the fastest single value: {gained}"


def _of_cells(rows: Sequence[dict[str, Any]]) -> str:
    """How many cases under a value are faster, slower, or fail."""
    slow = {words for below, words, _ in KINDS if below > 1.05}
    fast = {words for below, words, _ in KINDS if below <= 0.95}
    kinds = [row["kind"] for row in rows]
    faster, slower = (sum(kind in group for kind in kinds) for group in (fast, slow))
    failed = kinds.count(FAILED[0])
    said = f"Of {len(rows)} results {faster} are faster than the baseline's, {slower} slower"
    return f"{said}, and {failed} failed" if failed else said


def _mean(row: Row, name: str) -> dict[str, Any]:
    speedup, low, high = (row[n] for n in ("speedup", "speedup_low", "speedup_high"))
    interval = "" if low is None else f" (95 %: {shown(low)} to {shown(high)})"
    says = f"{name}: ×{shown(speedup)}{interval}, {counted(row['cases'], 'case')}"
    kind = "recommended" if row["role"] == "recommended" else "value"
    return {"name": name, "speedup": speedup, "low": low, "high": high, "kind": kind, "says": says}


def _cell(row: Row) -> dict[str, Any]:
    case = clip(row["case_name"])
    if row["change"] == "failed":
        kind, what = FAILED[0], str(row["outcome"])
    else:
        kind = next(words for below, words, _ in KINDS if row["ratio"] < below or below == math.inf)
        what = f"×{shown(1 / row['ratio'])}, {row['change']}"
    says = f"{case}, {row['setting']}: {what}"
    return {"case": case, "setting": row["setting"], "kind": kind, "says": says}


def _spread(rows: Sequence[Row]) -> list[Row]:
    """The cases in the order of their first feature, as many as there is room for."""

    def order(row: Row) -> tuple[float, str]:
        features = list(dict(row["features"]).values())
        return (features[0] if features else 0.0, row["case_name"])

    listed = sorted(rows, key=order)
    if len(listed) <= MOST_CASES:
        return listed
    return [listed[n * len(listed) // MOST_CASES] for n in range(MOST_CASES)]


def _chart(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    data: Any = alt.Data
    return alt.Chart(data(values=rows))


def all_charts(analysis: Analysis, ink: Ink) -> list[Chart | None]:
    """Every chart of a study, in the order of the page."""
    return [speedups(analysis, ink), *preferences(analysis, ink), heat_map(analysis, ink)]


def part_name(part: str) -> str:
    return "all cases" if part == ALL else f"{part} cases"
