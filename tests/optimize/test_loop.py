"""Iterations: what ends one commits what is done; what a new best takes decides how it is timed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.judging.order import Judge
from corr.optimize.judging.ruling import Case, Ruling, Spent
from corr.optimize.judging.speed import ENOUGH, Contest, Timed
from corr.optimize.loop import Optimisation
from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.request import Order
from corr.optimize.variant import Variant
from corr.program.model import Program, Run, from_files
from corr.timing.clocks import KERNEL, Series
from tests.support.places import ROOT

#: Prints what it computed, and takes some hundredths of a second.
SUMS = """#include <stdio.h>
int main(void) {
  unsigned sum = 0;
  for (unsigned i = 0; i < 40000000; i++) sum = sum * 3 + (i ^ sum >> 7);
  printf("%u\\n", sum);
  return 0;
}
"""


class Scripted:
    """Proposes what it was given; an exception among it is raised."""

    name = "rules"

    def __init__(self, *script: Proposal | BaseException) -> None:
        self.script = script
        self.told: list[Trial] = []

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        assert situation.candidates
        for one in self.script:
            if isinstance(one, BaseException):
                raise one
            yield one

    def tell(self, trial: Trial) -> None:
        self.told.append(trial)


def proposal(*moves: Flags, unreadable: str | None = None) -> Proposal:
    return Proposal(moves, "why", "rules", unreadable=unreadable)


def optimisation(
    folder: Path, tools: Toolchain, program: Program, proposer: Scripted
) -> Optimisation:
    lake = Lake.open(folder / "data", create=True)
    order = Order(iterations=1, candidates=9)
    scratch = folder / "scratch"
    return Optimisation(program, tools, lake, order, proposer, scratch, lambda _: None)


@pytest.fixture
def sums(tmp_path: Path) -> Program:
    (tmp_path / "sums.c").write_text(SUMS)
    return from_files(["sums.c"], ["-O1"], Run(directory=tmp_path), tmp_path)


def committed(folder: Path) -> Sequence[dict[str, Any]]:
    query = "SELECT * FROM iterations WHERE role = 'proposal' ORDER BY candidate"
    return ask(Lake.open(folder / "data"), query).to_pylist()


@pytest.mark.parametrize("error", [RuntimeError("a defect"), CorrError("a fault"), SystemExit(3)])
def test_a_proposer_that_raises_leaves_what_is_done(
    tmp_path: Path, tools: Toolchain, sums: Program, error: BaseException
) -> None:
    proposer = Scripted(proposal(unreadable="prose"), error)
    with pytest.raises(type(error)):
        optimisation(tmp_path, tools, sums, proposer).run()
    rows = committed(tmp_path)
    assert [(r["candidate"], r["outcome"]) for r in rows] == [(1, "did not parse")]
    assert len(proposer.told) == 1


def test_a_judge_that_raises_leaves_what_is_done(
    tmp_path: Path, tools: Toolchain, sums: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge.judge

    def fails(self: Judge, best: Variant, contest: Contest, asked: Proposal) -> Ruling:
        if asked.moves:
            raise ZeroDivisionError("of a defect")
        return judge(self, best, contest, asked)

    monkeypatch.setattr(Judge, "judge", fails)
    proposer = Scripted(proposal(unreadable="prose"), proposal(Flags(("-O2",))), proposal())
    run = optimisation(tmp_path, tools, sums, proposer)
    with pytest.raises(ZeroDivisionError):
        run.run()
    assert [r["candidate"] for r in committed(tmp_path)] == [1]
    assert run.session is not None and len(run.session.trials) == 1


def test_the_kernel_of_a_much_faster_best_is_repeated_more_often(
    tmp_path: Path, tools: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ×57 the best takes so little that nothing could be told from it any more."""
    for name in ("gemm.c", "corr_harness.h"):
        shutil.copy(ROOT / "kernels" / name, tmp_path)
    program = from_files(
        ["gemm.c"], ["-O3"], Run(args=("--size", "200"), directory=tmp_path), tmp_path
    )
    contests: list[Contest] = []
    timed = Timed(Series(KERNEL, (0.0285,) * 5, (0.0005,) * 5))

    def accepts(self: Judge, best: Variant, contest: Contest, asked: Proposal) -> Ruling:
        contests.append(contest)
        assert best is self.original or len(contests) > 1
        variant = Flags(("-O1",)).apply(self.original)
        facts = (Outcome.accepted, "", False, variant, None, timed, Spent(1.0, 0.5, 0.5))
        return Ruling(asked, self.original, *facts)

    monkeypatch.setattr(Judge, "judge", accepts)
    monkeypatch.setattr(Contest, "compare", lambda *_: timed)
    proposer = Scripted(proposal(Flags(("-O1",))), proposal(Flags(("-O2",))))
    session = optimisation(tmp_path, tools, program, proposer).run()
    before, after = (contest.repeat or 1 for contest in contests)
    assert after == round(ENOUGH / 0.0005) > before
    assert [t.ratio.value for t in session.trials if t.ratio] == pytest.approx([1 / 57] * 2)


