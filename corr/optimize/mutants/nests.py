"""The nests that take the time, or the functions where hot code is in no loop, from a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo

#: Nests that are broken at most, and the least share of the time of one.
MOST, LEAST_SHARE = 4, 0.02
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


def hottest(lake: Lake, run: RunInfo) -> list[Nest]:
    """The nests of a run that matter, most important first.

    Where nothing was sampled, those that ran the most iterations.
    """
    loops = ask(lake, _LOOPS, (), [run]).to_pylist()
    functions = ask(lake, _FUNCTIONS, (LEAST_OF_FUNCTION,), [run]).to_pylist()
    nests = [*_nests(loops), *map(_function, functions)]
    sampled = sorted(
        (n for n in nests if n.share is not None and n.share >= LEAST_SHARE),
        key=lambda n: (-(n.share or 0), n.key),
    )
    if sampled:
        return sampled[:MOST]
    return [n for n in nests if n.root is not None][:MOST]


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
