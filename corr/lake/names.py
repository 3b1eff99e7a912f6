"""What a name means that corr printed: a loop, a function, a library, a line, work of the kernel.

One rule for everything that takes a place: `corr why`, `corr summary --loop`, `corr explain
--place`, reports, and `resolve('…')` in SQL.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from collectors.base.errors import UsageError
from corr.console.short_names import short_name
from corr.lake import lines_called
from corr.lake.lines_called import Line

#: Tables that names are looked up in.
TABLES = (
    *("loops", "functions", "instructions", "samples", "callers", "source", "lines", "remarks"),
)
#: Names that are listed where several places have one.
MOST_LISTED = 8
#: The kind of a library's function that the program calls, whatever the time then goes to.
CALL = "library call"
#: The program itself: where code has no line, that is its place.
PROGRAM = "program"
_LINE = re.compile(r"^(.+?):(\d+)(?::\d+)?$")
_WORD = re.compile(r"[A-Za-z_]\w*")
_LINKAGE = re.compile(r"[\w.$]+")
#: What a table prints of a loop of a library: where the program calls it, and where it stands.
_CALLED = " › "
#: What stands where a long name was cut.
CUT = "…"
_WITHIN = " in "
#: A name with its place behind it, as tables and sentences print it.
_PRINTED = re.compile(r"^(?P<name>.+) \((?P<file>[^()]+):(?P<line>\d+)\)$")


@dataclass(frozen=True)
class Named:
    """One thing that has the name asked for. `name` is its own in full, which no other has."""

    run_id: str | None
    kind: str
    name: str
    loop: str | None = None
    function: str | None = None
    object: str | None = None
    file: str | None = None
    line: int | None = None
    #: Of a line: it begins the loop, or calls the function that the loop was inlined with.
    begins: bool = False


#: Everything that has a name, but for lines; the name it goes by and the one that it is read as.
_LISTED = """
SELECT run_id, 'loop' AS kind, key, path, function, function_name AS readable, NULL AS object,
       file, line
FROM loops WHERE {loops}
UNION ALL BY NAME
SELECT i.run_id, 'function' AS kind, i.function, coalesce(f.name, i.said, i.function) AS readable
FROM (SELECT run_id, function, max(said) AS said
      FROM (SELECT DISTINCT run_id, function, NULL AS said FROM instructions
            UNION SELECT DISTINCT run_id, symbol, NULL FROM instructions
            UNION SELECT DISTINCT run_id, linkage, NULL FROM functions
            UNION SELECT DISTINCT run_id, symbol, NULL FROM samples WHERE own
            UNION SELECT DISTINCT run_id, function, function_name FROM loops)
      WHERE function IS NOT NULL GROUP BY run_id, function) i
LEFT JOIN functions f ON f.run_id = i.run_id AND f.linkage = i.function
WHERE {functions}
UNION ALL BY NAME
SELECT DISTINCT s.run_id, 'library function' AS kind, s.function,
       coalesce(f.name, s.function) AS readable, s.object
FROM (SELECT run_id, coalesce(symbol, '[unknown]') AS function, object FROM samples
      WHERE object <> '[kernel]' AND (NOT own OR coalesce(function, symbol) IS NULL)) s
LEFT JOIN functions f ON f.run_id = s.run_id AND f.linkage = s.function
WHERE {symbols}
UNION ALL BY NAME
SELECT DISTINCT run_id, object, CASE WHEN own THEN 'program' WHEN object = '[kernel]' THEN 'kernel'
                                     ELSE 'library' END AS kind
FROM samples WHERE object IS NOT NULL AND {objects}
UNION ALL BY NAME
SELECT DISTINCT run_id, 'kernel' AS kind, kernel AS function, '[kernel]' AS object
FROM callers WHERE kernel IS NOT NULL AND {kernels}
UNION ALL BY NAME
SELECT DISTINCT run_id, 'library call' AS kind, via AS function, via AS readable
FROM callers WHERE via IS NOT NULL AND {calls}
"""
#: What has no code of its own: inlined everywhere, or called in another binary.
_INSIDE = """
SELECT DISTINCT i.run_id, 'function' AS kind, i.function, coalesce(f.name, i.function) AS readable
FROM (SELECT run_id, unnest(frames).function AS function, NULL AS said FROM instructions
      UNION SELECT run_id, list_filter(args, lambda a: a.key = 'Callee')[1].value, NULL
      FROM remarks WHERE pass = 'inline') i
