"""The text of the files that remarks name, as far as they lie below the import's root.

A record may come from elsewhere: what it names outside of that folder is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from collectors.base.table import Problem
from collectors.source_loops import source_text

#: Bytes of source text that an import keeps at most.
LARGEST = 256 << 20


def texts(files: Iterable[str | None], root: Path) -> tuple[pa.Table, list[Problem]]:
    """The `source` rows of files, as tables name them, that are there and lie below `root`."""
    found = dict(_below({f for f in files if f}, root))
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
