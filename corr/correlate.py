"""Attribute every fact of a run to the innermost loop holding its source place.

The joins are the SQL files in queries/attribute, run in the order of their names; this module
only hands them the tables and takes the results.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from corr.resources import shipped
from corr.tables import JOINED, TABLES

#: Tables that the queries read; those they write again come out as `<name>_out`.
_WRITTEN = tuple(JOINED)
_READ = ("loops", *_WRITTEN)


def attribute(facts: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The same tables, those with source places now with their `loop`."""
    connection = duckdb.connect()
    try:
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
        return done
    finally:
        connection.close()
