"""Inlining decisions as a move: hot calls of a program of two files, replayed by a plain clang."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.decisions.replay import SiteDecision
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize import prepare_original, result_folder
from corr.optimize.build_and_run import Builds
from corr.optimize.gate.refusal import Refused
from corr.optimize.loop import Optimisation
from corr.optimize.moves import from_record
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.inlining import HIGHEST, Inlining
from corr.optimize.proposal import Proposal, Situation, Trial
from corr.optimize.request import Order
from corr.optimize.rules.inlining import InlineSearch
from corr.optimize.variant import Variant
from corr.program.model import Program, Run, from_files
from tests.support.call_programs import steps

CALLS = (
    SiteDecision("forward", "step", "forward:4:16", True),
    SiteDecision("backward", "step", "backward:4:16", True),
)
BOTH = Inlining("steps.c", CALLS)


@pytest.fixture()
def program(tmp_path: Path) -> Program:
    files = steps(tmp_path)
    run = Run(("10000",), directory=tmp_path)
    return from_files(files, ["-O2"], run, tmp_path)


@pytest.mark.parametrize("move", [BOTH, Inlining("steps.c", threshold=401)], ids=("calls", "limit"))
def test_moves_come_back_from_their_records(move: Inlining) -> None:
    assert from_record(json.loads(json.dumps(move.record()))) == move


@pytest.mark.parametrize(
    ("move", "flags", "why"),
    [
        (Inlining("steps.c"), (), "decides nothing"),
        (Inlining("other.c", CALLS), (), "no translation unit"),
        (Inlining("steps.c", threshold=HIGHEST + 1), (), "a threshold is"),
        (Inlining("steps.c", threshold=300), ("-mllvm", "-inline-threshold=9"), "of its own"),
        (BOTH, ("-mllvm", "-cgscc-inline-replay=x"), "its own flags"),
        (Inlining("steps.c", (SiteDecision("a;b", "c'", "a:1:2", True),)), (), "cannot hold"),
        (
            Inlining("steps.c", (CALLS[0], SiteDecision("forward", "step", "forward:4:16", False))),
            (),
            "both ways",
        ),
    ],
)
def test_what_is_refused(
    move: Inlining, flags: tuple[str, ...], why: str, program: Program
) -> None:
    files = [unit.source.name for unit in program.units]
    given = from_files(files, ["-O2", *flags], program.run, program.root)
    with pytest.raises(Refused, match=why):
        move.apply(Variant(given))


def _called(binary: Path) -> bool:
    listing = subprocess.run(["nm", binary], capture_output=True, text=True, check=True).stdout
    return " t step" in listing


def test_what_is_decided_reaches_the_compiler(
    program: Program, tools: Toolchain, tmp_path: Path
) -> None:
    builds = Builds(program, tools, tmp_path / "builds")
    original = Variant(program)
    one = Inlining("steps.c", CALLS[:1]).apply(original)
    two = Inlining("steps.c", CALLS[1:]).apply(one)
    limit = Inlining("steps.c", threshold=401).apply(original)
    assert _called(builds.build(original)), "too costly"
    assert not _called(builds.build(one)), "LLVM inlines the last call by itself"
    assert not _called(builds.build(two)) and not _called(builds.build(limit))
    assert two.inlined == BOTH.apply(original).inlined
    with pytest.raises(Refused, match="already"):
        BOTH.apply(two)
    undone = Inlining("steps.c", (SiteDecision("forward", "step", "forward:4:16", False),))
    assert _called(builds.build(undone.apply(two))), "the last word counts"


class OnlyCalls:
    """Proposes what the search of hot calls does, and nothing else."""

    name = "rules"

    def __init__(self) -> None:
        self.search: InlineSearch | None = None
        self.asked: list[Proposal] = []
        self.trials: list[Trial] = []

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        self.search = InlineSearch(situation)
        for proposal in self.search.proposals():
            self.asked.append(proposal)
            yield proposal
            self.search.told(self.trials[-1])

    def tell(self, trial: Trial) -> None:
        self.trials.append(trial)


@pytest.mark.timed
def test_a_hot_call_is_found_judged_and_written_down(
    program: Program, tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_original, "BASELINES", ())
    monkeypatch.setattr(prepare_original, "WHOLE", ())
    lake = Lake.open(tmp_path / "data", create=True)
    told: list[str] = []
    proposer = OnlyCalls()
    order = Order(iterations=1, candidates=9)
    optimisation = Optimisation(
        program, tools, lake, order, proposer, tmp_path / "scratch", told.append
    )
    session = optimisation.run()
    first = proposer.asked[0]
    assert first.moves == (BOTH,)
    assert "step, which is not inlined: cost 400 of 225" in first.reason
    rows = ask(lake, "FROM iterations WHERE role = 'proposal' ORDER BY candidate").to_pylist()
    assert (rows[0]["kind"], rows[0]["outcome"]) == ("decisions", "accepted"), told
    assert rows[0]["speedup"] > 1.5 and session.best.moves == first.moves
    folder = tmp_path / "best"
    result_folder.write(session, folder, tools.path("clang"))
    assert (folder / "steps.c.replay").read_text().count("'step' inlined into") == 2
    shutil.rmtree(tmp_path / "scratch")
    subprocess.run([folder / "build.sh"], check=True, capture_output=True, cwd="/")
    said = subprocess.run([folder / program.name, "20"], capture_output=True, text=True, check=True)
    assert not _called(folder / program.name) and said.stdout.strip().isdigit()


def test_each_then_single_calls_then_thresholds(
    monkeypatch: pytest.MonkeyPatch, program: Program, tools: Toolchain, tmp_path: Path
) -> None:
    """Where nothing is accepted; each of what is proposed can be applied."""
    from corr.optimize.rules import inlining
    from corr.optimize.rules.inlining import HotCallee

    hot = [HotCallee("steps.c", "step", "step", 0.5, 400, 225)]
    monkeypatch.setattr(inlining, "hot_callees", lambda *_: hot)
    lake = Lake.open(tmp_path / "data", create=True)
    best = Flags(("-O3",)).apply(Variant(program))
    situation = Situation(lake, None, best, "", (), tools, tmp_path, 1, 9)  # type: ignore[arg-type]
    asked = list(InlineSearch(situation).proposals())
    assert [len(p.moves[0].calls) for p in asked] == [2, 1, 1, 0]  # type: ignore[attr-defined]
    assert asked[-1].moves == (Inlining("steps.c", threshold=401),)
    for proposal in asked:
        for move in proposal.moves:
            move.apply(best)


def test_a_run_without_samples_has_no_hot_calls(gemm_lake: Path) -> None:
    from corr.optimize.rules.inlining import hot_callees

    lake = Lake.open(gemm_lake / "data")
    assert hot_callees(lake, lake.find("a")) == []
