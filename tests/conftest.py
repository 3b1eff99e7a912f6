"""Shared by the tests: the toolchain of this machine and a way to run corr as a user would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.base import toolchain
from collectors.base.toolchain import Toolchain

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A job in the background is started with SIGINT ignored, and so would be what it starts."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    return toolchain.find()


@pytest.fixture(scope="session")
def clang(tools: Toolchain) -> str:
    return str(tools.path("clang"))


Corr = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def corr() -> Corr:
    """Run `corr ARGS...` in a folder, in a process of its own; environment additions by keyword."""

    def run(
        *args: str | Path, cwd: Path, timeout: float = 300, **env: str
    ) -> subprocess.CompletedProcess[str]:
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

    return run


@pytest.fixture(scope="session")
def gemm_lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds two collects of the same small gemm build, labelled a and b."""
    folder = tmp_path_factory.mktemp("gemm")
    for label in ("a", "b"):
        done = corr("collect", "gemm.c", "--run-args", "--size 300", "--label", label, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder
