"""Any table or view of the lake as Parquet or CSV."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.base.errors import UsageError
from corr.console.output import Format, emit
from corr.lake.sql import ask, views
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES
from corr.system.disk import disk_errors

if TYPE_CHECKING:
    import pyarrow as pa

#: Formats by the ending of the file's name.
PARQUET, CSV = (".parquet", ".pq"), (".csv",)


def rows(lake: Lake, name: str, run: RunInfo | None) -> pa.Table:
    """All rows of a table or view, of one run or of the lake. Raises UsageError."""
    known = [*TABLES, *(view.name for view in views())]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`corr sql --list` lists them"
        raise UsageError(f"there is no table or view {name!r}", hint)
    return ask(lake, f"FROM {name}", runs=[run] if run else None)


def kind_of(path: Path) -> str:
    """`parquet` or `csv`, by the name. Raises UsageError for another."""
    ending = path.suffix.lower()
    if ending in PARQUET:
        return "parquet"
    if ending in CSV:
        return "csv"
    raise UsageError(
        f"{path}: how to write it is told by the name's ending", "name it .parquet or .csv"
    )


def write(found: pa.Table, path: Path) -> None:
    """The rows as a file; nested values become JSON in CSV. Raises CorrError."""
    import pyarrow.parquet as pq

    with disk_errors(path):
        if kind_of(path) == "parquet":
            pq.write_table(found, path, compression="zstd")
        else:
            with path.open("w", encoding="utf-8", newline="") as out:
                emit(found, Format.csv, out=out)
