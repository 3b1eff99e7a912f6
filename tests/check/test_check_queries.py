"""The queries of the gate on tiny tables: what they say in their heads, and rows they must give."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from corr.lake.sql import connect
from corr.lake.store import Lake
from corr.system.shipped_files import shipped

QUERIES = sorted((shipped("queries") / "check").glob("*.sql"))


@pytest.fixture
def tables(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A connection to an empty lake whose tables can be filled."""
    connection = connect(Lake.open(tmp_path / "data", create=True), [])
    for name in ("loops", "remarks", "instructions", "samples", "missed", "problems"):
        connection.execute(f"CREATE TEMP TABLE given AS SELECT * FROM {name}")
        connection.execute(f"ALTER TABLE given RENAME TO {name}")
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in ("run_id", *values))
    marks = ", ".join("?" for _ in ("run_id", *values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", ["r", *values.values()])


def answer(connection: duckdb.DuckDBPyConnection, name: str, **values: object) -> list[tuple]:
    sql = (shipped("queries") / "check" / f"{name}.sql").read_text()
    return connection.execute(sql, {"run": "r", **values}).fetchall()


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_columns_are_as_the_head_says(path: Path, tables: duckdb.DuckDBPyConnection) -> None:
    text = path.read_text()
    head = dict(re.findall(r"^-- (purpose|grain|columns): (.*)$", text, re.MULTILINE))
    assert set(head) == {"purpose", "grain", "columns"}
    values = {"run": "r"} | ({"loops": ["f/1"]} if "$loops" in text else {})
    described = tables.execute(text, values).description
    assert [column[0] for column in described] == head["columns"].split(", ")


def test_places_of_loops_and_of_the_first_call(tables: duckdb.DuckDBPyConnection) -> None:
    insert(tables, "loops", key="f()/1", function="_Z1fv", function_name="f()", file="f.c", line=3)
    call = {"pass": "inline", "tag": "Missed", "function": "_Z1fv", "file": "f.c"}
    callee = [{"key": "Callee", "value": "g", "file": None, "line": None, "column": None}]
    for line in (9, 7, 8):
        insert(tables, "remarks", **call, args=callee, line=line, column=1)
    insert(tables, "remarks", **call | {"tag": "Passed"}, args=callee, line=1, column=1)
    insert(tables, "remarks", **call, args=callee, line=2, column=1, loop="f()/1")
    assert sorted(answer(tables, "places")) == [
        ("(f()) g", "f.c", 7, 1),
        ("f()/1", "f.c", 3, None),
    ]


def test_code_counts_packed_and_scalar_arithmetic(tables: duckdb.DuckDBPyConnection) -> None:
    for packed, vector_bits, loop in (
        (True, 256, "f/1"),
        (True, 128, "f/1"),
        (True, 128, "f/1"),
        (False, 0, "f/1"),
        (None, 512, "f/1"),  # a move
        (False, 0, "g/1"),
    ):
        insert(tables, "instructions", packed=packed, vector_bits=vector_bits, loop=loop)
    assert answer(tables, "code", loops=["f/1"]) == [("f/1", 256, 3, 1)]
    assert answer(tables, "code", loops=["g/1"]) == [("g/1", 0, 0, 1)]


def test_a_reason_is_the_vectorisers_and_weighty(tables: duckdb.DuckDBPyConnection) -> None:
    for pass_name, weight, words in (
        ("loop-vectorize", 1, "loop not vectorized: unsafe"),
        ("loop-vectorize", 1, "loop not vectorized: cannot"),
        ("loop-vectorize", 2, "loop not vectorized"),
        ("inline", 1, "a"),
    ):
        insert(tables, "missed", loop="f/1", weight=weight, words=words, **{"pass": pass_name})
    assert answer(tables, "reasons") == [("f/1", "loop not vectorized: cannot")]


def test_shares_are_of_all_samples(tables: duckdb.DuckDBPyConnection) -> None:
    insert(tables, "loops", key="f()/1", function="_Z1fv", function_name="f()")
    for function, count in (("_Z1fv", 2), ("_Z1fv", 1), (None, 1)):
        insert(tables, "samples", function=function, count=count)
    assert answer(tables, "shares") == [("_Z1fv", "f()", 0.75), (None, None, 0.25)]


def test_what_a_loop_calls(tables: duckdb.DuckDBPyConnection) -> None:
    for kind, operands, loop in (
        ("call", "0x1070 <_Z1gv@plt>", "f/1"),
        ("jump", "0x1070 <_Z1hv>", "f/1"),
        ("call", "0x1070 <_Z1gv+0x10>", "f/1"),
        ("call", "0x1070 <_Z1iv>", None),
        ("move", "%eax, %ebx", "g/1"),
    ):
        insert(tables, "instructions", kind=kind, operands=operands, loop=loop)
    ((loop, callees),) = answer(tables, "called")
    assert (loop, sorted(callees)) == ("f/1", ["_Z1gv", "_Z1hv"])


def test_a_library_that_stays_unread_is_a_part_of_the_record(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    insert(tables, "problems", layer="program", where="libx.so", what="linked into the program")
    assert answer(tables, "incomplete") == []
    unread = "stays a library of which little is known: its objects are bitcode"
    insert(tables, "problems", layer="program", where="liby.so", what=unread, count=1)
    assert answer(tables, "incomplete") == [("liby.so", unread, 1)]
