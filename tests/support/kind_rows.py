"""What a kind of finding says of a hot place whose rows are made up."""

from __future__ import annotations

from typing import Any

import duckdb

from corr.lake.sql import views
from corr.lake.tables import TABLES
from corr.system.shipped_files import shipped

#: What `findings` adds to the view `hot_places` before the kinds read it.
_ADDED = "NULL::DOUBLE AS reach, ''::VARCHAR AS by_model, NULL::DOUBLE AS now, 0::DOUBLE AS floor_of_memory, ''::VARCHAR AS quoted, 'true' AS here"
#: What else it tells the kinds: to what end calls are made, and which bodies other units have.
_BESIDE = (
    "aimed (run_id VARCHAR, id BIGINT, aim VARCHAR, copied BOOLEAN, part DOUBLE,"
    " spot STRUCT(caller VARCHAR, file VARCHAR, line BIGINT))",
    "apart (run_id VARCHAR, symbols VARCHAR[], head BIGINT, whole DOUBLE, places BIGINT,"
    " ids BIGINT[])",
)
#: A loop in the first cache that nothing is wrong with.
PLACE: dict[str, Any] = {
    **{"run_id": "r", "id": 1, "loop": "f/1", "place": "f.c:3", "function": "f", "symbol": "f"},
    **{"share": 0.9, "samples": 900, "sampled": 1000, "own": True, "object": "the program"},
    **{"entries": 1, "iterations": 1000.0, "trip_count": 1000.0, "cycles": 2.0, "now": 2.0},
    **{"model_cycles": 2.0, "work_cycles": 1.0, "reach": 1.0, "lanes": 1, "lanes_possible": 2},
    **{"machine_bits": 256, "elements_a_pass": 1, "element_bytes": 8, "calls": False},
    **{"machine_loop": 64, "instructions": 8, "loads": 1, "stores": 1, "divisions": 0},
    **{"branches": 1, "gathers": 0, "indexed_loads": 0, "atomics": 0, "stack_accesses": 0},
    **{"computed_loads": 0, "chased_loads": 0, "row_loads": 0, "far_accesses": 0},
    **{"sparsity": 1.0, "span": 8000.0},
    **{"walked": 8.0, "bytes": 16.0, "l1": 32768.0, "l2": 1e6, "l3": 1e7},
}


def opened() -> duckdb.DuckDBPyConnection:
    """Every table and view, empty, and the hot places `h`."""
    connection = duckdb.connect()
    for name, table in TABLES.items():
        connection.register("declared", table.schema.empty_table())
        connection.execute(f"CREATE TABLE {name} AS SELECT 'r' AS run_id, * FROM declared")
        connection.unregister("declared")
    waiting = [view for view in views() if view.name != "findings"]
    while waiting:
        left = [view for view in waiting if not _made(connection, view.name, view.sql)]
        assert len(left) < len(waiting), [view.name for view in left]
        waiting = left
    connection.execute(f"CREATE TABLE h AS SELECT *, {_ADDED} FROM hot_places LIMIT 0")
    for made in _BESIDE:
        connection.execute(f"CREATE TABLE {made}")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """A row of run r."""
    values = {"run_id": "r", **values}
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def place(connection: duckdb.DuckDBPyConnection, **values: object) -> None:
    """A hot place: `PLACE` but for what is given."""
    insert(connection, "h", **{**PLACE, **values})


def code(connection: duckdb.DuckDBPyConnection, *rows: dict[str, object]) -> None:
    """The instructions of the place's machine loop."""
    for at, row in enumerate(rows):
        usual = {"address": 64 + at, "machine_loop": 64, "loop": "f/1", "stack": False}
        insert(connection, "instructions", **{**usual, "load_bytes": 0, "store_bytes": 0, **row})


def said(connection: duckdb.DuckDBPyConnection, kind: str) -> list[dict[str, Any]]:
    """What that kind says of the places."""
    found = connection.execute((shipped("queries") / "findings" / f"{kind}.sql").read_text())
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _made(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> bool:
    try:
        connection.execute(f"CREATE VIEW {name} AS {sql}")
    except duckdb.Error:
        return False
    return True
