"""Other sizes of what a nest was rewritten to: legal, the same results, one size at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize.moves.flags import Flags
from corr.optimize.rules.bases import bases
from corr.optimize.rules.finer import Finer
from corr.optimize.rules.nests import Plan, Region
from corr.optimize.variant import Variant
from corr.polyhedral import schedules
from tests.optimize.test_rules import KERNELS, outputs, program, region

pytestmark = pytest.mark.slow
NAME = "jacobi_2d"


def sweeping(found: Region) -> Plan:
    """A plan with tiles over time and space."""
    base = next(one for one in bases(found.nest.scop) if one.name.startswith("sweeps"))
    plan = found.plan(base, 0)
    assert plan is not None
    return plan


def test_one_size_at_a_time_and_the_results_are_the_same(tmp_path: Path) -> None:
    found = region(NAME)
    found.width = 64
    finer, plan = Finer(), sweeping(found)
    begun = (Flags(("-march=native",)), finer.edit(found, plan))
    (tiles,) = {band.tiles for _, band in schedules.bands(plan.base.tree) if band.strip}
    every = list(finer.near(begun))
    assert all(moves[0] == begun[0] and len(moves) == 2 for moves in every)
    assert len({moves[1] for moves in every}) == len(every), "each is tried once"
    names = [moves[1].describe() for moves in every]
    for at, size in enumerate(tiles):
        for other in (2 * size, size // 2):
            sizes = "×".join(map(str, (*tiles[:at], other, *tiles[at + 1 :])))
            assert any(f"sweeps of skewed in {sizes}" in name for name in names), names
    original = KERNELS / f"{NAME}.c"
    for number, moves in enumerate(every[:: max(1, len(every) // 4)]):
        changed = tmp_path / f"changed{number}.c"
        changed.write_text(moves[1].apply(Variant(program(NAME))).text(original))
        for size in ("1", "19", "70"):
            expected = outputs(original, tmp_path / "original", size)
            assert outputs(changed, tmp_path / f"changed{number}", size) == expected


def test_what_it_did_not_propose_has_no_other_sizes() -> None:
    assert not list(Finer().near((Flags(("-march=native",)),)))


def test_a_variant_of_a_variant_has_others_again() -> None:
    found = region(NAME)
    finer = Finer()
    first = next(finer.near((finer.edit(found, sweeping(found)),)))
    again = list(finer.near(first))
    assert again and all(moves != first for moves in again)
    kinds = {plan.base.rule for _, plan in finer.plans.values()}
    assert kinds == {"nest sweeps of skewed"}, "earlier sessions know them by one name"
