"""The difference of two runs' remarks as YAML, in the form of LLVM's opt-diff.py.

opt-viewer.py (share/opt-viewer of an LLVM installation) shows such a file: a remark that only the
second run has is marked with +, one that only the first has with -. As there, two remarks are the
same if pass, name, place, function and arguments are, and those without a place are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.base.foreign_text import visible
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo

REMARKS_SQL = """\
SELECT DISTINCT tag, pass, name, function, file, line, "column", hotness, args
FROM remarks WHERE file IS NOT NULL AND line IS NOT NULL
ORDER BY file, line, "column", pass, name, tag, function"""


def opt_diff(lake: Lake, a: RunInfo, b: RunInfo) -> Iterator[str]:
    """The documents: what b added, then what it has lost, each by place."""
    before, after = _remarks(lake, a), _remarks(lake, b)
    for key, row in after.items():
        if key not in before:
            yield _document(row, added=True)
    for key, row in before.items():
        if key not in after:
            yield _document(row, added=False)


def _remarks(lake: Lake, run: RunInfo) -> dict[tuple[Any, ...], dict[str, Any]]:
    connection = connect(lake, [run], ["remarks"])
    try:
        return {_key(row): row for row in rows(connection, REMARKS_SQL)}
    finally:
        connection.close()


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    arguments = tuple(
        (a["key"], a["value"], a["file"], a["line"], a["column"]) for a in row["args"] or ()
    )
    names = ("tag", "pass", "name", "function", "file", "line", "column")
    return (*(row[name] for name in names), arguments)


def _document(row: Mapping[str, Any], *, added: bool) -> str:
    lines = [
        f"--- !{row['tag']}",
        f"Pass: {_quoted(row['pass'])}",
        f"Name: {_quoted(row['name'])}",
        f"DebugLoc: {_place(row)}",
        f"Function: {_quoted(row['function'] or '')}",
    ]
    if row["hotness"] is not None:
        lines.append(f"Hotness: {row['hotness']}")
    lines.append("Args:" if row["args"] else "Args: []")
    for argument in row["args"] or ():
        lines.append(f"  - {_quoted(argument['key'])}: {_quoted(argument['value'] or '')}")
        if argument["file"] is not None:
            lines.append(f"    DebugLoc: {_place(argument)}")
    return "\n".join([*lines, f"Added: {str(added).lower()}", "...", ""])


def _place(row: Mapping[str, Any]) -> str:
    return (
        f"{{ File: {_quoted(row['file'])}, Line: {row['line'] or 0},"
        f" Column: {row['column'] or 0} }}"
    )


def _quoted(text: str) -> str:
    """A double-quoted scalar, in which nothing ends the line or the scalar."""
    return '"' + visible(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
