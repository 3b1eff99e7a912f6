"""`corr optimize --proposer llm` against a scripted server: good replies, bad ones, none at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize import gate
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.order import SAME_CODE, Judge
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.ir_function import IrFunction, stripped, with_optimised_ir
from corr.optimize.moves.pragma import Pragma
from corr.optimize.moves.schedule import Schedule
from corr.optimize.moves.source import Source
from corr.optimize.prepare_original import prepare
from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.request import Order
from corr.optimize.session import Left, Session
from corr.optimize.variant import Move, Variant
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.model_server import (
    Busy,
    ModelServer,
    error,
    flags,
    hanging,
    huge,
    ir,
    pragma,
    proposals,
    source,
    whole,
    wrong_key,
)
from tests.support.places import ROOT

LOOPS = """        for (int j = 0; j < n; j++) {
            C[i][j] *= beta;
            for (int k = 0; k < n; k++)
                C[i][j] += alpha * A[i][k] * B[k][j];
        }
"""
FAST = """        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
"""
EDIT = (
    "    for (int i = 0; i < n; i++)\n" + LOOPS,
    "    for (int i = 0; i < n; i++) {\n" + FAST + "    }\n",
)
KEY = "sk-loop-83ab11"
SWAPPED = "{ Stmt1[i0, i1, i2] -> [i0, i2, i1] }"


def kernel(folder: Path) -> Path:
    for name in ("gemm.c", "corr_harness.h"):
        shutil.copy(ROOT / "kernels" / name, folder)
    return folder


# --- one move of each kind, tried as the loop tries it -------------------------------------------


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
        self.begun = RunInfo("begun", folder, {})

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


# --- the whole command ---------------------------------------------------------------------------

FIRST = proposals(source("gemm.c", EDIT), flags("-O3"), reason="interchange j and k", expected=5)
SECOND = json.dumps(
    {
        "candidates": [
            {"reason": "a", "move": source("gemm.c", ("", ""))},
            {"reason": "b", "move": whole("gemm.c", "setup", "int other(void) { return 1; }")},
            {"reason": "c", "move": pragma("gemm.c", 1, "clang loop unroll(full)")},
            {"reason": "d", "move": ir("gemm.c", "run", "define void @f() {\n}")},
        ]
    }
)
ORDER = ("--run-args", "--size 300", "--iterations", "4", "--candidates", "4", "--level", "auto")


class Told:
    """A session with replies good and bad, that ends as the server takes the key no more."""

    def __init__(self, folder: Path, corr: Corr) -> None:
        self.folder = kernel(folder)
        script = [FIRST, huge(10), SECOND, FIRST[: len(FIRST) // 2], wrong_key()]
        with ModelServer(script, key=KEY) as server:
            self.done = corr(
                *("optimize", "gemm.c", *ORDER, "--proposer", "llm"),
                cwd=folder,
                **server.environment,
            )
            self.prompts = [server.prompt(n) for n in range(len(server.requests))]
        self.rows = rows(folder)


def rows(folder: Path, session: str = "%") -> list[dict[str, Any]]:
    query = """
        SELECT * FROM iterations WHERE role = 'proposal' AND session LIKE ?
        ORDER BY session, iteration, candidate
    """
    return ask(Lake.open(folder / "data"), query, [session]).to_pylist()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Told:
    return Told(tmp_path_factory.mktemp("told"), corr)


def test_outcomes(told: Told) -> None:
    outcomes = [(r["iteration"], r["outcome"]) for r in told.rows]
    assert outcomes[:2] == [(1, "accepted"), (1, "same")], told.rows[0]["detail"]
    assert set(outcomes[2:]) <= {(1, "did not parse"), (2, "did not parse"), (2, "refused")}
    second = [r["outcome"] for r in told.rows if r["iteration"] == 2]
    assert second[:4] == ["did not parse", "refused", "refused", "refused"]
    first = told.rows[0]
    assert first["reason"] == "interchange j and k" and first["expected"] == 5
    assert first["speedup"] > 2 and first["model"] == "scripted"
    assert (first["prompt_tokens"], first["completion_tokens"]) == (1000, 200)


def test_a_server_that_fails_ends_it_with_what_is_done(told: Told) -> None:
    assert told.done.returncode == 5 and "refuses the key" in told.done.stderr
    assert KEY not in told.done.stderr + told.done.stdout
    facts = json.loads((told.folder / "gemm.optimized" / "result.json").read_text())
    assert facts["speedup"] > 2 and facts["measured_again"]
    assert "iteration 2" in told.done.stdout and "best" in told.done.stdout


def test_the_prompt_holds_the_summary_that_is_kept(told: Told) -> None:
    kept = told.folder / "data" / "cache" / "summaries"
    for row, prompt in ((told.rows[0], told.prompts[0]), (told.rows[-1], told.prompts[2])):
        content = (kept / f"{row['summary_sha256']}.md").read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["summary_sha256"]
        assert content.decode() in prompt
    assert told.rows[0]["summary_sha256"] != told.rows[-1]["summary_sha256"]


def test_the_history_goes_into_the_next_prompt(told: Told) -> None:
    assert "1.1 accepted" not in told.prompts[0]
    assert "1.1 accepted" in told.prompts[2] and "1.2 same" in told.prompts[2]
    assert "1.3 did not parse" in told.prompts[2]
    assert FAST.splitlines()[2].strip() in told.prompts[2], "the best so far is what it is shown"


def test_a_replay_needs_no_server(told: Told, corr: Corr) -> None:
    session = told.rows[0]["session"]
    done = corr("optimize", "--replay", session[:20], cwd=told.folder)
    assert done.returncode == 0, done.stderr
    again = [r for r in rows(told.folder) if r["session"] != session]
    assert [r["reason"] for r in again] == [r["reason"] for r in told.rows]
    assert [r["move"] for r in again] == [r["move"] for r in told.rows]
    assert all(r["cached"] for r in again) and not any(r["cached"] for r in told.rows)
    assert [r["summary_sha256"] for r in again] == [r["summary_sha256"] for r in told.rows]


REFUSALS: dict[str, tuple[Callable[[], Any], int, str]] = {
    "prose": (lambda: "I would rather talk about the weather.", 4, "did not parse"),
    "invalid IR": (lambda: proposals(ir("gemm.c", "run", "define")), 4, "did not parse|refused"),
    "too many requests": (lambda: Busy(0), 5, "429"),
    "broken": (lambda: error(500, "out of order", retry_after="0"), 5, "500"),
    "hanging": (hanging, 5, "127.0.0.1"),
    "no such model": (lambda: error(404, "The model does not exist", "model_not_found"), 5, "no model"),
}  # fmt: skip


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Iterator[Path]:
    """A folder with a session that others go on with, its original being the best."""
    folder = kernel(tmp_path_factory.mktemp("begun"))
    with ModelServer(["Prose."], repeat=True) as server:
        done = corr(
            *("optimize", "gemm.c", "--run-args", "--size 300", "--proposer", "llm"),
            *("--iterations", "1", "--candidates", "1"),
            cwd=folder,
            **server.environment,
        )
    assert done.returncode == 4, done.stderr
    yield folder


@pytest.mark.parametrize("name", REFUSALS)
def test_a_server_that_is_of_no_use(begun: Path, corr: Corr, name: str) -> None:
    make, code, words = REFUSALS[name]
    with ModelServer([make()], repeat=True) as server:
        done = corr(
            *("optimize", "--resume", "last", "--model-timeout", "1", "--iterations", "1"),
            cwd=begun,
            **server.environment,
        )
    assert done.returncode == code, done.stderr
    said = done.stderr + done.stdout
    assert any(word in said for word in words.split("|")), said
    assert "Traceback" not in said


def test_both_go_on_without_a_server(begun: Path, corr: Corr) -> None:
    with ModelServer([wrong_key()], repeat=True) as server:
        done = corr(
            *("optimize", "--resume", "last", "--proposer", "both", "--candidates", "2"),
            *("--iterations", "1"),
            cwd=begun,
            **server.environment,
        )
    assert done.returncode == 5 and "the rules go on alone" in done.stderr
    assert rows(begun)[-1]["proposer"] == "rules"
