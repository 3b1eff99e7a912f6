"""One move of each kind on gemm, tried as the loop tries it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.run_facts import RunFacts
from corr.lake.store import RunInfo
from corr.optimize import gate
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.order import SAME_CODE, Judge
from corr.optimize.judging.ruling import Case
from corr.optimize.judging.speed import Contest, Timed
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.ir_function import IrFunction, stripped, with_optimised_ir
from corr.optimize.moves.pragma import Pragma
from corr.optimize.moves.schedule import Schedule
from corr.optimize.moves.source import Source
from corr.optimize.prepare_original import prepare
from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.request import Order
from corr.optimize.session import Left, Session
from corr.optimize.time_budget import OutOfTime
from corr.optimize.variant import Move, Variant
from corr.program.model import Run, from_files
from corr.timing.clocks import KERNEL, Series
from tests.support.gemm_proposals import EDIT, kernel

pytestmark = pytest.mark.timed


class Attempts:
    """gemm, ready for proposals; each is tried on the original."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        self.folder, self.tools = folder, tools
        run = Run(args=("--size", "300"), directory=folder)
        self.program = from_files(["gemm.c"], ["-O3"], run, folder)
        self.builds = Builds(self.program, tools, folder / "builds")
        self.said: list[str] = []
        self.original = prepare(self.builds, Order(), self.said.append)
        original = self.original
        self.judge = Judge(self.builds, tools, original.verifier, original.variant)
        self.begun = RunInfo("begun", folder, RunFacts())

    def session(self, **order: Any) -> Session:
        left = Left("s", self.original.variant, self.begun)
        return Session.begin(Order(**order), self.original, left)

    def __call__(self, *moves: Move, session: Session | None = None) -> Trial:
        session = session or self.session()
        proposal = Proposal(moves, "why", "llm")
        return session.take(1, 1, self.judge.judge(session.best, session.contest, proposal))

    def module(self, variant: Variant) -> str:
        with self.builds.scratch("test") as place:
            made = with_optimised_ir(variant, self.program.units[0], self.tools, place)
        return made.ir[self.program.units[0].source]


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory, tools: Toolchain) -> Attempts:
    return Attempts(kernel(tmp_path_factory.mktemp("attempts")), tools)


def test_a_source_edit(attempts: Attempts) -> None:
    session = attempts.session()
    trial = attempts(Source("gemm.c", (EDIT,)), session=session)
    assert trial.outcome == Outcome.accepted and trial.guarantee == "tested", trial.detail
    assert session.best is trial.variant and session.best_ratio < 0.5
    assert "held out" in session.best_basis and "sanitizer passed" in session.best_basis


