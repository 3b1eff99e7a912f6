"""Trip counts of source loops, from the regions that clang counts.

Clang gives every loop body a counter of its own, and knows the count in force at the loop's
keyword. So entries and iterations are exact wherever the two places can be found; where they
cannot, as in some macros, the row says why and has no numbers. Those of the loop of an OpenMP
directive come from libomp (`worksharing`). The loop's place is that of its
`!llvm.loop` metadata: `start` is the keyword, `end` the first character of the last token.

One limit is clang's: it takes every call to return. A loop after a call that throws or exits
counts as entered, and so does the first turn of such a `do`.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base.table import INT, REAL, STRING, Table, column

TRIPS = Table(
    "trips",
    "how often one source loop was entered and its body ran; NULL with a reason if not known",
    pa.schema(
        [
            column("loop_key", STRING, "key of the loop in `loops`"),
            column("function", STRING, "linkage name of the function"),
            column("entries", INT, "how often the loop statement was reached"),
            column("iterations", INT, "how often its body was begun"),
            column("mean_trip_count", REAL, "iterations / entries; NULL if never entered"),
            column("reason", STRING, "why the counts are not known"),
        ]
    ),
)

#: Line and column, both from 1.
Position = tuple[int, int]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Region:
    """A counted stretch of source; `end` is the position after it."""

    start: Position
    end: Position
    count: int | None
    kind: str
    file: str
    file_id: int
    expanded_id: int | None

    def holds(self, position: Position) -> bool:
        return self.start <= position < self.end


class Shared(NamedTuple):
    """What the threads of a team did of the loop of a directive, all its entries together."""

    entries: int
    iterations: int


#: Regions by function and unit.
Functions = Mapping[str, Mapping[str | None, list[Region]]]


class Unknown(Exception):
    """Why a loop's counts cannot be told."""


def trips(
    loops: pa.Table, regions: pa.Table, shared: Mapping[str, Shared] | None = None
) -> pa.Table:
    """Trip counts of loops, one row a loop.

    `loops` needs key, function, unit, file, line, column, end_line, end_column (and may have
    directive, made_of); `regions` is a table `execution_regions`; `shared` has entries and
    iterations of loops of OpenMP directives, by key. Returns a table `trips`.
    """
    functions = regions_by_function(regions, loops["function"].to_pylist())
    rows = loops.to_pylist()
    sharing = Counter(_place(row) for row in rows)
    return TRIPS.rows(_row(row, functions, sharing[_place(row)], shared or {}) for row in rows)


def regions_by_function(regions: pa.Table, functions: Sequence[str]) -> Functions:
    """The regions of these functions, by linkage name and unit."""
    names = pa.array(sorted(set(functions)), pa.string())
    found: dict[str, dict[str | None, list[Region]]] = {}
    for row in regions.filter(pc.is_in(regions["function"], names)).to_pylist():
        units = found.setdefault(row["function"], {})
        units.setdefault(row["unit"], []).append(_region(row))
    return found


def directed_body(loop: Row, functions: Functions) -> Region:
    """The region of the body of the loop of an OpenMP directive. Raises Unknown."""
    start, end = (loop["line"], loop["column"]), (loop["end_line"], loop["end_column"])
    found = _function(functions.get(loop["function"], {}), loop.get("unit"))
    here = [r for r in found if same_file(r.file, loop["file"])]
    collapsed = loop["collapsed"] or 1
    if collapsed == 1:
        return _body(start, end, here)
    # the bodies of all that the directive makes one loop reach its end
    reaching = [r for r in here if r.start > start and r.kind == "code" and r.holds(end)]
    reaching.sort(key=lambda r: r.start)
    if len(reaching) < collapsed:
        raise Unknown("the loops that the directive collapses are not told apart")
    return reaching[collapsed - 1]


