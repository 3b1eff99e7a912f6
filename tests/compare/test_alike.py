"""A build compared with itself, beside other work: no difference, and no cause of one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from bench.alike import claims
from bench.busy import busy
from collectors.base import toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.compare.diff import diff
from corr.compare.difference import Diff
from corr.compare.places import PlaceDiff, PlaceSide
from corr.compare.remeasure import binaries
from corr.console.progress import Progress
from corr.lake.store import Lake
from corr.program.model import Run, from_files
from corr.timing.interleave import Limits, interleave
from tests.compare.causes import FOLDER
from tests.compare.test_experiments import RUN, loop, ratio, suspect

#: Comparisons here; `python -m bench.alike` makes twenty.
COMPARED = 3


def test_what_counts_as_a_claim() -> None:
    quiet = loop(time=ratio(1.0, "same"))
    place = PlaceDiff("(kernel x)", "kernel", "x", None, PlaceSide(), PlaceSide())
    assert claims(Diff(RUN, RUN, loops=(quiet,), places=(place,))) == []
    assert claims(Diff(RUN, RUN, loops=(loop(time=ratio(0.5, "faster")),)))
    assert claims(Diff(RUN, RUN, loops=(loop(suspect(None), time=ratio(1.0, "same")),)))


@pytest.mark.timed
def test_a_build_is_never_said_to_differ_from_itself(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    folder = FOLDER / "axpy"
    program = from_files(["a.c"], ["-O2"], Run(directory=folder), folder)
    options = Options(repeat=1, cachegrind=False)
    with busy(2):
        runs = [
            collect(program, toolchain.find(), lake, options, Progress())
            for _ in range(COMPARED + 1)
        ]
        for a, b in itertools.pairwise(runs):
            measured = interleave(*binaries(a, b), limits=Limits(7, 7))
            assert claims(diff(lake, a, b, measured)) == []
