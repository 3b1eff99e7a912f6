"""Programs that run long are searched on a smaller data set; what is kept is right on the asked one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize import asked_size, search_size
from corr.optimize.asked_size import Contender, contenders, settled
from corr.optimize.build_and_run import Builds
from corr.optimize.hot_nests import HotLoop, of_loops
from corr.optimize.loop import Optimisation
from corr.optimize.moves.source import Source
from corr.optimize.prepare_original import prepare
from corr.optimize.proposal import Proposal
from corr.optimize.request import Order
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.optimize.test_loop import Scripted
from tests.support import polybench
from tests.support.polybench import BOUNDS, BOUNDS_SWAPPED

pytestmark = pytest.mark.slow
#: Wrong where the data set is the asked one, and there only.
WRONG = BOUNDS_SWAPPED.replace("j < _PB_N", "j < n - (n == 320)", 1)


@pytest.fixture
def long_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any run is a long one, any smaller data set long enough."""
    monkeypatch.setattr(search_size, "LONG", 0.0)
    monkeypatch.setattr(search_size, "SHORTEST", 0.0)
    seconds = iter([1.0, -1.0])
    monkeypatch.setattr(search_size, "_seconds", lambda _: next(seconds, -1.0))
    yield


def builds(folder: Path, tools: Toolchain, name: str) -> Builds:
    polybench.write(folder)
    program = from_files([name], ["-O1"], Run(directory=folder), folder)
    return Builds(program, tools, folder / "builds")


def swapped(text: str = BOUNDS_SWAPPED) -> Source:
    return Source("sized.c", ((BOUNDS, text),), summary=f"kernel {len(text)}")


@pytest.mark.usefixtures("long_runs")
def test_the_largest_data_set_that_is_not_long(tmp_path: Path, tools: Toolchain) -> None:
    told: list[str] = []
    made = builds(tmp_path, tools, "sized.c")
    original = prepare(made, Order(), told.append)
    assert "-DMEDIUM_DATASET" in made.size and original.asked is not None
    assert "MEDIUM" in told[0]
    run = made.run(original.binary, original.contest.given, original.contest.output)
    assert len(run.output.split()) == 160 * 160
    asked = asked_size.original_of(original, made)
    run = made.run(asked.binary, asked.contest.given, asked.contest.output)
    assert len(run.output.split()) == 320 * 320


@pytest.mark.usefixtures("long_runs")
def test_a_program_whose_loops_run_to_numbers_is_searched_as_asked(
    tmp_path: Path, tools: Toolchain
) -> None:
    made = builds(tmp_path, tools, "nest.c")
    text = polybench.NEST.replace("#define N 320", "#define HALF 160\n#define N (2 * HALF)")
    (tmp_path / "nest.c").write_text(text)
    assert prepare(made, Order(), lambda _: None).asked is None
    assert made.size == ()


@pytest.mark.usefixtures("long_runs")
def test_a_loop_that_runs_to_a_macro_is_searched_on_a_smaller_data_set(
    tmp_path: Path, tools: Toolchain
) -> None:
    made = builds(tmp_path, tools, "sized.c")
    text = polybench.SIZED.replace("i < _PB_N", "i < N")
    (tmp_path / "sized.c").write_text(text)
    line = text[: text.index("i < N")].count("\n") + 1
    original = prepare(made, Order(), lambda _: None)
    assert original.asked is not None and "-DMEDIUM_DATASET" in made.size
    loop = HotLoop("kernel", "sized.c", line, 1.0)
    (by_number,) = of_loops([loop], made.program, tools).modelled
    assert by_number.scop.numbers == {"N": 320}
    (nest,) = of_loops([loop], made.program, tools, sizes_by_name=True).modelled
    assert nest.scop.numbers == {} and nest.scop.computed == {"N_": ("int", "N")}


def test_a_short_run_is_searched_as_asked(tmp_path: Path, tools: Toolchain) -> None:
    made = builds(tmp_path, tools, "sized.c")
    assert prepare(made, Order(budget_time=500.0), lambda _: None).asked is None


