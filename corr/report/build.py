"""A whole report: the page of one kernel, of several with a summary, or of a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corr.lake.store import Lake
from corr.report import kernel as kernels
from corr.report.draw import Drawn, Painter, write
from corr.report.ink import LIGHT, PAGE
from corr.report.kernel import Kernel
from corr.report.listing import Listing, Row, columns
from corr.report.page import Chunk, chunk, document, render
from corr.report.subject import Subject

#: What a kernel's best is compared with: column of `iterations`, and its name.
BASELINES = (
    ("speedup_original", "the original"),
    ("speedup_native", "-O3 -march=native"),
    ("speedup_polly", "-O3 -march=native with Polly"),
)
MEAN = "geometric mean"

SUMMARY = columns(
    {
        "kernel": ("kernel", "kernel"),
        "seconds_before": "original, s",
        "seconds": "best, s",
        "speedup_original": "over the original",
        "speedup_low": "99 % from",
        "speedup_high": "to",
        "speedup_native": "over -O3 -march=native",
        "speedup_polly": "over that with Polly",
        "roof_share": ("of the roof", "percent"),
        "guarantee": "guarantee",
        "proposals": "proposals",
        "accepted": "accepted",
        "hottest": ("hottest loop", "code"),
        "share": ("share of time", "percent"),
        "wall": "wall, s",
    }
)


@dataclass(frozen=True)
class Report:
    """The text of a page, and how many bytes each of its parts takes."""

    html: str
    parts: dict[str, int]

    @property
    def size(self) -> int:
        return len(self.html.encode())


def report(
    lake: Lake,
    subjects: Sequence[Subject],
    *,
    with_source: bool = True,
    served: bool = False,
    tell: Callable[[str], None] = lambda _line: None,
) -> Report:
    """The page of these subjects: of one its own page, of several a summary and theirs."""
    several = len(subjects) > 1
    gathered = []
    with Painter() as painter:
        for number, subject in enumerate(subjects):
            at = f"kernel={quote(subject.name, safe='')}&" if several else ""
            if several:
                tell(subject.name)
            gathered.append(
                kernels.gather(
                    lake, subject, number, at=at, with_source=with_source, painter=painter
                )
            )
        summary = _summary(gathered) if several else None
        drawn = painter.draw([summary.chart], PAGE, "summary")() if summary else []
        for one in gathered:
            one.finish()
    chunks = [c for one in gathered for c in _chunks(one)]
    parts = {"data of lines, passes and diffs": sum(len(c.text) for c in chunks)}
    bodies = [render("kernel.html.j2", k=one) for one in gathered]
    if summary is None:
        title = f"{gathered[0].name} · corr"
        body = bodies[0]
    else:
        title = "corr report"
        body = _summary_body(summary, drawn)
        chunks += [
            chunk(f"kernel-{quote(one.name, safe='')}", text)
            for one, text in zip(gathered, bodies, strict=True)
        ]
    parts["charts"] = sum(len(d.svg) for one in gathered for d in one.charts.values())
    html = document(title, body, chunks, served=served)
    return Report(html, parts)


def files(lake: Lake, subjects: Sequence[Subject], folder: Path, kind: str) -> list[Path]:
    """The charts of these subjects as SVG or PNG files. Raises CorrError."""
    gathered = [kernels.gather(lake, subject, n) for n, subject in enumerate(subjects)]
    written = []
    for one in gathered:
        stem = "".join(c if c.isalnum() or c in "._-" else "_" for c in one.name).lstrip(".")
        written += write(kernels.charts(one, LIGHT), folder, kind, stem or "run")
    if len(gathered) > 1:
        written += write([_summary(gathered).chart], folder, kind)
    return written


def _chunks(one: Kernel) -> list[Chunk]:
    return [chunk(f"k{one.number}-{name}", value) for name, value in one.chunks().items()]


@dataclass(frozen=True)
class Summary:
    """Several kernels beside each other."""

    listing: Listing
    means: Sequence[Row]
    chart: Any
    kernels: Sequence[Kernel]


def _summary(gathered: Sequence[Kernel]) -> Summary:
    from corr.report import charts_run

    rows = [_row(one) for one in gathered]
    bars: list[Row] = []
    means: list[Row] = []
    for key, name in BASELINES:
        known = [row for row in rows if row[key]]
        ends = ("speedup_low", "speedup_high") if key == "speedup_original" else (None, None)
        for row in known:
            low, high = (row[end] if end else None for end in ends)
            bar = {"kernel": row["kernel"], "baseline": name, "speedup": row[key]}
            bars.append(bar | {"low": low, "high": high})
        if known:
            mean = geometric_mean([row[key] for row in known])
            means.append({"baseline": name, "speedup": mean, "kernels": len(known)})
            if len(known) > 1:
                bar = {"kernel": MEAN, "baseline": name, "speedup": mean}
                bars.append(bar | {"low": None, "high": None})
    bars.sort(key=lambda bar: bar["kernel"] == MEAN)
    listing = Listing("summary", "The kernels", "", SUMMARY, rows)
    return Summary(listing, means, charts_run.speedups(bars, PAGE), gathered)


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive numbers."""
    return math.exp(sum(math.log(value) for value in values) / len(values))


def _row(one: Kernel) -> Row:
    """A kernel in the summary: its best where it was optimised; else only its times."""
    best = one.best or {}
    names = (
        *("seconds_before", "seconds", "speedup_original", "speedup_native", "speedup_polly"),
        "roof_share",
    )
    found: Row = {name: best.get(name) for name in names}
    if best:
        found |= {"speedup_low": best["speedup_low"], "speedup_high": best["speedup_high"]}
        found["guarantee"] = best["guarantee"]
    if one.trials is not None:
        found["proposals"] = len(one.trials.proposals)
        found["accepted"] = sum(row["outcome"] == "accepted" for row in one.trials.proposals)
        if not best:  # nothing faster was found, and the original is kept
            found |= {"speedup_original": 1.0, "guarantee": "the original is kept"}
    hottest = next((row for row in one.facts.hot.rows if row["loop"]), None)
    found |= {"kernel": one.name, "wall": one.about.get("wall")}
    if hottest is not None:
        found |= {"hottest": hottest["loop"], "share": hottest["share"]}
    return found


def _summary_body(summary: Summary, drawn: Sequence[Drawn]) -> str:
    return render("summary.html.j2", s=summary, chart=drawn[0] if drawn else None)
