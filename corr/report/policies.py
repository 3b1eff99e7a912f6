"""The page of `corr policy evaluate`: code by module, decisions that differ, features that count.

It is drawn from what the command puts down in evaluation.json, and knows nothing of policies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from corr.report import captions
from corr.report.charts import Chart, clip
from corr.report.draw import Painter
from corr.report.ink import PAGE, Ink
from corr.report.listing import Listing, columns
from corr.report.page import document, render

WIDTH = 640
#: Modules of a chart, features of a policy, and rows of a table, that there is room for.
MOST_MODULES, MOST_FEATURES, MOST_ROWS = 60, 12, 300
_INKS = (("blue", "circle"), ("orange", "square"), ("green", "triangle-up"), ("purple", "diamond"),
         ("red", "triangle-down"), ("text", "cross"))  # fmt: skip
WAYS = columns(
    {
        "name": "way",
        "change": ("code", "percent"),
        "low": ("95 % from", "percent"),
        "high": ("to", "percent"),
        "mean": ("geometric mean of modules", "percent"),
        "modules": "modules",
        "smaller": "smaller",
        "larger": "larger",
        "failed": "failed",
        "what": ("what it is", "text"),
    }
)
DIFFERING = columns(
    {
        "module": ("module", "code"),
        "callee": ("calls", "code"),
        "caller": ("in", "code"),
        "chain": ("at", "code"),
        "default": "LLVM",
        "decided": "decided",
        "ways": "by",
    }
)


def html(record: Mapping[str, Any]) -> str:
    """The page of an evaluation."""
    with Painter() as painter:
        drawn = painter.draw(charts(record, PAGE), PAGE, "policy")()
    ways = [way for way in _compared(record) if way["name"] != "default"]
    least = min(ways, key=lambda way: way["change"], default=None)
    body = render(
        "policy.html.j2",
        corpus=record["corpus"],
        modules=len(record["modules"]),
        least=least,
        charts=drawn,
        tables=[table for table in tables(record) if table.rows],
        failed=record["failed"],
    )
    return document(f"{record['corpus']} · corr policy evaluate", body)


def _compared(record: Mapping[str, Any]) -> list[Any]:
    """The ways that have numbers: a search's that its budget stopped have none."""
    return [way for way in record["ways"] if way["change"] is not None]


def charts(record: Mapping[str, Any], ink: Ink) -> list[Chart | None]:
    """Code by module, and the features of each policy."""
    features = record["importances"]
    goes_by = (_features(n, name, features[name], ink) for n, name in enumerate(features))
    return [_by_module(record, ink), *goes_by]


def tables(record: Mapping[str, Any]) -> list[Listing]:
    """The ways side by side, each module, and the decisions that differ."""
    names = [way["name"] for way in record["ways"] if way["name"] != "default"]
    each = columns({"module": ("module", "code"), "default": "default, bytes"}) + columns(
        {name: (name, "percent") for name in names}
    )
    listed = [
        {"module": module, "default": sizes["default"], **{n: _change(sizes, n) for n in names}}
        for module, sizes in record["modules"].items()
    ]
    differing = [
        {
            **site,
            "default": "not inlined" if site["inlined"] else "inlined",
            "decided": "inlined" if site["inlined"] else "not inlined",
            "ways": ", ".join(site["ways"]),
        }
        for site in record["differing"]
    ]
    return [
        Listing("ways", "Code over LLVM's own", "", WAYS, record["ways"]),
        Listing("modules", "Each module", "", each, listed).first(MOST_ROWS),
        Listing("differing", "Decisions that differ from LLVM's", "", DIFFERING, differing).first(
            MOST_ROWS
        ),
    ]


def _change(sizes: Mapping[str, int | None], name: str) -> float | None:
    found, default = sizes.get(name), sizes["default"]
    return found / default - 1 if found is not None and default else None


def _by_module(record: Mapping[str, Any], ink: Ink) -> Chart | None:
    """A point for each module and way."""
    names = [way["name"] for way in _compared(record) if way["name"] != "default"][: len(_INKS)]
    found: list[dict[str, Any]] = []
    for module, sizes in record["modules"].items():
        for name in names:
            change = _change(sizes, name)
            if change is not None:
                says = f"{clip(module)}, {name}: {100 * change:+.2f} % of {sizes['default']} bytes"
                found.append({"module": clip(module), "way": name, "change": change, "says": says})
    if not found:
        return None
    best: dict[str, float] = {}
    for row in found:
        best[row["module"]] = min(best.get(row["module"], 0.0), row["change"])
    order = sorted(best, key=lambda module: (best[module], module))
    shown = set(order[:MOST_MODULES])
    colours, shapes = ([pair[n] for pair in _INKS[: len(names)]] for n in (0, 1))
    colour = alt.Color("way:N", title="way")
    shape = alt.Shape("way:N", title="way").scale(domain=names, range=shapes)
    data: Any = alt.Data
    chart = alt.Chart(data(values=[row for row in found if row["module"] in shown]))
    drawing = chart.mark_point(filled=True, size=60, opacity=0.8).encode(
        x=alt.X("change:Q", title="code over the default's").axis(format="+.1%"),
        y=alt.Y("module:N", sort=order, title=None).axis(labelLimit=260),
        color=colour.scale(domain=names, range=[ink[c] for c in colours]),
        shape=shape,
        description="says:N",
    )
    left = f"; {len(order) - len(shown)} more are in the table" if len(order) > len(shown) else ""
    return Chart(
        "modules",
        "Code of each module by way",
        f"The modules with the most to gain first{left}. To the left is smaller.",
        drawing.properties(width=WIDTH, height=max(80, 16 * len(shown))),
        captions.modules(found, min(_compared(record), key=lambda way: way["change"])["name"]),
    )


def _features(number: int, name: str, weights: Sequence[Sequence[Any]], ink: Ink) -> Chart | None:
    """What a policy goes by."""
    rows = [
        {"feature": str(f), "weight": w, "says": f"{f}: turns {100 * w:.1f} % of the decisions"}
        for f, w in weights[:MOST_FEATURES]
        if w > 0
    ]
    if not rows:
        return None
    data: Any = alt.Data
    bars = alt.Chart(data(values=rows)).mark_bar(color=ink["blue"]).encode(
        x=alt.X("weight:Q", title="decisions that turn round").axis(format=".0%"),
        y=alt.Y("feature:N", sort=None, title=None).axis(labelLimit=260),
        description="says:N",
    )  # fmt: skip
    return Chart(
        f"features-{number}",
        f"What {clip(name)} goes by",
        "The share of its decisions that turn round when a feature's values are dealt out anew.",
        bars.properties(width=WIDTH, height=max(60, 20 * len(rows))),
        f"{rows[0]['feature']} turns the most of {clip(name)}'s decisions,"
        f" {100 * rows[0]['weight']:.1f}%",
    )
