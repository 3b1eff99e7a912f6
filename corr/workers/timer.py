"""One timed run at a time on a host, whoever times."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def host_lock() -> Path:
    """The file that whoever times on this machine, as this user, holds locked."""
    return Path(tempfile.gettempdir()) / f"corr-timer-{os.getuid()}.lock"


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Nothing else is timed on this machine meanwhile by any corr that searches."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            file = stack.enter_context(lock.open("ab"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