@pytest.mark.usefixtures("long_runs")
def test_what_is_wrong_on_the_asked_size_is_not_kept(tmp_path: Path, tools: Toolchain) -> None:
    made = builds(tmp_path, tools, "sized.c")
    small = prepare(made, Order(), lambda _: None)
    wrong, right = (
        Contender(time, swapped(text).apply(small.variant), basis="as it was")
        for time, text in ((0.1, WRONG), (0.2, BOUNDS_SWAPPED))
    )
    for one in (wrong, right):
        found = small.verifier.check(one.variant, made.build(one.variant))
        assert found.outcome is None, "on the smaller sizes it is right"
    told: list[str] = []
    asked = settled(small, made, [wrong, right], lambda one: one, told.append)
    assert asked.best is not None and asked.best.variant is right.variant
    assert any("not right" in line for line in told)
    assert "asked size" in asked.best.basis


@pytest.mark.usefixtures("long_runs")
def test_what_was_not_accepted_is_checked_on_the_smaller_size_first(
    tmp_path: Path, tools: Toolchain
) -> None:
    made = builds(tmp_path, tools, "sized.c")
    small = prepare(made, Order(), lambda _: None)
    sizes: list[tuple[str, ...]] = []

    def refused(_: Contender) -> None:
        sizes.append(made.size)

    one = Contender(0.5, swapped().apply(small.variant))
    assert settled(small, made, [one], refused, lambda _: None).best is None
    assert len(sizes) == 1 and "-DMEDIUM_DATASET" in sizes[0]
    assert made.size == ()


@pytest.mark.usefixtures("long_runs")
def test_other_sizes_of_the_fastest_are_tried_on_the_asked_size(
    tmp_path: Path, tools: Toolchain
) -> None:
    made = builds(tmp_path, tools, "sized.c")
    small = prepare(made, Order(), lambda _: None)
    slow, wrong, fast = (swapped(text) for text in (BOUNDS + "\n", WRONG, BOUNDS_SWAPPED))
    asked: list[Variant] = []

    def near(variant: Variant) -> Iterator[Variant]:
        asked.append(variant)
        return (one.apply(small.variant) for one in (wrong, slow, fast))

    told: list[str] = []
    one = Contender(0.9, slow.apply(small.variant), basis="as it was")
    found = settled(small, made, [one], lambda one: one, told.append, near)
    assert found.best is not None and found.best.variant.moves == (fast,)
    assert [variant.moves for variant in asked] == [(slow,), (fast,)]
    assert any("not right" in line for line in told)
    assert any("other sizes" in line and line.endswith(": 2") for line in told)


def test_the_contenders_are_of_several_kinds(tmp_path: Path, tools: Toolchain) -> None:
    program = builds(tmp_path, tools, "sized.c").program

    def of(time: float, kind: str) -> Contender:
        move = Source("sized.c", ((BOUNDS, BOUNDS_SWAPPED),), summary=kind)
        return Contender(time, Variant(program, moves=(move,)))

    every = [
        of(0.30, "f split, tiles 8"),
        of(0.20, "f split, tiles 4"),
        of(0.21, "f split, tiles 2"),
        of(0.25, "f fused"),
        of(0.26, "f fused, tiles 4"),
        of(0.90, "f skewed"),
    ]
    assert [one.time for one in contenders(every)] == [0.20, 0.21, 0.25]
    assert contenders([of(1.2, "slower")]) == []
    unrolled = [
        of(0.3 + n / 100, f"sized.c:{n}: clang loop unroll_count({2 * n})") for n in range(1, 5)
    ]
    tiled = of(0.4, "sweeps 1 of skewed, vector block 4")
    assert tiled in contenders([*unrolled, tiled]), "numbers alone make no kind"


@pytest.mark.timed
@pytest.mark.usefixtures("long_runs")
def test_a_session(tmp_path: Path, tools: Toolchain) -> None:
    polybench.write(tmp_path)
    program = from_files(["sized.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    proposals = [Proposal((swapped(),), "neighbours", "rules", trusted=True)]
    told: list[str] = []
    lake = Lake.open(tmp_path / "data", create=True)
    order = Order(iterations=1, candidates=9)
    optimisation = Optimisation(
        program, tools, lake, order, Scripted(*proposals), tmp_path / "scratch", told.append
    )
    session = optimisation.run()
    assert session.best is not session.original, "\n".join(told)
    (best,) = ask(lake, "SELECT * FROM iterations WHERE role = 'best'").to_pylist()
    (small,) = ask(lake, "SELECT * FROM iterations WHERE role = 'original'").to_pylist()
    assert best["seconds_before"] > 3 * small["seconds"], "of the asked size, 8 times the work"
    assert "asked size" in best["guarantee_detail"]
    assert best["speedup_native"] is not None and optimisation.builds.size == ()