LEFT JOIN functions f ON f.run_id = i.run_id AND f.linkage = i.function
WHERE {functions}
"""


def find(connection: duckdb.DuckDBPyConnection, asked: str) -> list[Named]:
    """Everything that `asked` may mean in the runs that the connection sees; none: no such name.

    Of names in full, with arguments, short, and short without the class, the fullest that fits.
    A name may be followed by its place, as it is printed: `step (lib/a.cpp:5)`. Raises UsageError
    for a line of a file that the runs do not have, or have several of.
    """
    if (match := _PRINTED.match(asked)) and (found := _printed(connection, match)):
        return found
    if _CALLED in asked:
        call, _, place = asked.partition(_CALLED)
        return _of_a_call(connection, call, place)
    exact = _fullest(_candidates(connection, asked, _LISTED), asked)
    if exact:
        return exact
    if match := _LINE.match(asked):
        return _of_a_line(connection, match[1], int(match[2]))
    loop, within, function = asked.rpartition(_WITHIN)
    if within and (found := _in_function(connection, find(connection, loop), function)):
        return found
    return _fullest(_candidates(connection, asked, _INSIDE), asked)


def _printed(connection: duckdb.DuckDBPyConnection, match: re.Match[str]) -> list[Named]:
    """What has the name; of several the one whose place that is, else that has code there.

    Of several with code there, the place.
    """
    named = find(connection, match["name"])
    if len({n.name for n in named}) <= 1:
        return named
    place = (match["file"], int(match["line"]))
    if own := [n for n in named if (n.file, n.line) == place]:
        return own
    line = find(connection, f"{place[0]}:{place[1]}")
    there = {n.loop for n in line} - {None}
    lying = connection.execute(
        "SELECT DISTINCT unnest([function, symbol]) FROM instructions WHERE file = ? AND line = ?",
        list(place),
    )
    functions = {function for (function,) in lying.fetchall()}
    lying_there = [n for n in named if n.loop in there or n.function in functions]
    return line if len({n.name for n in lying_there}) > 1 else lying_there or named


def one(found: Sequence[Named], asked: str) -> list[Named]:
    """`found`, if that is one place. Raises UsageError that lists them if it is several."""
    names = {n.name: n for n in found}
    if len(names) <= 1:
        return list(found)
    listed = [_described(n) for n in list(names.values())[:MOST_LISTED]]
    if len(names) > MOST_LISTED:
        listed.append(f"{len(names) - MOST_LISTED} more")
    what = f"{asked} may be any of\n  " + "\n  ".join(listed)
    raise UsageError(what, "ask for one of them, by its whole name or by its FILE:LINE")


def unknown(connection: duckdb.DuckDBPyConnection, asked: str) -> UsageError:
    """What to say of a name that nothing has, with the nearest that something has."""
    words = {
        alias: None
        for row in _rows(connection, _LISTED, [])
        for tier in _aliases(row)
        for alias in sorted(tier)
    }
    near = difflib.get_close_matches(asked, words, n=1)
    hint = f"did you mean {near[0]}?" if near else "`corr hotspots` lists the loops"
    return UsageError(f"the run knows no place called {asked}", hint)


def written(connection: duckdb.DuckDBPyConnection, functions: Iterable[str]) -> frozenset[str]:
    """The names of functions, those that they are linked by and those one reads."""
    wanted = list(functions)
    found = connection.execute(
        "SELECT name FROM functions WHERE list_contains(?, linkage)", [wanted]
    ).fetchall()
    return frozenset([*wanted, *(name for (name,) in found)])


def mentioned(named: Mapping[str, str], facts: object) -> dict[str, str]:
    """Of names by linkage name, those whose linkage name is in the texts of some facts."""
    words = {word for text in _texts(facts) for word in _LINKAGE.findall(text)}
    return {word: named[word] for word in words & named.keys()}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _described(named: Named) -> str:
    place = f" ({named.file}:{named.line})" if named.file and named.line else ""
    where = f" ({named.object})" if named.object and not place and named.function else ""
    return f"{named.name}{place}{where}"


# --- names ---------------------------------------------------------------------------------------


def _rows(
    connection: duckdb.DuckDBPyConnection, statement: str, words: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of things whose own names have all of these words."""
    texts = {
        "loops": "concat_ws(' ', key, function)",
        "functions": "concat_ws(' ', i.function, f.name, i.said)",
        "symbols": "concat_ws(' ', s.function, f.name)",
        "objects": "object",
        "kernels": "kernel",
        "calls": "via",
    }
    has = {
        name: " AND ".join([f"{text} IS NOT NULL", *(f"contains({text}, ?)" for _ in words)])
        for name, text in texts.items()
    }
    values = [word for name in texts if f"{{{name}}}" in statement for word in words]
    answer = connection.execute(statement.format(**has), values)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _candidates(
    connection: duckdb.DuckDBPyConnection, asked: str, statement: str
) -> list[dict[str, Any]]:
    rows = _rows(connection, statement, sorted(set(_WORD.findall(asked))))
    of_files = {r["function"].removesuffix(_twin(r)) for r in rows if r["function"] and _twin(r)}
    # static functions that several files have one of are those of their files
    return [r for r in rows if r["kind"] != "function" or r["function"] not in of_files]


