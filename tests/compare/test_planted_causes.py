"""Planted causes are named by the hypotheses of `corr diff`."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from collectors.base import process, toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.compare.diff import diff
from corr.compare.difference import Diff, LoopDiff
from corr.compare.places import PlaceDiff
from corr.compare.remeasure import binaries
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.program.model import Program, from_files
from corr.system.shipped_files import shipped
from corr.timing.interleave import Limits, interleave
from corr.timing.verdict import Verdict
from tests.compare.causes import CAUSES, Cause
from tests.compare.claims import contradicted

pytestmark = pytest.mark.slow

#: One in so many is tried by `make test`, the others by `make long`.
EVERY = 3
RULES = shipped("queries") / "hypotheses"
DECIDED = (Verdict.faster, Verdict.slower, Verdict.same)


@cache
def profile(data: Path, folder: Path, source: str, flags: tuple[str, ...]) -> Path:
    """What an instrumented build of a source counted, for a build by profile."""
    tools, made = toolchain.find(), data.parent / f"{folder.name}-profile"
    made.mkdir()
    binary, raw, merged = made / "instrumented", made / "raw", made / "merged.profdata"
    compiler = tools.path("clang++" if source.endswith("pp") else "clang")
    build = [compiler, *flags, "-fprofile-generate", folder / source, "-o", binary]
    for argv in (
        build,
        [binary],
        [tools.path("llvm-profdata"), "merge", "-o", merged, raw],
    ):
        done = process.run(argv, env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
        assert done.ok, done.stderr
    return merged


def program(data: Path, cause: Cause, side: str) -> Program:
    flags = list(cause.flags(side))
    if cause.profiled and side == "b":
        source = cause.files("a")[0]
        counted = profile(data, cause.folder, source, tuple(cause.flags("a")))
        flags.append(f"-fprofile-use={counted}")
    return from_files(cause.files(side), flags, cause.run(side), cause.folder)


def collect_fresh(data: Path, built: Program) -> RunInfo:
    options = Options(repeat=1, cachegrind=False)
    return collect(built, toolchain.find(), Lake.open(data, create=True), options, Progress())


#: Rules that say why something gains nothing, which on another processor it may.
OF_NO_GAIN, LEAST_GAIN = frozenset({"gathers_no_gain", "off_critical_path"}), 0.95

ONCE: dict[str, RunInfo] = {}


def collect_once(data: Path, built: Program) -> RunInfo:
    """A build that several pairs share is collected once in each process."""
    key = repr((built.units, built.run))
    if key not in ONCE:
        ONCE[key] = collect_fresh(data, built)
    return ONCE[key]


def clocked(rule: str | None) -> bool:
    """The rule says something only where the clock has decided, which a busy machine can prevent."""
    return rule is not None and "verdict" in (RULES / f"{rule}.sql").read_text()


def compare(data: Path, cause: Cause) -> Diff:
    """Collect both sides of a pair, time them in turn, and compare them.

    Where the planted cause is one of a decided time, they are timed until it is decided.
    """
    how = collect_fresh if cause.rule is None else collect_once
    a, b = (how(data, program(data, cause, side)) for side in "ab")
    difference = None
    for pairs in (5, 15, 31):
        measured = interleave(*binaries(a, b), limits=Limits(5, pairs))
        difference = diff(Lake.open(data), a, b, measured)
        if not clocked(cause.rule) or planted(difference, cause).verdict in DECIDED:
            break
    assert difference is not None
    return difference


def planted(difference: Diff, cause: Cause) -> LoopDiff | PlaceDiff:
    """The loop, or other place, in which the cause was planted."""
    nodes: list[LoopDiff | PlaceDiff] = [*difference.loops, *difference.places]
    return next(node for node in nodes if node.key == cause.loop)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("causes") / "data"


def top(loop: LoopDiff | PlaceDiff) -> str | None:
    """The rule that the loop's strongest hypothesis is from."""
    return loop.hypotheses[0].name if loop.hypotheses else None


def named(cause: Cause, loop: LoopDiff | PlaceDiff) -> bool:
    """The strongest hypothesis is the planted cause; of two equal builds, at most the machine."""
    return top(loop) == cause.rule or (cause.rule is None and top(loop) in ("machine", "layout"))


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param(cause, id=cause.name, marks=() if at % EVERY == 0 else pytest.mark.long)
        for at, cause in enumerate(CAUSES)
    ],
)
def test_planted_cause_is_the_strongest_hypothesis(cause: Cause, data: Path) -> None:
    difference = compare(data, cause)
    for other in difference.loops:
        refuted = [h for h in other.hypotheses if contradicted(other, h)]
        assert not refuted, (other.key, refuted)
    loop = planted(difference, cause)
    if clocked(cause.rule) and loop.verdict not in DECIDED and top(loop) is None:
        pytest.skip("the machine is too busy for the clock to decide, and nothing false was said")
    if cause.rule in OF_NO_GAIN and loop.time is not None and loop.time.value < LEAST_GAIN:
        pytest.skip(f"this machine gains by what is planted: {loop.time.value:.2f} of the time")
    assert named(cause, loop), (loop.time, loop.verdict, loop.hypotheses)
    if cause.verdict:
        # on a busy machine a verdict may stay open, but it is never the opposite
        assert loop.verdict in (cause.verdict, "inconclusive", None), loop.time
    for hypothesis in loop.hypotheses:
        assert 0 <= hypothesis.strength <= 1
        assert "None" not in hypothesis.says, hypothesis.says
        assert hypothesis.evidence and all(hypothesis.evidence), hypothesis.name
