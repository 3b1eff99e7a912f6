"""Runs made when a table had fewer columns stay readable; what can be worked out is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collectors.machine_code.describe import DESCRIBED
from corr.lake.sql import connect, query, view_records
from corr.lake.store import Lake

ADDED = [field.name for field in DESCRIBED]


@pytest.fixture
def mixed(gemm_lake: Path, tmp_path: Path) -> Lake:
    """A lake whose run a is of the time before `instructions` said what they are."""
    shutil.copytree(gemm_lake / "data", tmp_path / "data")
    lake = Lake.open(tmp_path / "data")
    run = lake.find("a")
    path = run.folder / "instructions.parquet"
    pq.write_table(pq.read_table(path).drop_columns(ADDED), path)
    facts = json.loads((run.folder / "run.json").read_text())
    facts["tables"]["instructions"] = 1
    (run.folder / "run.json").write_text(json.dumps(facts))
    return lake


def test_new_columns_are_worked_out_for_runs_that_are_named(mixed: Lake, gemm_lake: Path) -> None:
    lake = Lake.open(gemm_lake / "data")
    select = f"SELECT address, {', '.join(ADDED)} FROM instructions WHERE run_id = ? ORDER BY 1"
    for runs in (["a"], ["a", "b"]):
        found = connect(mixed, [mixed.find(name) for name in runs])
        for name in runs:
            theirs = connect(lake, [lake.find(name)])
            wanted = query(theirs, select, [lake.find(name).run_id]).to_pylist()
            assert query(found, select, [mixed.find(name).run_id]).to_pylist() == wanted
            assert {row["kind"] for row in wanted} >= {"branch", "move", "arithmetic"}


def test_over_the_whole_lake_they_are_null(mixed: Lake) -> None:
    counts = query(connect(mixed), "SELECT run_id, count(kind) AS n FROM instructions GROUP BY 1")
    found = {row["run_id"]: row["n"] for row in counts.to_pylist()}
    assert found[mixed.find("a").run_id] == 0 < found[mixed.find("b").run_id]


def test_a_lake_of_older_runs_only_has_the_columns(mixed: Lake) -> None:
    shutil.rmtree(mixed.find("b").folder)
    described = query(connect(mixed), "DESCRIBE instructions")["column_name"].to_pylist()
    assert set(ADDED) <= set(described)
    assert query(connect(mixed), "SELECT count(kind) AS n FROM instructions")["n"][0].as_py() == 0
    assert view_records(mixed, mixed.find("a"), "hotspots", 5)
