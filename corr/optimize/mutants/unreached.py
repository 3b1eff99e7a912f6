"""What no run of a program came to: no output shows that a change leaves it as it is.

Where it ends or complains, a change has to keep the statements, as often as they are there. A
function that never ran has to stay as it is altogether, unless corr itself wrote the change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.variant import Variant

#: By the source's path: the statements without white space, and how often each is there.
Exits = Mapping[Path, Mapping[bytes, int]]

_EXIT = re.compile(
    rb"\b(?:(?P<result>return\b)|throw\b"
    rb"|(?:std::)?(?:_?exit|_Exit|quick_exit|abort|terminate|perror)\s*\("
    rb"|fprintf\s*\(\s*stderr\b|std::cerr\b)[^;{}]*;"
)
_NEVER = """
    SELECT file, line, "column", end_line, end_column, bool_or(function = 'main') AS main
    FROM execution_regions
    WHERE kind = 'code' AND file IS NOT NULL AND file NOT LIKE '/%'
    GROUP BY ALL HAVING sum(count) = 0 ORDER BY ALL
"""


#: Regions of a function are counted where it is compiled and called by its name.
_FUNCTIONS = """
    SELECT file, min((line, "column")) AS first, max((end_line, end_column)) AS last
    FROM execution_regions
    WHERE kind = 'code' AND file IS NOT NULL AND file NOT LIKE '/%' AND function IS NOT NULL
        AND coalesce(file_id, 0) = 0 -- others are where its macros come from
    GROUP BY file, function HAVING sum(count) = 0 ORDER BY ALL
"""


def of_run(lake: Lake, run: RunInfo, original: Variant) -> tuple[Exits, Exits]:
    """The exits, and the functions, that no run came to."""
    return exits(lake, run, original), functions(lake, run, original)


def functions(lake: Lake, run: RunInfo, original: Variant) -> Exits:
    """The bodies of functions that never ran; none where nothing was counted."""
    found: dict[Path, dict[tuple[int, int], bytes]] = {}
    for row, path, lines in _regions(lake, run, original, _FUNCTIONS):
        (line, column), (end_line, end_column) = row["first"].values(), row["last"].values()
        start = sum(map(len, lines[: line - 1])) + column - 1
        end = sum(map(len, lines[: end_line - 1])) + end_column
        body = _bare(b"".join(lines)[start:end])
        if body.startswith(b"{"):
            found.setdefault(path, {})[start, end] = body
    return {path: Counter(some.values()) for path, some in found.items()}


def _regions(
    lake: Lake, run: RunInfo, original: Variant, query: str
) -> Iterator[tuple[dict[str, Any], Path, list[bytes]]]:
    """Rows about the program's own sources, with the path and the lines of each."""
    if run.table("execution_regions") is None:
        return
    paths = {original.program.label(unit): unit.source for unit in original.program.units}
    for row in ask(lake, query, (), [run]).to_pylist():
        path = paths.get(row["file"])
        if path is not None:
            yield row, path, _bytes(original.text(path)).splitlines(keepends=True)


def exits(lake: Lake, run: RunInfo, original: Variant) -> Exits:
    """The exits of its own sources that no run came to; none where nothing was counted.

    A result is an exit in main, and beside a complaint: others go on in what is computed.
    """
    found: dict[Path, dict[tuple[int, int], bytes]] = {}
    for row, path, lines in _regions(lake, run, original, _NEVER):
        start = sum(map(len, lines[: row["line"] - 1])) + row["column"] - 1
        end = sum(map(len, lines[: row["end_line"] - 1])) + row["end_column"]
        some = list(_EXIT.finditer(b"".join(lines), start, end))
        every = row["main"] or any(not one["result"] for one in some)
        for one in some if every else ():
            found.setdefault(path, {})[one.span()] = _bare(one[0])
    return {path: Counter(some.values()) for path, some in found.items()}


def left_out(some: Exits, variant: Variant) -> str:
    """The first of them that a variant's text has less often, in words; empty if it keeps all."""
    for path, statements in some.items():
        text = _bare(_bytes(variant.texts.get(path, "")))
        for statement, times in statements.items():
            if path in variant.texts and text.count(statement) < times:
                what = "a statement that ends or complains, where no run came"
                if statement.startswith(b"{"):
                    what = "a function that no run came to"
                return (
                    f"it changes or leaves out {what} ({path.name}), so that no check sees it:"
                    " keep it as it is"
                )
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _bare(text: bytes) -> bytes:
    return b"".join(text.split())
