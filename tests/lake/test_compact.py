"""`corr compact`: the same rows before and after, whatever happens in between."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.base.errors import CorrError, UsageError
from collectors.base.table import PROBLEMS, Problem, problem_rows
from corr.lake import compact as compaction
from corr.lake.compact import compact
from corr.lake.index import NAME as INDEX
from corr.lake.packs import FOLDER
from corr.lake.run_facts import RunFacts
from corr.lake.sql import ask, connect, query, views
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]


def commit(lake: Lake, rows: int = 3, **facts: object) -> RunInfo:
    """A small run with two tables."""
    with lake.stage() as staging:
        found = problem_rows([Problem("test", str(n), staging.run_id) for n in range(rows)])
        staging.write(PROBLEMS, found)
        staging.write(TABLES["source"], TABLES["source"].empty())
        (staging.artifacts / "listing").write_text("kept")
        return staging.commit(RunFacts.from_json({"program": "p", **facts}))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "data", create=True)


def problems(lake: Lake) -> dict[str, int]:
    """Rows by run; a row that says another run's name would be a row in the wrong place."""
    rows = ask(
        lake,
        "SELECT run_id, count(*) AS n, bool_and(what = run_id) AS own FROM problems GROUP BY 1",
    )
    assert all(row["own"] for row in rows.to_pylist())
    return {row["run_id"]: row["n"] for row in rows.to_pylist()}


def own_files(lake: Lake) -> list[Path]:
    return list(lake.runs.glob("*/*.parquet"))


def packs(lake: Lake) -> list[Path]:
    return [p for p in (lake.root / FOLDER).iterdir() if p.is_dir()]


def everything(lake: Lake, runs: Sequence[RunInfo] | None = None) -> dict[str, list[str]]:
    """Every row of every table and view, as text."""
    found = {}
    connection = connect(lake, runs)
    for name in [*TABLES, *(v.name for v in views())]:
        table = query(connection, f"FROM {name}")
        found[name] = [str(table.column_names), *sorted(map(str, table.to_pylist()))]
    connection.close()
    return found


