"""Shared by the tests: what kind of test each is, the toolchain, and corr run as a user would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from collectors.base import toolchain
from collectors.base.toolchain import Toolchain
from tests.support import nasty_names
from tests.support.call_programs import ten_calls
from tests.support.command import Corr, run
from tests.support.dask_cluster import working
from tests.support.shared import made_once

# How long an example takes is up to what else the machine does.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

#: Whoever asks for one of these starts compilers, or the whole of corr.
STARTS_TOOLS = frozenset({"tools", "clang", "corr", "cluster", "_sandbox"})
#: The expression of marks that `make check` runs; no test that it chooses may start a program.
QUICK = "not slow"


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == QUICK:
        sys.addaudithook(_refuse_to_start_programs)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts tools or is timed is slow, without anyone's having to say so."""
    for item in items:
        names = frozenset(getattr(item, "fixturenames", ()))
        if names & STARTS_TOOLS or item.get_closest_marker("timed"):
            item.add_marker("slow")


def _refuse_to_start_programs(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and "PYTEST_CURRENT_TEST" in os.environ:
        raise AssertionError(f"a test that starts {arguments[0]} is slow: mark it so")


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A job in the background is started with SIGINT ignored, and so would be what it starts."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A scheduler of Dask, whose file is scheduler.json, and two workers."""
    with working(tmp_path) as processes:
        yield processes


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    return toolchain.find()


@pytest.fixture(scope="session")
def clang(tools: Toolchain) -> str:
    return str(tools.path("clang"))


@pytest.fixture(scope="session")
def corr() -> Corr:
    return run


@pytest.fixture(scope="session")
def gemm_lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds two collects of the same small gemm build, labelled a and b."""

    def fill(folder: Path) -> None:
        for label in ("a", "b"):
            more = ("--run-args", "--size 300", "--label", label)
            done = corr("collect", "gemm.c", *more, cwd=folder)
            assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "gemm", fill)


@pytest.fixture(scope="session")
def ten_calls_lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds one collect of the ten calls, with its decisions."""

    def fill(folder: Path) -> None:
        ten_calls(folder)
        words = ("calls.c", "--decisions", "--repeat", "1", "--run-args", "400")
        done = corr("collect", *words, "--no-cachegrind", "--", "-O2", cwd=folder)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "ten-calls", fill)


@pytest.fixture(scope="session")
def nasty_lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds one collect of the program with the nasty names."""

    def fill(folder: Path) -> None:
        files = nasty_names.write(folder)
        more = ("--repeat", "1", "--no-cachegrind", "--", "-O2")
        done = corr("collect", *files, *more, cwd=folder)
        assert done.returncode == 0, done.stderr
        (folder / "printed").write_text(done.stdout)

    return made_once(tmp_path_factory, "nasty", fill)
