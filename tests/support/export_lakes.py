"""A real optimisation for the tests of exports and queries, made once for all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.shared import made_once

HOT = "kernel_gemm/1.1.1"

OPTIMIZE = (
    *("optimize", "jacobi_2d.c", "--run-args", "--size 250"),
    *("--iterations", "1", "--candidates", "1", "--", "-O1"),
)


def real_optimisation(factory: pytest.TempPathFactory) -> Path:
    """A folder in which jacobi_2d was optimised, whose original was built with -O1."""
    return made_once(factory, "real-optimisation", _optimise)


def _optimise(folder: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("CORR_")}
    done = subprocess.run(
        [sys.executable, "-m", "corr", *OPTIMIZE],
        cwd=folder, env=env | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=600,
    )  # fmt: skip
    assert done.returncode in (0, 4), done.stderr  # 4: nothing was faster, on a busy machine
