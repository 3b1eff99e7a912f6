"""The loops of a unit as rows: the unit that every other fact is attributed to, and its key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa

from collectors.base.table import BOOL, INT, LINE, STRING, Table, column
from collectors.source_loops.forest import Function

LOOPS = Table(
    "loops",
    "source loops: the unit that every other fact is attributed to",
    pa.schema(
        [
            column("key", STRING, "function + position in its loop forest: kernel_gemm/1.2"),
            column("function", STRING, "linkage name of the function it was written in"),
            column("function_name", STRING, "the function as one reads it (demangled)"),
            column("unit", STRING, "source file of the translation unit"),
            column("path", STRING, "position in the function's loop forest, 1-based: 1.2"),
            column("depth", INT, "1 for an outermost loop"),
            column("parent", STRING, "key of the loop around it"),
            column("innermost", BOOL, "holds no other loop"),
            column("file", STRING, "file of the loop statement"),
            column("line", LINE, "line of its for, while or do"),
            column("column", LINE, "column of its for, while or do"),
            column("end_line", LINE, "line of the statement's last token"),
            column("end_column", LINE, "column of the statement's last token"),
            column("number", INT, "its number in the unit's IR: block prefix corr<number>."),
            column("directive", LINE, "line of the OpenMP directive that it is the loop of"),
            column(
                "collapsed", INT, "so many loops, this one the outermost, the directive makes one"
            ),
            column("made_of", STRING, "goto, computed goto; NULL for a for, while or do"),
        ]
    ),
    version=4,
)


def table(
    unit: str,
    functions: list[Function],
    names: dict[str, str],
    twins: Mapping[tuple[str, str], str] | None = None,
) -> pa.Table:
    """The `loops` rows of a unit. `names`: linkage name to readable name.

    `twins` has the files of internal functions that several define; their keys carry it.
    """
    rows = []
    for function in functions:
        stem = function_key(function, names, twins or {})
        for loop in function.all_loops():
            rows.append(
                {
                    "key": f"{stem}/{loop.path}",
                    "function": function.name,
                    "function_name": names.get(function.name, function.name),
                    "unit": unit,
                    "path": loop.path,
                    "depth": loop.depth,
                    "parent": f"{stem}/{loop.parent.path}" if loop.parent else None,
                    "innermost": not loop.children,
                    "file": loop.file,
                    "line": loop.line,
                    "column": loop.column,
                    "end_line": loop.end_line,
                    "end_column": loop.end_column,
                    "number": loop.number,
                    "directive": loop.directive,
                    "collapsed": loop.collapsed,
                    "made_of": loop.made_of,
                }
            )
    return LOOPS.rows(rows)


PLACES = pa.schema(
    [
        ("function", STRING),
        ("file", STRING),
        ("line", LINE),
        ("column", LINE),
        ("key", STRING),
        ("depth", INT),
    ]
)


def places(
    functions: list[Function],
    names: dict[str, str],
    twins: Mapping[tuple[str, str], str] | None = None,
) -> pa.Table:
    """Which loop each source place of a unit's instructions lies in (PLACES; key NULL: none).

    Not a table of the lake: the join by loop reads it.
    """
    columns: dict[str, list[object]] = {name: [] for name in PLACES.names}
    for function in functions:
        stem = function_key(function, names, twins or {})
        for (file, line, column_), loop in function.places.items():
            columns["function"].append(function.name)
            columns["file"].append(file)
            columns["line"].append(line)
            columns["column"].append(column_)
            columns["key"].append(f"{stem}/{loop.path}" if loop else None)
            columns["depth"].append(loop.depth if loop else 0)
    return pa.table(columns, schema=PLACES)


def function_key(
    function: Function, names: Mapping[str, str], twins: Mapping[tuple[str, str], str]
) -> str:
    """The part of a loop key that names the function."""
    name = names.get(function.name, function.name)
    twin = twins.get((function.name, function.file)) if function.internal else None
    return name if twin is None else f"{name}@{twin}"


def twins(
    functions: Iterable[Function], spelled: Callable[[str], str]
) -> dict[tuple[str, str], str]:
    """Internal functions that share a name but not a file: (name, file) to the file as spelled.

    One that a header defines is the same in every unit that includes it.
    """
    files: dict[str, set[str]] = defaultdict(set)
    for function in functions:
        if function.internal:
            files[function.name].add(function.file)
    return {
        (name, file): spelled(file)
        for name, defined in files.items()
        if len(defined) > 1
        for file in defined
        if file
    }


#: Not a table of the lake either: `name` is what samples, callers and `functions` have for it.
TWINS = pa.schema([("function", STRING), ("file", STRING), ("name", STRING)])


def twin_rows(found: Mapping[tuple[str, str], str]) -> pa.Table:
    """The rows of TWINS."""
    rows = [
        {"function": name, "file": file, "name": f"{name}@{file}"}
        for (name, _), file in sorted(found.items())
    ]
    return pa.Table.from_pylist(rows, schema=TWINS)
