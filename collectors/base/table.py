"""What a collector hands over: a declared table, its rows, and what went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

#: A place in the source; lines and columns count from 1, as in DWARF.
STRING = pa.string()
INT = pa.int64()
LINE = pa.int32()
REAL = pa.float64()
BOOL = pa.bool_()


@dataclass(frozen=True)
class Table:
    """A table of the lake: its name, one sentence of purpose, its Arrow schema and schema version.

    The lake adds `run_id` as the first column when a run is committed.
    """

    name: str
    purpose: str
    schema: pa.Schema
    version: int = 1

    def rows(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """An Arrow table from mappings; a missing key is NULL, an unknown key is a KeyError."""
        listed = list(rows)
        known = set(self.schema.names)
        for row in listed:
            if not known.issuperset(row):
                raise KeyError(f"{self.name} has no column {sorted(set(row) - known)}")
        columns = [
            _array([row.get(field.name) for row in listed], field.type) for field in self.schema
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def empty(self) -> pa.Table:
        """The table without a row."""
        return pa.Table.from_batches([], self.schema)


def _array(values: list[Any], type: pa.DataType) -> pa.Array:
    """The values of a column. Bytes of a name that were no UTF-8 are escaped: `\\udc80`."""
    try:
        return pa.array(values, type)
    except UnicodeEncodeError:
        escaped = [
            v.encode("utf-8", "backslashreplace").decode() if isinstance(v, str) else v
            for v in values
        ]
        return pa.array(escaped, type)


@dataclass(frozen=True)
class Problem:
    """Something a layer could not do. It becomes a row of the `problems` table, never silence.

    `where` is a file, file:line, tool or counter; `fix` says what the reader can do about it.
    """

    layer: str
    where: str
    what: str
    fix: str = ""
    count: int = 1


def column(name: str, type: pa.DataType, doc: str) -> pa.Field:
    """A column with its one-line meaning, which `corr sql --list` prints."""
    return pa.field(name, type, metadata={"doc": doc})


PROBLEMS = Table(
    "problems",
    "what a layer could not do, with the reason and what to do about it",
    pa.schema(
        [
            column("layer", STRING, "collector that reports it"),
            column("where", STRING, "file, file:line, tool or counter"),
            column("what", STRING, "what is missing or wrong"),
            column("fix", STRING, "what to do about it"),
            column("count", INT, "how often it happened"),
        ]
    ),
)


def problem_rows(problems: Iterable[Problem]) -> pa.Table:
    """The problems of a run as a table, equal ones merged into one row with their count."""
    merged: dict[tuple[str, str, str, str], int] = {}
    for p in problems:
        key = (p.layer, p.where, p.what, p.fix)
        merged[key] = merged.get(key, 0) + p.count
    names = PROBLEMS.schema.names
    return PROBLEMS.rows(
        dict(zip(names, (*key, count), strict=True)) for key, count in merged.items()
    )
