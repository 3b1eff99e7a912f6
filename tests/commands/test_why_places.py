"""What `corr why` takes for a place: names as they are printed, and lines that begin a loop."""

from __future__ import annotations

import duckdb
import pytest

from collectors.base.errors import UsageError
from corr.lake.tables import TABLES
from corr.why import Place, _samples, resolve

SMOOTH = "double smooth<double>(std::vector<double, std::allocator<double>>&, double)"
LAMBDA = "void spmv<double>(Csr<double> const&)::'lambda'(unsigned long)::operator()(unsigned long) const"
LOOPS = (
    (f"{SMOOTH}/1", "_Z6smooth", SMOOTH, 40, 45, 1),
    (f"{SMOOTH}/1.1", "_Z6smooth", SMOOTH, 41, 43, 2),
    (f"{LAMBDA}/1", "_ZZ4spmvENK", LAMBDA, 20, 22, 1),
    ("main/1", "main", "main", 60, 70, 1),
)


@pytest.fixture
def lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE loops (run_id VARCHAR DEFAULT 'r', key VARCHAR, function VARCHAR, function_name VARCHAR,"
        " line INT, end_line INT, depth INT, file VARCHAR DEFAULT 'a/x.cpp',"
        " path VARCHAR AS (string_split(key, '/')[-1]))"
    )
    connection.executemany(
        "INSERT INTO loops (key, function, function_name, line, end_line, depth)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        LOOPS,
    )
    connection.execute(
        "CREATE TABLE instructions (run_id VARCHAR DEFAULT 'r', function VARCHAR, symbol VARCHAR, loop VARCHAR,"
        " frames STRUCT(file VARCHAR, line INT, function VARCHAR)[], file VARCHAR, line INT)"
    )
    header = "[{'file': '/usr/lib.h', 'line': 7}, {'file': 'a/x.cpp', 'line': 50}]"
    for values in (
        "('_Z6smooth', '_Z6smooth', NULL, NULL), ('main', 'main', NULL, NULL)",
        f"('_Zlib', '_Zabove', 'lib<int>/1', {header}), ('_Zabove', '_Zabove', NULL, NULL)",
        "('helper', 'main', NULL, NULL)",
    ):
        connection.execute(
            f"INSERT INTO instructions (function, symbol, loop, frames) VALUES {values}"
        )
    connection.execute(
        "INSERT INTO instructions (function, symbol, loop, file, line)"
        " VALUES ('lambda', 'main', 'combine/1', 'a/x.cpp', 64), ('main', 'main', 'main/1', 'a/x.cpp', 65)"
    )
    connection.execute(
        "CREATE TABLE functions AS SELECT 'r' AS run_id, '_Zabove' AS linkage, 'above(int)' AS name"
    )
    for table in ("source", "lines"):
        connection.execute(f"CREATE TABLE {table} AS SELECT 'r' AS run_id, 'a/x.cpp' AS file")
    for table in ("samples", "callers", "remarks"):
        connection.register("declared", TABLES[table].schema.empty_table())
        connection.execute(
            f"CREATE TABLE {table} AS SELECT NULL::VARCHAR AS run_id, * FROM declared"
        )
    return connection


@pytest.mark.parametrize(
    ("asked", "loops"),
    [
        (f"{SMOOTH}/1", [f"{SMOOTH}/1"]),
        ("smooth/1", [f"{SMOOTH}/1"]),
        ("smooth/1.1", [f"{SMOOTH}/1.1"]),
        ("smooth", [f"{SMOOTH}/1", f"{SMOOTH}/1.1"]),
        ("_Z6smooth", [f"{SMOOTH}/1", f"{SMOOTH}/1.1"]),
        ("spmv", [f"{LAMBDA}/1"]),
        ("spmv::'lambda'::operator()/1", [f"{LAMBDA}/1"]),
        ("main/1", ["main/1"]),
        ("helper", []),
        ("above", ["lib<int>/1"]),
    ],
)
def test_names(lake: duckdb.DuckDBPyConnection, asked: str, loops: list[str]) -> None:
    assert list(resolve(lake, asked).loops) == loops


@pytest.mark.parametrize(
    ("line", "loops", "whole"),
    [
        (40, [f"{SMOOTH}/1"], True),
        (41, [f"{SMOOTH}/1.1"], True),
        (42, [f"{SMOOTH}/1.1"], False),
        (45, [f"{SMOOTH}/1"], False),
        (50, ["lib<int>/1"], True),
        (51, [], False),
        (64, ["combine/1"], False),
        (65, ["main/1"], False),
    ],
)
def test_lines(lake: duckdb.DuckDBPyConnection, line: int, loops: list[str], whole: bool) -> None:
    place = resolve(lake, f"x.cpp:{line}")
    assert (list(place.loops), place.whole, place.line) == (loops, whole, line)


@pytest.mark.parametrize("asked", ["smooth/2", "operator()", "y.cpp:3", "smoth"])
def test_what_is_no_place(lake: duckdb.DuckDBPyConnection, asked: str) -> None:
    with pytest.raises(UsageError):
        resolve(lake, asked)


def test_a_name_with_its_place_behind_it(lake: duckdb.DuckDBPyConnection) -> None:
    assert resolve(lake, "smooth/1.1 (a/x.cpp:41)").loops == (f"{SMOOTH}/1.1",)
    assert resolve(lake, "above (a/x.cpp:50)").functions == ("_Zabove",)
    for overload in ("int", "long"):
        lake.execute(f"INSERT INTO functions VALUES ('r', '_Zs{overload}', 'step({overload})')")
        lake.execute(
            "INSERT INTO instructions (function, symbol, file, line)"
            f" VALUES ('_Zs{overload}', 'main', 'a/x.cpp', {6 if overload == 'int' else 9})"
        )
    assert resolve(lake, "step (a/x.cpp:9)").functions == ("_Zslong",)
    for several in ("step", "step (a/x.cpp:41)"):
        with pytest.raises(UsageError, match="may be any of"):
            resolve(lake, several)
    with pytest.raises(UsageError, match="knows no place"):
        resolve(lake, "stop (a/x.cpp:9)")


def test_samples_of_a_library_are_known_by_their_symbol(lake: duckdb.DuckDBPyConnection) -> None:
    lake.execute(
        "INSERT INTO samples (symbol, function, count) VALUES ('_Znwm', NULL, 3), ('f', 'f', 1)"
    )
    found = _samples(
        lake,
        Place("operator new", (), functions=("_Znwm",)),
        "list_contains(['_Znwm'], function)",
        [],
    )
    assert (found["samples"], found["total"], found["share"]) == (3, 4, 0.75)
