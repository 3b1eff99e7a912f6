"""Runs of the planted programs, each collected once for all tests."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.lake.store import Lake
from corr.program.model import Program, Run, from_files
from tests.findings.planted import FOLDER, PLANTED, Planted
from tests.support.shared import made_once


def program(planted: Planted, *, mended: bool = False) -> Program:
    """The program as it is, or mended."""
    source = planted.mended if mended else FOLDER / planted.source
    assert source is not None
    flags = ("-O3", *planted.flags, *planted.link, *(planted.mended_by if mended else ()))
    return from_files([source.name], flags, Run(directory=FOLDER), FOLDER)


def collected(factory: pytest.TempPathFactory, tools: Toolchain) -> Path:
    """A folder whose lake `data` has a run of each planted program, by its name."""

    return made_once(factory, "planted", lambda folder: collected_in(folder, PLANTED, tools))


def collected_in(folder: Path, programs: Iterable[Planted], tools: Toolchain) -> Lake:
    """The lake `data` of a folder, with a run of each of the programs by its name.

    Two at a time: whoever makes it for all workers keeps another one waiting.
    """
    lake = Lake.open(folder / "data", create=True)

    def one(planted: Planted) -> None:
        options = Options(repeat=1, cachegrind=False, label=planted.name)
        collect(program(planted), tools, lake, options, Progress())

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, programs))
    return lake
