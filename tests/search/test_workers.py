"""Pairs measured by Dask's workers: shared by two drivers' rules, and a worker that is killed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from corr.search import workers
from corr.search.cases import cases
from corr.search.outcome import Outcome
from corr.search.settings import Setting
from corr.search.study import Cases, Clock, Knob, Measure, Prove, Run, Study, Time
from corr.workers import hosts
from tests.support.dask_cluster import environment

pytestmark = pytest.mark.slow

STUDY = """\
[[knobs]]
name = "k"
option = "-k={value}"
values = [1, 2, 3]
[cases]
generate = { size = [1, 2, 3, 4, 5, 6] }
[run]
command = ["sh", "run.sh", "{size}", "{knob}"]
[time]
clock = "regex"
pattern = 'took ([0-9.]+) ms'
unit = "ms"
[measure]
fewest = 3
most = 3
[prove]
held-out = 0
"""
SCRIPT = """\
echo $PPID >> ran
sleep 0.02
case "$2" in
  -k=1) echo took $1 ms ;;
  -k=3) exit 7 ;;
  *) echo took $(($1 * 2)) ms ;;
esac
"""


def test_a_study_on_workers_one_of_which_is_killed(
    cluster: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    (tmp_path / "run.sh").write_text(SCRIPT)
    words = [sys.executable, "-m", "corr", "search", "run", "s.toml", "--format", "json"]
    driver = subprocess.Popen(
        [*words, "--workers", "scheduler.json"], cwd=tmp_path, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    ran, deadline = tmp_path / "ran", time.monotonic() + 90
    while not ran.exists() or len(ran.read_text().split()) < 20:
        assert time.monotonic() < deadline and driver.poll() is None
        time.sleep(0.02)
    cluster[1].send_signal(signal.SIGKILL)
    out, err = driver.communicate(timeout=120)
    assert driver.returncode == 0, err
    assert "2 workers on " in err
    rows = {r["setting"]: r for r in json.loads(out) if r["part"] == "all"}
    assert rows["1"]["speedup"] == 2 and rows["2"]["speedup"] == 1 and rows["3"]["failed"] == 6
    assert [rows[name]["cases"] for name in "123"] == [6, 6, 0]
    # by both workers; and no more than the runs in flight were lost
    assert len(set(ran.read_text().split())) >= 2
    pairs = subprocess.run(
        [sys.executable, "-m", "corr", "sql", "--format", "json",
         "SELECT count(*) AS n, count(DISTINCT (key, pair)) AS d FROM search_pairs"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert json.loads(pairs) == [{"n": 36, "d": 36}]
    # here everything is known, and nothing is run
    before = ran.read_text()
    again = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert again.returncode == 0 and ran.read_text() == before, again.stderr


@pytest.mark.parametrize("address", ["none.json", "tcp://127.0.0.1:1"])
def test_without_workers_it_is_said(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "PATIENCE", 0.5)
    with pytest.raises(CorrError, match="no workers at") as caught:
        hosts.connected(address)
    assert "dask worker" in caught.value.fix


def test_what_a_worker_answers(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text(SCRIPT)
    made = Study(
        name="w",
        knobs=[Knob(name="k", option="-k={value}", values=[1, 3])],
        cases=Cases(generate={"size": [4]}),
        run=Run(command=["sh", "run.sh", "{size}", "{knob}"]),
        time=Time(Clock.regex, r"took ([0-9.]+) ms", unit="ms"),
        measure=Measure(),
        prove=Prove(held_out=0),
        folder=tmp_path,
    )
    (case,) = cases(made)
    good = workers.pair(made, case, Setting((1,), ("k",)), 0)
    assert good.a is not None and good.b is not None and not good.failed
    assert (good.a.kernel, good.b.kernel) == (0.008, 0.004)
    bad = workers.pair(made, case, Setting((3,), ("k",)), 1)
    assert (bad.failed, bad.key is not None) == (Outcome.crashed, True)
    same = workers.pair(made, case, Setting((None,), ("k",)), 0)
    assert same.equal


def test_a_kill_while_it_connects_ends_it(tmp_path: Path) -> None:
    """The scheduler takes the connection and says nothing: the driver ends, and leaves no trace."""
    (tmp_path / "s.toml").write_text(STUDY)
    (tmp_path / "run.sh").write_text(SCRIPT)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        driver = subprocess.Popen(
            [sys.executable, "-m", "corr", "search", "run", "s.toml", "--workers", address],
            cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        server.settimeout(90)
        with driver, server.accept()[0]:  # it waits for an answer
            driver.send_signal(signal.SIGTERM)
            _, err = driver.communicate(timeout=50)
    assert driver.returncode == 130 and "interrupted" in err and "Traceback" not in err
