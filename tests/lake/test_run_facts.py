"""The facts of a run, from run.json and back: older and newer versions are read as well."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.base.errors import CorrError
from collectors.base.table import Problem, problem_rows
from corr.collect.again import rebuilt
from corr.lake.run_facts import RunFacts, SourceFacts
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import RUNS, TABLES

STARTED = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
WHOLE = RunFacts(
    program="p",
    kind="optimize",
    started=STARTED,
    root="/somewhere",
    sources=(SourceFacts("p.c", "12ab", "/somewhere", ("-O3",)),),
    flags=("-O3",),
    run_env={"MODE": "1"},
    run_ok_status=(0, 3),
    compiler="clang 22.1.8",
    caches=({"level": 1, "bytes": 32768},),
    wall=0.5,
    session="s",
    iteration=0,
    order={"iterations": 3},
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "data", create=True)


def test_json_and_back() -> None:
    text = json.dumps(WHOLE.to_json())
    assert RunFacts.from_json(json.loads(text)) == WHOLE


def test_what_an_older_version_did_not_say_has_its_default() -> None:
    old = {
        **{"run_id": "r", "format": 1, "tables": {"loops": 1}, "kind": "collect", "program": "p"},
        **{"label": None, "started": "2025-06-01T10:00:00.5+00:00", "flags": ["-O2"], "wall": 1},
        "sources": [{"file": "p.c", "sha256": None}],
    }
    facts = RunFacts.from_json(old)
    assert facts.started == datetime(2025, 6, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    assert (facts.flags, facts.wall, facts.label) == (("-O2",), 1.0, None)
    assert facts.sources == (SourceFacts("p.c"),)
    assert (facts.run_ok_status, facts.run_time_limit, facts.caches) == ((0,), None, ())
    assert facts.newer == {}
    assert RunFacts.from_json({}) == RunFacts()


def test_what_a_newer_version_says_is_kept() -> None:
    record = {**WHOLE.to_json(), "energy": {"joule": 7}, "wall": [0.5, 0.6], "cores": 8}
    facts = RunFacts.from_json(record)
    assert facts.newer == {"energy": {"joule": 7}} and facts.cores == 8
    assert facts.wall is None, "of a type that this version does not know"
    assert facts.sources == WHOLE.sources
    assert facts.to_json()["energy"] == {"joule": 7}


@pytest.mark.parametrize(
    ("compiler", "major"),
    [("clang 22.1.8", 22), ("clang 19.0.0git", 19), ("gcc 14.2", None), (None, None)],
)
def test_the_version_of_llvm(compiler: str | None, major: int | None) -> None:
    assert RunFacts(compiler=compiler).llvm_major == major


def test_a_run_is_committed_with_its_row(lake: Lake) -> None:
    problems = problem_rows([Problem("x", "", "one"), Problem("x", "", "two", count=4)])
    with lake.stage() as staging:
        run = staging.commit_run(WHOLE, {"problems": problems, "loops": TABLES["loops"].empty()})
    (row,) = ask(lake, "FROM runs").to_pylist()
    assert list(row) == ["run_id", *RUNS.schema.names]
    assert row["run_id"] == run.run_id and row["problems"] == 2
    assert row["started"] == STARTED and row["label"] is None
    assert row["sources"] == [
        {"file": "p.c", "sha256": "12ab", "directory": "/somewhere", "flags": ["-O3"]}
    ]
    (again,) = lake.all_runs()
    assert again == RunInfo(run.run_id, run.folder, run.facts)
    assert again.facts.problems == 2 and again.facts.tables["loops"] == TABLES["loops"].version


def test_a_run_that_cannot_be_written_is_not_there(lake: Lake) -> None:
    with pytest.raises(ValueError, match="not matching"), lake.stage() as staging:
        staging.commit_run(RunFacts(), {"loops": pa.table({"key": [1]})})
    assert lake.all_runs() == []


def test_an_imported_run_is_not_built_again(lake: Lake) -> None:
    with lake.stage() as staging:
        run = staging.commit(RunFacts("p", "import", sources=(SourceFacts("p.caliper"),)))
    with pytest.raises(CorrError, match="imported"):
        rebuilt(run, ())


def test_flags_of_several_units_are_told_as_such() -> None:
    flags = (("-O3", "-g"), ("-O0", "-O2"), ("-O2",), ("-g",))
    units = tuple(SourceFacts(f"{n}.c", flags=given) for n, given in enumerate(flags))
    mixed = RunFacts(sources=units, flags=flags[0])
    assert mixed.built_with == "-O3 -g (in 1 of 4 units; -O2 in 2, no -O in 1)"
    assert RunFacts(sources=units[1:3], flags=flags[2]).built_with == "-O2"
    assert RunFacts(sources=units[:1], flags=flags[0]).built_with == "-O3 -g"
    assert RunFacts(sources=(SourceFacts("p.opt.yaml"),)).built_with == ""


def test_the_list_of_runs_says_of_which_units_the_flags_are(lake: Lake) -> None:
    units = tuple(SourceFacts(f"{n}.c", flags=(level,)) for n, level in enumerate(("-O3", "-O0")))
    told = RunFacts("p", sources=units, flags=("-O3",), wall=2.0, cpu_seconds=1.5)
    with lake.stage() as staging:
        run = staging.commit(told)
    entry = lake.listing()[run.run_id]
    assert entry is not None and entry.facts["flags"] == "-O3 (in 1 of 2 units; -O0 in 1)"
    assert (entry.facts["wall"], entry.facts["cpu_seconds"]) == (2.0, 1.5)
