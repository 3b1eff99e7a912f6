"""Planted causes are named by the hypotheses of `corr diff`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.compare.diff import diff
from corr.compare.difference import LoopDiff
from corr.compare.remeasure import binaries
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.program.model import Program, Run, from_files
from corr.timing.interleave import Limits, interleave
from tests.compare.causes import CAUSES, Cause

pytestmark = pytest.mark.slow


def build(cause: Cause, side: str) -> Program:
    how = Run(directory=cause.folder)
    return from_files(cause.files(side), cause.flags(side), how, cause.folder)


def collect_fresh(data: Path, program: Program) -> RunInfo:
    options = Options(repeat=1, cachegrind=False)
    return collect(program, toolchain.find(), Lake.open(data, create=True), options, Progress())


@cache
def collect_once(data: Path, folder: Path, files: tuple, flags: tuple) -> RunInfo:
    """A build that several pairs share is collected once in each process."""
    return collect_fresh(data, from_files(files, flags, Run(directory=folder), folder))


def compare(data: Path, cause: Cause) -> LoopDiff:
    """Collect both sides of a pair, time them in turn, and return the planted loop's comparison."""
    if cause.rule is None:
        a, b = (collect_fresh(data, build(cause, side)) for side in "ab")
    else:
        a, b = (
            collect_once(data, cause.folder, tuple(cause.files(side)), tuple(cause.flags(side)))
            for side in "ab"
        )
    measured = interleave(*binaries(a, b), limits=Limits(5, 5))
    loops = diff(Lake.open(data), a, b, measured).loops
    return next(loop for loop in loops if loop.key == cause.loop)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("causes") / "data"


def top(loop: LoopDiff) -> str | None:
    """The rule that the loop's strongest hypothesis is from."""
    return loop.hypotheses[0].name if loop.hypotheses else None


def named(cause: Cause, loop: LoopDiff) -> bool:
    """The strongest hypothesis is the planted cause; of two equal builds, at most the machine."""
    return top(loop) == cause.rule or (cause.rule is None and top(loop) == "machine")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_planted_cause_is_the_strongest_hypothesis(cause: Cause, data: Path) -> None:
    loop = compare(data, cause)
    assert named(cause, loop), (loop.time, loop.verdict, loop.hypotheses)
    if cause.verdict:
        # on a busy machine a verdict may stay open, but it is never the opposite
        assert loop.verdict in (cause.verdict, "inconclusive", None), loop.time
    for hypothesis in loop.hypotheses:
        assert 0 <= hypothesis.strength <= 1
        assert "None" not in hypothesis.says, hypothesis.says
        assert hypothesis.evidence and all(hypothesis.evidence), hypothesis.name