def _fullest(rows: Iterable[Mapping[str, Any]], asked: str) -> list[Named]:
    """The rows that have the name in its fullest form that any has."""
    best: dict[int, dict[Named, None]] = {}
    cut = asked.removesuffix(CUT) if asked.endswith(CUT) else None
    for row in rows:
        for tier, names in enumerate(_aliases(row)):
            if asked in names or (cut and any(name.startswith(cut) for name in names)):
                best.setdefault(tier, {})[_named(row)] = None
                break
    found = list(best[min(best)]) if best else []
    # what is only called, and the program, have that name where nothing else has
    return [n for n in found if n.kind not in (CALL, PROGRAM)] or found


def _aliases(row: Mapping[str, Any]) -> tuple[set[str], ...]:
    """What a thing may be called: in full, with its arguments, short, and by its last word.

    A lambda also by the name of the function that it stands in.
    """
    if row["function"] is None or row["kind"] == "kernel":
        name = row["function"] or row["object"]
        return ({name}, {name.rsplit("/", 1)[-1]})
    function, readable = row["function"], row["readable"]
    path = f"/{row['path']}" if row["kind"] == "loop" else ""
    # of a static function that several files have one of, also without the file
    twin = _twin(row)
    plain = function.removesuffix(twin)
    readable = readable.removesuffix(twin)
    short = short_name(readable)
    around = re.split(r"::(?:'lambda|\$_|\{lambda)", short, maxsplit=1)[0]
    tiers = (
        {plain + twin, readable + twin},
        {short_name(readable, keep_arguments=True) + twin, short + twin} if twin else set(),
        {plain, readable},
        {short_name(readable, keep_arguments=True)},
        {short},
        {around} | {name.rsplit("::", 1)[-1] for name in (short, around)},
    )
    return tuple({f"{name}{path}" for name in tier if name != "operator()"} for tier in tiers)


def _twin(row: Mapping[str, Any]) -> str:
    """`@FILE` behind the name of a static function that another file has one of, too."""
    if row["kind"] not in ("loop", "function"):
        return ""
    if row["kind"] == "loop":
        name = row["key"].removesuffix(f"/{row['path']}")
        return str(name.removeprefix(row["readable"])) if name != row["readable"] else ""
    before, at, file = row["function"].rpartition("@")
    # a version of a symbol, memcpy@@GLIBC_2.14, is no file
    return f"@{file}" if before and at and not before.endswith("@") and "GLIBC" not in file else ""


def _named(row: Mapping[str, Any]) -> Named:
    loop = row["kind"] == "loop"
    name = row["key"] if loop else row["readable"] or row["function"] or row["object"]
    if row["kind"] == "function" and (twin := _twin(row)):
        name = row["readable"].removesuffix(twin) + twin
    return Named(
        *(row["run_id"], row["kind"], name),
        loop=row["key"] if loop else None,
        function=row["function"],
        object=row.get("object"),
        file=row.get("file"),
        line=row.get("line"),
    )


def _in_function(
    connection: duckdb.DuckDBPyConnection, loops: Iterable[Named], function: str
) -> list[Named]:
    """Those of the loops whose code lies in a function of this name, or was inlined into it."""
    around = {n.function for n in find(connection, function) if n.kind == "function"}
    found = connection.execute(
        "SELECT DISTINCT loop FROM instructions WHERE list_has_any("
        "list_append(list_transform(frames, lambda f: f.function), symbol), ?)",
        [sorted(name for name in around if name)],
    )
    held = {loop for (loop,) in found.fetchall()}
    return [n for n in loops if n.loop in held]


# --- lines ---------------------------------------------------------------------------------------


def _of_a_line(connection: duckdb.DuckDBPyConnection, file: str, line: int) -> list[Named]:
    asked = f"{file}:{line}"
    found: list[Named] = []
    for at in lines_called.at(connection, file, line):
        found += [_on_line(at, key, begins, asked) for key, begins in at.loops]
        if not at.loops:
            found.append(_on_line(at, None, False, asked))
    return found


def _on_line(at: Line, loop: str | None, begins: bool, asked: str) -> Named:
    return Named(at.run_id, "line", asked, loop, None, None, at.file, at.line, begins)


def _of_a_call(connection: duckdb.DuckDBPyConnection, call: str, place: str) -> list[Named]:
    """The loops at a place of a library that a call of the program brought."""
    match, inner = _LINE.match(call), _LINE.match(place)
    if not match or not inner:
        return []
    called = {
        key
        for at in lines_called.at(connection, match[1], int(match[2]), calls=True)
        for key, _ in at.loops
    }
    found = connection.execute(
        "SELECT run_id, key, function, file, line FROM loops WHERE line = ?"
        " AND parse_filename(file) = ? AND list_contains(?, key)",
        [int(inner[2]), inner[1], sorted(called)],
    )
    return [
        Named(run_id, "loop", key, key, function, None, file, line)
        for run_id, key, function, file, line in found.fetchall()
    ]
