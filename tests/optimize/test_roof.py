"""How much of what the machine allows a program reaches, and a search that ends where it is all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize import near_roof, roof
from corr.optimize.judging.order import Judge
from corr.optimize.judging.ruling import Ruling, Spent
from corr.optimize.judging.speed import Contest, Timed
from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Outcome, Proposal
from corr.optimize.roof import Part, Parts, Roof, Share
from corr.optimize.variant import Variant
from corr.program.model import Program, Run, from_files
from corr.roofs.bounds import Need
from corr.timing.clocks import KERNEL, Series
from corr.timing.verdict import UNKNOWN, Ratio
from tests.optimize.test_loop import SUMS, Scripted, optimisation, proposal
from tests.roofs.test_bounds import PEAKS


def test_a_share_has_the_interval_of_its_comparison() -> None:
    found = Roof(0.3)
    share = found.share(0.4, Ratio(0.5, 0.4, 0.6))
    assert share is not None and share.value == pytest.approx(0.75)
    assert (share.low, share.high) == pytest.approx((0.625, 0.9375))
    assert found.share(0.4, UNKNOWN) == found.share(0.4) == Share(0.3 / 0.4)
    assert found.share(None) is None is Roof(why="nobody knows").share(0.4)


@pytest.mark.parametrize(
    ("share", "enough"),
    [
        (Share(0.95, 0.91, 0.99), True),
        (Share(0.95, 0.89, 1.01), False),
        (Share(0.95), False),
        (Share(1.2, 1.15, 1.25), False),
    ],
)
def test_what_is_enough(share: Share, enough: bool) -> None:
    """Never what a noisy clock says, nor where there is reason to doubt the roof."""
    assert share.enough is enough
    halved = share.times(0.5)
    assert halved.value == share.value / 2 and not halved.enough


def test_parts_are_added() -> None:
    """Loops of 1 s and 0.5 s at their roofs."""
    one = Part("f/1", 0.7, Need({("add", "f64"): 8e9}), True)
    other = Part("g/1", 0.2, Need({("div", "f64"): 5e8}), False)
    found = Parts((one, other), 0.9, 10.0).roof(PEAKS, fused=True)
    assert found.seconds == pytest.approx(1.5) and not found.sure
    assert found.detail == "f/1: fused multiply-adds; g/1: divisions"
    assert Parts((one,), 0.7, 10.0).roof(PEAKS, fused=False).sure
    assert Parts().roof(PEAKS, fused=True).why


@pytest.fixture
def at_its_roof(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All of the work takes 0.48 s by the roofs, which turn out to be twice as high."""
    made = Parts((Part("main/1", 1.0, Need({("add", "i32"): 0.48 * 32e9}), True),), 1.0, 1.0)
    doubled = {name: 2 * rate for name, rate in PEAKS.operations.items()}
    asked: list[Any] = []

    def again(*_: object) -> tuple[Any, str]:
        asked.append(None)
        return type(PEAKS)(PEAKS.cpu, doubled, PEAKS.bandwidths, PEAKS.sizes), ""

    monkeypatch.setattr(roof, "find", lambda *_, **__: (made.roof(PEAKS, fused=True), made))
    monkeypatch.setattr(near_roof.peaks, "again", again)
    return asked


def test_the_search_ends_at_the_roof(
    tmp_path: Path, tools: Toolchain, monkeypatch: pytest.MonkeyPatch, at_its_roof: list[Any]
) -> None:
    """0.5 s are near the roof until it is measured again; 0.25 s are near it then, too."""
    (tmp_path / "sums.c").write_text(SUMS)
    program: Program = from_files(["sums.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    timed = [
        Timed(Series(KERNEL, (1.0,) * 5, (0.5,) * 5)),
        Timed(Series(KERNEL, (0.5,) * 5, (0.25,) * 5)),
    ]
    left: Iterator[Timed] = iter(timed)

    def accepts(_: Judge, best: Variant, _contest: Contest, asked: Proposal) -> Ruling:
        variant = Flags(("-O2",)).apply(best)
        facts = (Outcome.accepted, "", False, variant, None, next(left), Spent(1.0, 0.5, 0.5))
        return Ruling(asked, best, *facts)

    monkeypatch.setattr(Judge, "judge", accepts)
    monkeypatch.setattr(Contest, "compare", lambda *_: timed[0])
    proposer = Scripted(*(proposal(Flags((level,))) for level in ("-O2", "-O3", "-Os")))
    session = optimisation(tmp_path, tools, program, proposer).run()
    assert len(proposer.told) == 2 == len(at_its_roof)
    assert "96% of what this machine allows" in session.ended
    lake = Lake.open(tmp_path / "data")
    shares = "SELECT roof_share FROM iterations WHERE role = 'proposal' ORDER BY candidate"
    found = [row["roof_share"] for row in ask(lake, shares).to_pylist()]
    assert found == pytest.approx([0.96, 0.96])
    (why,) = ask(lake, "SELECT what FROM problems WHERE layer = 'roof'").to_pylist()
    assert why["what"] == session.ended
    (row,) = ask(lake, "FROM roof_shares").to_pylist()
    assert row["roof_seconds"] == pytest.approx(0.24)
    assert row["after"] == pytest.approx(0.48) and row["roof"] == "main/1: whole numbers"
    assert row["before"] == pytest.approx(0.24)  # by the time in turn with the best
    stages = ask(lake, "SELECT stage, roof_share FROM history").to_pylist()
    assert all(stage["roof_share"] for stage in stages)
