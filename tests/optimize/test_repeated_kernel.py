"""A kernel of PolyBench's is run several times in one process: each time on the same inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.beside import moved_out
from corr.optimize.prepare_original import Original, prepare
from corr.optimize.request import Order
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support import polybench
from tests.support.polybench import SIZED

pytestmark = pytest.mark.slow
CALL = "  kernel(n, a, b, c);\n"
START = "  polybench_start_instruments;\n"
#: What a kernel may change: static memory, the heap, the stack of main, and what is printed.
EVERYWHERE = """  static int times; int *here = malloc(400000); double on_stack[500] = {0};
  here[7] = 5;
  polybench_start_instruments;
  kernel(n, a, b, c);
  times++; here[7]++; here[90000] = 1; on_stack[499] += times; on_stack[0] += here[7];
  { int *more = malloc(300000); more[5] = 1; free(more); }
"""
PRINT = "  polybench_prevent_dce(print_array(n, c));\n"


@pytest.fixture(scope="module")
def sized(
    tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Builds, Original, Path]:
    folder = tmp_path_factory.mktemp("sized")
    polybench.write(folder)
    flags = ["-O1", "-DSMALL_DATASET"]
    program = from_files(["sized.c"], flags, Run(directory=folder), folder)
    builds = Builds(program, tools, folder / "builds")
    return builds, prepare(builds, Order(), lambda _: None), folder / "sized.c"


def with_text(original: Original, path: Path, *changes: tuple[str, str]) -> Variant:
    text = SIZED
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return original.variant.with_text(path, text)


def test_a_short_kernel_is_repeated(sized: tuple[Builds, Original, Path]) -> None:
    _, original, _ = sized
    contest = original.contest
    assert contest.repeats and contest.set_up_once and (contest.repeat or 1) > 5
    run = contest.once(original.binary)
    assert len(run.kernels) == contest.repeat
    assert run.kernel is not None and run.kernel < run.done.wall


def test_each_repetition_finds_what_the_first_did(sized: tuple[Builds, Original, Path]) -> None:
    builds, original, path = sized
    more = '  fprintf(stderr, "%d %d %g %g ", times, here[7] + here[90000], on_stack[499], on_stack[0]);\n'
    variant = with_text(original, path, (START + CALL, EVERYWHERE), (PRINT, more + PRINT))
    binary, given = builds.build(variant), original.contest.given
    once = builds.run(binary, given, "stderr")
    often = builds.run(binary, given, "stderr", repeat=9)
    assert once.ok and often.ok
    assert len(once.kernels) == 1 and len(often.kernels) == 9
    assert bytes(often.output) == bytes(once.output)
    assert once.output.split()[:4] == [b"1", b"7", b"1", b"6"]


def test_what_takes_other_timers_is_not_repeated(tools: Toolchain, tmp_path: Path) -> None:
    polybench.write(tmp_path)
    path = tmp_path / "utilities" / "polybench.h"
    header = path.read_text()
    for word in ("start", "stop"):
        header = header.replace(f"polybench_timer_{word}()\n", f"other_{word}()\n")
        header += f"extern void other_{word}(void);\n"
    path.write_text(header)
    helper = tmp_path / "utilities" / "polybench.c"
    text = helper.read_text().replace("polybench_timer_st", "other_st")
    helper.write_text(text)
    program = from_files(["sized.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    original = prepare(Builds(program, tools, tmp_path / "builds"), Order(), lambda _: None)
    assert not original.contest.repeats and original.contest.own_clock


@pytest.mark.timed
def test_what_is_moved_into_the_set_up_is_no_saving(sized: tuple[Builds, Original, Path]) -> None:
    """Repeated, it would seem to take no time; the process takes as long for one kernel as before."""
    builds, original, path = sized
    contest = replace(original.contest, repeat=20)
    earlier = with_text(original, path, (START, CALL + START), (START + CALL, START))
    later = with_text(
        original, path, (CALL + "  polybench_stop", "  polybench_stop"), (PRINT, CALL + PRINT)
    )
    saved = contest.once_seconds(contest.once(original.binary))
    for variant in (earlier, later):
        found = moved_out(contest, original.binary, builds.build(variant), saved)
        assert "of a single run" in found, found
    faster = with_text(original, path, (CALL, "  kernel(n / 2, a, b, c);\n"))
    found = moved_out(contest, original.binary, builds.build(faster), saved / 4)
    assert "but" not in found, found
