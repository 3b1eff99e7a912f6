"""The findings of a run: a row of the view `findings` each, with names as one says them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from corr.console.remark_words import readable
from corr.lake.answers import kept
from corr.lake.store import Lake, RunInfo

#: Places below this share are not spoken of unless they are asked for.
LEAST_SHARE = 0.05
#: Below this share it is not said that nothing is known of a place.
UNKNOWN_SHARE = 0.1
#: So many places are spoken of.
MOST_PLACES = 5
#: A place that can give no more than this comes last: what is said first is to be changed first.
WORTH_IT = 1.05
#: Below this nothing would be gained: that is said only of what is as quick as it can be.
NOTHING = 1.02

#: What tells that a sentence has linkage names, of C++ or Rust.
MANGLED = ("_Z", "_R")
#: More rows than any run has.
_MOST = 1_000_000


@dataclass(frozen=True)
class Evidence:
    """Rows that carry a finding: a statement that gives them, and what they say."""

    rows: str
    says: str


@dataclass(frozen=True)
class Finding:
    """A finding of a hot place. `rank` 1 is the place's answer; `id` numbers the places by heat.

    `part` is how many times faster the place could be at most, `ceiling` the whole run; None where
    that is not known. `within` is the id of the place whose finding speaks for this one, too.
    `called` says who calls a loop in a header. `whole` is the share of the place with those that it
    speaks for.
    `confidence` is sure, likely, perhaps or unknown; `test` a command.
    """

    id: int
    rank: int
    place: str
    loop: str | None
    function: str | None
    kind: str
    share: float
    seconds: float | None
    part: float | None
    ceiling: float | None
    confidence: str
    strength: float
    says: str
    helps: str
    sentence: str
    evidence: tuple[Evidence, ...]
    test: str
    refuted_by: str
    source: str
    within: int | None = None
    called: str | None = None
    whole: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON has it: what is not bounded, is null."""
        found = asdict(self)
        if self.part == float("inf"):
            found["part"] = None
        return found


def of_run(lake: Lake, run: RunInfo, least_share: float = LEAST_SHARE) -> tuple[Finding, ...]:
    """Every finding of a run, hottest place first and of each place the likeliest first.

    They are kept with the run.
    """
    found = kept(run, "what the findings say", lambda: _told(lake, run))
    whole = {row["id"]: row["share"] for row in found}
    for row in found:
        if row["rank"] == 1 and row["within"] is not None:
            # a place of many small parts is as hot as all of them
            whole[row["within"]] += row["share"]
    return tuple(
        _finding({**row, "whole": whole[row["id"]]})
        for row in found
        if whole[row["id"]] >= least_share
    )


def _told(lake: Lake, run: RunInfo) -> list[dict[str, Any]]:
    """The rows of the view, with names as one says them."""
    from corr.lake.sql import ask, view_records

    found = view_records(lake, run, "findings", _MOST)
    found.sort(key=lambda row: (row["id"], row["rank"]))
    for row in found:
        del row["run_id"]
    names: dict[str, str] = {}
    if any(mangled in row["sentence"] for row in found for mangled in MANGLED):
        table = ask(lake, "SELECT linkage, name FROM functions", runs=[run])
        names = dict(zip(*(table[c].to_pylist() for c in ("linkage", "name")), strict=True))
    for row in found:
        row |= {
            key: readable(row[key], names)
            for key in ("says", "helps", "sentence", "called")
            if row.get(key)
        }
        for evidence in row["evidence"]:
            evidence["says"] = readable(evidence["says"] or "", names)
    return found


def answers(findings: Sequence[Finding], most: int = MOST_PLACES) -> tuple[Finding, ...]:
    """The likeliest finding of each place; one alone where nothing can be said.

    Hottest first, but for places that are as fast as they can be: those are last.
    """
    places = {f.id for f in findings}
    first = [f for f in findings if f.rank == 1 and f.within not in places]
    if first and first[0].kind == "too_short":
        return (first[0],)
    told = [
        f
        for f in first
        if (f.kind != "unknown" or f.share >= UNKNOWN_SHARE)
        and (f.kind == "near_roof" or f.ceiling is None or f.ceiling >= NOTHING)
    ]
    first = sorted(
        told or first,
        key=lambda f: (f.ceiling is not None and f.ceiling < WORTH_IT, -f.whole),
    )
    return tuple(first[:most])


def about(
    findings: Sequence[Finding],
    loops: Sequence[str],
    file_line: str | None = None,
    functions: Collection[str] = (),
    called: Collection[int] = (),
) -> tuple[Finding, ...]:
    """The findings of some loops, of the place that begins at a line, or of what no loop is in.

    `functions` by any of their names. `called` are the ids of places that are called from there;
    what speaks for one of them is told in its stead, and what takes hardly time is left out.
    """
    within = {f.within for f in findings if f.id in called and f.rank == 1}
    wanted = {*called, *within}
    return tuple(
        f
        for f in findings
        if f.loop in loops
        or f.place == file_line
        or (f.loop is None and f.function in functions)
        or (f.id in wanted and f.whole >= LEAST_SHARE)
    )


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(**{**row, "evidence": tuple(Evidence(**e) for e in row["evidence"])})
