"""Everything that every layer knows of one place: a line, a loop or a function."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import duckdb

from collectors.base.errors import UsageError
from collectors.passes.changes import unified_diff
from corr.console.short_names import short_name
from corr.lake.sql import rows

_LINE = re.compile(r"^(.+):(\d+)$")


@dataclass(frozen=True)
class Place:
    """What was asked about, resolved: some loops, or a line in at most one loop of each function.

    A line that begins loops stands for them as a `whole`.
    """

    asked: str
    loops: tuple[str, ...]
    file: str | None = None
    line: int | None = None
    functions: tuple[str, ...] = ()
    whole: bool = False


def why(connection: duckdb.DuckDBPyConnection, asked: str) -> dict[str, Any]:
    """The facts of a place of one run, in order of depth. `connection` sees that run only.

    Raises UsageError, with the nearest name, for a place that the run knows nothing of.
    """
    place = resolve(connection, asked)
    condition, values = _condition(place)
    return {
        "asked": asked,
        "file": place.file,
        "line": place.line,
        "loops": _loops(connection, place),
        "source": _source(connection, place),
        "samples": _samples(connection, condition, values),
        "executions": _executions(connection, place),
        "remarks": _remarks(connection, place),
        "passes": _passes(connection, place),
        "machine_loops": _machine_loops(connection, place),
        "cachegrind": _cachegrind(connection, place),
        "calls": _calls(connection, place),
        "callers": _callers(connection, place),
    }


def resolve(connection: duckdb.DuckDBPyConnection, asked: str) -> Place:
    """The loops that `FILE:LINE`, a loop's key or a function's name means, in full or short."""
    listed = rows(connection, "SELECT DISTINCT key, function, function_name FROM loops")
    keys = [r["key"] for r in listed]
    if asked in keys:
        return Place(asked, (asked,))
    if match := _LINE.match(asked):
        return _line(connection, asked, match[1], int(match[2]))
    listed += rows(
        connection,
        "SELECT NULL AS key, i.function, coalesce(f.name, i.function) AS function_name"
        " FROM (SELECT function FROM instructions UNION SELECT symbol FROM instructions) i"
        " LEFT JOIN functions f ON f.linkage = i.function WHERE i.function IS NOT NULL",
    )
    if short := [r["key"] for r in listed if r["key"] and asked in _loop_names(r)]:
        return Place(asked, tuple(sorted(short)))
    named = [r for r in listed if asked in _names(r["function"], r["function_name"])]
    if named:
        functions = dict.fromkeys(r["function"] for r in named)
        loops = {r["key"] for r in named if r["key"]} | _inlined_into(connection, tuple(functions))
        return Place(asked, tuple(sorted(loops)), functions=tuple(functions))
    known = {name for r in listed for name in _names(r["function"], r["function_name"])}
    near = difflib.get_close_matches(asked, [*keys, *known], n=1)
    hint = f"did you mean {near[0]}?" if near else "`corr hotspots` lists the loops"
    raise UsageError(f"the run knows no place called {asked}", hint)


def ir_diffs(connection: duckdb.DuckDBPyConnection, loops: tuple[str, ...]) -> list[dict[str, Any]]:
    """The changes of these loops by each pass, in order, each as a unified diff."""
    changes = rows(
        connection,
        "SELECT sequence, stage, pass, function, diff FROM ir_changes"
        " WHERE list_has_any(loops, ?) ORDER BY unit, sequence",
        list(loops),
    )
    for change in changes:
        title = f"{change['function']} {change['pass']}"
        change["diff"] = unified_diff(change["diff"], title)
    return changes


def machine_code(connection: duckdb.DuckDBPyConnection, machine_loop: int) -> list[dict[str, Any]]:
    """A machine loop's instructions with samples, model latency and source line."""
    return rows(
        connection,
        "SELECT i.address, i.mnemonic, i.operands, i.file, i.line, i.loop, s.samples,"
        " m.latency, m.rthroughput"
        " FROM instructions i LEFT JOIN mca_instructions m USING (run_id, address)"
        " LEFT JOIN address_samples s USING (run_id, address)"
        " WHERE i.machine_loop = ? ORDER BY i.address",
        machine_loop,
    )


def _names(function: str, readable: str) -> set[str]:
    """What a function may be called: in full, and as one says it.

    A lambda also by the name of the function that it stands in.
    """
    bare = re.sub(r"\(.*", "", readable)
    short = short_name(readable)
    around = short.partition("::'lambda")[0]
    parts = {function, readable, bare, short, short_name(readable, keep_arguments=True), around}
    return parts | {name.rsplit("::", 1)[-1] for name in (bare, short, around)} - {"operator()"}


