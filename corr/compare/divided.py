"""The times of two runs, divided among their loops and what lies outside of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from corr.compare.difference import LoopDiff, SideName
from corr.compare.moved import Spent, moved
from corr.compare.places import PlaceDiff, PlaceSide
from corr.compare.side import Side
from corr.compare.times import LoopTimes
from corr.lake.sql import rows

#: So many samples of the kernel tell as much as one of the program: a fault gives several in a row.
KERNEL_CLUMP = 4


def places_of(connection: duckdb.DuckDBPyConnection) -> list[PlaceDiff]:
    """The places outside loops of the runs of `sides`, without times."""
    return [
        PlaceDiff(
            *(row["loop"], row["kind"], row["name"], row["place"]), _side(row, "a"), _side(row, "b")
        )
        for row in rows(connection, "FROM diff_places ORDER BY loop")
    ]


def _side(row: dict[str, Any], name: SideName) -> PlaceSide:
    return PlaceSide(*(row[f"{column}_{name}"] for column in ("share", "samples", "called")))


def divided(
    connection: duckdb.DuckDBPyConnection, loops: Sequence[LoopDiff], times: LoopTimes | None
) -> tuple[list[LoopDiff], list[PlaceDiff]]:
    """Loops and places with their times; what only moved between them is one loop or place."""
    places = places_of(connection)
    if times is None:
        return list(loops), places
    nodes: list[LoopDiff | PlaceDiff] = [*loops, *places]
    calls = [
        (row["caller"], key)
        for row in rows(connection, "FROM diff_calls")
        for key in (f"(function {row['callee']})", f"(library {row['callee']})")
    ]
    spent = {node.key: Spent(*times.seconds(*node.sides)) for node in nodes}
    callees = {place.key: spent[place.key] for place in places}
    together = moved(spent, callees, calls, max(times.times.medians))
    gone = {key for those in together.values() for key in those}
    at_one = {
        key: [place for place in places if place.key in those] for key, those in together.items()
    }
    return (
        [timed_loop(loop, at_one.get(loop.key, []), times) for loop in loops],
        [
            timed_place(place, at_one.get(place.key, []), times)
            for place in places
            if place.key not in gone
        ],
    )


def timed_loop(loop: LoopDiff, callees: Sequence[PlaceDiff], times: LoopTimes) -> LoopDiff:
    """The loop with its time ratio, and the seconds gained or lost in it and in these functions."""
    if callees:
        sides = (_with(side, [c.sides[i] for c in callees]) for i, side in enumerate(loop.sides))
        a, b = sides
        loop = replace(loop, a=a, b=b, with_callees=tuple(c.name for c in callees))
    ratio = None if loop.only_in else times.ratio(loop.a, loop.b)
    return replace(loop, time=ratio, cost=times.cost(loop.a, loop.b))


def timed_place(place: PlaceDiff, callees: Sequence[PlaceDiff], times: LoopTimes) -> PlaceDiff:
    if callees:
        a, b = (
            replace(side, share=share, samples=samples)
            for i, side in enumerate(place.sides)
            for share, samples in [_sums(side, [c.sides[i] for c in callees])]
        )
        place = replace(place, a=a, b=b, with_callees=tuple(c.name for c in callees))
    clump = KERNEL_CLUMP if place.kind == "kernel" else 1
    time = times.ratio(place.a, place.b, clump)
    return replace(place, time=time, cost=times.cost(place.a, place.b))


def _with(side: Side, callees: Sequence[PlaceSide]) -> Side:
    share, samples = _sums(side, callees)
    return replace(side, share=share, samples=samples)


def _sums(side: Side | PlaceSide, callees: Sequence[PlaceSide]) -> tuple[float, int]:
    every = (side, *callees)
    return sum(s.share or 0.0 for s in every), sum(s.samples or 0 for s in every)
