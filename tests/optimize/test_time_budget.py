"""A time budget holds within one run, whatever it is spent on; the words at the end are true."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake
from corr.optimize.build_and_run import Builds
from corr.optimize.commits import Commits
from corr.optimize.inputs import Input
from corr.optimize.judging.speed import Contest
from corr.optimize.last_measurement import least_seconds
from corr.optimize.loop import Optimisation
from corr.optimize.moves.flags import Flags
from corr.optimize.prepare_original import first_rows, prepare
from corr.optimize.proposal import Proposal, Situation, Trial
from corr.optimize.request import Order
from corr.optimize.rows import Standing
from corr.optimize.session import Left
from corr.optimize.time_budget import OutOfTime, TimeBudget
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.gemm_proposals import rows
from tests.support.model_server import ModelServer, hanging

#: About half a second a run, all of it in one loop.
SUMS = """#include <stdio.h>
int main(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 400000000; i++) sum = sum * 3 + (i ^ sum >> 7);
  printf("%u\\n", sum);
  return 0;
}
"""
FOREVER = "int main(void) { for (volatile int i = 0;; i = 1) ; }\n"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_binds_only_where_it_is_to() -> None:
    clock = Clock()
    budget = TimeBudget(10.0, clock)
    budget.keep_back(2.0)
    clock.now += 9.0
    budget.check()
    assert budget.late and budget.at_most(60.0) == 60.0
    with budget.binding():
        assert budget.at_most(60.0) < 0.1
        with pytest.raises(OutOfTime):
            budget.check()
        with budget.binding(last=True):
            budget.check()
            assert budget.at_most(60.0) == pytest.approx(1.0)
            clock.now += 1.0
            with pytest.raises(OutOfTime):
                budget.check()
    assert budget.spent == 10.0 and budget.reserve == 2.0


def test_only_a_part_is_kept_back_and_none_of_no_budget() -> None:
    budget = TimeBudget(10.0, Clock())
    budget.keep_back(60.0)
    assert budget.left == 7.5
    endless = TimeBudget(None, Clock())
    endless.keep_back(60.0)
    with endless.binding():
        endless.check()
        assert not endless.late and endless.at_most(60.0) == 60.0


def test_a_run_that_does_not_end_is_cut_and_nothing_is_begun_then(
    tmp_path: Path, tools: Toolchain
) -> None:
    (tmp_path / "forever.c").write_text(FOREVER)
    program = from_files(["forever.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    builds = Builds(program, tools, tmp_path / "builds")
    binary = builds.build(Variant(program))
    builds.budget = TimeBudget(0.5)
    began = time.monotonic()
    with builds.budget.binding():
        with pytest.raises(OutOfTime):
            builds.run(binary, Input("x"), None)
        with pytest.raises(OutOfTime):
            builds.run(binary, Input("x"), None)
        with pytest.raises(OutOfTime):
            builds.build(Variant(program, flags=("-O2",)))
        assert builds.build(Variant(program)) == binary
    assert time.monotonic() - began < 10.0


def optimised(
    folder: Path, corr: Corr, budget: float, *more: str, **environment: str
) -> tuple[float, int, str]:
    """Seconds, exit status and messages of a session."""
    began = time.monotonic()
    done = corr(
        *("optimize", "--budget-time", str(budget), "--iterations", "50", *more),
        cwd=folder,
        **environment,
    )
    return time.monotonic() - began, done.returncode, done.stderr


def test_over_before_the_first_candidate(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "sums.c").write_text(SUMS)
    _, status, said = optimised(tmp_path, corr, 0.01, "sums.c", "--proposer", "rules")
    assert status == 4 and rows(tmp_path) == []
    assert "spent before the first candidate: what was measured of the original took" in said
    assert "no candidate was tried: the original is kept" in said
    assert "no candidate was faster" not in said
    assert "-march=native: none (there is no time for it)" in said


def test_a_server_that_does_not_answer_is_left_with_the_budget(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "sums.c").write_text(SUMS.replace("400000000", "40000000"))
    with ModelServer([hanging()]) as server:
        more = ("sums.c", "--proposer", "llm")
        took, status, said = optimised(tmp_path, corr, 20.0, *more, **server.environment)
        assert server.requests, said
    assert status == 4, said
    assert "no candidate was tried" in said and "the time budget is spent" in said
    assert took < 20.0 * 1.1 + 10.0, said  # Python begins and ends, on a busy machine


def test_a_best_is_not_looked_at_again_where_there_is_no_time(
    tmp_path: Path, tools: Toolchain
) -> None:
    (tmp_path / "sums.c").write_text(SUMS.replace("400000000", "4000000"))
    program = from_files(["sums.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    lake = Lake.open(tmp_path / "data", create=True)
    told: list[str] = []
    order = Order(budget_time=0.0)
    run = Optimisation(program, tools, lake, order, Endless(), tmp_path / "scratch", told.append)
    original = prepare(run.builds, order, told.append)
    nowhere: Any = None
    left = Left("a session", Flags(("-O3",)).apply(original.variant), nowhere, ratio=0.5)
    assert run._again(original, left) is left
    assert told[-1] == "the best of a session is not looked at again: the time budget is spent"


class Endless:
    """Proposes flags without end."""

    name = "rules"

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        assert situation.candidates
        for number in itertools.count():
            yield Proposal((Flags(("-O2", f"-falign-loops={1 << number % 12}")),), "why", "llm")

    def tell(self, trial: Trial) -> None:
        pass


@pytest.mark.timed
@pytest.mark.parametrize("budget", [6.0, 25.0])
def test_it_holds_within_a_run(tmp_path: Path, tools: Toolchain, budget: float) -> None:
    (tmp_path / "sums.c").write_text(SUMS)
    program = from_files(["sums.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    order = Order(iterations=50, candidates=9, budget_time=budget)
    lake = Lake.open(tmp_path / "data", create=True)
    told: list[str] = []
    run = Optimisation(program, tools, lake, order, Endless(), tmp_path / "scratch", told.append)
    session = run.run()
    once = max(run.builds.walls.values())
    assert run.budget.spent < 1.1 * budget + 2 * once + 1.0, told
    assert (session.came_to == "no candidate was tried") == (not rows(tmp_path)), told


# --- what is not spent -------------------------------------------------------------------------


def test_the_runs_that_tell_how_it_is_timed_are_its_time(
    tmp_path: Path, tools: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sums.c").write_text(SUMS.replace("400000000", "40000000"))
    program = from_files(["sums.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    builds = Builds(program, tools, tmp_path / "builds")
    original = prepare(builds, Order(), lambda _: None)
    builds.budget = TimeBudget(0.0)  # so that no baseline is timed
    monkeypatch.setattr(Contest, "original", None)
    known, rows = first_rows(original, builds, Standing(Order(), "s", program), lambda _: None)
    assert len(original.contest.first) == 3 and [row["role"] for row in rows] == ["original"]
    assert 0 < rows[0]["seconds"] < 3 and not any(one.faster for one in known.values())


@pytest.mark.parametrize(
    ("seconds", "wall", "repeat", "least"),
    [(None, 9.0, 3, 90.0), (150.0, 1.0, 3, 10.0), (150.0, 2.5, 1, 15.0)],
)
def test_long_runs_are_repeated_less(
    seconds: float | None, wall: float, repeat: int, least: float
) -> None:
    builds: Any = type("Some", (), {"walls": {"a": wall}, "budget": TimeBudget(seconds)})()
    commits = Commits(builds, builds, builds, None, lambda _: None, bare=False)
    assert commits.repeat == repeat
    assert least_seconds(builds.budget.share(float("inf"), 0.1), wall) == least
