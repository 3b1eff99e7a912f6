"""All that the reports of a study say, asked from the views over one run."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.base.errors import UsageError
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.search.snapshot import KIND
from corr.search.split import HELD_OUT, TUNING

Row = Mapping[str, Any]
VIEWS = ("search_changes", "search_values", "search_best", "search_clusters")
TABLES = ("searches", "search_cases", "search_advice", "search_reasons")
ALL = "all"
#: The least that cases which were measured may differ to be called improved or regressed.
NEUTRAL = 0.05
#: Held-out cases below which nothing is proved: they have no interval.
FEWEST_PROOFS = 3
#: What not one held-out case may be.
AGAINST = ("regressed", "maybe_slower", "failed", "disagreeing")


@dataclass(frozen=True)
class Analysis:
    """What the views say of a run, each as rows."""

    run: RunInfo
    search: Row
    cases: Sequence[Row]
    values: Sequence[Row]
    changes: Sequence[Row]
    best: Sequence[Row]
    clusters: Sequence[Row]
    advice: Sequence[Row]
    reasons: Sequence[Row]

    @property
    def study(self) -> str:
        return str(self.search["study"])

    @property
    def fitted(self) -> str:
        """The part whose values are told: all that were measured, which are those of the tuning
        cases; of an import, which has the others' too, those alone.
        """
        parts = {row["part"] for row in self.values if row["role"] == "value"}
        return TUNING if {TUNING, HELD_OUT} <= parts else ALL

    def settings(self, part: str | None = None) -> list[Row]:
        """The row of each setting over a part of the cases, the baseline's first; else of those
        that recommendations are fitted to.
        """
        part = part or self.fitted
        found = [r for r in self.values if r["part"] == part and r["role"] != "recommended"]
        return sorted(found, key=lambda r: r["role"] != "baseline")

    def proof(self, part: str) -> Row | None:
        """What the recommendation came to over a part of the cases; None: not measured."""
        found = (r for r in self.values if r["role"] == "recommended" and r["part"] == part)
        return next(found, None)

    @property
    def best_setting(self) -> Row | None:
        """The setting with the largest geometric mean of speed-ups, of those that never failed."""
        found = [r for r in self.settings() if r["speedup"] is not None and not r["failed"]]
        return max(found, key=lambda r: r["speedup"], default=None)

    @property
    def headline(self) -> tuple[str, Row] | None:
        """The part that the recommendation is judged by, and what it came to there, be it that it
        fails.
        """
        for part in (HELD_OUT, TUNING):
            found = self.proof(part)
            if found is not None:
                return part, found
        return None

    @property
    def twins(self) -> int:
        """Cases that are the same command as another one."""
        return sum(row["same_case_as"] is not None for row in self.cases)

    @property
    def tested(self) -> bool:
        """Something was measured often enough to tell a difference from noise."""
        return any(row["tested"] for row in self.values)

    @property
    def fails(self) -> bool:
        """What was recommended, or is to be proved, fails in every case where it was tried."""
        found = self.proof(ALL)
        return found is not None and not found["cases"]

    @property
    def ready(self) -> bool:
        """On held-out cases, which are enough, it is faster beyond its interval, and not one is
        slower, may be so by more than 5 %, fails, or is told apart by wall and CPU time.
        """
        found = self.proof(HELD_OUT)
        if not found or found["cases"] < FEWEST_PROOFS or any(found[name] for name in AGAINST):
            return False
        return bool(found["speedup_low"] > 1)


def analyse(lake: Lake, run: RunInfo) -> Analysis:
    """Ask the views of a run."""
    with contextlib.closing(connect(lake, [run], (*VIEWS, *TABLES))) as connection:

        def all_of(name: str) -> list[dict[str, Any]]:
            return rows(connection, f"FROM {name}")

        (search,) = all_of("searches")
        return Analysis(
            run,
            search,
            all_of("search_cases"),
            all_of("search_values"),
            all_of("search_changes"),
            all_of("search_best"),
            all_of("search_clusters"),
            all_of("search_advice"),
            all_of("search_reasons"),
        )


def newest(lake: Lake, study: str | None = None) -> RunInfo:
    """The newest run of a study, or of any. Raises UsageError where there is none."""
    for run in lake.newest_first():
        if run.facts.kind == KIND and study in (None, run.facts.program):
            return run
    what = f"the study {study}" if study else "any study"
    raise UsageError(f"the lake has no results of {what}", "run `corr search quick STUDY` first")
