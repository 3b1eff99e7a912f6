"""How many iterations a pass of each machine loop makes, on tiny tables."""

from __future__ import annotations

import duckdb
import pytest

from corr.lake.sql import views
from corr.lake.tables import TABLES

VECTORS = ("loop-vectorize", "Vectorized", {"VectorizationFactor": "4", "InterleaveCount": "2"})
AT_RUN_TIME = (
    "loop-unroll",
    "PartialUnrolled",
    {"UnrollCount": "4", "String": "run-time trip count"},
)
#: Of one load and one store of floats: the bytes of a vector, how many in a pass, what it moves by.
MAIN, REMAINDER, COPIES = (16, 2, 32), (4, 1, 4), (4, 4, 16)


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in ("remarks", "machine_loops", "instructions"):
        connection.register("declared", TABLES[name].schema.empty_table())
        connection.execute(f"CREATE TABLE {name} AS SELECT 'r' AS run_id, * FROM declared")
        connection.unregister("declared")
    for name in ("transformed", "iterations_a_pass"):
        connection.execute(
            f"CREATE VIEW {name} AS {next(v for v in views() if v.name == name).sql}"
        )
    return connection


def lay(
    tables: duckdb.DuckDBPyConnection,
    remarks: list[tuple[str, str, dict[str, str]]],
    loops: list[tuple[int, int, int]],
) -> list[int]:
    """The iterations of each machine loop of f/1."""
    for pass_, name, args in remarks:
        tables.execute(
            "INSERT INTO remarks (run_id, pass, name, tag, loop, args)"
            " VALUES ('r', ?, ?, 'Passed', 'f/1', ?)",
            [pass_, name, [{"key": k, "value": v} for k, v in args.items()]],
        )
    for number, (size, copies, step) in enumerate(loops):
        tables.execute(
            "INSERT INTO machine_loops (run_id, machine_loop, loop, innermost)"
            f" VALUES ('r', {number}, 'f/1', true)"
        )
        tables.execute(
            "INSERT INTO instructions (run_id, machine_loop, loop, load_bytes, store_bytes, packed,"
            " through, displacement, step, stack)"
            f" SELECT 'r', {number}, 'f/1', CASE k WHEN 0 THEN {size} ELSE 0 END,"
            f" CASE k WHEN 1 THEN {size} ELSE 0 END, {size > 8}, CASE k WHEN 0 THEN 'rsi' ELSE 'rdi' END,"
            f" n * {size}, {step}, false FROM range({copies}) t(n), range(2) u(k)"
        )
    found = tables.sql("SELECT iterations FROM iterations_a_pass ORDER BY machine_loop").fetchall()
    return [row[0] for row in found]


def test_what_is_unrolled_beside_the_vectors_is_not_theirs(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    assert lay(tables, [VECTORS, AT_RUN_TIME], [MAIN, REMAINDER, COPIES]) == [8, 1, 4]


def test_copies_without_a_remainder_are_told_by_their_accesses(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    assert lay(tables, [VECTORS, AT_RUN_TIME], [MAIN, COPIES]) == [8, 4]


def test_a_remainder_in_vectors_has_less_of_them(tables: duckdb.DuckDBPyConnection) -> None:
    assert lay(tables, [VECTORS], [MAIN, (16, 1, 16), REMAINDER]) == [8, 4, 1]
    tables.execute("DELETE FROM machine_loops WHERE machine_loop = 2")
    found = tables.sql("SELECT iterations FROM iterations_a_pass ORDER BY machine_loop")
    assert found.fetchall() == [(8,), (4,)], "the remarks speak of the longest"


def test_vectors_unrolled_by_a_known_count_multiply(tables: duckdb.DuckDBPyConnection) -> None:
    known = ("loop-unroll", "PartialUnrolled", {"UnrollCount": "2"})
    assert lay(tables, [VECTORS, known], [(16, 4, 64)]) == [16]


def test_a_loop_that_was_left_as_it_is_has_no_row(tables: duckdb.DuckDBPyConnection) -> None:
    assert lay(tables, [], [REMAINDER]) == []
