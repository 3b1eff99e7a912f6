"""Everything that every layer knows of one place: a line, a loop or a function."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import duckdb

from corr.lake import called_from, names, sql
from corr.lake.called_from import Caller
from corr.lake.sql import rows
from corr.lake.store import Lake, RunInfo

#: The tables and views that are read here.
READS = (
    *("address_samples", "cachegrind_sums", "call_sites", "caller_words", "callers", "execution"),
    *("functions", "hot_lines", "hotspots", "instructions", "ir_changes", "loops"),
    *("machine_loop_model", "mca_instructions", "pass_effects", "remark_words", "sample_shares"),
    *("samples", "source", "transformed", "trips", *names.TABLES, *called_from.READS),
)


@dataclass(frozen=True)
class Place:
    """What was asked about, resolved: some loops, or a line in at most one loop of each function.

    A line that begins loops stands for them as a `whole`. With an `object` it is a library or the
    kernel, or of that only the `functions`: work of the kernel, in its case. With `called` it is
    whatever lies under the calls of that library function.
    """

    asked: str
    loops: tuple[str, ...]
    file: str | None = None
    line: int | None = None
    functions: tuple[str, ...] = ()
    whole: bool = False
    object: str | None = None
    called: str | None = None

    def caller(self) -> Caller:
        """The place as one that calls; a library's functions are not the program's to change."""
        if self.object or self.called:
            return Caller()
        inside = () if self.line is not None and not self.whole else self.loops
        return Caller(inside, self.functions, self.file, self.line)


def connect(lake: Lake, run: RunInfo) -> duckdb.DuckDBPyConnection:
    """A connection to all that is asked here of one run."""
    return sql.connect(lake, [run], READS)


def of_run(lake: Lake, run: RunInfo, asked: str) -> dict[str, Any]:
    """The `facts` of a place, as `why` has them, and the `names` of the functions in them, by
    linkage name.
    """
    connection = connect(lake, run)
    facts = why(connection, asked)
    return {"facts": facts, "names": names.mentioned(sql.function_names(connection), facts)}


def why(connection: duckdb.DuckDBPyConnection, asked: str) -> dict[str, Any]:
    """The facts of a place of one run, in order of depth. `connection` sees that run only.

    Raises UsageError, with the nearest name, for a place that the run knows nothing of.
    """
    place = resolve(connection, asked)
    condition, values = _condition(place)
    source = _source(connection, place)
    called = called_from.calls(connection, place.caller())
    whole = place.line is None or place.whole
    shown = {(row["file"], row["line"]) for row in source}
    return {
        "asked": asked,
        "file": place.file,
        "line": place.line,
        "functions": list(place.functions) or _functions_of(connection, place.loops),
        "loops": _loops(connection, place),
        "outside": _outside(connection, place),
        "source": source,
        "elsewhere": _elsewhere(connection, place, shown) if whole else [],
        "samples": _samples(connection, place, condition, values),
        "executions": _executions(connection, place),
        "remarks": _remarks(connection, place),
        "passes": _passes(connection, place),
        "machine_loops": _machine_loops(connection, place),
        "cachegrind": _cachegrind(connection, place),
        "calls": _calls(connection, place),
        "callers": _callers(connection, place),
        "called": called,
        # what takes no time worth a sentence is not looked for: that takes a second
        "called_places": called_from.hot_places(connection, place.caller())
        if sum(row["share"] for row in called) >= called_from.WORTH_A_SENTENCE
        else [],
    }


def resolve(connection: duckdb.DuckDBPyConnection, asked: str) -> Place:
    """The place of one run that a name means: any that corr prints.

    Raises UsageError for a name that nothing has, or that several places have.
    """
    found = names.one(names.find(connection, asked), asked)
    if not found:
        raise names.unknown(connection, asked)
    first = found[0]
    loops = dict.fromkeys(n.loop for n in found if n.loop)
    functions = tuple(dict.fromkeys(n.function for n in found if n.function))
    if first.kind == "line":
        whole = any(n.begins for n in found)
        return Place(asked, tuple(loops), first.file, first.line, whole=whole)
    if first.kind == "function":
        inside = _loops_of(connection, functions)
        return Place(asked, tuple(sorted(inside)), functions=functions)
    if first.kind == "loop":
        return Place(asked, tuple(sorted(loops)))
    if first.kind == names.CALL:
        return Place(asked, (), called=first.function)
    return Place(asked, (), functions=functions, object=first.object)


def _loops_of(connection: duckdb.DuckDBPyConnection, functions: tuple[str, ...]) -> set[str]:
    """The loops of these functions, and those that their machine code holds, wherever written."""
    found = rows(
        connection,
        "SELECT key AS loop FROM loops WHERE list_contains(?, function)"
        " OR list_contains(?, function || left(key, len(key) - len(path) - 1)"
        "[len(function_name) + 1:])"
        " UNION SELECT DISTINCT loop FROM instructions"
        " WHERE loop IS NOT NULL AND list_contains(?, symbol)",
        list(functions), list(functions), list(functions),
    )  # fmt: skip
    return {r["loop"] for r in found}


def _condition(place: Place) -> tuple[str, list[Any]]:
    """The rows of a table with loop, file, line (and function) columns that belong to the place."""
    if place.line is not None:
        here, values = "file = ? AND line = ?", [place.file, place.line]
        if place.whole:
            return f"({here} OR list_contains(?, loop))", [*values, list(place.loops)]
        return here, values
    if place.object or place.called:
        return "false", []
    if place.functions:
        # a static function that several files have one of is known by its file, too
        named = "list_contains(?, function) OR list_contains(?, function || '@' || file)"
        functions = list(place.functions)
        return f"(list_contains(?, loop) OR {named})", [list(place.loops), functions, functions]
    return "list_contains(?, loop)", [list(place.loops)]


def _loops(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    return rows(
        connection,
        "WITH h AS MATERIALIZED (FROM hotspots)"
        " SELECT * EXCLUDE (run_id, missed) FROM h WHERE list_contains(?, loop)"
        # of an import, and of what did not run, there are the words of the compiler alone
        " UNION ALL BY NAME SELECT l.key AS loop, l.file || ':' || l.line AS place,"
        " l.function_name AS function, l.depth, x.unroll,"
        " CASE WHEN x.vector_width > 1 OR x.interleave > 1 THEN"
        " coalesce(x.vector_width, 1) || 'x' || coalesce(x.interleave, 1) END AS vector"
        " FROM loops l LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key"
        " WHERE list_contains(?, l.key)"
        " AND l.key NOT IN (SELECT loop FROM h WHERE loop IS NOT NULL)",
        list(place.loops),
        list(place.loops),
    )


def _outside(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """The place's code outside loops: functions, a library's, or kinds of work of the kernel."""
    if not (place.functions or place.object):
        return []
    where, values = _not_in_loops(place)
    return rows(
        connection,
        "SELECT coalesce(s.file || ':' || s.line, parse_filename(s.object)) AS place,"
        " coalesce(f.name, s.function) AS function, s.samples, s.share FROM sample_shares s"
        " LEFT JOIN functions f ON f.linkage = s.function"
        f" WHERE s.loop IS NULL AND {where} ORDER BY s.samples DESC, function",
        *values,
    )


def _not_in_loops(place: Place) -> tuple[str, list[Any]]:
    """Which rows of sample_shares and of callers are the place's, outside loops."""
    of_functions = "list_contains(?, function)"
    if place.object is None:
        return of_functions, [list(place.functions)]
    if not place.functions:
        return "object = ?", [place.object]
    return f"(object = ? AND {of_functions})", [place.object, list(place.functions)]


