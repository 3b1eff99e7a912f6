"""The text of the files that remarks name, as far as they lie below the import's root.

A record may come from elsewhere: what it names outside of that folder is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from collectors.base.table import Problem
from collectors.source_loops import source_text
from collectors.source_loops.statements import statements

#: Bytes of source text that an import keeps at most.
LARGEST = 256 << 20


@dataclass(frozen=True)
class Told:
    """How many remarks there are on a file, and how many of them name a loop."""

    remarks: int
    of_loops: int


def told(remarks: Path) -> dict[str, Told]:
    """What a run's written remarks say, by file."""
    with duckdb.connect() as connection:
        query = "SELECT file, sum(count)::BIGINT, count(loop) FROM read_parquet(?) GROUP BY file"
        found = connection.execute(query, [str(remarks)]).fetchall()
    return {file: Told(*counts) for file, *counts in found if file}


def without_loops(said: Mapping[str, Told], source: pa.Table) -> list[Problem]:
    """That remarks name none of the loops which their files have, as those of rustc."""
    silent = {file for file, counts in said.items() if not counts.of_loops}
    lines: dict[str, list[str]] = {}
    for file, text in zip(source["file"].to_pylist(), source["text"].to_pylist(), strict=True):
        if file in silent:
            lines.setdefault(file, []).append(text)
    found = [file for file, texts in lines.items() if statements("\n".join(texts))]
    if not found:
        return []
    more = f" and {len(found) - 3} more files" if len(found) > 3 else ""
    count = sum(said[file].remarks for file in found)
    what = f"the {count} remarks name no loop: nothing of the loops there can be compared"
    return [Problem("loops", f"{', '.join(found[:3])}{more}", what)]


def texts(files: Iterable[str], root: Path) -> tuple[pa.Table, list[Problem]]:
    """The `source` rows of files, as tables name them, that are there and lie below `root`."""
    found = dict(_below(files, root))
    kept: dict[str, Path] = {}
    total = 0
    for name, path in found.items():
        total += path.stat().st_size
        if total <= LARGEST:
            kept[name] = path
    table, problems = source_text.read(kept)
    if len(kept) < len(found):
        what = f"{len(found) - len(kept)} source files are left out: all are above 256 MB"
        problems.append(Problem("source", "", what))
    return table, problems


def _below(files: Iterable[str], root: Path) -> Iterator[tuple[str, Path]]:
    top = root.resolve()
    for name in sorted(files):
        try:
            path = (top / name).resolve()
            if path.is_relative_to(top) and path.is_file():
                yield name, path
        except (OSError, ValueError, RuntimeError):
            continue
