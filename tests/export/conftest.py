"""The run that is exported, and the same with hostile names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corr.lake.store import Lake, RunInfo
from tests.support.report_lakes import EVIL, changed, restage


@pytest.fixture(scope="session")
def lake(gemm_lake: Path) -> Lake:
    return Lake.open(gemm_lake / "data")


@pytest.fixture(scope="session")
def run(lake: Lake) -> RunInfo:
    return lake.find("a")


@pytest.fixture(scope="session")
def evil(tmp_path_factory: pytest.TempPathFactory, lake: Lake) -> tuple[Lake, RunInfo]:
    """The run with hostile names in place of gemm's."""
    other = Lake.open(tmp_path_factory.mktemp("evil") / "data", create=True)

    def change(value: Any) -> Any:
        return (
            value.replace("gemm", EVIL + ';\n"\x1b[2J\u2028') if isinstance(value, str) else value
        )

    return other, restage(other, lake.find("a"), {"program": changed("gemm", change)}, change)


@pytest.fixture
def npm(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.cache.mkdir("npm"))
