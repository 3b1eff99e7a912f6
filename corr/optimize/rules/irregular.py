"""Searches side by side, branches that data decide without one, borders apart, tables of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from collectors.base.table import Problem
from corr.irregular.as_vectors import AsVectors
from corr.irregular.effects import Unsuitable
from corr.irregular.side_by_side import SideBySide
from corr.optimize.hot_irregular import LAYER, HotBorders, HotBranch, HotLookup, HotScan
from corr.optimize.hot_steps import HotSteps
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.source import Source
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.variant import Move

#: Ways to have so many searches at once: the likeliest first.
WAYS: tuple[tuple[type[SideBySide], int], ...] = (
    (AsVectors, 16),
    (AsVectors, 32),
    (SideBySide, 8),
    (SideBySide, 16),
    (SideBySide, 4),
)
#: Iterations that are looked at ahead, and loops that do so.
WIDTHS, MOST_SCANS = (32, 16, 64), 4
#: Branches that are rewritten, those that are guessed wrong most often.
MOST_BRANCHES = 6
SIDE_BY_SIDE, AS_VECTORS = "searches side by side", "searches as vectors"
AHEAD, BRANCH_FREE, BORDERS = "looking ahead", "branch-free", "borders apart"
TABLE = "a table of steps"


Place = HotLookup | HotScan | HotBranch | HotBorders | HotSteps


class IrregularSearch:
    """Tries what a situation has of irregular loops.

    `told` is called with the trial of each proposal before the next one is asked for.
    """

    def __init__(self, wide: tuple[str, ...] = ()) -> None:
        #: flags under which vectors are as wide as they can be, nothing rounded otherwise
        self.wide = wide
        #: edits that were accepted, and the functions that they are in
        self.kept: tuple[Move, ...] = ()
        self.functions: set[str | None] = set()
        self._best: tuple[Move, ...] | None = None
        self._places: list[Place] = []

    def told(self, trial: Trial | None) -> None:
        """Note what came of the last proposal."""
        accepted = trial is not None and trial.outcome == Outcome.accepted
        self._best = trial.variant.moves if accepted and trial and trial.variant else None

    def proposals(self, situation: Situation, least: float, most: float) -> Iterator[Proposal]:
        """Those of places with a share of the time from `least` to below `most`.

        On top of the best; once one is accepted, other ways in its place.
        """
        for found, ways in _places(situation, least, most):
            if any(found.within(other) or other.within(found) for other in self._places):
                continue
            chosen: Proposal | None = None
            best: tuple[Move, ...] = ()
            for way in ways:
                if way.rule in (AS_VECTORS, AHEAD) and self.wide:
                    way = replace(way, moves=(Flags(self.wide), *way.moves))
                if chosen is None:
                    yield way
                else:
                    first = (move for move in way.moves[:-1] if move not in best)
                    rest = (way.moves[-1] if move == chosen.moves[-1] else move for move in best)
                    yield replace(way, moves=(*first, *rest), from_original=True)
                if self._best is not None:
                    chosen, best = way, self._best
            if chosen is not None:
                needed = (move for move in chosen.moves if move != Flags(self.wide))
                self.kept = (*self.kept, *needed)
                self.functions.add(chosen.loop)
                self._places.append(found)


def _places(
    situation: Situation, least: float, most: float
) -> Iterator[tuple[Place, list[Proposal]]]:
    """For each place the ways to write it anew, the hottest place first."""
    for steps in situation.irregular.steps:
        if least <= steps.share < most and (looked := _table(situation, steps)) is not None:
            yield steps, [looked]
    for loop in situation.irregular.borders:
        if least <= loop.share < most and (apart := _borders(situation, loop)) is not None:
            yield loop, [apart]
    for found in situation.irregular.lookups:
        if least <= found.share < most:
            ways = (_side_by_side(situation, found, *way) for way in WAYS)
            if taken := [way for way in ways if way is not None]:
                yield found, taken
    for scan in situation.irregular.scans[:MOST_SCANS]:
        if least <= scan.share < most:
            ahead = (_ahead(situation, scan, width) for width in WIDTHS)
            if taken := [way for way in ahead if way is not None]:
                yield scan, taken
    count = 0
    for branch in situation.irregular.branches:
        if not least <= branch.share < most or count >= MOST_BRANCHES:
            continue
        way = _branch_free(situation, branch)
        if way is not None:
            count += 1
            yield branch, [way]


def _side_by_side(
    situation: Situation, found: HotLookup, how: type[SideBySide], width: int
) -> Proposal | None:
    vectors = how is AsVectors
    reason = f"each search waits for its own values; {width} at once wait together"
    turns = "are the lanes of vectors" if vectors else "take turns"
    says = f"Rewritten by corr: {width} iterations at once. Their searches {turns}, as {reason}."
    try:
        edit = found.edit(how, width, says)
    except Unsuitable as why:
        if not vectors:
            _untried(situation, found, f"{width} searches at once", why)
        return None
    summary = f"{found.function} {width} searches {'as vectors' if vectors else 'side by side'}"
    return _proposal(found, edit, summary, reason, AS_VECTORS if vectors else SIDE_BY_SIDE)


def _ahead(situation: Situation, found: HotScan, width: int) -> Proposal | None:
    often = "" if found.odds is None else f", here {_percent(found.odds)} of the time"
    reason = f"most iterations do nothing{often and f': something is done{often}'}"
    says = (
        f"Rewritten by corr: {width} iterations are looked at together, and passed over where none"
        " of them does anything."
    )
    try:
        edit = found.edit(width, says)
    except Unsuitable as why:
        _untried(situation, found, f"{width} iterations ahead", why)
        return None
    summary = f"{found.function} line {found.line} looks {width} ahead"
    return _proposal(found, edit, summary, reason, AHEAD)


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %"


def _branch_free(situation: Situation, found: HotBranch) -> Proposal | None:
    often = f"{100 * found.odds:.0f} %"
    reason = f"a branch that goes the rarer way {often} of the time is often guessed wrong"
    says = (
        f"Rewritten by corr: no branch, which went the rarer way {often} of the time. What is not"
        " to be written goes nowhere."
    )
    try:
        edit = found.edit(says)
    except Unsuitable as why:
        _untried(situation, found, "no branch", why)
        return None
    summary = f"{found.function} line {found.line} branch-free"
    return _proposal(found, edit, summary, reason, BRANCH_FREE)


def _table(situation: Situation, found: HotSteps) -> Proposal | None:
    reason = "eight steps, a bit each, wait for one another; all that they do is in a table"
    says = "Rewritten by corr: eight steps, a bit each, are one look into a table of what they do."
    try:
        edit = found.edit(says)
    except Unsuitable as why:
        _untried(situation, found, "a table", why)
        return None
    summary = f"{found.function} line {found.line} by a table"
    return _proposal(found, edit, summary, reason, TABLE)


def _borders(situation: Situation, found: HotBorders) -> Proposal | None:
    checks = found.bordered.known
    reason = f"{checks} check{'s' if checks > 1 else ''} in it find something near its ends only"
    try:
        move = found.apart()
    except Unsuitable as why:
        _untried(situation, found, "without checks away from its ends", why)
        return None
    sure = found.trusted
    return Proposal((move,), reason, "rules", 2.0, found.function, trusted=sure, rule=BORDERS)


def _proposal(
    found: Place, edit: tuple[str, str], summary: str, reason: str, rule: str
) -> Proposal:
    move = Source(found.file, (edit,), summary=summary)
    call = found.lookup.call if isinstance(found, HotLookup) else None
    needed = (Flags(call.flags),) if call is not None and call.flags else ()
    return Proposal((*needed, move), reason, "rules", 2.0, found.function, trusted=True, rule=rule)


def _untried(situation: Situation, found: Place, what: str, why: Unsuitable) -> None:
    place = f"{found.file}:{found.line}"
    situation.note(Problem(LAYER, place, f"{found.function}: not tried: {what}: {why}"))
