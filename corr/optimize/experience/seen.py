"""What was seen at the hot places of a run, in words that are the same for every program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corr.findings.of_run import Finding, of_run
from corr.lake.answers import kept
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo

#: Findings that are less sure than this say nothing of a place.
LEAST_STRENGTH = 0.5
#: Remarks of a place that count, the weightiest first.
MOST_REMARKS = 2
BOUND, REMARK = "bound by ", "remark "
_BOUNDS = "SELECT loop, bound FROM loop_mca WHERE bound IS NOT NULL ORDER BY loop"
_REMARKS = """
    SELECT loop, name FROM missed WHERE weight < 9 AND loop IS NOT NULL
    GROUP BY loop, name ORDER BY loop, min(weight), name
"""


@dataclass(frozen=True)
class HotPlace:
    """A hot place by its loop, if it has one, and what was seen there, the likeliest first.

    That is the kind of each finding, what the machine model is bound by, and names of remarks.
    `where` is its file and line.
    """

    loop: str | None
    evidence: tuple[str, ...]
    where: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its findings."""
        return tuple(one for one in self.evidence if not one.startswith((BOUND, REMARK)))

    @property
    def line(self) -> tuple[str, int] | None:
        """Its file and line, if it has one."""
        file, _, line = self.where.rpartition(":")
        return (file, int(line)) if file and line.isdigit() else None


@dataclass(frozen=True)
class Seen:
    """The hot places of a run, hottest first."""

    places: tuple[HotPlace, ...] = ()

    def at(self, loop: str | None) -> tuple[str, ...]:
        """What was seen in a loop or function, at the hottest place of it; None: of the program."""
        place = self.place(loop)
        return place.evidence if place is not None else ()

    def place(self, loop: str | None) -> HotPlace | None:
        """The hottest place of a loop or function, or of the program."""
        for place in self.places:
            if loop is None or (place.loop is not None and _within(place.loop, loop)):
                return place
        return self.places[0] if self.places else None


def _within(place: str, loop: str) -> bool:
    return place == loop or place.startswith((f"{loop}/", f"{loop}."))


def seen(lake: Lake, run: RunInfo) -> Seen:
    """What was seen in a run; nothing where its layers are not there."""
    if run.table("loops") is None:
        return Seen()
    said = kept(run, "bounds and remarks", lambda: _said(lake, run))
    kinds: dict[int, list[str]] = {}
    first: dict[int, Finding] = {}
    for finding in of_run(lake, run):
        first.setdefault(finding.id, finding)
        if finding.strength >= LEAST_STRENGTH or finding.rank == 1:
            kinds.setdefault(finding.id, []).append(finding.kind)
    return Seen(
        tuple(
            HotPlace(
                first[number].loop,
                (*kinds.get(number, ()), *said.get(first[number].loop or "", ())),
                first[number].place,
            )
            for number in sorted(first)
        )
    )


def _said(lake: Lake, run: RunInfo) -> Mapping[str, list[str]]:
    """What the machine model and the compiler say of each loop."""
    said: dict[str, list[str]] = {}
    rows: list[dict[str, Any]] = ask(lake, _BOUNDS, runs=[run]).to_pylist()
    for row in rows:
        said[row["loop"]] = [BOUND + row["bound"]]
    names: dict[str, list[str]] = {}
    for row in ask(lake, _REMARKS, runs=[run]).to_pylist():
        names.setdefault(row["loop"], []).append(REMARK + row["name"])
    for loop, some in names.items():
        said.setdefault(loop, []).extend(some[:MOST_REMARKS])
    return said
