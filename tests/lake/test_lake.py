"""The lake under the ordinary bad days: strangers' folders, newer formats, kills, races."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collectors.base.errors import CorrError, UsageError
from collectors.base.table import PROBLEMS, Problem, problem_rows
from corr.lake.marker import NAME as MARKER
from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake, RunInfo


def commit(lake: Lake, **facts: object) -> RunInfo:
    with lake.stage() as staging:
        staging.write(PROBLEMS, problem_rows([Problem("test", "here", "nothing")]))
        return staging.commit(RunFacts.from_json({"program": "p", **facts}))


def test_a_run_is_there_after_its_commit_and_not_before(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    with lake.stage() as staging:
        staging.write(PROBLEMS, problem_rows([Problem("test", "here", "nothing")]))
        assert lake.all_runs() == []
        run = staging.commit(RunFacts("p"))
    assert [r.run_id for r in lake.all_runs()] == [run.run_id]
    rows = pq.read_table(run.folder / "problems.parquet").to_pylist()
    assert rows[0]["run_id"] == run.run_id and rows[0]["what"] == "nothing"
    assert json.loads((run.folder / "run.json").read_text())["tables"]["problems"] == 1
    assert list((lake.root / ".staging").iterdir()) == []


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    with pytest.raises(ZeroDivisionError), lake.stage() as staging:
        staging.write(PROBLEMS, problem_rows([]))
        raise ZeroDivisionError
    assert lake.all_runs() == [] and list((lake.root / ".staging").iterdir()) == []


def test_folders_that_are_not_lakes(tmp_path: Path) -> None:
    stranger = tmp_path / "data"
    stranger.mkdir()
    (stranger / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not a corr lake"):
        Lake.open(stranger, create=True)
    assert [p.name for p in stranger.iterdir()] == ["thesis.txt"]
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError, match="not a corr lake"):
        Lake.open(file, create=True)
    with pytest.raises(UsageError, match="no lake"):
        Lake.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_lake_from_a_newer_corr(tmp_path: Path) -> None:
    Lake.open(tmp_path / "data", create=True)
    marker = tmp_path / "data" / MARKER
    marker.write_text('{"format": 99}')
    with pytest.raises(CorrError, match="newer corr"):
        Lake.open(tmp_path / "data")
    marker.write_text("{")
    with pytest.raises(CorrError, match="cannot be read"):
        Lake.open(tmp_path / "data")


def test_references(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    with pytest.raises(UsageError, match="no run"):
        lake.find("last")
    first, second, third = (commit(lake, label=label) for label in ("x", "y", "x"))
    assert lake.find("last") == third and lake.find("last~2").run_id == first.run_id
    assert lake.find("x").run_id == third.run_id and lake.find("p").run_id == third.run_id
    assert lake.find(second.run_id).run_id == second.run_id
    assert lake.find(second.run_id[:-1]).run_id == second.run_id
    for wrong in ("last~3", "zzz", "2", "../../etc"):
        with pytest.raises(UsageError):
            lake.find(wrong)
    lake.remove(second)
    assert [r.run_id for r in lake.all_runs()] == [first.run_id, third.run_id]


def test_last_passes_by_what_was_made_on_the_way(tmp_path: Path) -> None:
    """An experiment, or a step of an optimisation that holds no layers, is not what is meant."""
    lake = Lake.open(tmp_path / "data", create=True)
    first, second = commit(lake), commit(lake)
    aside = commit(lake, label="without it", aside=True)
    assert lake.find("last") == second and lake.find("last~1") == first
    assert lake.find("p") == second
    assert lake.find("without it") == aside == lake.find(aside.run_id)
    assert next(lake.newest_first()).run_id == aside.run_id


def _commit_many(root: str, count: int) -> None:
    lake = Lake.open(Path(root), create=True)
    for _ in range(count):
        commit(lake)


@pytest.mark.slow
def test_many_processes_at_once(tmp_path: Path) -> None:
    root = str(tmp_path / "data")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_commit_many, args=(root, 10)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0] * 4
    runs = Lake.open(tmp_path / "data").all_runs()
    assert len(runs) == 40 and len({r.run_id for r in runs}) == 40


HOLD = """
import sys, time
from pathlib import Path
from corr.lake.store import Lake
with Lake.open(Path(sys.argv[1]), create=True).stage() as staging:
    print(staging.run_id, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_killed_collector_is_cleaned_up_and_a_living_one_is_not(tmp_path: Path) -> None:
    root = tmp_path / "data"
    workers = []
    for _ in range(2):
        command = [sys.executable, "-c", HOLD, str(root)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        workers.append((worker, worker.stdout.readline().strip()))
    (dead, dead_id), (alive, alive_id) = workers
    os.kill(dead.pid, signal.SIGKILL)
    dead.wait()
    staging = root / ".staging"
    assert {p.name for p in staging.iterdir()} == {dead_id, alive_id}
    assert Lake.open(root).clean_staging() == 1
    assert {p.name for p in staging.iterdir()} == {alive_id}
    alive.send_signal(signal.SIGINT)
    alive.wait()
    assert list(staging.iterdir()) == []
    for worker, _ in workers:
        assert worker.stdout is not None
        worker.stdout.close()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk(tmp_path: Path) -> None:
    """A real full disk: a tmpfs of 1 MB (needs the right to mount, as in CI's container)."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "corr-test", str(mount)]
    subprocess.run(command, check=True)
    try:
        lake = Lake.open(mount / "data", create=True)
        many = [Problem("test", os.urandom(64).hex(), "x") for _ in range(40_000)]
        with pytest.raises(CorrError, match="No space left"), lake.stage() as staging:
            staging.write(PROBLEMS, problem_rows(many))
        assert lake.all_runs() == [] and list((lake.root / ".staging").iterdir()) == []
        commit(lake)  # and there is room again
    finally:
        subprocess.run(["umount", str(mount)], check=True)
