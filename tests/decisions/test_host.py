"""Compilers that behave, die, hang, ask nothing or talk nonsense: each ends cleanly."""

from __future__ import annotations

import os
import struct
import threading
import time
from pathlib import Path

import pytest

from collectors.decisions.channel import ChannelError, Header
from collectors.decisions.host import Advise, Driven, Limits, drive
from tests.decisions.test_channel import header

pytestmark = pytest.mark.slow

HEADER = header(("cost", "int64_t", [1]), ("inlining_default", "int64_t", [1]))


def yes(_header: Header) -> Advise:
    return lambda _observation: 1


def driven(folder: Path, script: str, limits: Limits | None = None) -> Driven:
    """Drive a shell script as if it was a compiler; `$C` is the channel."""
    (folder / "header").write_bytes(HEADER)
    observation = b'{"observation":0}\n' + struct.pack("qq", -5, 1) + b"\n"
    (folder / "question").write_bytes(observation)
    argv = ["sh", "-c", f"C={folder}/c; {script}"]
    return drive(argv, folder / "c", yes, stderr=folder / "err", cwd=folder, limits=limits)


def test_questions_are_answered_in_order(tmp_path: Path) -> None:
    script = (
        'exec 3<$C.in 4>$C.out; cat header >&4; printf \'{"context":"f"}\\n\' >&4;'
        " for i in 1 2 3; do cat question >&4; head -c 8 <&3 >>answers; done"
    )
    done = driven(tmp_path, script)
    assert done.ok and done.header is not None and done.header.names[0] == "cost"
    assert list(done.answers) == [1, 1, 1] and done.contexts == [(0, "f")]
    assert done.header.matrix(done.observations).tolist() == [[-5, 1]] * 3
    assert (tmp_path / "answers").read_bytes() == struct.pack("qqq", 1, 1, 1)
    assert not (tmp_path / "c.in").exists() and not (tmp_path / "c.out").exists()


@pytest.mark.parametrize(
    ("script", "ending", "asked"),
    [
        ("true", "exit status 0", 0),
        ("exit 3", "exit status 3", 0),
        ("kill -SEGV $$", "killed by SIGSEGV", 0),
        ("exec 4>$C.out; cat header >&4; exit 3", "exit status 3", 0),
        ("exec 4>$C.out; cat header question >&4; kill -ABRT $$", "killed by SIGABRT", 1),
        ("exec 4>$C.out; cat header >&4; head -c 20 question >&4; exit 1", "exit status 1", 0),
    ],
    ids=["asks nothing", "fails", "dies", "dies after header", "dies after question", "dies in it"],
)
def test_compilers_that_end(tmp_path: Path, script: str, ending: str, asked: int) -> None:
    done = driven(tmp_path, script)
    assert done.ending() == ending and len(done.answers) == asked
    assert done.ok == (ending == "exit status 0")
    assert (done.header is None) == ("header" not in script)


@pytest.mark.parametrize(
    "script",
    ["sleep 100", "exec 4>$C.out; cat header >&4; sleep 100", "sleep 100 & exec 4>$C.out; wait"],
    ids=["before the header", "after it", "with a child"],
)
def test_compilers_that_hang(tmp_path: Path, script: str) -> None:
    start = time.monotonic()
    done = driven(tmp_path, script, Limits(seconds=0.3))
    assert not done.ok and done.completed.timed_out and time.monotonic() - start < 30


def test_decisions_without_end_are_stopped(tmp_path: Path) -> None:
    script = "exec 4>$C.out; cat header >&4; while true; do cat question >&4; done"
    done = driven(tmp_path, script, Limits(decisions=5))
    assert not done.ok and len(done.answers) == 5 and done.ending() == "stopped after 5 decisions"


def test_memory_is_limited(tmp_path: Path) -> None:
    script = "sleep 0.2; exec dd if=/dev/zero of=/dev/null bs=1G count=1"
    done = driven(tmp_path, script, Limits(30.0, 200 << 20))
    assert done.ending() == "exit status 1" and "memory" in (tmp_path / "err").read_text()


@pytest.mark.parametrize("said", ["echo nonsense", "cat header; echo nonsense"])
def test_what_is_no_compiler_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(ChannelError):
        driven(tmp_path, f"({said}) >$C.out; sleep 100")
    assert not (tmp_path / "c.out").exists()


def test_an_advisor_that_fails_leaves_no_compiler(tmp_path: Path) -> None:
    def broken(_header: Header) -> Advise:
        raise KeyError("inlining_default")

    (tmp_path / "header").write_bytes(HEADER)
    argv = ["sh", "-c", f"echo $$ >pid; exec 4>{tmp_path}/c.out; cat header >&4; exec sleep 100"]
    with pytest.raises(KeyError):
        drive(argv, tmp_path / "c", broken, stderr=tmp_path / "err", cwd=tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_no_descriptor_and_no_thread_is_left(tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    driven(tmp_path, "true")
    before, threads = count(), threading.active_count()
    for script in ("true", "exec 4>$C.out; cat header >&4"):
        driven(tmp_path, script)
    time.sleep(0.05)
    assert count() == before and threading.active_count() <= threads
