"""What was tried in the sessions of a lake, by run; kept, as reading hundreds of files takes long.

The file is a cache that may be deleted at any time: what a run says of it never changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from corr.lake.sql import ask, views
from corr.lake.store import Lake, uncommitted
from corr.system.disk import write_whole

NAME = "tried.json"
#: So many runs are read each by itself; more of them with the whole lake.
FEW = 50
_ASKED = """
    SELECT rule, evidence, session, program, run_id, count(*) FILTER (won) AS won,
           coalesce(sum(ln(speedup)) FILTER (won), 0.0) AS gained,
           coalesce(arg_max(under, (iteration, candidate)) FILTER (won), '') AS under
    FROM (SELECT *, outcome = 'accepted' AND speedup > 0 AS won FROM tried_where)
    WHERE rule IS NOT NULL AND evidence IS NOT NULL AND NOT overtaken
    GROUP BY ALL ORDER BY run_id, rule, evidence
"""


class Tried(NamedTuple):
    """How often a rule won at places of a kind, by the rows of a run.

    `gained` is the sum of the logarithms of what it gained, `under` the flags that it won with.
    """

    rule: str
    evidence: str
    session: str
    program: str
    run: str
    won: int
    gained: float
    under: str


def of_lake(lake: Lake) -> list[Tried]:
    """What was tried, run by run."""
    place = lake.root / "cache" / NAME
    runs = [run for run, entry in lake.listing().items() if entry is not None]
    known = _kept(place)
    new = [run for run in runs if run not in known]
    if new:
        only = [lake.find(run) for run in new] if len(new) <= FEW else None
        known |= {run: [] for run in new}
        wanted = set(new)
        for row in ask(lake, _ASKED, runs=only).to_pylist():
            if row["run_id"] in wanted:
                known[row["run_id"]].append(Tried(*row.values()))
        _keep(lake, place, {run: known[run] for run in runs})
    return [row for run in sorted(runs) for row in known[run]]


def _stamp() -> str:
    """What tells one way to read the rows from another."""
    texts = [view.sql for view in views() if view.name == "tried_where"]
    return hashlib.sha256("".join([_ASKED, *texts]).encode()).hexdigest()


def _kept(place: Path) -> dict[str, list[Tried]]:
    """What is kept, by run; nothing where it is not as it should be."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        content = json.loads(place.read_bytes())
        if content["stamp"] == _stamp():
            return {run: [_row(row) for row in rows] for run, rows in content["runs"].items()}
    return {}


def _row(row: Sequence[Any]) -> Tried:
    *names, won, gained, under = row
    if not all(isinstance(name, str) for name in (*names, under)):
        raise TypeError("a name is text")
    return Tried._make([*names, int(won), float(gained), under])


def _keep(lake: Lake, place: Path, found: dict[str, list[Tried]]) -> None:
    text = json.dumps({"stamp": _stamp(), "runs": found}, separators=(",", ":"))
    with contextlib.suppress(OSError), uncommitted(lake.root):  # a lake that may only be read
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, text)
