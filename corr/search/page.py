"""report.html of a study: one page that needs nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from corr.report.draw import Painter
from corr.report.ink import PAGE
from corr.report.listing import Column, Listing, columns
from corr.report.page import document, render
from corr.search.analysis import ALL, Analysis, Row
from corr.search.charts import all_charts, part_name
from corr.search.split import HELD_OUT, TUNING
from corr.search.verdict import state

TOP = 20
VALUES = columns(
    {
        "setting": "value",
        "cases": "cases",
        "failed": "failed",
        "geometric_mean": "geometric mean, s",
        "arithmetic_mean": "mean, s",
        "median": "median, s",
        "p95": "P95, s",
        "total": "total, s",
        "speedup": "speed-up",
        "speedup_low": "95 % from",
        "speedup_high": "to",
        "win_rate": ("win rate", "percent"),
        "win_low": ("95 % from", "percent"),
        "win_high": ("to", "percent"),
        "average_improvement": ("average improvement", "percent"),
        "improvement_low": ("95 % from", "percent"),
        "improvement_high": ("to", "percent"),
        "max_improvement": ("largest", "percent"),
        "improved": "improved",
        "neutral": "neutral",
        "regressed": "regressed",
        "undecided": "undecided",
    }
)
#: What a row of the table shows; below it stands the rest of each.
TOLD = tuple(
    column
    for column in VALUES
    if column.key
    in (
        *("setting", "cases", "failed", "geometric_mean", "median", "p95", "total", "speedup"),
        *(
            "speedup_low",
            "speedup_high",
            "win_rate",
            "improved",
            "neutral",
            "regressed",
            "undecided",
        ),
    )
)
PROOF = (
    Column("cases_of", "cases"),
    *(c for c in VALUES if c.key in ("cases", "failed", "total", "speedup", "speedup_low",
                                     "speedup_high", "improved", "neutral", "regressed",
                                     "undecided")),
    Column("overall_speedup", "overall"),
)  # fmt: skip
CLUSTERS = columns(
    {
        "class": "class",
        "setting": "value",
        "cases": "cases that prefer it",
        "feature": "feature",
        "least": "least",
        "median": "median",
        "most": "most",
        "average_speedup": "average speed-up",
    }
)
BEST = columns(
    {
        "case_name": ("case", "code"),
        "part": "part",
        "setting": "best value",
        "speedup": "speed-up",
        "seconds": "seconds",
        "seconds_baseline": "baseline, s",
    }
)
TROUBLE = columns(
    {
        "case_name": ("case", "code"),
        "part": "part",
        "setting": "value",
        "outcome": "outcome",
        "change": "change",
        "ratio": "time over the baseline's",
        "disagreement": ("clocks", "text"),
        "detail": ("why", "text"),
    }
)
REASONS = columns(
    {
        "case_name": ("case", "code"),
        "setting": "value",
        "loop": ("loop", "code"),
        "place": ("where", "code"),
        "what": "what",
        "before": ("baseline", "text"),
        "after": ("with the value", "text"),
    }
)
ADVICE = columns(
    {
        "class": "class",
        "verdict": "verdict",
        "ladder": ("thresholds", "code"),
        "speedup": "speed-up, tuning",
        "single": "best single value",
        "single_speedup": "its speed-up",
        "best_speedup": "best of each case",
        "sure_speedup": "of it sure",
        "why": ("why", "text"),
    }
)


def html(analysis: Analysis, *, served: bool = False) -> str:
    """The page; `served`: by `corr serve`."""
    with Painter() as painter:
        drawn = painter.draw(all_charts(analysis, PAGE), PAGE, "search")()
    listings = tables(analysis)
    values = next(table for table in listings if table.name == "values")
    body = render(
        "search.html.j2",
        a=analysis,
        search=analysis.search,
        verdict=state(analysis),
        charts=drawn,
        tables=[table for table in listings if table.rows],
        rest_of_values=replace(values, columns=tuple(c for c in VALUES if c not in TOLD)),
        codes=[one for one in analysis.advice if one["verdict"] == "recommended"],
    )
    return document(f"{analysis.study} · corr search", body, served=served)


def tables(analysis: Analysis) -> list[Listing]:
    """Every table of the page, each with the SQL that gives it."""
    proofs: list[dict[str, Any]] = []
    for part in (HELD_OUT, TUNING, ALL):
        row = analysis.proof(part)
        if row is not None:
            proofs.append({**row, "cases_of": part_name(part)})
    troubles = [row for row in analysis.changes if _is_trouble(row)]

    def listing(
        name: str, caption: str, sql: str, shown: tuple[Column, ...], rows: list[Any]
    ) -> Listing:
        return Listing(name, caption, sql, shown, rows, analysis.run.run_id)

    found = [
        listing("advice", "What is recommended", "FROM search_advice", ADVICE,
                [dict(r) for r in analysis.advice]),
        listing("proof", "What that came to",
                "FROM search_values WHERE role = 'recommended'", PROOF, proofs),
        listing("values", "Each value over the cases it is fitted to",
                f"FROM search_values WHERE part = '{analysis.fitted}' AND role <> 'recommended'",
                TOLD,
                [dict(r) for r in analysis.settings()]),
        listing("clusters", "Which cases prefer which value", "FROM search_clusters", CLUSTERS,
                [dict(r) for r in analysis.clusters]),
        listing("best", "Highest speed-ups", "FROM search_best", BEST,
                [dict(r) for r in analysis.best]).first(TOP),
        listing("why", "What the compiler did otherwise", "FROM search_reasons", REASONS,
                [dict(r) for r in analysis.reasons]),
        listing("trouble", "What failed, is slower as recommended, or where clocks disagree",
                "FROM search_changes WHERE change = 'failed' OR disagreement IS NOT NULL"
                " OR (role = 'recommended' AND (change = 'regressed'"
                " OR change = 'undecided' AND ratio > 1))", TROUBLE,
                [dict(r) for r in troubles]).first(5 * TOP),
    ]  # fmt: skip
    return found


def _is_trouble(row: Row) -> bool:
    slower = row["change"] == "regressed" or (row["change"] == "undecided" and row["ratio"] > 1)
    told = row["change"] == "failed" or row["disagreement"]
    return bool(told or (row["role"] == "recommended" and slower))
