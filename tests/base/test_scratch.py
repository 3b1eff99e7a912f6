"""Temporary folders: gone with their process, however it ends, and never while it lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.base import scratch as folders
from collectors.base.scratch import LOCK, abandoned, claim, clear, remove, scratch
from tests.support.command import Corr
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

KILLED = """
import os, signal
from collectors.base.scratch import scratch
with scratch("test") as folder:
    (folder / "large").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""
LOOP = """#include <stdio.h>
int main(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 300000000; i++) sum = sum * 3 + (i ^ sum >> 7);
  printf("%u\\n", sum);
  return 0;
}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(folders, "_cleared", set())
    return tmp_path


def test_what_a_killed_process_left_is_cleared_away(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    (left,) = place.iterdir()
    assert (left / "files" / "large").exists() and abandoned(left)
    (place / "other-folder").mkdir()
    (place / "corr-test-linktoit").symlink_to(place / "other-folder")
    with scratch("test") as folder, scratch("test") as second:
        assert not left.exists()
        assert folder.is_dir() and second.is_dir() and not abandoned(folder.parent)
        assert list(folder.iterdir()) == []
        clear(place)
        assert folder.is_dir() and second.is_dir()
    assert sorted(p.name for p in place.iterdir()) == ["corr-test-linktoit", "other-folder"]


def test_a_folder_that_is_just_being_made_is_left_alone(place: Path) -> None:
    fresh = place / "corr-test-freshone"
    fresh.mkdir()
    assert not abandoned(fresh)
    with claim(fresh):
        assert not abandoned(fresh) and (fresh / LOCK).exists()
    assert abandoned(fresh)


def test_whose_it_is_and_what_it_is_called_count(place: Path) -> None:
    """Folders of people, of other users, and of an earlier corr that may still be running."""
    names = ("corr-results", "corr-ir-my-notes", "corr-ir-abcdefg", "corr-IR-abcdefgh")
    for name in (*names, "corr-ir-abcd_123", "corr-ir-otheruse", "corr-ir-fromold1"):
        (place / name).mkdir()
        claim(place / name).close()
    os.chown(place / "corr-ir-otheruse", 65534, -1) if os.geteuid() == 0 else None
    (place / "corr-ir-fromold1" / LOCK).unlink()
    (place / "corr-ir-fromold2").mkdir()
    long_ago = time.time() - 2 * 86_400
    os.utime(place / "corr-ir-fromold2", (long_ago, long_ago))
    clear(place)
    kept = {path.name for path in place.iterdir()}
    assert kept - {"corr-ir-otheruse"} == {*names, "corr-ir-fromold1"}
    assert os.geteuid() != 0 or "corr-ir-otheruse" in kept


def test_what_a_program_closed_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    folder = tmp_path / "corr-test-closed00"
    (folder / "closed" / "deeper").mkdir(parents=True)
    (folder / "closed" / "deeper" / "file").touch()
    (folder / "link").symlink_to(outside)
    (folder / "closed" / "deeper").chmod(0)
    (folder / "closed").chmod(0)
    remove(folder)
    assert not folder.exists()
    assert outside.stat().st_mode & 0o777 == 0o500


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    """Starts `corr optimize` with a TMPDIR, and waits until a program runs in the sandbox."""
    started: list[subprocess.Popen[bytes]] = []

    def start(temporary: Path) -> subprocess.Popen[bytes]:
        (tmp_path / "loop.c").write_text(LOOP)
        known = set(temporary.iterdir())
        argv = [sys.executable, "-m", "corr", "optimize", "loop.c", "--proposer", "rules"]
        environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
        one = subprocess.Popen(
            argv, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(one)
        end = time.monotonic() + 60
        wanted = ("corr-optimize-*/files/builds", "corr-sandbox-*/files/status")
        while not all(
            any(path.parents[1] not in known for path in temporary.glob(name)) for name in wanted
        ):
            assert one.poll() is None and time.monotonic() < end
            time.sleep(0.005)
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()


def test_a_session_that_is_killed_leaves_nothing_for_long(
    tmp_path: Path, corr: Corr, running: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    """By SIGKILL, in the middle of a run; another that lives keeps what it has."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    killed = running(temporary)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    left = set(temporary.glob("corr-*"))
    assert {path.name.split("-")[1] for path in left} >= {"optimize", "sandbox"}
    lives = running(temporary)
    kept = next(path for path in temporary.glob("corr-optimize-*") if path not in left)
    assert not left & set(temporary.iterdir())
    (tmp_path / "quick.c").write_text("int main(void) { return 0; }\n")
    again = corr(
        *("optimize", "quick.c", "--budget-time", "0", "--proposer", "rules"),
        cwd=tmp_path,
        TMPDIR=str(temporary),
    )
    assert again.returncode in (1, 4), again.stderr
    assert lives.poll() is None and kept.is_dir() and (kept / "files" / "builds").is_dir()
