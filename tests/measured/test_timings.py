"""Times of fresh processes, and what the trial run says of programs that do not work."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from collectors.base import processor
from collectors.base.errors import CorrError, UsageError
from collectors.base.invocation import Invocation
from collectors.measured import timings

pytestmark = pytest.mark.slow

MEBIBYTE = 1024 * 1024


def script(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_wall_user_and_kernel_seconds(tmp_path: Path) -> None:
    program = script(
        tmp_path,
        'sleep 0.1; echo "kernel_seconds 0.25" >$CORR_TIMES; echo kernel_seconds 0.5 >>$CORR_TIMES',
    )
    table, _ = timings.measure(Invocation(program), 3)
    rows = table.to_pylist()
    assert table.schema == timings.TIMINGS.schema
    assert [r["repetition"] for r in rows] == [0, 1, 2]
    assert all(0.1 <= r["wall"] < 1 and r["user"] + r["system"] < 0.1 for r in rows)
    assert [(r["kernel_seconds"], r["kernel_count"]) for r in rows] == [(0.75, 2)] * 3


def test_user_time_is_the_program_s() -> None:
    loop = "import time\nwhile time.process_time() < 0.3: pass"
    table, _ = timings.measure(Invocation(Path(sys.executable), ("-c", loop)), 1)
    (row,) = table.to_pylist()
    assert row["user"] + row["system"] == pytest.approx(0.3, abs=0.1)
    assert row["kernel_seconds"] is None
    assert row["kernel_count"] == 0


def test_max_rss_is_the_program_s_or_unknown(tmp_path: Path) -> None:
    size = timings.own_peak() + 64 * MEBIBYTE
    big = Invocation(Path(sys.executable), ("-c", f"x = b'1' * {size}"))
    table, problems = timings.measure(big, 1)
    assert size < table["max_rss"][0].as_py() < size + 64 * MEBIBYTE
    assert not [p for p in problems if p.where == "max_rss"]
    table, problems = timings.measure(Invocation(script(tmp_path, "sleep 0.03")), 1)
    assert table["max_rss"].to_pylist() == [None]  # not the peak of this process
    assert len([p for p in problems if p.where == "max_rss"]) == 1


def test_bad_lines_in_the_times_file_are_reported(tmp_path: Path) -> None:
    body = "printf 'kernel_seconds 1e-3\\nkernel_seconds nan\\nnonsense\\n\\nkernel_seconds -1\\n'"
    table, problems = timings.measure(Invocation(script(tmp_path, f"{body} > $CORR_TIMES")), 1)
    assert table["kernel_seconds"].to_pylist() == [0.001]
    assert [p.count for p in problems if "CORR_TIMES that" in p.what] == [3]


@pytest.mark.parametrize(("idle", "loaded"), [(0.0, True), (9.0, False)])
def test_other_work_is_told_from_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idle: float, loaded: bool
) -> None:
    """A program that takes no CPU time was kept from it, unless processors were idle meanwhile."""
    monkeypatch.setattr(processor, "idle_between", lambda _: idle)
    table, problems = timings.measure(Invocation(script(tmp_path, "sleep 0.1")), 2)
    assert table["idle"].to_pylist() == [idle] * 2
    assert [bool(load and load > 2) for load in table["load"].to_pylist()] == [loaded] * 2
    assert any("other work on this machine" in p.what for p in problems) is loaded


def test_short_and_unsteady_series_are_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timings, "TOO_SHORT", 60.0)  # of whatever else runs on this machine
    _, problems = timings.measure(Invocation(script(tmp_path, ":")), 3)
    assert any("too short" in p.what for p in problems)
    body = f"if mkdir {tmp_path}/first 2>/dev/null; then sleep 0.6; else sleep 0.05; fi"
    _, problems = timings.measure(Invocation(script(tmp_path, body)), 3)
    assert any("unsteady" in p.what for p in problems)


@pytest.mark.parametrize(
    ("walls", "expected"),
    [
        ([], []),
        ([0.021], []),
        ([0.019], ["too short"]),
        ([1.0, 1.09, 0.91], []),
        ([1.0, 1.11, 0.89], ["unsteady"]),
        ([0.01, 0.02, 0.01], ["too short", "unsteady"]),
    ],
)
def test_what_is_short_and_what_unsteady(walls: list[float], expected: list[str]) -> None:
    found = [p.what for p in timings.doubts("x", walls)]
    assert len(found) == len(expected)
    assert all(word in what for word, what in zip(expected, found))


def test_arguments_input_folder_and_environment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FROM_CALLER", "caller")
    monkeypatch.setenv("CORR_TIMES", str(tmp_path / "not-for-this-run"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "in").write_text("typed")
    program = script(
        tmp_path, 'echo "$1|$(cat)|$PWD|$FROM_CALLER|$ADDED|$LC_ALL|${CORR_TIMES-unset}"'
    )
    here = tmp_path / "here"
    here.mkdir()
    invocation = Invocation(
        Path(os.path.relpath(program)), ("a b",), tmp_path / "in", {"ADDED": "x"}, here
    )
    said = timings.trial(invocation).stdout.decode()
    assert said == f"a b|typed|{here}|caller|x|C.UTF-8|unset\n"


def test_every_repetition_reads_the_whole_input(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("1\n2\n3\n")
    program = script(tmp_path, "test $(wc -l) = 3")
    table, _ = timings.measure(Invocation(program, stdin=tmp_path / "in"), 3)
    assert table.num_rows == 3


@pytest.mark.parametrize(
    ("body", "limit", "message", "fix"),
    [
        ("echo deep trouble >&2; kill -SEGV $$", 20, "crashed: killed by SIGSEGV\ndeep", "by hand"),
        ("echo usage: program N; exit 2", 20, "exit status 2\nusage: program N", "--run-args"),
        ("sleep 20", 0.2, "time limit", "smaller input"),
    ],
)
def test_trial_explains_failures(
    tmp_path: Path, body: str, limit: float, message: str, fix: str
) -> None:
    with pytest.raises(CorrError) as caught:
        timings.trial(Invocation(script(tmp_path, body), timeout=limit))
    assert message in caught.value.message
    assert fix in caught.value.fix


def test_status_can_be_allowed(tmp_path: Path) -> None:
    program = script(tmp_path, "sleep 0.03; exit 3")
    assert timings.trial(Invocation(program, ok_status=(0, 3))).returncode == 3
    assert timings.measure(Invocation(program, ok_status=(3,)), 1)[0].num_rows == 1


def test_output_of_the_trial_is_capped(tmp_path: Path) -> None:
    done = timings.trial(Invocation(script(tmp_path, "head -c 5000000 /dev/zero")))
    assert len(done.stdout) == MEBIBYTE
    assert done.truncated


def test_failed_repetitions_are_left_out_and_reported(tmp_path: Path) -> None:
    body = f"if mkdir {tmp_path}/first 2>/dev/null; then exit 4; fi; sleep 0.03"
    table, problems = timings.measure(Invocation(script(tmp_path, body)), 3)
    assert table["repetition"].to_pylist() == [1, 2]
    assert any("exit status 4" in p.what for p in problems)


def test_time_out_ends_the_series(tmp_path: Path) -> None:
    table, problems = timings.measure(Invocation(script(tmp_path, "sleep 9"), timeout=0.2), 50)
    assert table.num_rows == 0
    assert len(problems) == 1


def test_no_repetitions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        timings.measure(Invocation(tmp_path), 0)
