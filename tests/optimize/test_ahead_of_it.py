"""A build of the compiler's own that is faster than what was found is not kept quiet."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.request import Baseline
from corr.optimize.session import Session
from corr.optimize.time_budget import SPENT
from corr.timing.verdict import Verdict

KNOWN = {
    name: Baseline(name, tuple(name.split()), ratio=of, verdict=verdict)
    for name, of, verdict in (
        ("-O3", 0.9, Verdict.faster),
        ("-O3 -mllvm -polly", 0.5, Verdict.faster),
        ("-O3 -mfma", 0.4, Verdict.inconclusive),
        ("-O3 -flto", None, None),
    )
}


def said_of(
    ratio: float,
    proposer: str = "rules",
    *,
    known: Any = None,
    trials: Any = (),
    late: bool = False,
) -> str:
    order = SimpleNamespace(proposer=proposer)
    known = KNOWN if known is None else known
    session = SimpleNamespace(
        baselines=known, best_ratio=ratio, order=order, trials=trials, out_of_time=late
    )
    return str(Session.ahead.fget(session))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("ratio", "proposer", "says"),
    [
        (0.7, "llm", "-O3 -mllvm -polly alone is ×2.00 over the original: build so, or let"),
        (1.0, "rules", "-O3 -mllvm -polly alone is ×2.00 over the original: build so"),
        (0.5, "rules", ""),
        (0.2, "llm", ""),
    ],
)
def test_what_is_said(ratio: float, proposer: str, says: str) -> None:
    said = said_of(ratio, proposer)
    assert said.startswith(says) and bool(said) == bool(says)
    assert ("both" in said) == (bool(says) and proposer == "llm")


@pytest.mark.parametrize("verdict", [Verdict.inconclusive, Verdict.same, None])
def test_what_may_be_noise_is_no_advice(verdict: Verdict | None) -> None:
    assert said_of(1.0, known={"x": Baseline("x", ("-O3",), ratio=0.9, verdict=verdict)}) == ""


def test_what_became_of_it_is_said() -> None:
    assert said_of(1.0, late=True).endswith("not judged: the time budget ended before")
    proposal = Proposal(KNOWN["-O3 -mllvm -polly"].moves, "", "rules")
    trial = Trial(1, 1, proposal, Outcome.wrong_output, "mini: C[3]")
    cut = Trial(1, 1, proposal, Outcome.inconclusive, f"{SPENT} while it was tried")
    assert said_of(1.0, trials=[cut]).endswith("not judged: the time budget ended before")
    said = said_of(1.0, trials=[trial], late=True)
    assert said.endswith("but not kept: wrong output: mini: C[3]"), said
