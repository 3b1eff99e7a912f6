"""What the lake's last run of a file says of its lines, as the file is now.

Lines are matched by what stands on them, never by their number or by time: what was edited since
has no number, and what only moved keeps it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from corr.findings.of_run import Finding, of_run
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo

#: Lines below this share are not marked; so many runs are looked through.
LEAST_SHARE, MOST_RUNS = 0.01, 200

_HEAT = """\
SELECT line, sum(count) / (SELECT sum(count) FROM samples) AS share FROM samples
WHERE file = ? AND line IS NOT NULL GROUP BY line"""
_LOOPS = """\
SELECT h.*, l.line, l.end_line FROM hotspots h JOIN loops l ON l.key = h.loop
WHERE l.file = ? ORDER BY share DESC NULLS LAST"""


@dataclass(frozen=True)
class Overlay:
    """The evidence of one run on one file. Lines are those of the file as it was collected."""

    run: RunInfo
    file: str
    text: Sequence[str]
    heat: Mapping[int, float]
    findings: Sequence[Finding]
    loops: Sequence[Mapping[str, Any]]

    def of_line(self, line: int) -> list[Finding]:
        """The findings of the places that are this line, likeliest first."""
        return [f for f in self.findings if f.place == f"{self.file}:{line}"]

    def loops_at(self, line: int) -> list[Mapping[str, Any]]:
        """The loops around a line, from the inside out."""
        around = [r for r in self.loops if r["line"] <= line <= r["end_line"]]
        return sorted(around, key=lambda r: -(r["depth"] or 0))


def of_file(lake: Lake, path: Path) -> Overlay | None:
    """The evidence on a file by the newest run that has it; None where none has."""
    found = _newest(lake, path.resolve())
    if found is None:
        return None
    run, file = found
    runs = [run]
    text = ask(lake, "SELECT text FROM source WHERE file = ? ORDER BY line", [file], runs)
    heat = ask(lake, _HEAT, [file], runs).to_pylist()
    return Overlay(
        run,
        file,
        text["text"].to_pylist(),
        {row["line"]: row["share"] for row in heat},
        of_run(lake, run),
        ask(lake, _LOOPS, [file], runs).to_pylist(),
    )


def _newest(lake: Lake, path: Path) -> tuple[RunInfo, str] | None:
    """The newest run with this source, and what it calls it."""
    for run_id, entry in islice(reversed(lake.listing().items()), MOST_RUNS):
        if entry is None or entry.facts.get("wall") is None:
            continue
        run = lake.find(run_id)
        for source in run.facts.sources:
            if (run.facts.root_folder / source.file).resolve() == path:
                return run, source.file
    return None


def moved(then: Sequence[str], now: Sequence[str]) -> dict[int, int]:
    """Where each line of then stands now, from 1; lines that were changed are not in it."""
    matcher = difflib.SequenceMatcher(
        None, [line.strip() for line in then], [line.strip() for line in now], autojunk=False
    )
    return {
        block.a + step + 1: block.b + step + 1
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    }