def _row(
    loop: Row, functions: Functions, sharing: int, shared: Mapping[str, Shared]
) -> dict[str, Any]:
    row: dict[str, Any] = {"loop_key": loop["key"], "function": loop["function"]}
    try:
        if loop.get("directive") is not None:
            known = shared.get(loop["key"])
            if known is None and never_ran(functions.get(loop["function"], {})):
                known = Shared(0, 0)
            if known is None:
                raise Unknown("clang counts no iterations of the loop of this OpenMP directive")
            return row | _known(known.entries, known.iterations)
        if None in (loop["line"], loop["column"], loop["end_line"], loop["end_column"]):
            raise Unknown("the compiler gave this loop no place in the source")
        if sharing > 1:
            raise Unknown("several loops of one macro have this place")
        if loop.get("made_of") == "computed goto":
            raise Unknown("clang does not count computed gotos")
        found = _function(functions.get(loop["function"], {}), loop.get("unit"))
        if loop.get("made_of") == "goto":
            return row | _turns(loop, found)
        entries, iterations = _counts(loop, found)
    except Unknown as why:
        return row | {"reason": str(why)}
    if entries is None or iterations is None:
        said = "clang counts iterations of an OpenMP directive in the same counter"
        return row | {"iterations": iterations, "reason": said}
    return row | _known(entries, iterations)


def never_ran(units: Mapping[str | None, Sequence[Region]]) -> bool:
    """Whether a function was counted, and none of it ran."""
    counts = [region.count for regions in units.values() for region in regions]
    return bool(counts) and not any(count != 0 for count in counts)


def _known(entries: int, iterations: int) -> dict[str, Any]:
    mean = iterations / entries if entries else None
    return {"entries": entries, "iterations": iterations, "mean_trip_count": mean}


def _function(units: Mapping[str | None, list[Region]], unit: str | None) -> list[Region]:
    """The regions of the function that the loop is in."""
    if not units:
        raise Unknown("the function has no counts: not instrumented, or never emitted")
    if len(units) == 1:
        return next(iter(units.values()))
    if unit in units:
        return units[unit]
    name = os.path.basename(unit) if unit else None
    matching = [found for key, found in units.items() if key and os.path.basename(key) == name]
    if len(matching) != 1:
        raise Unknown("several units have a function of this name")
    return matching[0]


def _counts(loop: Row, regions: Sequence[Region]) -> tuple[int | None, int | None]:
    """(entries, iterations). Raises Unknown."""
    start = (loop["line"], loop["column"])
    end = (loop["end_line"], loop["end_column"])
    if start == end:
        raise Unknown("the loop comes out of a macro")
    here = _file_regions(regions, loop["file"], start)
    _refuse_macro_keyword(start, here, regions)
    code = [r for r in here if r.kind == "code"]
    around = max((r for r in code if r.holds(start)), key=lambda r: (r.start, _backwards(r.end)))
    return around.count, _body(start, end, here).count


def _turns(loop: Row, regions: Sequence[Region]) -> dict[str, Any]:
    """How often the label of a loop of gotos was reached: its iterations. Raises Unknown."""
    start = (loop["line"], loop["column"])
    here = _file_regions(regions, loop["file"], start)
    _refuse_macro_keyword(start, here, regions)
    holding = [r for r in here if r.kind == "code" and r.holds(start)]
    reached = max(holding, key=lambda r: (r.start, _backwards(r.end))).count
    return {"iterations": reached, "reason": "how often gotos entered the loop is not counted"}


def _file_regions(regions: Sequence[Region], file: str | None, start: Position) -> list[Region]:
    """The regions in the loop's file; a macro's text in the same file has another file_id."""
    ids = {
        r.file_id
        for r in regions
        if r.kind == "code" and r.holds(start) and (file is None or same_file(r.file, file))
    }
    if not ids:
        raise Unknown("no counted region holds the loop's keyword")
    if len(ids) > 1:
        raise Unknown("its text is included into the function more than once")
    (only,) = ids
    return [r for r in regions if r.file_id == only]