def _source(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """The lines of the place, each with its share of the samples and its execution count."""
    values: list[Any]
    sampled, loops, functions = "true", list(place.loops), list(place.functions)
    # another instance of the template has the same lines, and samples of its own
    of_loops = "len(list_filter(?, lambda k: k = loop OR starts_with(loop, k || '.'))) > 0"
    if place.line is not None and not place.whole:
        where, values = "s.file = ? AND s.line = ?", [place.file, place.line]
    elif functions and not place.object:
        sampled = f"({of_loops} OR list_contains(?, function))"
        where = (
            f"EXISTS (SELECT 1 FROM ({_EXTENTS}) x"
            " WHERE x.file = s.file AND s.line BETWEEN x.first AND x.last)"
        )
        values = [loops, *[functions] * 5]
    else:
        sampled = of_loops
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


#: The lines that code of these functions comes from, in the file that has most of it, and those of
#: their loops.
_EXTENTS = """
SELECT file, min(line) AS first, max(line) AS last FROM (
    SELECT file, line FROM instructions
    WHERE (list_contains(?, function) OR list_contains(?, function || '@' || file)) AND line > 0
    UNION ALL
    SELECT file, unnest([line, end_line]) AS line FROM loops
    WHERE list_contains(?, function) OR list_contains(?, function || '@' || file)
) GROUP BY file QUALIFY row_number() OVER (ORDER BY count(*) DESC, file) = 1
"""


def _elsewhere(
    connection: duckdb.DuckDBPyConnection, place: Place, shown: Collection[tuple[str, int]]
) -> list[dict[str, Any]]:
    """The hottest lines of the place that its source does not hold: of what is inlined there."""
    if not place.loops and not place.functions:
        return []
    found = rows(
        connection,
        "SELECT h.file, h.line, coalesce(f.name, h.written_in) AS function, s.text,"
        " sum(h.samples)::BIGINT AS samples, sum(h.share) AS share FROM hot_lines h"
        " LEFT JOIN functions f ON f.linkage = h.written_in"
        " LEFT JOIN source s ON s.file = h.file AND s.line = h.line"
        " WHERE h.line > 0 AND (list_contains(?, h.loop) OR list_contains(?, h.function))"
        " GROUP BY ALL ORDER BY samples DESC, h.file, h.line",
        list(place.loops),
        list(place.functions),
    )
    return [r for r in found if (r["file"], r["line"]) not in shown]


def _samples(
    connection: duckdb.DuckDBPyConnection, place: Place, condition: str, values: list[Any]
) -> dict[str, Any]:
    if place.functions and not place.object:  # of a library's function only the symbol is known
        named = "list_contains(?, coalesce(function, symbol))"
        condition = f"({condition} OR loop IS NULL AND {named})"
        values = [*values, list(place.functions)]
    (row,) = rows(
        connection,
        f"SELECT coalesce(sum(count) FILTER ({condition}), 0)::BIGINT AS samples,"
        " coalesce(sum(count), 0)::BIGINT AS total, any_value(event) AS event FROM samples",
        *values,
    )
    if place.object:
        row["samples"] = sum(part["samples"] for part in _outside(connection, place))
    if place.called:
        called = "SELECT sum(count) FILTER (via = ?) / sum(count) AS part FROM callers"
        (under,) = rows(connection, called, place.called)
        row["samples"] = round((under["part"] or 0) * row["total"])
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
    if place.object or place.called:
        return []
    if place.line is None:
        functions = list(place.functions) or _functions_of(connection, place.loops)
        functions = [name.split("@")[0] for name in functions]
        where = "list_contains(?, callee) OR list_has_any(?, callers)"
        values = [functions, functions]
    return rows(connection, f"SELECT * EXCLUDE (run_id) FROM call_sites WHERE {where}", *values)


def _callers(connection: duckdb.DuckDBPyConnection, place: Place) -> list[dict[str, Any]]:
    """Who called what was sampled there, by the call chains; `part` is that of the place's."""
    if place.line is not None and not place.whole:
        return []
    words, samples = "caller_words", "samples"
    where, values = _not_in_loops(place)
    where, values = f"list_contains(?, loop) OR {where}", [list(place.loops), *values]
    if place.called:
        place_of = "file || ':' || line"
        says = f"'called in ' || caller || coalesce(' (' || {place_of} || ')', '') AS says"
        words, samples = f"(SELECT *, {place_of} AS place, {says} FROM callers)", "count"
        where, values = "via = ? AND caller IS NOT NULL", [place.called]
    return rows(
        connection,
        f"SELECT says, place, sum({samples})::BIGINT AS samples,"
        f" sum({samples}) / sum(sum({samples})) OVER () AS part FROM {words}"
        f" WHERE {where} GROUP BY says, place ORDER BY samples DESC, says",
        *values,
    )


def _functions_of(connection: duckdb.DuckDBPyConnection, loops: tuple[str, ...]) -> list[str]:
    asked = "SELECT DISTINCT function FROM loops WHERE list_contains(?, key)"
    return [row["function"] for row in rows(connection, asked, list(loops))]


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
