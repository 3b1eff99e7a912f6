"""Counts in functions with loops of OpenMP directives, put right where clang's counters are wrong.

Clang has no counter for the iterations of such a loop. What its body inherits is how often the
function was begun: that becomes what the threads shared out (`worksharing`), or is not known where
nothing was shared out (`simd`). And where it does not begin the function, clang adds the iterations
to the function's own counter: then what inherits that one is not known.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from collectors.measured.trips import (
    Functions,
    Region,
    Shared,
    Unknown,
    directed_body,
    regions_by_function,
    same_file,
)

Row = dict[str, Any]
_CODE = ("code", "gap")


def mended(
    counted: Mapping[str, pa.Table], loops: pa.Table, shared: Mapping[str, Shared]
) -> dict[str, pa.Table]:
    """The tables `execution` and `execution_regions` with what really ran.

    `loops` has the rows of that table which are of directives; `shared` what was counted, by the
    loop's key.
    """
    directed = loops.to_pylist()
    regions = counted["execution_regions"]
    if not directed or not len(regions):
        return dict(counted)
    bodies = regions_by_function(regions, [row["function"] for row in directed])
    rows, lines = regions.to_pylist(), counted["execution"].to_pylist()
    of_function: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        of_function[row["function"], row["unit"]].append(row)
    for (name, unit), counted_rows in of_function.items():
        own = [loop for loop in directed if loop["function"] == name]
        if len(bodies.get(name, {})) > 1:  # internal functions of one name in several units
            own = [loop for loop in own if same_file(os.path.basename(unit or ""), loop["unit"])]
        if own and any(row["count"] != 0 for row in counted_rows):
            _mend(counted_rows, lines, own, bodies, shared)
    return {
        **counted,
        "execution": pa.Table.from_pylist(lines, schema=counted["execution"].schema),
        "execution_regions": pa.Table.from_pylist(rows, schema=regions.schema),
    }


def _mend(
    rows: Sequence[Row],
    lines: Sequence[Row],
    loops: Sequence[Mapping[str, Any]],
    bodies: Functions,
    shared: Mapping[str, Shared],
) -> None:
    """Put the counts of one function with these loops of directives right."""
    _begun(rows, lines, loops, shared)
    for loop in sorted(loops, key=lambda row: row["depth"]):
        known = shared.get(loop["key"])
        try:
            body = directed_body(loop, bodies)
        except Unknown:
            # of a loop in a parallel block clang maps nothing: it has its header's line alone
            _mend_lines(lines, loop, loop["line"], known, ())
            continue
        inner = _mend_regions(rows, loop, body, known)
        _mend_lines(lines, loop, body.end[0], known, inner)


def _begun(
    rows: Sequence[Row],
    lines: Sequence[Row],
    loops: Sequence[Mapping[str, Any]],
    shared: Mapping[str, Shared],
) -> None:
    """How often the function was begun is not known where its counter may count iterations too."""
    whole = min(
        (row for row in rows if row["kind"] == "code"),
        key=lambda row: (row["file_id"], row["line"], row["column"], -row["end_line"]),
        default=None,
    )
    if whole is None:
        return
    count = whole["count"]
    found = {loop["directive"]: shared.get(loop["key"]) for loop in loops}
    iterations = [known and known.iterations for known in found.values()]
    if not count or (count < sum(turns or 0 for turns in iterations) and None not in iterations):
        return
    for row in rows:
        row["function_count"] = None
        if row["kind"] in _CODE and row["count"] == count:
            row["count"] = None
    for row in lines:
        inside = whole["line"] <= row["line"] <= whole["end_line"]
        if inside and row["count"] == count and same_file(row["file"], whole["file"]):
            row["count"] = None


def _mend_regions(
    rows: Sequence[Row], loop: Mapping[str, Any], body: Region, known: Shared | None
) -> list[Row]:
    """Put the regions of the header and the body right; returns those that are in the body."""
    inner, branches = [], []
    for row in rows:
        begins, ends = _span(row)
        header_or_body = (loop["line"], loop["column"]) < begins and ends <= body.end
        if row["file_id"] != body.file_id or not header_or_body:
            continue
        if begins > body.start:
            if row["kind"] in _CODE:
                inner.append(row)
            elif row["kind"] == "branch":
                branches.append(row)
        elif row["kind"] == "branch":
            row["count"] = known.iterations if known else None
            row["false_count"] = known.entries if known else None
        elif row["kind"] in _CODE:
            row["count"] = known.iterations if known else None
    for row in branches:
        _mend_branch(row, inner, body.count, known.iterations if known else None)
    return inner


def _mend_branch(row: Row, inner: Sequence[Row], before: int | None, turns: int | None) -> None:
    """Put a condition right that is asked in each turn: of an inner loop, or of an `if`.

    `before` is what clang took for the turns: the end of the inner loop, and what the rest of the
    condition's answers are made of.
    """
    span = _span(row)
    around = (r for r in inner if r["kind"] == "code" and _span(r) != span)
    if any(_span(r)[0] <= span[0] and span[1] <= _span(r)[1] for r in around):
        return
    tests = [r for r in inner if r["kind"] == "code" and _span(r) == span]
    if tests:
        if row["false_count"] == before:
            row["false_count"] = turns
            for test in tests:
                test["count"] = None if turns is None else row["count"] + turns
    elif row["count"] is not None:
        row["false_count"] = None if turns is None else max(turns - row["count"], 0)


def _span(row: Row) -> tuple[tuple[int, int], tuple[int, int]]:
    return (row["line"], row["column"]), (row["end_line"], row["end_column"])


def _mend_lines(
    lines: Sequence[Row],
    loop: Mapping[str, Any],
    last: int,
    known: Shared | None,
    inner: Sequence[Row],
) -> None:
    """Lines that are counted with the loop, and not with something in it."""
    for row in lines:
        if not loop["line"] <= row["line"] <= last or not same_file(row["file"], loop["file"]):
            continue
        if any(r["line"] < row["line"] <= r["end_line"] for r in inner):
            continue
        if known is None:
            row["count"] = None
            continue
        tested = known.entries if row["line"] == loop["line"] else 0
        counts = (r["count"] or 0 for r in inner if r["line"] == row["line"])
        row["count"] = max(known.iterations + tested, *counts, 0)
