"""Folders of a process that may be killed: claimed by a lock, cleared away by a later process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

LOCK = ".lock"
#: A folder without a lock is still being made, unless it is as old as this, in seconds.
_MAKING = 60.0
_DAY = 86_400.0
#: Temporary folders of corr are called so, and what they are for, and what tempfile makes up.
PREFIX = "corr-"
_NAMED = re.compile(rf"{PREFIX}[a-z]+-[a-z0-9_]{{8}}")
#: Places that this process has cleared.
_cleared: set[Path] = set()
_cleared_lock = threading.Lock()


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
def scratch(purpose: str) -> Iterator[Path]:
    """A new folder for temporary files, gone afterwards.

    The first one that a process makes clears away those of killed ones.
    """
    _clear_once(Path(tempfile.gettempdir()))
    name = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-"))
    try:
        with claim(name):
            inside = name / "files"  # the lock is no file of whoever uses it
            inside.mkdir()
            yield inside
    finally:
        remove(name)


def remove(folder: Path) -> None:
    """Remove a folder of our own, also where a program has closed parts of it; links stay links."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    for parent, below, _ in os.walk(folder):
        for closed in (Path(parent, name) for name in (".", *below)):
            with contextlib.suppress(OSError):
                if not closed.is_symlink():
                    closed.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def clear(place: Path) -> None:
    """Remove what killed processes left there: folders of this user that nobody holds.

    One without a lock is of an earlier corr, which may still be running: it is left for a day.
    """
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            ours = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
            if not ours or _NAMED.fullmatch(folder.name) is None:
                continue
            locked = (folder / LOCK).exists()
            if (locked and abandoned(folder)) or (not locked and _older_than(folder, _DAY)):
                remove(folder)


def _clear_once(place: Path) -> None:
    with _cleared_lock:
        if place in _cleared:
            return
        _cleared.add(place)
    clear(place)


def _older_than(folder: Path, seconds: float) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > seconds
    except OSError:
        return False
