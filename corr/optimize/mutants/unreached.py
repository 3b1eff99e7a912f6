"""Where a program ends or complains, and no run of it came: no output shows that it still does.

So a change has to keep these statements, as often as they are there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

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


def exits(lake: Lake, run: RunInfo, original: Variant) -> Exits:
    """The exits of its own sources that no run came to; none where nothing was counted.

    A result is an exit in main, and beside a complaint: others go on in what is computed.
    """
    if run.table("execution_regions") is None:
        return {}
    paths = {original.program.label(unit): unit.source for unit in original.program.units}
    found: dict[Path, dict[tuple[int, int], bytes]] = {}
    for row in ask(lake, _NEVER, (), [run]).to_pylist():
        path = paths.get(row["file"])
        if path is None:
            continue
        lines = _bytes(original.text(path)).splitlines(keepends=True)
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
                return (
                    f"it leaves out a statement of {path.name} that ends or complains, where no"
                    " run came, so that no check sees it: keep it as it is"
                )
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _bare(text: bytes) -> bytes:
    return b"".join(text.split())
