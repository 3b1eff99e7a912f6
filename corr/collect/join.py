"""Attribute every fact of a run to the innermost loop holding its source place.

The joins are the SQL files in queries/attribute, run in the order of their names; this module
only hands them the tables and takes the results.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from collectors.base.table import Problem
from collectors.source_loops.loops import PLACES
from corr.lake.caller_table import CALLERS
from corr.lake.tables import JOINED, TABLES
from corr.system.shipped_files import shipped

#: Tables that the queries read; those they write again come out as `<name>_out`.
_WRITTEN = tuple(JOINED)
_READ = ("loops", "lines", "source", "stacks", *_WRITTEN)
#: Tables that are made by the queries alone.
_MADE = (CALLERS.name,)


def attribute(gathered: Mapping[str, pa.Table]) -> tuple[dict[str, pa.Table], list[Problem]]:
    """The tables of the lake, those with source places now with their `loop`; and what looks wrong.

    `gathered` holds each of them, and `loop_places` where the front end's IR was read.
    """
    connection = duckdb.connect()
    try:
        connection.register("loop_places", gathered.get("loop_places", PLACES.empty_table()))
        for name in _READ:
            rows = gathered[name]
            filled = [c for c in JOINED.get(name, ()) if c in rows.column_names]
            connection.register(name, rows.drop_columns(filled))
        for path in sorted((shipped("queries") / "attribute").glob("*.sql")):
            connection.execute(path.read_text())
        done = {name: rows for name, rows in gathered.items() if name in TABLES}
        for name in (*_WRITTEN, *_MADE):
            columns = ", ".join(f'"{n}"' for n in TABLES[name].schema.names)
            result = connection.sql(f"SELECT {columns} FROM {name}_out").to_arrow_table()
            done[name] = result.cast(TABLES[name].schema)
        return done, [Problem(*row) for row in connection.sql("FROM doubts").fetchall()]
    finally:
        connection.close()
