"""`corr sql`: every table and view, and nothing but reading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.errors import UsageError
from corr.lake import Lake
from corr.sql import connect, query, views
from corr.tables import TABLES


def test_an_empty_lake_has_every_table_and_view(tmp_path: Path) -> None:
    connection = connect(Lake.open(tmp_path / "data", create=True))
    for name in [*TABLES, *(v.name for v in views())]:
        assert len(query(connection, f"SELECT * FROM {name}")) == 0


def test_columns_of_views_are_as_their_headers_say(gemm_lake: Path) -> None:
    connection = connect(Lake.open(gemm_lake / "data"))
    for view in views():
        described = query(connection, f"DESCRIBE {view.name}")["column_name"].to_pylist()
        listed = [c.strip() for c in view.columns.split(",")]
        assert set(listed) <= set(described), view.name
        assert view.purpose and view.grain


def test_stored_schemas_are_the_declared_ones(gemm_lake: Path) -> None:
    connection = connect(Lake.open(gemm_lake / "data"))
    for table in TABLES.values():
        described = query(connection, f"DESCRIBE {table.name}")["column_name"].to_pylist()
        assert described == ["run_id", *table.schema.names]
        for field in table.schema:
            assert field.metadata[b"doc"], f"{table.name}.{field.name}"


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM runs",
        "CREATE TABLE t (x INT)",
        "COPY (SELECT 1) TO '{lake}/x'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{lake}/runs/x'",
        "explain analyze create table t as select 1",
        "ATTACH '{lake}/runs/x.db'",
        "SET threads = 1",
        "INSTALL httpfs",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '{lake}/../secret.csv'",
        "SELECT * FROM read_text('{lake}/runs/../../secret.csv')",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "SELECT * FROM nothing",
        "",
    ],
)
def test_refused(tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    lake = Lake.open(tmp_path / "data", create=True)
    before = sorted(p.name for p in lake.root.rglob("*"))
    with pytest.raises(UsageError):
        query(connect(lake), sql.format(lake=lake.root))
    assert sorted(p.name for p in lake.root.rglob("*")) == before


def test_allowed(gemm_lake: Path) -> None:
    connection = connect(Lake.open(gemm_lake / "data"))
    for sql in (
        "FROM runs",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "DESCRIBE runs",
        "SHOW TABLES",
        "SUMMARIZE timings",
        "EXPLAIN SELECT * FROM hotspots",
        "EXPLAIN ANALYZE SELECT count(*) FROM remarks",
    ):
        assert len(query(connection, sql)) > 0, sql


def test_formats(gemm_lake: Path, corr) -> None:
    sql = "SELECT 'a|b' AS x, 1.5 AS y, NULL AS z, [1, 2] AS w ORDER BY 1"
    expected = {
        "json": '[\n {\n  "x": "a|b",\n  "y": 1.5,\n  "z": null,\n  "w": [\n   1,\n   2\n  ]\n }\n]\n',
        "jsonl": '{"x": "a|b", "y": 1.5, "z": null, "w": [1, 2]}\n',
        "csv": 'x,y,z,w\na|b,1.5,,"[1, 2]"\n',
        "markdown": "| x | y | z | w |\n| --- | --- | --- | --- |\n| a\\|b | 1.5 |  | [1, 2] |\n",
    }
    for name, text in expected.items():
        done = corr("sql", sql, "--format", name, cwd=gemm_lake)
        assert (done.returncode, done.stderr) == (0, "")
        got, wanted = done.stdout, text
        if name == "json":
            assert json.loads(got)[0]["w"] == [1, 2]
            continue
        if name == "jsonl":
            assert json.loads(got)["w"] == [1, 2]
            continue
        assert got == wanted
    table = corr("sql", sql, cwd=gemm_lake)
    assert table.stdout.splitlines()[0].split() == ["x", "y", "z", "w"]


def test_listing_names_everything(gemm_lake: Path, corr) -> None:
    done = corr("sql", "--list", "--format", "json", cwd=gemm_lake)
    names = {row["name"] for row in json.loads(done.stdout)}
    assert names == set(TABLES) | {v.name for v in views()}


def test_prompt(gemm_lake: Path, corr) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "corr", "sql", "--format", "csv"],
        cwd=gemm_lake,
        input="SELECT 1\n AS one;\nSELEC;\nSELECT 2 AS two;\n",
        capture_output=True,
        text=True,
    )
    assert done.stdout == "one\n1\ntwo\n2\n" and "syntax error" in done.stderr
    assert done.returncode == 0
