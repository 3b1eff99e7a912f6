"""The planted programs, collected."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake
from tests.support import planted_runs


@pytest.fixture(scope="session")
def planted_folder(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Path:
    return planted_runs.collected(tmp_path_factory, tools)


@pytest.fixture(scope="session")
def planted_lake(planted_folder: Path) -> Lake:
    return Lake.open(planted_folder / "data")
