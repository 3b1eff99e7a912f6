"""The machine's roofs as they are measured, and loops of which it is known how near they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.optimize.hot_nests import HotNests
from corr.optimize.roof import contracted, parts
from corr.program import machine
from corr.program.model import Program, Run, from_files
from corr.roofs import peaks
from corr.roofs.bounds import bound

pytestmark = pytest.mark.timed

#: Fused multiply-adds that are all in registers, and additions that wait for each other.
PLANTED = """#include <stdio.h>
#if defined(__AVX512F__)
typedef double row __attribute__((vector_size(64)));
#elif defined(__AVX__)
typedef double row __attribute__((vector_size(32)));
#else
typedef double row __attribute__((vector_size(16)));
#endif
#define STEP(x) x = x * m + c;
__attribute__((noinline)) double independent(long n, double m, double c)
{
    row a0 = {0}, a1 = {1}, a2 = {2}, a3 = {3}, a4 = {4}, a5 = {5}, a6 = {6}, a7 = {7}, a8 = {8}, a9 = {9};
    for (long i = 0; i < n; i++) {
        STEP(a0) STEP(a1) STEP(a2) STEP(a3) STEP(a4) STEP(a5) STEP(a6) STEP(a7) STEP(a8) STEP(a9)
    }
    return (a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9)[0];
}
__attribute__((noinline)) double dependent(long n, double c)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += c;
    return s;
}
int main(int argc, char **argv)
{
    (void)argv;
    double c = argc;
    printf("%g\\n", independent(30000000L * argc, 0.5 * c, c) + dependent(60000000L * argc, c));
    return 0;
}
"""


@pytest.fixture(scope="module")
def planted(
    tmp_path_factory: pytest.TempPathFactory, tools: Toolchain
) -> tuple[Lake, RunInfo, Program]:
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.c").write_text(PLANTED)
    flags = ["-O3", "-march=native", "-ffp-contract=fast"]
    program = from_files(["planted.c"], flags, Run(directory=folder), folder)
    lake = Lake.open(folder / "data", create=True)
    options = Options(repeat=3, cachegrind=False)
    return lake, collect(program, tools, lake, options, Progress()), program


def test_a_loop_at_the_roof_and_one_far_below(planted: tuple[Lake, RunInfo, Program]) -> None:
    """In wide bounds: other work on the machine may take half of a core away."""
    lake, run, program = planted
    made = parts(lake, run, program, HotNests(), own_clock=False)
    found, why = peaks.of_run(lake, run)
    assert found is not None and made.seconds is not None, (why, made.why)
    fused = contracted(program, reassociation=False)
    shares = {
        part.name.partition("/")[0]: bound(part.need, found, fused=fused).seconds
        / (part.share * made.seconds)
        for part in made.parts
    }
    done = {part.name.partition("/")[0]: part.need.operations for part in made.parts}
    lanes = (machine.vector_bits() or 128) // 64
    for kind in ("add", "mul"):
        assert done["independent"][kind, "f64"] == pytest.approx(30e6 * 10 * lanes, rel=0.01)
    assert done["dependent"] == {("add", "f64"): pytest.approx(60e6, rel=0.01)}
    assert 0.4 < shares["independent"] < 1.3
    assert 0.005 < shares["dependent"] < 0.2
    # seen in the code only, so that it is no reason to end a search
    assert not made.roof(found, fused=fused).sure


def test_the_roofs_are_measured_once_and_kept(planted: tuple[Lake, RunInfo, Program]) -> None:
    lake, run, _ = planted
    found, why = peaks.of_run(lake, run)
    assert found is not None, why
    rates = found.operations
    assert rates["fma_f32"] > rates["fma_f64"] > rates["scalar_f64"] > 1e8
    assert rates["fma_f64"] > 1.2 * rates["add_f64"] > 2 * rates["div_f64"]
    assert "memory" in found.bandwidths and found.bandwidths["L1"] > 1e9
    assert set(found.sizes) == set(found.bandwidths) - {"memory"}
    assert peaks.of_run(lake, run)[0] == found
    again, _ = peaks.again(lake, run)
    assert again is not None and again == again.or_higher(found) == peaks.of_run(lake, run)[0]
    elsewhere = type(run)(run.run_id, run.folder, replace(run.facts, cpu="another"))
    for nothing, why in (peaks.of_run(lake, elsewhere), peaks.again(lake, elsewhere)):
        assert nothing is None and "another machine" in why


@pytest.mark.parametrize(
    ("flags", "reassociation", "expected"),
    [
        (["-O3"], False, True),
        (["-ffp-contract=off"], False, False),
        (["-ffp-contract=off", "-ffp-contract=on"], False, True),
        (["-ffp-contract=off"], True, True),
    ],
)
def test_what_may_be_fused(
    tmp_path: Path, flags: list[str], reassociation: bool, expected: bool
) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }")
    program = from_files(["a.c"], flags, Run(directory=tmp_path), tmp_path)
    assert contracted(program, reassociation=reassociation) is expected
