"""Studies of real commands, some of which mean harm or are broken: each ends in a clear message."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from collectors.base import process
from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

HEAD = """\
[[knobs]]
name = "k"
option = "-k={value}"
values = [1]
[prove]
held-out = 0
[measure]
fewest = 3
most = 3
patience = 0.2
"""
#: What a run prints of its time, at a thousandth of what it would take.
TOOK = "echo took 5 ms"


def study(folder: Path, text: str, script: str = TOOK, lines: str = "one\n") -> None:
    (folder / "s.toml").write_text(HEAD + text)
    (folder / "run.sh").write_text(script)
    (folder / "cases.txt").write_text(lines)


RUN = """\
[cases]
file = "cases.txt"
[run]
command = ["sh", "run.sh", "{case}", "{knob}"]
[time]
clock = "regex"
pattern = 'took ([0-9.]+) ms'
unit = "ms"
"""


def rows(folder: Path) -> list[dict[str, Any]]:
    query = (
        "SELECT case_name, setting, outcome, detail, ratio FROM search_results WHERE role='value'"
    )
    found: list[dict[str, Any]] = ask(Lake.open(folder / "data"), query).to_pylist()
    return found


def test_a_line_of_shell_is_one_argument(corr: Corr, tmp_path: Path) -> None:
    hostile = "x; touch broken $(touch broken) `touch broken` | tee broken \"' & \\"
    study(tmp_path, RUN, f'printf "%s\\n" "$@" >> seen\n{TOOK}', f"{hostile}\n")
    done = corr("search", "run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "broken").exists()
    assert set((tmp_path / "seen").read_text().split("\n")) == {hostile, "-k=1", ""}


def test_with_a_shell_it_is_quoted(corr: Corr, tmp_path: Path) -> None:
    hostile = "x; touch broken $(touch broken)"
    text = "shell = true\n" + HEAD + RUN.replace(
        '["sh", "run.sh", "{case}", "{knob}"]', "\"sh run.sh {case} '$HOME' {knob} | cat\""
    )  # fmt: skip
    study(tmp_path, RUN, f'printf "%s\\n" "$@" >> seen\n{TOOK}', f"{hostile}\n")
    (tmp_path / "s.toml").write_text(text)
    done = corr("search", "run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "broken").exists()
    assert set((tmp_path / "seen").read_text().split("\n")) == {hostile, "$HOME", "-k=1", ""}


def test_values_with_blanks(corr: Corr, tmp_path: Path) -> None:
    study(tmp_path, RUN, f'[ "$2" = "-k=a b;c" ] && exec {TOOK}\necho took 10 ms')
    text = (tmp_path / "s.toml").read_text().replace("values = [1]", 'values = ["a b;c"]')
    (tmp_path / "s.toml").write_text(text)
    done = corr("search", "run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [row["ratio"] for row in rows(tmp_path)] == [0.5]


#: What a run does under the value, the outcome that it has, and what is said of it.
BROKEN = {
    "hangs": ("sleep 173.5", "timed out", "still running after 0.2"),
    "forks": ("sleep 173.5 & sleep 173.5 & exit 3", "crashed", "exit status 3"),
    "forks-on": ("while :; do sleep 173.5 & sleep 0.02; done", "timed out", "still running"),
    "dies": ("kill -SEGV $$", "crashed", "killed by SIGSEGV"),
    "says-long": ("echo took long ms", "no time", "no time in it"),
    "says-0": ("echo took 0 ms", "no time", "it says that it took 0 s"),
    "talks": ("head -c 1000000000 /dev/zero", "too much output|timed out", "8 MiB|running"),
    "errs": ("echo took 1 ms; echo another result", "wrong result", "not the baseline's"),
}


def test_runs_that_are_broken(corr: Corr, tmp_path: Path) -> None:
    """Each has its kind of failure, in the time that it may take; nothing of it is left running."""
    branches = "".join(f"{name}) {script} ;;\n" for name, (script, *_) in BROKEN.items())
    script = f'[ -z "$2" ] && exec {TOOK}\ncase $1 in\n{branches}esac\n'
    study(tmp_path, RUN, script, "\n".join(BROKEN))
    started = time.monotonic()
    done = corr("search", "run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 60
    for row in rows(tmp_path):
        _, outcome, detail = BROKEN[row["case_name"]]
        assert row["outcome"] in outcome.split("|"), row
        assert any(part in row["detail"] for part in detail.split("|")), row
    left = subprocess.run(["pgrep", "-fx", "sleep 173.5"], capture_output=True, text=True).stdout
    assert not left


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (("pattern = 'took ([0-9.]+) ms'", "pattern = '(a+)+$'"), 1, "has no time in it"),
        (("pattern = 'took ([0-9.]+) ms'", r"pattern = '(a)\1'"), 2, "invalid escape"),
        (("run.sh", "not-there.sh"), 1, "every case failed; one: baseline failed: crashed"),
        (('"sh", "run.sh"', '"not-a-program"'), 1, "not-a-program is not there"),
        (("{case}", "{cse}"), 2, "there is no {cse} here"),
        (('file = "cases.txt"', 'file = "none.txt"'), 2, "none.txt: No such file"),
        (('file = "cases.txt"', 'file = "run.sh"\nwhere = "x"'), 2, "no feature 'x'"),
    ],
)
def test_a_study_that_cannot_work(
    corr: Corr, tmp_path: Path, change: tuple[str, str], status: int, said: str
) -> None:
    assert change[0] in RUN
    study(tmp_path, RUN.replace(*change), "echo took 5 ms; echo " + "a" * 60 + "!")
    done = corr("search", "full", "s.toml", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert said in done.stderr


def test_a_driver_that_is_killed_outright(tmp_path: Path, corr: Corr) -> None:
    """kill -9 in the middle: what it had measured is there, and the next driver does the rest."""
    script = 'echo "$1 $2" >> log; sleep 0.02; echo took 5 ms'
    study(tmp_path, RUN, script, "".join(f"c{n}\n" for n in range(12)))
    driver = subprocess.Popen(
        [sys.executable, "-m", "corr", "search", "run", "s.toml"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    log = tmp_path / "log"
    deadline = time.monotonic() + 60
    while not log.exists() or len(log.read_text().splitlines()) < 30:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    done = corr("search", "run", "s.toml", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = [r for r in json.loads(done.stdout) if r["part"] == "all" and r["setting"] == "1"]
    assert row["cases"] == 12 and row["failed"] == 0
    runs = log.read_text().splitlines()
    # of each case two runs to begin with and three pairs; a pair in flight, and a beginning, twice
    assert len(runs) <= 12 * 8 + 5


def test_output_of_another_kind_is_compared_by_a_command(corr: Corr, tmp_path: Path) -> None:
    check = '[check]\noutput = false\ncommand = ["sh", "-c", "test \\"$0\\" != -k=1", "{knob}"]\n'
    study(tmp_path, RUN + check)
    assert corr("search", "run", "s.toml", cwd=tmp_path).returncode == 0
    (row,) = rows(tmp_path)
    assert (
        row["outcome"] == "wrong result" and "the check ended with exit status 1" in row["detail"]
    )


def test_init_writes_a_study_that_runs(corr: Corr, tmp_path: Path) -> None:
    done = corr("search", "init", "--knob", "unroll-threshold=300", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "study.toml\n"), done.stderr
    assert corr("search", "init", cwd=tmp_path).returncode == 2
    path = tmp_path / "study.toml"
    generate = 'generate = { program = ["gemm.c"], size = [20] }'
    lines = [
        generate if line.startswith("generate") else line for line in path.read_text().split("\n")
    ]
    path.write_text("\n".join(lines))
    done = corr("search", "quick", "study.toml", "--held-out", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "study_results" / "comprehensive_analysis.txt").exists()


def test_files_of_cases(corr: Corr, tmp_path: Path) -> None:
    lines = [f"{op} -n {n}" for n in range(10) for op in ("convbfp16", "matmul", "bmm")]
    (tmp_path / "all.txt").write_text("# shapes\n" + "\n".join(lines))
    done = corr("search", "create-subset", "all.txt", "6", "six.txt", cwd=tmp_path)
    assert done.stdout == "six.txt: 6 cases\n"
    for words, said in (
        (("3", "six.txt"), "six.txt is there already"),
        (("3", "all.txt"), "all.txt is the file that the cases are read from"),
        (("3", "./all.txt", "--force"), "is the file that the cases are read from"),
    ):
        refused = corr("search", "create-subset", "all.txt", *words, cwd=tmp_path)
        assert refused.returncode == 2 and said in refused.stderr
    assert (tmp_path / "all.txt").read_text().endswith("\n".join(lines))
    done = corr("search", "create-subset", "all.txt", "6", "six.txt", "--force", cwd=tmp_path)
    assert done.returncode == 0
    kept = (tmp_path / "six.txt").read_text().splitlines()
    assert len(set(kept)) == 6 and set(kept) < set(lines)
    done = corr("search", "split", "all.txt", cwd=tmp_path)
    assert done.stdout == "all_conv.txt: 10 cases\nall_matmul.txt: 20 cases\n"
    assert (tmp_path / "all_conv.txt").read_text().split("\n")[1] == "convbfp16 -n 1"
    again = corr("search", "split", "all.txt", cwd=tmp_path)
    assert again.returncode == 2 and "all_conv.txt is there already" in again.stderr
    assert corr("search", "split", "all.txt", "--force", cwd=tmp_path).stdout == done.stdout
    done = corr("search", "split", "all.txt", "--by", "n", cwd=tmp_path)
    assert done.stdout.count("3 cases") == 10
    (tmp_path / "t.csv").write_text("op,n\nconv,1\nmm,2\n")
    done = corr("search", "split", "t.csv", "--kind", "a=c", cwd=tmp_path)
    assert (tmp_path / "t_a.csv").read_text() == "op,n\nconv,1\n", done.stderr
    assert corr("search", "split", "all.txt", "--by", "q", cwd=tmp_path).returncode == 2


def test_nothing_outlives_its_time_out(tmp_path: Path) -> None:
    """Not even what has a session of its own, and a child in one more."""
    pids = tmp_path / "pids"
    script = f"setsid sh -c 'echo $$ >> {pids}; setsid sleep 600 & echo $! >> {pids}; wait' & wait"
    done = process.run(["sh", "-c", script], timeout=2)
    assert done.timed_out
    started = [int(line) for line in pids.read_text().split()]
    deadline = time.monotonic() + 20
    while left := [pid for pid in started if _runs(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert len(started) == 2


def _runs(pid: int) -> bool:
    """It is there, and not only its entry until its parent has asked for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
