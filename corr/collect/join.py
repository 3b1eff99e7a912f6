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
from corr.lake.tables import JOINED, TABLES
from corr.system.shipped_files import shipped

#: Tables that the queries read; those they write again come out as `<name>_out`.
_WRITTEN = tuple(JOINED)
_READ = ("loops", "lines", "source", *_WRITTEN)


def attribute(
    facts: Mapping[str, pa.Table], places: pa.Table | None = None
) -> tuple[dict[str, pa.Table], list[Problem]]:
    """The same tables, those with source places now with their `loop`; and what looks wrong.

    `places` are the rows of `loops.places`, where the front end's IR was read.
    """
    connection = duckdb.connect()
    try:
        known = places if places is not None else PLACES.empty_table()
        connection.register("loop_places", known)
        for name in _READ:
            rows = facts[name]
            filled = [c for c in JOINED.get(name, ()) if c in rows.column_names]
            connection.register(name, rows.drop_columns(filled))
        for path in sorted((shipped("queries") / "attribute").glob("*.sql")):
            connection.execute(path.read_text())
        done = dict(facts)
        for name in _WRITTEN:
            columns = ", ".join(f'"{n}"' for n in TABLES[name].schema.names)
            result = connection.sql(f"SELECT {columns} FROM {name}_out").to_arrow_table()
            done[name] = result.cast(TABLES[name].schema)
        return done, [Problem(*row) for row in connection.sql("FROM doubts").fetchall()]
    finally:
        connection.close()
