"""Calls that two builds decided otherwise, with the time of their callee on each side."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.compare.diff import diff
from corr.compare.difference import Diff
from corr.lake.store import Lake
from tests.support.call_programs import steps
from tests.support.command import Corr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A lake with the program of the two hot calls, kept and inlined; lines moved in the second."""
    folder = tmp_path_factory.mktemp("calls")
    files = steps(folder)
    for label, more in (("kept", ()), ("inlined", ("-mllvm", "-inline-threshold=1000"))):
        how = ("--label", label, "--repeat", "3", "--no-cachegrind", "--run-args", "6000")
        done = corr("collect", *files, *how, "--", "-O2", *more, cwd=folder)
        assert done.returncode == 0, done.stderr
        source = folder / "steps.c"
        source.write_text("/* moved */\n" + source.read_text())
    return folder


def compared(folder: Path, a: str, b: str) -> Diff:
    lake = Lake.open(folder / "data")
    return diff(lake, lake.find(a), lake.find(b))


def test_calls_decided_otherwise_are_told_with_their_time(folder: Path) -> None:
    found = {call.a.place: call for call in compared(folder, "kept", "inlined").calls}
    assert set(found) == {"steps.c:22:16", "steps.c:29:16"}
    assert {call.b.place for call in found.values()} == {"steps.c:23:16", "steps.c:30:16"}
    for call in found.values():
        assert (call.callee, call.a.decided, call.b.decided) == ("step", "called", "inlined")
        assert (call.a.cost, call.a.threshold, call.b.threshold) == (400, 225, 1000)
        assert call.a.share > 0.1 and call.a.seconds
    total = compared(folder, "kept", "inlined").total
    assert total is not None
    seconds = [call.a.seconds or 0.0 for call in found.values()]
    assert sum(seconds) <= total.seconds_a


def test_what_is_decided_alike_is_not_told(folder: Path) -> None:
    assert compared(folder, "kept", "kept").calls == ()


def test_the_command_says_it(folder: Path, corr: Corr) -> None:
    done = corr("diff", "kept", "inlined", cwd=folder)
    assert done.returncode == 0, done.stderr
    told = done.stdout.partition("calls that the inliner decided otherwise:\n")[2].splitlines()
    assert len(told) == 2 and all("step: called, " in line for line in told)
    assert all("cost 400 of 225 → inlined, " in line for line in told)
