"""The views that `corr why`, summaries and reports share, on tiny tables."""

from __future__ import annotations

import duckdb
import pytest

from corr.lake.sql import rows, views
from corr.lake.tables import TABLES


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    """The tables that the views read, empty, and the views over them."""
    connection = duckdb.connect()
    for name in ("samples", "cachegrind", "machine_loops", "mca"):
        connection.register("declared", TABLES[name].schema.empty_table())
        connection.execute(
            f"CREATE TABLE {name} AS SELECT NULL::VARCHAR AS run_id, * FROM declared"
        )
        connection.unregister("declared")
    for view in views():
        if view.name in ("address_samples", "cachegrind_sums", "machine_loop_model"):
            connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def test_samples_of_an_address_are_those_of_the_program(tables: duckdb.DuckDBPyConnection) -> None:
    for run, address, own, count in (
        ("r", 16, True, 2),
        ("r", 16, True, 3),
        ("r", 16, False, 100),
        ("r", 20, False, 7),
        ("s", 16, True, 1),
    ):
        insert(tables, "samples", run_id=run, address=address, own=own, count=count)
    assert tables.sql("FROM address_samples ORDER BY ALL").fetchall() == [
        ("r", 16, 5),
        ("s", 16, 1),
    ]


def test_cachegrind_is_summed_by_place(tables: duckdb.DuckDBPyConnection) -> None:
    events = {"Ir": 10, "Dr": 5, "D1mr": 4, "DLmr": 3, "Dw": 2, "D1mw": 1}
    for line, loop in ((3, "f/1"), (3, "f/1"), (4, None)):
        place = {"run_id": "r", "file": "f.c", "line": line, "function": "f", "loop": loop}
        insert(tables, "cachegrind", **place, **events)
    insert(tables, "cachegrind", run_id="r", file="f.c", line=5, function="f", Ir=1)
    found = {row["line"]: row for row in rows(tables, "FROM cachegrind_sums")}
    names = ("instructions", "reads", "l1_read_misses", "last_level_read_misses", "writes")
    assert [found[3][name] for name in names] == [20, 10, 8, 6, 4]
    assert (found[3]["loop"], found[3]["l1_write_misses"]) == ("f/1", 2)
    assert (found[4]["loop"], found[4]["instructions"]) == (None, 10)
    assert (found[5]["instructions"], found[5]["reads"]) == (1, None), "not simulated is not 0"


def test_a_machine_loop_without_a_model_is_there(tables: duckdb.DuckDBPyConnection) -> None:
    for number, run in ((1, "r"), (2, "r"), (1, "s")):
        insert(tables, "machine_loops", run_id=run, machine_loop=number, loop="f/1", innermost=True)
    insert(tables, "mca", run_id="r", machine_loop=1, cpu="znver4", bound="dependencies")
    insert(tables, "mca", run_id="r", machine_loop=9, cpu="znver4")
    found = tables.sql(
        "SELECT run_id, machine_loop, cpu, bound FROM machine_loop_model ORDER BY ALL"
    ).fetchall()
    assert found == [
        ("r", 1, "znver4", "dependencies"),
        ("r", 2, None, None),
        ("s", 1, None, None),
    ]