def test_what_gets_past_the_text_is_seen_in_the_executable(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = "    static int calls;\n    calls++;\n    if (calls > 100000) C[0][0] = calls;\n"
    assert attempts(Source("gemm.c", ((EDIT[0], kept + EDIT[1]),))).outcome == Outcome.refused
    monkeypatch.setattr(gate, "source", lambda *_texts, **_options: [])
    trial = attempts(Source("gemm.c", ((EDIT[0], kept + EDIT[1]),)))
    assert trial.outcome == Outcome.refused
    assert "calls is new and keeps its value between calls" in trial.detail
    assert attempts(Source("gemm.c", (EDIT,))).outcome == Outcome.accepted


def test_a_pragma(attempts: Attempts) -> None:
    text = (attempts.folder / "gemm.c").read_text().splitlines()
    line = next(n for n, t in enumerate(text, 1) if "for (int k" in t)
    trial = attempts(Pragma("gemm.c", line, ("#pragma clang loop unroll_count(2)",)))
    assert trial.outcome in ("same", "inconclusive", "accepted", "slower"), trial.detail


def test_an_ir_function(attempts: Attempts) -> None:
    changed = Source("gemm.c", (EDIT,)).apply(Variant(attempts.program))
    session = attempts.session()
    text = stripped(attempts.module(changed), "run")
    trial = attempts(IrFunction("gemm.c", "run", text), session=session)
    assert trial.outcome == Outcome.accepted and session.best_ratio < 0.5, trial.detail
    lost = attempts(Source("gemm.c", (EDIT,)), session=session)
    assert lost.outcome == Outcome.refused and "built from its IR" in lost.detail
    assert (
        session.rows[-1]["kind"] == "ir+source" and len(json.loads(session.rows[-1]["moves"])) == 2
    )


def test_machine_code_that_was_timed_is_not_timed_again(attempts: Attempts) -> None:
    first = attempts(Flags(("-O0",)))
    again = attempts(Flags(("-O0", "-funroll-loops")))
    assert (first.outcome, again.outcome) == ("slower", "slower"), (first, again)
    assert again.detail == "the machine code is the same as that of -O0"
    assert again.ratio == first.ratio


def test_a_baseline_is_kept_where_its_second_series_is_cut(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was timed to its end before; anything else is not kept then."""
    series = Series(KERNEL, (0.5,) * 3, (0.45,) * 3)
    variant = Flags(("-O2",)).apply(attempts.original.variant)
    binary = attempts.builds.build(variant)
    session = attempts.session()

    def late(*_: object) -> None:
        raise OutOfTime

    monkeypatch.setattr(Contest, "compare", late)
    for known in (True, False):
        timed = Timed(series)
        judge = replace(attempts.judge, known={binary: timed} if known else {})
        proposal = Proposal(variant.moves, "", "rules")
        case = Case(proposal, session.best, session.contest, session.best, variant, timed=timed)
        case = replace(case, binary=binary)
        if known:
            assert judge.faster_again(case) is case
        else:
            with pytest.raises(OutOfTime):
                judge.faster_again(case)


def test_what_changes_nothing_is_the_same(attempts: Attempts) -> None:
    session = attempts.session()
    module = attempts.module(Variant(attempts.program))
    comment = ("static double *A", "/* three arrays */ static double *A")
    for move, outcomes, why in (
        (Source("gemm.c", (comment,)), ["same"], SAME_CODE),
        (Flags(("-O3",)), ["same"], SAME_CODE),
        (
            IrFunction("gemm.c", "run", stripped(module, "run")),
            ["same", "inconclusive", "slower"],
            "",
        ),
        (
            IrFunction(
                "gemm.c",
                "run",
                module[module.index("define internal void @run") :].split("\n}\n")[0] + "\n}",
            ),
            ["refused"],
            "does not change",
        ),
        (Source("gemm.c", (("n", "n"),)), ["refused"], "changes nothing"),
    ):
        trial = attempts(move, session=session)
        assert trial.outcome in outcomes and why in trial.detail, (move.describe(), trial)
    assert session.best is session.original


def test_the_original_against_itself_is_the_same(attempts: Attempts) -> None:
    binary = attempts.original.binary
    copy = binary.with_name("copy")
    shutil.copy(binary, copy)
    timed = attempts.original.contest.compare(binary, copy)
    assert timed.verdict in ("same", "inconclusive") and not timed.doubt


@pytest.mark.parametrize(
    ("move", "outcome", "detail"),
    [
        (Flags(("-march=nonsense",)), "did not compile", "nonsense"),
        (Flags(("-ffast-math",)), "refused", "-ffast-math"),
        (Source("gemm.c", (("beta;", "beta"),)), "did not compile", "error:"),
        (Source("gemm.c", (("beta;", "beta + 1;"),)), "wrong output", "mini: C["),
        (Source("gemm.c", (("C[i][j] *= beta;", "while (1) C[i][j] *= beta;"),)), "timed out", "mini"),
        (Source("gemm.c", (("* A[i][k] *", "* A[(size_t)i * 999999][k] *"),)), "crashed", "SIGSEGV"),
        (Source("gemm.c", (("no such text", "x"),)), "refused", "not there"),
        (Pragma("gemm.c", 3, ("#pragma clang loop unroll_count(2)",)), "refused", ""),
        (IrFunction("gemm.c", "run", "define internal void @run(i32 %n) {\n  bad\n}"), "did not compile", "error"),
        (IrFunction("gemm.c", "run", "define void @other() {\n  ret void\n}"), "refused", "other"),
        (IrFunction("gemm.c", "absent", "define void @absent() {\n  ret void\n}"), "refused", "absent"),
        (Schedule("gemm.c", "kernel_gemm___%a---%b", "{}", ""), "refused", ""),
    ],
)  # fmt: skip
def test_typed_failures(attempts: Attempts, move: Move, outcome: str, detail: str) -> None:
    session = attempts.session()
    trial = attempts(move, session=session)
    assert trial.outcome == outcome and detail in trial.detail, trial.detail
    assert session.best is session.original
    row = session.rows[-1]
    assert row["outcome"] == outcome and json.loads(row["moves"]) and row["kind"] == move.kind


def test_instructions_that_this_machine_lacks_end_the_candidate_only(attempts: Attempts) -> None:
    trial = attempts(Flags(("-march=sapphirerapids", "-mamx-fp16")))
    assert trial.outcome in ("crashed", "accepted", "same", "inconclusive", "slower")
