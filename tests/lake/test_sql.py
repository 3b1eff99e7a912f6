"""`corr sql`: every table and view, and nothing but reading."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collectors.base.errors import UsageError
from corr.lake.sql import ask, connect, query, view_records, views
from corr.lake.store import Lake
from corr.lake.tables import TABLES


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


def test_prompt(gemm_lake: Path) -> None:
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


STATEMENTS = (
    "FROM runs ORDER BY run_id",
    'SELECT count(*) AS n FROM "Remarks"',
    "SELECT r.program, count(*) AS n FROM LOOPS JOIN runs r USING (run_id) GROUP BY ALL ORDER BY 1",
    "WITH x AS (FROM hotspots) SELECT loop, passes FROM x ORDER BY ALL",
    "FROM query_table('pas' || 'ses') ORDER BY ALL",
    "FROM query('FROM tim' || 'ings') ORDER BY ALL",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "SELECT table_name FROM information_schema.tables ORDER BY 1",
    "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1",
    "DESCRIBE hotspots",
    "SUMMARIZE SELECT run_id, event FROM counters",  # sums of threads differ in the last bits
    "EXPLAIN SELECT 1",
    "SELECT 1 AS one",
)


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("few", [0, 50])
def test_asking_opens_what_is_mentioned_and_answers_the_same(
    gemm_lake: Path, statement: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ask` opens few tables; a connection that sees all of them is the other answer."""
    lake = Lake.open(gemm_lake / "data")
    monkeypatch.setattr("corr.lake.sql.FEW_FILES", few)
    for runs in (None, [lake.find("a")]):
        whole = query(connect(lake, runs), statement).to_pylist()
        assert ask(lake, statement, runs=runs).to_pylist() == whole and whole


def test_asking_refuses_as_a_query_does(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    for statement in (
        "SELECT * FROM nothing",
        "DELETE FROM runs",
        "SELECT 1; SELECT 2",
        "",
        "SELEC",
    ):
        with pytest.raises(UsageError):
            ask(lake, statement)
    with pytest.raises(UsageError, match="nothing"):
        ask(lake, "SELECT * FROM query_table('nothing')")
    assert ask(lake, "SELECT ? AS x", [7])["x"].to_pylist() == [7]


def test_runs_that_record_one_version_but_differ_in_columns(
    gemm_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column was added and the version forgotten: NULL in the older run, as ever."""
    monkeypatch.setattr("corr.lake.sql.FEW_FILES", 0)  # as if there were many runs
    shutil.copytree(gemm_lake / "data", tmp_path / "data")
    lake = Lake.open(tmp_path / "data")
    path = lake.find("a").folder / "timings.parquet"
    rows = pq.read_table(path)
    pq.write_table(rows.drop_columns("user"), path)
    found = ask(lake, 'SELECT label, "user" FROM timings JOIN runs USING (run_id)').to_pylist()
    assert {r["label"] for r in found if r["user"] is None} == {"a"}
    assert any(r["user"] is not None for r in found)


def test_one_statement_gives_the_rows_of_the_view(gemm_lake: Path) -> None:
    lake = Lake.open(gemm_lake / "data")
    run = lake.find("b")
    for view in views():
        found = view_records(lake, run, view.name, 10_000)
        whole = query(connect(lake, [run]), f"FROM {view.name}").to_pylist()
        assert sorted(map(str, found)) == sorted(map(str, whole)), view.name


def test_a_damaged_file_is_named_with_its_run(gemm_lake: Path, tmp_path: Path, corr) -> None:
    shutil.copytree(gemm_lake / "data", tmp_path / "data")
    lake = Lake.open(tmp_path / "data")
    run = lake.find("a")
    (run.folder / "remarks.parquet").write_bytes(b"not Parquet")
    for words in (
        ("hotspots", "a"),
        ("sql", "SELECT count(*) FROM remarks"),
        ("why", "kernel_gemm", "--run", "a"),
    ):
        done = corr(*words, cwd=tmp_path)
        assert done.returncode == 1, words
        assert f"corr runs rm {run.run_id}" in done.stderr and "Traceback" not in done.stderr
    assert corr("hotspots", "b", cwd=tmp_path).returncode == 0
    assert corr("sql", "SELECT count(*) FROM loops", cwd=tmp_path).returncode == 0