def _loop_names(row: dict[str, Any]) -> set[str]:
    """What a loop may be called: any name of its function, and its place in that."""
    place = row["key"].rpartition("/")[2]
    return {f"{name}/{place}" for name in _names(row["function"], row["function_name"])}


def _line(connection: duckdb.DuckDBPyConnection, asked: str, file: str, line: int) -> Place:
    known = "SELECT file FROM source UNION SELECT file FROM loops UNION SELECT file FROM lines"
    files = [r["file"] for r in rows(connection, f"{known} ORDER BY 1") if r["file"]]
    named = [f for f in files if f == file or f.endswith("/" + file)]
    if not named:
        near = difflib.get_close_matches(file, [f.rsplit("/", 1)[-1] for f in files], n=1)
        hint = f"did you mean {near[0]}:{line}?" if near else f"files: {', '.join(files[:5])}"
        raise UsageError(f"the run knows no file called {file}", hint)
    if len(named) > 1:
        raise UsageError(f"{file} may be {' or '.join(named[:4])}", "give more of its path")
    around = rows(
        connection,
        "SELECT arg_max(key, depth) AS key, arg_max(line, depth) = ? AS begins FROM loops"
        " WHERE file = ? AND line <= ? AND end_line >= ? GROUP BY function",
        line, named[0], line, line,
    )  # fmt: skip
    coded = _coded_at(connection, named[0], line)
    if not around:
        around = _called_at(connection, named[0], line)
    elif coded and coded.isdisjoint(r["key"] for r in around):
        # the body of a lambda runs in the loop that calls it, not in the one it is written in
        around = [{"key": key, "begins": False} for key in sorted(coded)]
    whole = any(r["begins"] for r in around)
    loops = tuple(r["key"] for r in around if r["begins"] or not whole)
    return Place(asked, loops, named[0], line, whole=whole)


def _inlined_into(connection: duckdb.DuckDBPyConnection, functions: tuple[str, ...]) -> set[str]:
    """The loops that these functions' machine code holds, wherever they were written."""
    found = rows(
        connection,
        "SELECT DISTINCT loop FROM instructions"
        " WHERE loop IS NOT NULL AND list_contains(?, symbol)",
        list(functions),
    )
    return {r["loop"] for r in found}


def _coded_at(connection: duckdb.DuckDBPyConnection, file: str, line: int) -> set[str]:
    """The loops that the machine code of a line lies in."""
    where = "file = ? AND line = ? AND loop IS NOT NULL"
    found = rows(connection, f"SELECT DISTINCT loop FROM instructions WHERE {where}", file, line)
    return {r["loop"] for r in found}


def _called_at(connection: duckdb.DuckDBPyConnection, file: str, line: int) -> list[dict[str, Any]]:
    """The loops of functions that were inlined by calls on this line, as a whole."""
    return rows(
        connection,
        "SELECT DISTINCT loop AS key, true AS begins FROM instructions WHERE loop IS NOT NULL"
        " AND len(list_filter(frames, lambda f: f.file = ? AND f.line = ?)) > 0",
        file, line,
    )  # fmt: skip


def _condition(place: Place) -> tuple[str, list[Any]]:
    """The rows of a table with loop, file, line (and function) columns that belong to the place."""
    if place.line is not None:
        here, values = "file = ? AND line = ?", [place.file, place.line]
        if place.whole:
            return f"({here} OR list_contains(?, loop))", [*values, list(place.loops)]
        return here, values
    if place.functions:
        return "(list_contains(?, loop) OR list_contains(?, function))", [
            list(place.loops),
            list(place.functions),
        ]
    return "list_contains(?, loop)", [list(place.loops)]


