"""A scheduler of Dask and two workers on this machine, as one starts them by hand."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__DASHBOARD__LINK": ""}


def _started(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
    return subprocess.Popen(
        argv, cwd=folder, env=environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextlib.contextmanager
def working(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The scheduler, whose file is `scheduler.json`, and two workers."""
    place = ("--scheduler-file", str(folder / "scheduler.json"))
    local = ("--host", "127.0.0.1", "--no-dashboard")
    running = [_started(folder, "scheduler", *place, "--port", "0", *local)]
    worker = ("worker", *place, "--nthreads", "1", "--no-nanny", "--resources", "timer=1", *local)
    running += [_started(folder, *worker) for _ in range(2)]
    try:
        yield running
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
