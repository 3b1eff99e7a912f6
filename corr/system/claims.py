"""Folders of a process that may be killed: claimed by a lock, cleared away by a later process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

LOCK = ".lock"
#: A folder without a lock is still being made, unless it is as old as this, in seconds.
_MAKING = 60.0


def claim(folder: Path) -> TextIO:
    """Lock a new folder until the file is closed, or its process is gone. Raises OSError.

    The lock is held before the file has its name, so that nobody finds it free.
    """
    making = folder / f"{LOCK}.new"
    lock = making.open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    making.rename(folder / LOCK)
    return lock


def abandoned(folder: Path) -> bool:
    """Nobody holds the lock of this folder (a killed process loses its lock)."""
    try:
        with (folder / LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return not (folder / LOCK).exists() and _older_than(folder, _MAKING)
    return True


@contextlib.contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A new folder for temporary files, gone afterwards; those of killed processes go too."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            ours = folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
            if ours and abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix) as name, claim(Path(name)):
        yield Path(name)


def _older_than(folder: Path, seconds: float) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > seconds
    except OSError:
        return False
