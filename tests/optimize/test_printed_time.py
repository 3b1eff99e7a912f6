"""A program's own time out of what it prints: believed as far as it is seen, and not compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from collectors.base.toolchain import Toolchain
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.speed import Failed
from corr.optimize.prepare_original import Original, prepare
from corr.optimize.printed_time import Declared, GoogleBenchmark, PolyBench
from corr.optimize.request import Order
from corr.program.model import Run, from_files
from corr.timing.verdict import Verdict
from tests.support.command import Corr

PATTERN = r"kernel took +([0-9.]+) (?P<unit>m?s)"
#: Sets up longer than its kernel takes, and prints what that took, then its result.
PROGRAM = """
#include <stdio.h>
#include <time.h>
static double a[4000];
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}
static void work(int times) {
  for (int r = 0; r < times; r++)
    for (int i = 0; i < 4000; i++) a[i] = a[i] * 0.5 + i;
}
int main(void) {
  work(40000);
  double start = now();
  work(20000);
  double took = now() - start;
  printf("kernel took %8.3f ms in all\\n", 1e3 * took);
  printf("result 7 of %.17g\\n", a[7]);
  return 0;
}
"""


@pytest.mark.parametrize(
    ("pattern", "unit", "printed", "seconds"),
    [
        (PATTERN, "s", b"x\nkernel took   3.5 ms, 7\n", (0.0035,)),
        (r"(?P<unit>\w+): (?P<value>[0-9.e-]+)", "s", b"sec: 2e-3\n", (0.002,)),
        (r"^part \d+ ([0-9]+)$", "us", b"part 1 20\npart 2 30\n", (20e-6, 30e-6)),
        (r"took ([0-9.a-z]+)", "s", b"took nan\n", ()),
        (r"took (-?[0-9]+)", "s", b"took -1\n", ()),
        (r"took ([0-9]+)", "s", b"it took long\n", ()),
    ],
)
def test_a_declared_pattern(
    pattern: str, unit: str, printed: bytes, seconds: tuple[float, ...]
) -> None:
    time = Declared(pattern, unit)
    assert time.read((printed, b"")).seconds == pytest.approx(seconds)
    assert time.read((b"none here\n", printed)).seconds == pytest.approx(seconds)


def test_what_it_says_of_its_time_is_left_out_and_nothing_else() -> None:
    time = Declared(PATTERN)
    one = time.without(b"a 1\nkernel took   9.99 ms, sum 5\nkernel took 1 s\n")
    assert one == b"a 1\nkernel took ? ?, sum 5\nkernel took ? ?\n"
    assert one == time.without(b"a 1\nkernel took 10.02 ms, sum 5\nkernel took 2 s\n")
    assert one != time.without(b"a 1\nkernel took 10.02 ms, sum 6\nkernel took 2 s\n")
    assert one != time.without(b"a 1\nkernel took 10.02 ms, sum 5\n")


@pytest.mark.parametrize(("pattern", "unit"), [("(", "s"), (r"(a)\1", "s"), ("(a)", "fortnights")])
def test_what_is_no_pattern_or_no_unit(pattern: str, unit: str) -> None:
    with pytest.raises(UsageError):
        Declared(pattern, unit)


def test_polybench() -> None:
    assert PolyBench().read((b"0.012345\n", b"1.00 2.00\n")).seconds == (0.012345,)
    assert PolyBench().read((b"sum 0.012345\n", b"")).seconds == ()


def _document(real: float, iterations: int = 1000, load: float = 0.5, **more: object) -> bytes:
    row = {"name": "BM_sum", "run_type": "iteration", "iterations": iterations, "time_unit": "us"}
    rows = [{**row, "real_time": real, "cpu_time": real, **more}]
    rows.append({**row, "run_type": "aggregate", "real_time": 1.0})
    return json.dumps({"context": {"load_avg": [load]}, "benchmarks": rows}, indent=2).encode()


def test_google_benchmark() -> None:
    """All of its iterations are what the clocks outside see; how many there were is told."""
    told = GoogleBenchmark().read((_document(20.0), b""))
    assert told.seconds == pytest.approx((0.020,)) and told.times == 1000
    without = GoogleBenchmark().without
    assert without(_document(20.0)) == without(_document(30.0, load=9.0, iterations=5))
    assert without(_document(20.0, sum=1)) != without(_document(20.0, sum=2))
    for other in (b"{not json\n", b'{"benchmarks": 3}\n', b"12.5\n"):
        assert without(other) == other and GoogleBenchmark().read((other, b"")).seconds == ()


@pytest.fixture(scope="module")
def timed(
    tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Builds, Original, Path]:
    folder = tmp_path_factory.mktemp("timed")
    (folder / "timed.c").write_text(PROGRAM)
    program = from_files(["timed.c"], ["-O1"], Run(directory=folder), folder)
    builds = Builds(program, tools, folder / "builds")
    order = Order(time_regex=PATTERN)
    return builds, prepare(builds, order, lambda _: None), folder / "timed.c"


@pytest.mark.slow
def test_a_program_is_timed_by_what_it_prints(timed: tuple[Builds, Original, Path]) -> None:
    builds, original, _ = timed
    contest = original.contest
    run = contest.original(original.binary)
    assert contest.own_clock and run.kernel is not None
    assert 0 < run.kernel < 0.6 * run.done.wall, "without what is before it"
    observed = builds.run(original.binary, contest.given, "stdout").observed(
        original.verifier.inputs.evidence
    )
    assert (
        b"took ? ?" in observed.printed["stdout"] and b"result 7 of " in observed.printed["stdout"]
    )


@pytest.mark.timed
@pytest.mark.parametrize(
    ("changes", "believed"),
    [
        ((("work(20000)", "work(4000)"),), True),
        ((("1e3 * took", "1e3 * took / 3"),), False),
        ((("work(40000)", "work(55000)"), ("work(20000)", "work(5000)")), False),
    ],
)
def test_what_is_not_seen_from_outside_is_not_believed(
    timed: tuple[Builds, Original, Path], changes: tuple[tuple[str, str], ...], believed: bool
) -> None:
    """What is moved out of the kernel, or made up, is not missing from the time of the process."""
    builds, original, path = timed
    text = PROGRAM
    for old, new in changes:
        text = text.replace(old, new)
    variant = original.variant.with_text(path, text)
    found = original.contest.compare(original.binary, builds.build(variant))
    assert (found.verdict == Verdict.faster and not found.doubt) == believed, found.doubt


@pytest.mark.slow
def test_a_wrong_result_beside_the_time_is_seen(timed: tuple[Builds, Original, Path]) -> None:
    builds, original, path = timed
    variant = original.variant.with_text(path, PROGRAM.replace("result 7 of", "result 8 of"))
    accept = original.verifier.accepts(original.variant)
    with pytest.raises(Failed, match="differ"):
        original.contest.compare(original.binary, builds.build(variant), accept=accept)


@pytest.mark.slow
def test_a_pattern_that_finds_nothing_is_said(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "timed.c").write_text(PROGRAM)
    for pattern, words in (("lasted ([0-9.]+)", "finds no time"), ("(", "missing )")):
        done = corr(
            *("optimize", "timed.c", "--proposer", "rules", "--time-regex", pattern), cwd=tmp_path
        )
        assert done.returncode == 2 and words in done.stderr, done.stderr


#: A benchmark that says another number of iterations each time, or always the same.
BENCHMARK = """
#include <stdio.h>
#include <time.h>
static int now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_nsec / 7 % 1000;
}
int main(void) {
  volatile double x = 0;
  for (int i = 0; i < 40000000; i++) x = x + i;
  printf("{\\"context\\": {\\"date\\": \\"now\\"}, \\"benchmarks\\": [{\\"name\\": \\"BM\\", "
         "\\"iterations\\": %d, \\"real_time\\": 1.5, \\"time_unit\\": \\"us\\", \\"sum\\": %g}]}\\n", COUNT, x);
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("count", "steady"), [("5000 + 0 * now()", True), ("5000 + now()", False)])
def test_a_benchmark_that_chooses_how_often_it_runs(
    tools: Toolchain, tmp_path: Path, count: str, steady: bool
) -> None:
    """Its whole time is then as long as it likes, and says nothing."""
    (tmp_path / "bench.c").write_text(BENCHMARK.replace("COUNT", count))
    program = from_files(["bench.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    builds = Builds(program, tools, tmp_path / "builds")
    if not steady:
        with pytest.raises(UsageError, match="how often it runs"):
            prepare(builds, Order(), lambda _: None)
        return
    original = prepare(builds, Order(), lambda _: None)
    run = original.contest.original(original.binary)
    assert original.contest.own_clock and run.kernel == pytest.approx(0.0075)
