"""The text of the source files that a run has facts about, so that it can be read without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base.table import LINE, STRING, Problem, Table, column

#: Bytes of a source file from which it is left out.
LARGEST = 64 << 20

SOURCE = Table(
    "source",
    "the text of each source file as it was compiled, a line a row",
    pa.schema(
        [
            column("file", STRING, "source file"),
            column("line", LINE, "line, from 1"),
            column("text", STRING, "the line without its end; invalid UTF-8 is replaced"),
        ]
    ),
)


def read(files: Mapping[str, Path]) -> tuple[pa.Table, list[Problem]]:
    """The `source` rows of files (name in the tables → path); what cannot be read is a problem."""
    problems: list[Problem] = []
    columns: dict[str, list[Any]] = {"file": [], "line": [], "text": []}
    for name, path in files.items():
        try:
            if path.stat().st_size > LARGEST:
                problems.append(Problem("source", name, "larger than 64 MB, left out"))
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            problems.append(Problem("source", name, f"cannot be read: {error.strerror}"))
            continue
        lines = text.split("\n")
        columns["file"] += [name] * len(lines)
        columns["line"] += range(1, len(lines) + 1)
        columns["text"] += [line.rstrip("\r") for line in lines]
    return pa.table(columns, schema=SOURCE.schema), problems


def extent(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> Iterator[str]:
    """The text from one (line, column) to the end of the token at another; both from 1.

    Comments are not removed. Nothing where the place is not in the file.
    """
    for number in range(start[0], end[0] + 1):
        if not 1 <= number <= len(lines):
            return
        text = lines[number - 1]
        yield text[start[1] - 1 :] if number == start[0] else text