def test_every_table_and_view_is_the_same_afterwards(
    gemm_lake: Path, tmp_path: Path, corr, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(gemm_lake / "data", tmp_path / "data")
    lake = Lake.open(tmp_path / "data")
    third = commit(lake, label="small")
    runs = lake.all_runs()
    before = everything(lake)
    alone = [everything(lake, [run]) for run in runs]
    printed = [corr(*words, cwd=tmp_path).stdout for words in (("hotspots", "a"), ("runs",))]
    assert len(before["hotspots"]) > 2 and printed[0]

    done = corr("compact", "--keep", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "compacted 3 runs into 1 packs" in done.stderr and done.stdout == ""
    assert not own_files(lake) and len(packs(lake)) == 1
    assert everything(lake) == before
    assert [everything(lake, [run]) for run in runs] == alone
    again = [corr(*words, cwd=tmp_path).stdout for words in (("hotspots", "a"), ("runs",))]
    assert again == printed
    assert lake.all_runs() == runs and lake.find("small") == third
    for run in runs:
        assert (run.folder / "artifacts").is_dir()
        assert run.table("loops") is not None or run == third
    monkeypatch.setattr(compaction, "ROW_GROUP", 500)
    commit(lake)
    assert compact(lake).left == {} and len(packs(lake)) == 1, "packs are merged, nested rows too"
    lake.remove(lake.find("last"))
    assert everything(lake) == before
    difference = corr("diff", "a", "b", "--format", "json", cwd=tmp_path)
    assert difference.returncode == 0, difference.stderr


def test_which_runs_are_taken(lake: Lake, corr, tmp_path: Path) -> None:
    runs = [commit(lake) for _ in range(5)]
    assert compact(lake, keep=5).packs == 0
    assert compact(lake, older_than=timedelta(days=1)).packs == 0
    assert "nothing to compact" in corr("compact", cwd=tmp_path).stderr
    assert compact(lake, keep=3).runs == 2
    assert {p.parent.name for p in own_files(lake)} == {r.run_id for r in runs[2:]}
    done = corr("compact", "--older-than", "0", "--drop-artifacts", cwd=tmp_path)
    assert done.returncode == 0 and not own_files(lake)
    assert not list(lake.runs.glob("*/artifacts"))
    assert problems(lake) == {r.run_id: 3 for r in runs}
    assert len(packs(lake)) == 1, "the small pack was merged with the rest"
    assert corr("compact", "--keep", "-1", cwd=tmp_path).returncode == 2


def test_rows_are_sorted_by_run_and_groups_end_with_them(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "ROW_GROUP", 10)
    runs = [commit(lake, rows=n) for n in (4, 5, 25, 3, 10)]
    compact(lake)
    file = pq.ParquetFile(packs(lake)[0] / "problems.parquet")
    ids = file.read()["run_id"].to_pylist()
    assert ids == sorted(ids) and file.metadata.num_rows == 47
    groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
    limits = [(g.column(0).statistics.min, g.column(0).statistics.max) for g in groups]
    assert limits[0] == (runs[0].run_id, runs[1].run_id)
    assert {(runs[2].run_id,) * 2, (runs[4].run_id,) * 2} <= set(limits)
    assert max(g.num_rows for g in groups) == 10
    assert problems(lake) == {r.run_id: n for r, n in zip(runs, (4, 5, 25, 3, 10), strict=True)}


def test_runs_are_divided_among_packs(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "PACK_RUNS", 4)
    runs = [commit(lake) for _ in range(10)]
    assert compact(lake).packs == 3
    held = sorted(len(json.loads((p / "pack.json").read_text())["runs"]) for p in packs(lake))
    assert held == [2, 4, 4]
    assert compact(lake).packs == 0, "a second time there is nothing to do"
    assert problems(lake) == {r.run_id: 3 for r in runs}


KILLED = """
import os, signal, sys
from pathlib import Path
from corr.lake.store import Lake
from corr.lake.compact import compact
left = int(sys.argv[2])
def hook(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "os.mkdir", "shutil.rmtree", "os.rmdir"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
lake = Lake.open(Path(sys.argv[1]))
sys.addaudithook(hook)
compact(lake)
"""


def killed_at(lake: Lake, step: int) -> bool:
    """Compact, killed before its so-manyeth change of the file system; False if it ended first."""
    command = [sys.executable, "-c", KILLED, str(lake.root), str(step)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.slow
def test_a_kill_at_any_point_loses_and_doubles_nothing(tmp_path: Path) -> None:
    first = Lake.open(tmp_path / "first", create=True)
    runs = [commit(first) for _ in range(3)]
    compact(first, keep=1)
    first.remove(runs[0])  # the next one replaces a pack and leaves a dead run out
    runs.append(commit(first))
    expected = {r.run_id: 3 for r in runs[1:]}
    for step in range(1, 100):
        lake = Lake.open(Path(shutil.copytree(first.root, tmp_path / str(step))))
        was_killed = killed_at(lake, step)
        assert problems(lake) == expected, step
        for run in runs[1:]:
            rows = run_of(lake, run).table("problems")
            assert rows is not None and len(rows) == 3
        compact(lake)
        assert problems(lake) == expected, step
        assert not own_files(lake) and len(packs(lake)) == 1
        if not was_killed:
            break
        shutil.rmtree(lake.root)
    assert step > 8, "the kills did not reach the deleting"


def run_of(lake: Lake, run: RunInfo) -> RunInfo:
    return lake.find(run.run_id)


def _churn(root: str, rounds: int) -> None:
    lake = Lake.open(Path(root))
    for _ in range(rounds):
        commit(lake, label="coming")
        lake.remove(commit(lake, label="going"))


def _compact_again(root: str, rounds: int) -> None:
    lake = Lake.open(Path(root))
    for _ in range(rounds):
        compact(lake, keep=1)


@pytest.mark.slow
def test_readers_writers_and_compaction_at_once(lake: Lake) -> None:
    steady = {commit(lake, label="steady").run_id for _ in range(6)}
    context = multiprocessing.get_context("spawn")
    jobs: list[tuple[Callable[[str, int], None], int]] = [
        (_churn, 12),
        (_churn, 12),
        (_compact_again, 25),
    ]
    workers = [context.Process(target=job, args=(str(lake.root), n)) for job, n in jobs]
    for worker in workers:
        worker.start()
    reads = 0
    while any(worker.is_alive() for worker in workers):
        found = problems(lake)
        assert {run: found.get(run) for run in steady} == dict.fromkeys(steady, 3)
        assert set(found.values()) == {3}
        reads += 1
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0, 0, 0] and reads > 3
    assert len(problems(lake)) == 6 + 24
    compact(lake)
    assert problems(lake) == {r.run_id: 3 for r in lake.all_runs()} and len(packs(lake)) == 1


def test_an_open_connection_keeps_its_files(lake: Lake) -> None:
    runs = [commit(lake) for _ in range(3)]
    count = "SELECT count(*) AS n FROM problems"
    connection = connect(lake)
    assert not compact(lake, keep=1).freed
    assert len(own_files(lake)) == 6, "a reader may still want them"
    assert query(connection, count)["n"].to_pylist() == [9]
    assert problems(lake) == {r.run_id: 3 for r in runs}, "and none is counted twice"
    packed = connect(lake, only=["problems"])
    connection.close()
    del connection
    commit(lake)
    outcome = compact(lake)  # replaces the pack that `packed` reads
    assert not outcome.freed and len(packs(lake)) == 2
    commit(lake)
    assert not compact(lake).freed and len(packs(lake)) == 3
    assert query(packed, count)["n"].to_pylist() == [9]
    assert sum(problems(lake).values()) == 15
    del packed
    assert compact(lake).freed
    assert len(packs(lake)) == 1 and not own_files(lake) and sum(problems(lake).values()) == 15


def test_a_compacted_run_can_be_deleted(lake: Lake, corr, tmp_path: Path) -> None:
    runs = [commit(lake, label=f"l{n}") for n in range(8)]
    compact(lake)
    done = corr("runs", "rm", "l0", cwd=tmp_path)
    assert done.returncode == 0 and "deleted" in done.stderr
    expected = {r.run_id: 3 for r in runs[1:]}
    assert problems(lake) == expected
    assert compact(lake).packs == 0, "one of eight is not worth a new pack"
    lake.remove(runs[3])
    lake.remove(runs[4])
    expected = {r.run_id: 3 for r in (*runs[1:3], *runs[5:])}
    assert problems(lake) == expected and compact(lake).packs == 1
    rows = pq.read_table(packs(lake)[0] / "problems.parquet")
    assert len(rows) == 15 and problems(lake) == expected
    for run in lake.all_runs():
        lake.remove(run)
    assert problems(lake) == {} and compact(lake).packs == 0 and packs(lake) == []


def test_older_columns_and_unknown_tables(lake: Lake) -> None:
    """A run of an older corr lacks a column; one of a newer corr has a table nobody knows."""
    old, new = commit(lake), commit(lake)
    path = old.folder / "problems.parquet"
    rows = pq.read_table(path)
    last = rows.column_names[-1]
    pq.write_table(rows.drop_columns(last), path)
    facts = json.loads((old.folder / "run.json").read_text())
    facts["tables"]["problems"] = 0
    (old.folder / "run.json").write_text(json.dumps(facts))
    future = pa.table({"run_id": [new.run_id], "x": [7]})
    pq.write_table(future, new.folder / "future.parquet")
    before = everything(lake)
    compact(lake)
    assert not own_files(lake) and everything(lake) == before
    asked = f"SELECT run_id, {last} AS x FROM problems"
    kinds = {r["run_id"]: r["x"] is None for r in ask(lake, asked).to_pylist()}
    assert kinds[old.run_id]
    assert lake.find(old.run_id).facts.tables["problems"] == 0
    kept = new.table("future")
    assert kept is not None and kept["x"].to_pylist() == [7]


def test_a_run_that_cannot_be_read_stays_as_it_is(lake: Lake, corr, tmp_path: Path) -> None:
    runs = [commit(lake) for _ in range(4)]
    (runs[1].folder / "problems.parquet").write_bytes(b"PAR1 not really PAR1")
    other = pa.table({"run_id": [runs[2].run_id], "layer": [1.5]})
    pq.write_table(other, runs[2].folder / "problems.parquet")
    done = corr("compact", "--keep", "0", cwd=tmp_path)
    assert done.returncode == 0 and "compacted 2 runs" in done.stderr
    for run in runs[1:3]:
        assert f"{run.run_id} stays as it is: problems: " in done.stderr
    assert {p.parent.name for p in own_files(lake)} == {r.run_id for r in runs[1:3]}


def test_a_broken_pack(lake: Lake, monkeypatch: pytest.MonkeyPatch, corr, tmp_path: Path) -> None:
    monkeypatch.setattr(compaction, "PACK_RUNS", 2)
    runs = [commit(lake, label=f"l{n}") for n in range(5)]
    compact(lake, keep=1)
    broken = next(p for p in packs(lake) if runs[0].run_id in (p / "pack.json").read_text())
    path = broken / "problems.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorrError, match=broken.name) as caught:
        problems(lake)
    assert not isinstance(caught.value, UsageError) and "--run" in str(caught.value.fix)
    one = corr("sql", "FROM problems", "--run", "l0", cwd=tmp_path)
    assert one.returncode == 1 and broken.name in one.stderr and "Traceback" not in one.stderr
    for label in ("l2", "l4"):
        done = corr(
            "sql",
            "SELECT count(*) AS n FROM problems",
            "--run",
            label,
            "--format",
            "csv",
            cwd=tmp_path,
        )
        assert done.stdout == "n\n3\n", done.stderr
    path.write_bytes(whole)
    index = (broken / "pack.json").read_text()
    for text in ("{", "[]", '{"format": 9}', index.replace(runs[0].run_id, "../../etc")):
        (broken / "pack.json").write_text(text)
        for reference in (None, "l1"):
            with pytest.raises(CorrError, match="cannot be read"):
                ask(lake, "FROM problems", runs=reference and [lake.find(reference)])
        assert len(ask(lake, "FROM problems", runs=[lake.find("l3"), lake.find("l4")])) == 6
        compact(lake)  # leaves it alone, and takes what it can
        assert broken.exists() and len(lake.all_runs()) == 5
    (broken / "pack.json").write_text(index)
    assert problems(lake) == {r.run_id: 3 for r in runs}


def test_one_compaction_at_a_time(lake: Lake) -> None:
    commit(lake)
    with compaction._alone(lake), pytest.raises(CorrError, match="another"):
        compact(lake)
    assert compact(lake).runs == 1


def test_a_corr_without_packs_is_kept_away(lake: Lake) -> None:
    commit(lake)
    marker = lake.root / "corr-lake.json"
    assert json.loads(marker.read_text())["format"] == 1
    compact(lake)
    assert json.loads(marker.read_text())["format"] == 2
    assert Lake.open(lake.root).find("last")


def test_the_index_of_runs_is_never_believed_when_stale(lake: Lake, corr, tmp_path: Path) -> None:
    runs = [commit(lake, label=f"l{n}") for n in range(40)]
    assert [e.facts["label"] for e in lake.listing().values() if e] == [f"l{n}" for n in range(40)]
    assert (lake.root / INDEX).exists()
    lake.remove(runs[0])
    facts = json.loads((runs[1].folder / "run.json").read_text())
    (runs[1].folder / "run.json").write_text(json.dumps(facts | {"label": "renamed"}))
    (runs[2].folder / "run.json").write_text("{")
    listed = lake.listing()
    assert runs[0].run_id not in listed and listed[runs[2].run_id] is None
    assert lake.find("renamed").run_id == runs[1].run_id
    shown = corr("runs", "--format", "csv", "--limit", "2", cwd=tmp_path)
    assert [line.split(",")[1] for line in shown.stdout.splitlines()] == ["label", "l38", "l39"]
    assert f"{runs[2].run_id} has no readable run.json" in shown.stderr
    for text in ("", "[]", '{"format": 1}', '{"format":1,"facts":[],"kinds":[],"runs":{"a":[]}}'):
        (lake.root / INDEX).write_text(text)
        assert lake.find("l7").run_id == runs[7].run_id
    os.remove(lake.root / INDEX)
    assert lake.find("l7").run_id == runs[7].run_id
