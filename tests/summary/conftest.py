"""Runs that summaries are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.summaries import WALKS


@pytest.fixture(scope="session")
def gemm(gemm_lake: Path) -> Lake:
    return Lake.open(gemm_lake / "data")


@pytest.fixture(scope="session")
def walks(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Lake:
    """A lake with a program that was built but not run, and no artifact kept."""
    folder = tmp_path_factory.mktemp("walks")
    (folder / "walks.c").write_text(WALKS)
    arguments = ("collect", "walks.c", "--no-run", "--no-artifacts", "--", "-O2")
    done = corr(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Lake.open(folder / "data")
