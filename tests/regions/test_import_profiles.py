"""`corr import caliper` and `papi`: one run for the files, and none for a bad one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import UsageError
from collectors.regions import caliper
from corr.imports.profiles import import_caliper, import_papi
from corr.lake.run_facts import RunFacts
from corr.lake.sql import connect, query
from corr.lake.store import Lake
from corr.lake.tables import TABLES
from tests.support.region_files import CALI, KERNEL, PAPI


def test_import_is_one_run(tmp_path: Path, corr) -> None:
    files = sorted(CALI.glob("raja*.cali"))
    done = corr("import", "caliper", *files, "--label", "raja", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [r["regions"] for r in json.loads(done.stdout)] == [74, 74]
    lake = Lake.open(tmp_path / "data")
    (run,) = lake.all_runs()
    assert run.facts.kind == "import" and run.facts.label == "raja"
    assert run.facts.sources[0].sha256 and run.facts.problems == 0
    connection = connect(lake)
    assert len(query(connection, "FROM regions")) == 2 * count_values(files[0])
    variant = "SELECT value FROM region_metadata WHERE key = 'variant'"
    assert query(connection, variant)["value"].to_pylist() == ["Base_Seq"] * 2
    assert query(connection, "SELECT kind, program FROM runs").num_rows == 1
    for command in ("hotspots", "runs"):
        assert corr(command, cwd=tmp_path).returncode == 0


def count_values(path: Path) -> int:
    return sum(len(r.measures) for r in caliper.read(path, "x").records)


def test_a_bad_file_imports_nothing(tmp_path: Path, corr) -> None:
    bad = tmp_path / "bad \x1b[31m.cali"
    bad.write_bytes((CALI / "small.cali").read_bytes()[:500])
    done = corr("import", "caliper", CALI / "small.cali", bad, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert "cut off within this line" in done.stderr and "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr and "→" in done.stderr
    assert Lake.open(tmp_path / "data").all_runs() == []
    for arguments in (
        ("caliper", "none.cali"),
        ("caliper", "."),
        ("papi", "none"),
        ("papi", "."),
        ("caliper", CALI / "small.cali", CALI / "small.cali"),
        ("caliper", CALI / "small.cali", "--loops", "nothing"),
    ):
        done = corr("import", *arguments, cwd=tmp_path)
        assert done.returncode == 2 and "Traceback" not in done.stderr, arguments
        assert done.stderr.startswith("corr: ")
    assert Lake.open(tmp_path / "data").all_runs() == []


def test_a_name_that_is_not_utf8(tmp_path: Path, corr) -> None:
    name = os.fsdecode(b"s\xf6lve\x1b[1m.cali")
    shutil.copy(CALI / "small.cali", tmp_path / name)
    done = corr("import", "caliper", name, cwd=tmp_path)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert "s\\udcf6lve" in done.stdout and "\x1b" not in done.stdout
    (run,) = Lake.open(tmp_path / "data").all_runs()
    assert run.facts.name.startswith("s\\udcf6lve")


def test_nothing_to_import(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        import_caliper([], Lake.open(tmp_path / "data", create=True))


def test_a_file_cut_between_records_is_said(tmp_path: Path, corr) -> None:
    cut = tmp_path / "cut.cali"
    cut.write_bytes((CALI / "small.cali").read_bytes().split(b"__rec=globals")[0])
    done = corr("import", "caliper", cut, cwd=tmp_path)
    assert done.returncode == 0 and "may be cut off" in done.stderr
    sql = corr("sql", "SELECT what FROM problems", "--format", "csv", cwd=tmp_path)
    assert "may be cut off" in sql.stdout


def test_imported_papi_joins_the_loops_of_a_collected_run(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    source = KERNEL.read_text()
    smooth = source[: source.index("for (int i = 1;")].count("\n") + 1
    loops = [
        {"key": "kernel_regions_papi/1", "function": "kernel_regions_papi", "depth": 1,
         "function_name": "kernel_regions_papi", "file": KERNEL.name, "line": smooth - 4,
         "end_line": smooth + 20},
        {"key": "kernel_regions_papi/1.1", "function": "kernel_regions_papi", "depth": 2,
         "function_name": "kernel_regions_papi", "file": KERNEL.name, "line": smooth,
         "end_line": smooth + 1},
    ]  # fmt: skip
    sha = hashlib.sha256(KERNEL.read_bytes()).hexdigest()
    with lake.stage() as staging:
        staging.write(TABLES["loops"], TABLES["loops"].rows(loops))
        facts: dict[str, Any] = {"program": "regions_papi", "root": str(KERNEL.parent)}
        facts |= {"sources": [{"file": KERNEL.name, "sha256": sha}]}
        base = staging.commit(RunFacts.from_json(facts))
    run, _ = import_papi([PAPI / "kernel"], lake, loops_of=base)
    assert run.facts.program == "regions_papi" and run.facts.loops_of == base.run_id
    sql = "SELECT DISTINCT loop, region, joined_by, visits FROM region_loops WHERE run_id = ?"
    found = query(connect(lake), sql, [run.run_id]).to_pylist()
    assert {tuple(r.values()) for r in found} == {
        ("kernel_regions_papi/1.1", "smooth", "line", 20),
        ("kernel_regions_papi/1", "kernel_regions_papi", "function", 1),
        ("kernel_regions_papi/1.1", "kernel_regions_papi", "function", 1),
    }
    with pytest.raises(UsageError, match="no loops"):
        import_caliper([CALI / "small.cali"], lake, loops_of=lake_without_loops(lake))


def lake_without_loops(lake: Lake):
    with lake.stage() as staging:
        staging.write(TABLES["problems"], TABLES["problems"].empty())
        return staging.commit(RunFacts())