@pytest.mark.parametrize(
    ("repeat", "seconds", "expected", "told"),
    [
        (None, 0.9, None, ""),
        (None, 0.015, 3, ""),
        (None, 0.002, 25, "the kernel takes 2 ms"),
        (4, 0.06, 4, ""),
        (4, 0.004, 50, "the kernel takes 1 ms"),
        (None, 1e-9, 10_000, "too short"),
        (None, 0.0, 10_000, "too short"),
    ],
)
def test_a_short_kernel_is_repeated(
    repeat: int | None, seconds: float, expected: int | None, told: str
) -> None:
    said: list[str] = []
    builds: Any = None
    given: Any = None
    contest = Contest(builds, given, own_clock=True, repeats=True, repeat=repeat)
    assert contest.suited(seconds / (repeat or 1), said.append).repeat == expected
    assert bool(said) is bool(told) and told in "".join(said)
    wall = Contest(builds, given, own_clock=False, repeat=repeat)
    assert wall.suited(seconds, said.append).repeat == repeat


@pytest.mark.parametrize(
    ("slowest", "expected"), [(0.0, 50), (0.01, 50), (0.05, 20), (1.0, 4), (9.0, 4)]
)
def test_not_so_often_that_the_original_beside_it_takes_too_long(
    slowest: float, expected: int
) -> None:
    builds: Any = None
    contest = Contest(builds, builds, own_clock=True, repeats=True, repeat=4)
    assert contest.suited(0.001, lambda _: None, slowest).repeat == expected


def test_seconds_are_of_one_kernel() -> None:
    series = Series(KERNEL, (0.4,) * 3, (0.2,) * 3)
    timed = Timed(series, cpu=series, repeat=4)
    assert (timed.seconds_before, timed.seconds, timed.cpu_seconds) == (0.1, 0.05, 0.05)


def test_the_stages_end_at_the_first_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is given what those before it found; no other runs after one that stops."""
    ran: list[str] = []
    builds: Any = type("Builds", (), {"clock": Spent(0.0, 0.0, 0.0)})()
    judge = Judge(builds, builds, builds, builds)

    def stage(name: str) -> Any:
        def run(case: Case) -> Any:
            ran.append(name)
            return case

        return run

    monkeypatch.setattr(
        Judge, "stages", (stage("first"), Judge.readable.__get__(judge), stage("never"))
    )
    ruling = judge.judge(builds, builds, proposal(unreadable="prose"))
    assert (ruling.outcome, ruling.detail) == (Outcome.not_parsed, "prose")
    assert ran == ["first"] and ruling.variant is None and ruling.ratio is None
    assert judge.judge(builds, builds, proposal()).accepted
