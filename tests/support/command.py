"""corr as a user would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from tests.support.places import ROOT


class Corr(Protocol):
    """`corr ARGS...` in a folder; additions to the environment by keyword."""

    def __call__(
        self, *args: str | Path, cwd: Path, timeout: float = 300, **env: str
    ) -> subprocess.CompletedProcess[str]: ...


def in_a_process(
    *args: str | Path, cwd: Path, timeout: float = 300, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own, in which a warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "corr", *map(str, args)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if not k.startswith("CORR_")}
        | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