def _refuse_macro_keyword(
    start: Position, here: Sequence[Region], regions: Sequence[Region]
) -> None:
    """Refuse a keyword that a macro may have written more than once: `#define FOR2 for… for…`.

    Such loops have one place. With one condition in the expansion there is one loop.
    """
    expansions = [r for r in here if r.kind == "expansion" and r.start == start]
    if not expansions:
        return
    inside = {r.expanded_id for r in expansions}
    expanded: dict[int, set[int | None]] = {}
    for region in regions:
        if region.kind == "expansion":
            expanded.setdefault(region.file_id, set()).add(region.expanded_id)
    todo = list(inside)
    while todo:
        following = expanded.get(todo.pop() or 0, set()) - inside
        inside |= following
        todo += following
    conditions = [r for r in regions if r.kind == "branch" and r.file_id in inside]
    if len(conditions) != 1:
        raise Unknown("the loop's keyword comes out of a macro that may hold several loops")


def _body(start: Position, end: Position, here: Sequence[Region]) -> Region:
    """The region of the loop's body.

    After the keyword, only the body of a `for` or `while` reaches the statement's last token:
    the parts of the header end before it. It is the first such region, since whatever
    else reaches that token lies in the body. In `do … while (…)` no region reaches the
    closing parenthesis, and the body is what begins first.
    """
    after = [r for r in here if r.start > start and r.kind in ("code", "expansion")]
    reaching = [r for r in after if r.holds(end)]
    if reaching:
        return _outermost(reaching)
    within = [r for r in after if r.end <= end]
    if within and _is_do(start, end, within):
        return _outermost(within)
    return _body_ending_in_macro(start, within, here)


def _is_do(start: Position, end: Position, within: Sequence[Region]) -> bool:
    """Whether it is a `do`: its body follows at once, or its condition ends at the last token.

    Nothing can follow a `for` or `while` within three columns.
    """
    line, column = _outermost(within).start
    at_once = line == start[0] and column - start[1] <= len("do ")
    return at_once or any(r.end == end and r.kind == "code" for r in within)


def _body_ending_in_macro(
    start: Position, within: Sequence[Region], here: Sequence[Region]
) -> Region:
    """The body when the last token is an argument of a macro, where no region reaches.

    Then the last region is the macro's, and a body that holds it ends with it. If it
    is itself the body, the gap after the header's parenthesis has the body's count.
    """
    last = max(within, key=lambda r: r.start, default=None)
    if last is not None and last.kind == "expansion":
        body = _outermost([r for r in within if r.holds(last.start)] or [last])
        gaps = [r for r in here if r.kind == "gap" and start < r.start and r.end == body.start]
        if len(gaps) == 1 and gaps[0].count == body.count:
            return body
    raise Unknown("no counted region is the loop's body: it is, or ends, in a macro's argument")


def _outermost(regions: Sequence[Region]) -> Region:
    return min(regions, key=lambda r: (r.start, _backwards(r.end)))


def _backwards(position: Position) -> Position:
    return -position[0], -position[1]


@functools.cache
def same_file(one: str, other: str) -> bool:
    """Whether two names of files can be of one file; either may be relative."""
    if one == other:
        return True
    a, b = os.path.normpath(one), os.path.normpath(other)
    if a.startswith("/") and b.startswith("/"):
        return os.path.realpath(a) == os.path.realpath(b)
    return a.endswith("/" + b) or b.endswith("/" + a)


def _region(row: Row) -> Region:
    return Region(
        start=(row["line"], row["column"]),
        end=(row["end_line"], row["end_column"]),
        count=row["count"],
        kind=row["kind"],
        file=row["file"],
        file_id=row["file_id"],
        expanded_id=row["expanded_id"],
    )


def _place(loop: Row) -> tuple[Any, ...]:
    names = ("function", "unit", "file", "line", "column")
    return tuple(loop.get(name) for name in names)
