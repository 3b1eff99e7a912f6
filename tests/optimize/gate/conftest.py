from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def clangxx(clang: str) -> str:
    return clang.replace("clang", "clang++")
