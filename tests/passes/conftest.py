"""A recorded trace, and one of each LLVM on this machine."""

from __future__ import annotations

import pytest

from collectors.base.toolchain import Toolchain
from collectors.passes import changes as ir_changes
from collectors.passes.changes import IrTrace
from tests.support.pass_traces import FLAGS, INSTALLED, KEYS, dump, parsed, tagged


@pytest.fixture(scope="session")
def recorded() -> IrTrace:
    return parsed(dump(22))


@pytest.fixture(scope="session", params=INSTALLED, ids=lambda t: f"llvm{t.major}")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> IrTrace:
    """kernels.c, every function, traced by each LLVM on this machine."""
    folder = tmp_path_factory.mktemp("live")
    tools: Toolchain = request.param
    source, keys = tagged(tools, "kernels.c", folder, FLAGS)
    assert keys == KEYS
    return ir_changes.collect([tools.path("clang"), *FLAGS], source, keys, None, "kernels.c")
