"""Counts of generated sources, at the places that their `#line` directives name.

llvm-cov names the file that was compiled; DWARF, remarks and whoever reads them name what it was
generated from, as a compiler does everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from collectors.measured.execution import EXECUTION, EXECUTION_REGIONS

#: `#line 7 "a.y"`, `#line 7`, `# 7 "a.y" 2`
_DIRECTIVE = re.compile(rb'^[ \t]*#[ \t]*(?:line[ \t]+)?(\d{1,9})(?:[ \t]+"((?:[^"\\]|\\.)*)")?')

#: A line's place as the compiler presumes it.
Place = tuple[str, int]


def presumed(
    tables: Mapping[str, pa.Table], directories: Mapping[Path, Path]
) -> dict[str, pa.Table]:
    """The tables of counts with lines of generated files named as their directives say.

    `directories` says where the compiler of a source ran, which names are relative to.
    """
    known: dict[str, list[Place]] = {}
    for table in (tables[EXECUTION.name], tables[EXECUTION_REGIONS.name]):
        for name in table["file"].unique().to_pylist():
            if name is not None and name not in known:
                path = Path(name)
                known[name] = places(path, directories.get(path, path.parent))
    known = {name: found for name, found in known.items() if found}
    if not known:
        return dict(tables)
    return {
        **tables,
        EXECUTION.name: _lines(tables[EXECUTION.name], known),
        EXECUTION_REGIONS.name: _regions(tables[EXECUTION_REGIONS.name], known),
    }


def places(path: Path, directory: Path) -> list[Place]:
    """Where each line of a file is presumed to be; none where no directive says so."""
    try:
        text = path.read_bytes()
    except OSError:
        return []
    if b"#" not in text or not any(map(_DIRECTIVE.match, text.splitlines())):
        return []
    found: list[Place] = []
    file, number = str(path), 1
    for line in text.splitlines():
        found.append((file, number))
        number += 1
        directive = _DIRECTIVE.match(line)
        if directive:
            number = int(directive[1])
            if directive[2] is not None:
                name = re.sub(rb"\\(.)", rb"\1", directive[2]).decode("utf-8", "surrogateescape")
                file = str(directory / name) if name else str(path)
    return found


def _lines(table: pa.Table, known: Mapping[str, list[Place]]) -> pa.Table:
    """A row a presumed line: of several that have come of it, the most frequent."""
    counts: dict[Place, int | None] = {}
    for row in table.to_pylist():
        place = _at(known, row["file"], row["line"])
        before = counts.get(place)
        counts[place] = row["count"] if before is None else max(before, row["count"] or 0)
    rows = [{"file": f, "line": n, "count": count} for (f, n), count in counts.items()]
    return pa.Table.from_pylist(rows, schema=table.schema)


def _regions(table: pa.Table, known: Mapping[str, list[Place]]) -> pa.Table:
    """The regions; one that ends in another file keeps the lines that it spans."""
    rows = table.to_pylist()
    for row in rows:
        if row["file"] not in known or row["line"] is None:
            continue
        start = _at(known, row["file"], row["line"])
        end = _at(known, row["file"], row["end_line"])
        spans = row["end_line"] - row["line"]
        row |= {"file": start[0], "line": start[1]}
        row["end_line"] = end[1] if end[0] == start[0] and end[1] >= start[1] else start[1] + spans
    return pa.Table.from_pylist(rows, schema=table.schema)


def _at(known: Mapping[str, list[Place]], file: str, line: int) -> Place:
    lines = known.get(file, ())
    return lines[line - 1] if 0 < line <= len(lines) else (file, line)
