"""Searches side by side, and branches that data decide without a branch."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.base.table import Problem
from corr.irregular.effects import Unsuitable
from corr.optimize.hot_irregular import LAYER, HotBranch, HotLookup
from corr.optimize.moves.source import Source
from corr.optimize.proposal import Proposal, Situation

#: So many searches at once: the likeliest first.
WIDTHS = (8, 16, 4)
#: Branches that are rewritten, those that are guessed wrong most often.
MOST_BRANCHES = 6
SIDE_BY_SIDE, BRANCH_FREE = "searches side by side", "branch-free"


def proposals(situation: Situation, least: float, most: float) -> Iterator[list[Proposal]]:
    """For each place the ways to write it anew, the hottest place first.

    Of places that have a share of the time from `least` to below `most`.
    """
    for found in situation.irregular.lookups:
        if least <= found.share < most:
            ways = (_side_by_side(situation, found, width) for width in WIDTHS)
            if taken := [way for way in ways if way is not None]:
                yield taken
    count = 0
    for branch in situation.irregular.branches:
        if least <= branch.share < most and count < MOST_BRANCHES:
            if (way := _branch_free(situation, branch)) is not None:
                count += 1
                yield [way]


def _side_by_side(situation: Situation, found: HotLookup, width: int) -> Proposal | None:
    reason = f"each search waits for its own values; {width} at once wait together"
    says = f"Rewritten by corr: {width} iterations at once. Their searches take turns, as {reason}."
    try:
        edit = found.edit(width, says)
    except Unsuitable as why:
        _untried(situation, found, f"{width} searches at once", why)
        return None
    summary = f"{found.function} {width} searches side by side"
    return _proposal(found, edit, summary, reason, SIDE_BY_SIDE)


def _branch_free(situation: Situation, found: HotBranch) -> Proposal | None:
    often = f"{100 * found.odds:.0f} %"
    reason = f"a branch that goes the rarer way {often} of the time is often guessed wrong"
    says = f"Rewritten by corr: no branch, which went the rarer way {often} of the time. What is not to be written goes nowhere."
    try:
        edit = found.edit(says)
    except Unsuitable as why:
        _untried(situation, found, "no branch", why)
        return None
    summary = f"{found.function} line {found.line} branch-free"
    return _proposal(found, edit, summary, reason, BRANCH_FREE)


def _proposal(
    found: HotLookup | HotBranch, edit: tuple[str, str], summary: str, reason: str, rule: str
) -> Proposal:
    move = Source(found.file, (edit,), summary=summary)
    return Proposal((move,), reason, "rules", 2.0, found.function, trusted=True, rule=rule)


def _untried(
    situation: Situation, found: HotLookup | HotBranch, what: str, why: Unsuitable
) -> None:
    place = f"{found.file}:{found.line}"
    situation.note(Problem(LAYER, place, f"{found.function}: not tried: {what}: {why}"))
