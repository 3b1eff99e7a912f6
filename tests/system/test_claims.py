"""Temporary folders: gone with their process, however it ends, and never while it lives."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from corr.system.claims import LOCK, abandoned, claim, scratch

pytestmark = pytest.mark.slow

KILLED = """
import os, signal
from corr.system.claims import scratch
with scratch("corr-test-") as folder:
    (folder / "large").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_what_a_killed_process_left_is_cleared_away(place: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED])
    assert done.returncode == -signal.SIGKILL
    (left,) = place.iterdir()
    assert (left / "large").exists() and abandoned(left)
    (place / "other-folder").mkdir()
    (place / "corr-test-link").symlink_to(place / "other-folder")
    with scratch("corr-test-") as folder, scratch("corr-test-") as second:
        assert not left.exists()
        assert folder.is_dir() and second.is_dir() and not abandoned(folder)
    assert sorted(p.name for p in place.iterdir()) == ["corr-test-link", "other-folder"]


def test_a_folder_that_is_just_being_made_is_left_alone(place: Path) -> None:
    fresh = place / "corr-test-fresh"
    fresh.mkdir()
    assert not abandoned(fresh)
    with claim(fresh):
        assert not abandoned(fresh) and (fresh / LOCK).exists()
    assert abandoned(fresh)