def _loops(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    return rows(
        connection,
        "SELECT * EXCLUDE (run_id, missed) FROM hotspots WHERE list_contains(?, loop)",
        list(place.loops),
    )


def _source(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """The lines of the place, each with its share of the samples and its execution count."""
    values: list[Any]
    sampled, loops = "true", list(place.loops)
    if place.line is not None and not place.whole:
        where, values = "s.file = ? AND s.line = ?", [place.file, place.line]
    else:
        # another instance of the template has the same lines, and samples of its own
        sampled = "len(list_filter(?, lambda k: k = loop OR starts_with(loop, k || '.'))) > 0"
        where = (
            "EXISTS (SELECT 1 FROM loops l WHERE list_contains(?, l.key) AND l.file = s.file"
            " AND s.line BETWEEN l.line AND l.end_line)"
        )
        values = [loops, loops]
    return rows(
        connection,
        "SELECT s.file, s.line, s.text, h.samples, e.count AS executions FROM source s"
        " LEFT JOIN (SELECT file, line, sum(count)::BIGINT AS samples FROM samples"
        f" WHERE {sampled} GROUP BY ALL) h ON h.file = s.file AND h.line = s.line"
        " LEFT JOIN (SELECT file, line, any_value(count) AS count FROM execution GROUP BY ALL) e"
        f" ON e.file = s.file AND e.line = s.line WHERE {where} ORDER BY s.file, s.line",
        *values,
    )


def _samples(
    connection: duckdb.DuckDBPyConnection, condition: str, values: list[Any]
) -> dict[str, Any]:
    (row,) = rows(
        connection,
        f"SELECT coalesce(sum(count) FILTER ({condition}), 0)::BIGINT AS samples,"
        " coalesce(sum(count), 0)::BIGINT AS total, any_value(event) AS event FROM samples",
        *values,
    )
    row["share"] = row["samples"] / row["total"] if row["total"] else None
    return row


def _executions(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    return rows(
        connection,
        "SELECT loop_key AS loop, entries, iterations, mean_trip_count, reason FROM trips"
        " WHERE list_contains(?, loop_key) ORDER BY loop_key",
        list(place.loops),
    )


def _remarks(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """Remarks of the place; for a line also those about the loop around it as a whole."""
    condition, values = _condition(place)
    if place.line is not None and not place.whole:
        condition = (
            f"({condition}) OR (loop, line) IN"
            " (SELECT (key, line) FROM loops WHERE list_contains(?, key))"
        )
        values = [*values, list(place.loops)]
    return rows(
        connection,
        'FROM (SELECT pass, tag, name, words, file, line, "column", function,'
        f" sum(count)::BIGINT AS count FROM remark_words WHERE {condition} GROUP BY ALL)"
        " ORDER BY tag <> 'Passed', pass, line, words",
        *values,
    )


def _calls(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """What the inliner decided of the calls on the line, in the functions, or of them."""
    values: list[Any] = [place.file, place.line]
    where = "file = ? AND line = ?"
    if place.line is None:
        functions = list(place.functions) or _functions_of(connection, place.loops)
        where = "list_contains(?, callee) OR list_has_any(?, callers)"
        values = [functions, functions]
    return rows(connection, f"SELECT * EXCLUDE (run_id) FROM call_sites WHERE {where}", *values)


def _callers(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """Who called what was sampled there, by the call chains; `part` is that of the place's."""
    values: list[Any] = [list(place.loops), list(place.functions)]
    where = "list_contains(?, loop) OR list_contains(?, function)"
    if place.line is not None and not place.whole:
        return []
    return rows(
        connection,
        "SELECT says, place, sum(samples)::BIGINT AS samples,"
        " sum(samples) / sum(sum(samples)) OVER () AS part FROM caller_words"
        f" WHERE {where} GROUP BY says, place ORDER BY samples DESC, says",
        *values,
    )


def _functions_of(connection: duckdb.DuckDBPyConnection, loops: tuple[str, ...]) -> list[str]:
    found = rows(
        connection,
        "SELECT DISTINCT function FROM loops WHERE list_contains(?, key)",
        list(loops),
    )
    return [row["function"] for row in found]


def _passes(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    return rows(
        connection,
        "SELECT DISTINCT sequence, stage, pass, function, instructions_before,"
        " instructions_after FROM pass_effects WHERE list_contains(?, loop) ORDER BY sequence",
        list(place.loops),
    )


def _machine_loops(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    return rows(
        connection,
        "SELECT machine_loop, symbol, loop, samples, instructions, vector_bits,"
        " cpu, cycles_per_iteration, block_rthroughput, ipc, bound, calls FROM machine_loop_model"
        " WHERE list_contains(?, loop) AND innermost ORDER BY samples DESC NULLS LAST",
        list(place.loops),
    )


def _cachegrind(connection: duckdb.DuckDBPyConnection, place: Place) -> dict[str, Any] | None:
    condition, values = _condition(place)
    (row,) = rows(
        connection,
        "SELECT sum(COLUMNS(* EXCLUDE (run_id, function, loop, file, line)))::BIGINT AS '\\0'"
        f" FROM cachegrind_sums WHERE {condition}",
        *values,
    )
    return row if row["instructions"] is not None else None
