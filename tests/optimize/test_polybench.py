"""PolyBench: the build that is timed is the one that is checked, and the one that is delivered."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.build_and_run import Builds
from corr.optimize.prepare_original import Original, prepare
from corr.optimize.proposal import Outcome
from corr.optimize.request import Order
from corr.program.model import Run, from_files
from tests.support import polybench
from tests.support.command import Corr
from tests.support.model_server import ModelServer, proposals, source
from tests.support.polybench import NEST, ORDER, SWAPPED

CALL, KERNEL = "  kernel();\n", "static void kernel(void) {\n"


@pytest.fixture(scope="module")
def nest(
    tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Builds, Original, Path]:
    folder = tmp_path_factory.mktemp("nest")
    polybench.write(folder)
    program = from_files(["nest.c"], ["-O1"], Run(directory=folder), folder)
    builds = Builds(program, tools, folder / "builds")
    return builds, prepare(builds, Order(), lambda _: None), folder / "nest.c"


@pytest.mark.slow
def test_a_timed_run_dumps_its_arrays_and_gives_its_own_time(
    nest: tuple[Builds, Original, Path],
) -> None:
    builds, original, _ = nest
    assert builds.always == ("-DPOLYBENCH_DUMP_ARRAYS", "-DPOLYBENCH_TIME")
    contest = original.contest
    run = builds.run(original.binary, contest.given, contest.output)
    assert len(run.output.split()) == 320 * 320
    assert contest.own_clock and run.kernel and 0 < run.kernel < run.done.wall
    accept = original.verifier.accepts(original.variant)
    assert accept is not None and accept(run) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        (((CALL, f"#ifdef POLYBENCH_DUMP_ARRAYS\n{CALL}#endif\n"),), "depends on -DPOLYBENCH_DUMP"),
        (((CALL, "  polybench_prevent_dce(kernel());\n"),), "depends on -DPOLYBENCH_DUMP"),
        (((KERNEL, f"#ifndef POLYBENCH_TIME\n#undef N\n#define N 9\n#endif\n{KERNEL}"),), "depends"),
        (((CALL, ""), ("  polybench_prevent_dce(", "  kernel();\n  polybench_prevent_dce(")), ""),
        (((CALL, ""),), "differs"),
        (((ORDER, SWAPPED),), None),
        (((ORDER, f"#if N > 4\n{SWAPPED}#else\n{ORDER}#endif\n"),), None),
    ],
)  # fmt: skip
def test_the_program_is_the_same_with_and_without_its_dump(
    nest: tuple[Builds, Original, Path], changes: tuple[tuple[str, str], ...], detail: str | None
) -> None:
    builds, original, path = nest
    text = NEST
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    variant = original.variant.with_text(path, text)
    found = original.verifier.check(variant, builds.build(variant))
    if not detail:
        assert found.outcome is None, found.detail
        accept = original.verifier.accepts(variant)
        run = builds.run(builds.build(variant), original.contest.given, original.contest.output)
        assert accept is not None and accept(run) == ""
    else:
        assert found.outcome == Outcome.wrong_output and detail in found.detail


@pytest.mark.timed
def test_a_session(tmp_path: Path, corr: Corr) -> None:
    polybench.write(tmp_path)
    wrong = SWAPPED.replace("j < N", "j < N - (N == 320)")
    small = SWAPPED.replace("j < N", "j < N - (N == 60)")
    edits = [source("nest.c", (ORDER, text)) for text in (wrong, small, SWAPPED)]
    late = source(
        "nest.c", (CALL, ""), ("  polybench_prevent_dce(", "  kernel();\n  polybench_prevent_dce(")
    )
    with ModelServer([proposals(late, *edits), "No more."]) as server:
        done = corr(
            *("optimize", "nest.c", "--proposer", "llm", "--iterations", "1"),
            *("--candidates", "4"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 0, done.stderr
    query = "SELECT * FROM iterations WHERE role = 'proposal' ORDER BY run_id, candidate"
    outside, first, second, third = ask(Lake.open(tmp_path / "data"), query).to_pylist()
    assert outside["outcome"] != "accepted", "its time outside of the clock is seen"
    assert first["outcome"] == "wrong output" and "in a timed run" in str(first["detail"])
    assert second["outcome"] == "wrong output" and "SMALL" in str(second["detail"])
    assert third["outcome"] == "accepted" and "3 inputs" in str(third["guarantee_detail"])
    subprocess.run(["sh", tmp_path / "nest.optimized" / "build.sh"], check=True)
    done = subprocess.run([tmp_path / "nest.optimized" / "nest"], check=True, capture_output=True)
    assert done.stdout == done.stderr == b"", "it is delivered as the user builds it"
