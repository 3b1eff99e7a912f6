"""Attribute every fact of a run to the innermost loop holding its source place.

The joins are the SQL files in queries/attribute, run in the order of their names; this module
only hands them the tables and takes the results.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from collectors.base.table import Problem
from collectors.source_loops.loops import PLACES, TWINS
from corr.lake.caller_table import CALLERS
from corr.lake.tables import JOINED, TABLES
from corr.system.shipped_files import shipped

#: Tables that the queries read; those they write again come out as `<name>_out`.
_WRITTEN = tuple(JOINED)
READ = ("loops", "lines", "source", "stacks", *_WRITTEN)
#: Of the largest tables, the columns that the queries read; `<name>_out` tells rows by `row`.
_NARROW = {
    "instructions": (
        *("address", "symbol", "block", "machine_loop", "frames"),
        *("function", "file", "line", "column"),
    ),
    "remarks": (
        *("unit", "document", "pass", "tag", "count"),
        *("function", "file", "line", "column"),
    ),
}
#: Tables whose counts the samples may contradict.
_COUNTED = ("trips", "execution_regions")
#: Tables that are made by the queries alone.
_MADE = (CALLERS.name,)


def attribute(gathered: Mapping[str, pa.Table]) -> tuple[dict[str, pa.Table], list[Problem]]:
    """The tables of the lake, those with source places now with their `loop`; and what looks wrong.

    `gathered` holds each of them, and `loop_places` and `twins` where the front end's IR was read.
    """
    connection = duckdb.connect()
    try:
        connection.register("loop_places", gathered.get("loop_places", PLACES.empty_table()))
        connection.register("twins", gathered.get("twins", TWINS.empty_table()))
        for name in READ:
            connection.register(name, _read(name, gathered[name]))
        for name in _COUNTED:
            connection.register(name, gathered.get(name, TABLES[name].empty()))
        for path in sorted((shipped("queries") / "attribute").glob("*.sql")):
            connection.execute(path.read_text())
        done = {name: rows for name, rows in gathered.items() if name in TABLES}
        for name in (*_WRITTEN, *_MADE, *_COUNTED):
            done[name] = _written(connection, name, gathered.get(name))
        return done, [Problem(*row) for row in connection.sql("FROM doubts").fetchall()]
    finally:
        connection.close()


def _read(name: str, rows: pa.Table) -> pa.Table:
    """A table as the queries see it."""
    if name in _NARROW:
        number = pa.array(range(len(rows)), pa.int64())
        return rows.select(_NARROW[name]).append_column("row", number)
    return rows.drop_columns([c for c in JOINED.get(name, ()) if c in rows.column_names])


def _written(connection: duckdb.DuckDBPyConnection, name: str, before: pa.Table | None) -> pa.Table:
    """A table as the queries left it, in the lake's columns."""
    schema = TABLES[name].schema
    narrow = name in _NARROW
    columns = ", ".join(f'"{n}"' for n in (JOINED[name] if narrow else schema.names))
    order = " ORDER BY row" if narrow else ""
    found = connection.sql(f"SELECT {columns} FROM {name}_out{order}").to_arrow_table()
    if not narrow or before is None:
        return found.cast(schema)
    columns_of = {field: found if field in JOINED[name] else before for field in schema.names}
    cells = [rows[field] for field, rows in columns_of.items()]
    return pa.table(cells, names=schema.names).cast(schema)
