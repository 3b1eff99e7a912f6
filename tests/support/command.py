"""corr as a user would run it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol
from unittest import mock

import pytest

from corr.cli import main
from tests.support.places import ROOT


class Corr(Protocol):
    """`corr ARGS...` in a folder; additions to the environment by keyword."""

    def __call__(
        self, *args: str | Path, cwd: Path, timeout: float = 300, **env: str
    ) -> subprocess.CompletedProcess[str]: ...


#: Commands that are run in a process of their own: they hear signals, or go on until they do.
APART = frozenset({"optimize", "serve"})


def run(
    *args: str | Path, cwd: Path, timeout: float = 300, **env: str
) -> subprocess.CompletedProcess[str]:
    """As `python -m corr ARGS` would end, a warning being an error.

    Most commands run in this process, which has imported all that they need: that halves the time
    of the tests. `corr.cli.main` leaves the process as it was; tests/project sees to that, and to
    how a process of its own begins.
    """
    words = [str(word) for word in args]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CORR_")}
    environment = kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | env
    if not words or words[0] in APART:
        argv = [sys.executable, "-W", "error", "-m", "corr", *words]
        return subprocess.run(
            argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=timeout,
        )  # fmt: skip
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, environment, clear=True),
        open(os.devnull) as nothing,
        mock.patch.object(sys, "stdin", nothing),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main(words)
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(words, int(ended.value.code or 0), *said)
