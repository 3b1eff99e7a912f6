"""A build of the compiler's own that is faster than what was found is not kept quiet."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from corr.optimize.request import Baseline
from corr.optimize.session import Session


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
    known = {
        name: Baseline(name, tuple(name.split()), ratio=of)
        for name, of in (("-O3", 0.9), ("-O3 -mllvm -polly", 0.5), ("-O3 -flto", None))
    }
    order = SimpleNamespace(proposer=proposer)
    session = SimpleNamespace(baselines=known, best_ratio=ratio, order=order)
    ahead = Session.ahead.fget  # type: ignore[attr-defined]
    said = ahead(session)
    assert said.startswith(says) and bool(said) == bool(says)
    assert ("both" in said) == (bool(says) and proposer == "llm")
