"""Which loops a line of a source file means."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, field

import duckdb

from collectors.base.errors import UsageError


@dataclass(frozen=True)
class Line:
    """A line with the loops that it means, each with whether it begins the loop or calls it."""

    run_id: str | None
    file: str
    line: int
    loops: list[tuple[str, bool]] = field(default_factory=list)


def at(
    connection: duckdb.DuckDBPyConnection, file: str, line: int, calls: bool = False
) -> list[Line]:
    """The line in each run that has the file: in at most one loop of each function.

    A line that begins loops stands for them; the body of a lambda runs in the loop that calls it,
    not in the one that it is written in; a line in no loop, or with `calls` any, for the loops of
    functions that are inlined by its calls. Raises UsageError for a file that no run has, or that
    may be several.
    """
    named, known = _file(connection, file, line)
    runs = connection.execute(
        f"SELECT DISTINCT run_id FROM ({known}) WHERE file = ? ORDER BY 1", [named]
    ).fetchall()
    around, coded = _around(connection, named, line), _coded(connection, named, line)
    called = _called(connection, named, line) if calls or len(around) < len(runs) else {}
    found = []
    for (run,) in runs:
        loops = around.get(run, [])
        if calls or not loops:
            loops = [(key, True) for key in called.get(run, ())]
        elif coded.get(run) and coded[run].isdisjoint(key for key, _ in loops):
            loops = [(key, False) for key in sorted(coded[run])]
        whole = any(begins for _, begins in loops)
        found.append(Line(run, named, line, [(k, b) for k, b in loops if b or not whole]))
    return found


def _known(tables: tuple[str, ...]) -> str:
    return " UNION ".join(f"SELECT run_id, file FROM {table}" for table in tables)


#: Files that have a line of the program; those that only remarks name are many.
_KNOWN, _NAMED = _known(("source", "loops", "lines")), _known(("remarks",))


def _file(connection: duckdb.DuckDBPyConnection, file: str, line: int) -> tuple[str, str]:
    """The file as the lake spells it, and the SELECT of files that has it."""
    files: list[str] = []
    for known in (_KNOWN, _NAMED):
        listed = connection.execute(f"SELECT DISTINCT file FROM ({known}) ORDER BY 1").fetchall()
        here = [f for (f,) in listed if f]
        named = [f for f in here if f == file] or [f for f in here if f.endswith("/" + file)]
        if len(named) > 1:
            places = " or ".join(f"{f}:{line}" for f in named[:4])
            raise UsageError(f"{file}:{line} may be {places}", "give more of its path")
        if named:
            return named[0], known
        files += here
    near = difflib.get_close_matches(file, [f.rsplit("/", 1)[-1] for f in files], n=1)
    hint = f"did you mean {near[0]}:{line}?" if near else f"files: {', '.join(files[:5])}"
    raise UsageError(f"the run knows no file called {file}", hint)


def _around(
    connection: duckdb.DuckDBPyConnection, file: str, line: int
) -> dict[str | None, list[tuple[str, bool]]]:
    """The innermost loop of each function whose lines hold this one."""
    found = connection.execute(
        "SELECT run_id, arg_max(key, coalesce(depth, 1)) AS key,"
        " arg_max(line, coalesce(depth, 1)) = ? AS begins FROM loops"
        " WHERE file = ? AND line <= ? AND coalesce(end_line, line) >= ? GROUP BY run_id, function,"
        " left(key, len(key) - len(path)) ORDER BY key",
        [line, file, line, line],
    )
    loops = defaultdict(list)
    for run, key, begins in found.fetchall():
        loops[run].append((key, begins))
    return loops


def _coded(
    connection: duckdb.DuckDBPyConnection, file: str, line: int
) -> dict[str | None, set[str]]:
    """The loops that the machine code of a line lies in."""
    where = "file = ? AND line = ? AND loop IS NOT NULL"
    return _by_run(
        connection, f"SELECT DISTINCT run_id, loop FROM instructions WHERE {where}", file, line
    )


def _called(
    connection: duckdb.DuckDBPyConnection, file: str, line: int
) -> dict[str | None, set[str]]:
    """The loops of functions that were inlined by calls on this line."""
    return _by_run(
        connection,
        "SELECT DISTINCT run_id, loop FROM instructions WHERE loop IS NOT NULL"
        " AND len(list_filter(frames, lambda f: f.file = ? AND f.line = ?)) > 0",
        file,
        line,
    )


def _by_run(
    connection: duckdb.DuckDBPyConnection, statement: str, file: str, line: int
) -> dict[str | None, set[str]]:
    found = defaultdict(set)
    for run, loop in connection.execute(statement, [file, line]).fetchall():
        found[run].add(loop)
    return found
