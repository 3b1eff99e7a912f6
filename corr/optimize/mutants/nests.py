"""The nests that take the time, or the functions where hot code is in no loop, from a run.

Those of the program's own files come first, however hot the loops of a library's headers are: the
text that is changed is the program's, and what its outputs see of it is the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo

#: Nests that are broken at most, and the least share of the time of one.
MOST, LEAST_SHARE = 4, 0.02
#: Nests of the program's own that are broken where all that is hot is a library's.
MOST_OWN = 2
#: Functions without a loop are broken only where they take more: they are hot for what calls them.
LEAST_OF_FUNCTION = 0.1


@dataclass(frozen=True)
class Nest:
    """A hot nest. `root` is the position of its outermost loop; None: a function without one.

    `loops` are the positions of its loops, hottest first, `trips` their mean trip counts. `unit`
    is None where only the function is known.
    """

    key: str
    function: str
    unit: str | None
    root: str | None
    place: str
    share: float | None
    loops: tuple[str, ...] = ()
    trips: Mapping[str, float] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """It is in a file of the program: files elsewhere have names that begin at the root."""
        file = self.place.rpartition(":")[0]
        return file == self.unit or not file.startswith("/")


def hottest(lake: Lake, run: RunInfo) -> list[Nest]:
    """The nests of a run that matter, most important first: the program's, then a library's."""
    loops = ask(lake, _LOOPS, (), [run]).to_pylist()
    return ranked(loops, ask(lake, _FUNCTIONS, (LEAST_OF_FUNCTION,), [run]).to_pylist())


def ranked(
    loops: Iterable[Mapping[str, Any]], functions: Iterable[Mapping[str, Any]]
) -> list[Nest]:
    """The same of rows of loops, and of functions whose hot code is in none.

    Where nothing was sampled, those that ran the most iterations.
    """
    nests = [*_nests(loops), *map(_function, functions)]
    sampled = sorted(
        (n for n in nests if n.share is not None and n.share >= LEAST_SHARE),
        key=lambda n: (-(n.share or 0), n.key),
    )
    looped = [n for n in nests if n.root is not None]
    found = sampled or looped
    own = [n for n in found if n.own] or [n for n in looped if n.own][:MOST_OWN]
    return [*own, *(n for n in found if not n.own)][:MOST]


_LOOPS = """
    SELECT l.key, l.function, l.unit, l.path, l.file || ':' || l.line AS place,
           sum(s.share) AS share, max(t.iterations) AS iterations,
           max(t.mean_trip_count) AS trips
    FROM loops l
    LEFT JOIN sample_shares s ON s.run_id = l.run_id AND s.loop = l.key
    LEFT JOIN trips t ON t.run_id = l.run_id AND t.loop_key = l.key
    GROUP BY ALL
    ORDER BY share DESC NULLS LAST, iterations DESC NULLS LAST, l.key
"""
_FUNCTIONS = """
    SELECT function, any_value(file || ':' || line) AS place, sum(share) AS share
    FROM sample_shares WHERE loop IS NULL AND function IS NOT NULL AND file IS NOT NULL
    GROUP BY function HAVING sum(share) >= ? ORDER BY sum(share) DESC, function
"""


def _nests(rows: Iterable[Mapping[str, Any]]) -> list[Nest]:
    """Loops, hottest first, by their outermost ones; nests that never ran are left out."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        root = row["path"].partition(".")[0]
        found.setdefault((row["key"].rpartition("/")[0], root), []).append(row)
    return [
        _nest(stem, root, members)
        for (stem, root), members in found.items()
        if any(row["share"] or row["iterations"] for row in members)
    ]


def _nest(stem: str, root: str, rows: list[Mapping[str, Any]]) -> Nest:
    shares = [row["share"] for row in rows if row["share"] is not None]
    outer = next((row for row in rows if row["path"] == root), rows[0])
    return Nest(
        f"{stem}/{root}",
        rows[0]["function"],
        rows[0]["unit"],
        root,
        outer["place"],
        sum(shares) if shares else None,
        tuple(row["path"] for row in rows),
        {row["path"]: row["trips"] for row in rows if row["trips"]},
    )


def _function(row: Mapping[str, Any]) -> Nest:
    place = row["place"] or row["function"]
    return Nest(row["function"], row["function"], None, None, place, row["share"])
