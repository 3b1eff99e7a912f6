"""The best of a session once more: on the asked size, against the original and every baseline."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce

from collectors.base.foreign_text import cut, visible
from corr.optimize import asked_size
from corr.optimize.asked_size import Contender
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.ruling import Sight
from corr.optimize.judging.speed import Contest, Failed, Tell, Timed
from corr.optimize.prepare_original import Original
from corr.optimize.proposal import Proposer, Refining
from corr.optimize.session import Session
from corr.optimize.time_budget import OutOfTime
from corr.optimize.variant import Refused, Variant
from corr.timing.interleave import Limits
from corr.timing.verdict import Verdict

#: Pairs of the final measurement, and where a run takes so many seconds.
FINAL = Limits(fewest=5, most=25, seconds=20.0)
FINAL_LONG, LONG_RUN = replace(FINAL, fewest=3), 2.0
#: Part of a budget above which time is kept back for fewer pairs.
OF_FINAL = 0.1
#: Runs of the asked size that time is kept back for where another one is searched on, and up to
#: which part of the budget.
ASKED_RUNS, OF_ASKED = 16, 0.6
#: Seconds for trying other sizes of tiles there, and their share of a budget at most.
FINER, OF_FINER = 90.0, 0.3


def keep_back(builds: Builds, original: Original, *, refining: bool = False) -> None:
    """Keep time for the last measurement; `refining`: and for other sizes, on the asked one."""
    budget = builds.budget
    if original.asked is not None:
        beside = budget.share(asked_size.CHECKS, asked_size.OF_CHECKS)
        beside += budget.share(FINER, OF_FINER) if refining else 0.0
        budget.keep_back(ASKED_RUNS * original.asked.seconds + beside, OF_ASKED)
    else:
        budget.keep_back(
            least_seconds(budget.share(math.inf, OF_FINAL), builds.walls[original.binary])
        )


def least_seconds(seconds: float, once: float) -> float:
    """Seconds of the final measurement: of its fewest pairs, or of fewer where that is too long."""
    enough = FINAL.fewest * 2 * once
    return enough if enough <= seconds else FINAL_LONG.fewest * 2 * once


@dataclass(frozen=True)
class LastMeasurement:
    """Measures the best of a session. `sight`: what the check sees of a variant.

    `proposer` may know other sizes of what it proposed.
    """

    builds: Builds
    session: Session
    sight: Callable[[Variant], Sight]
    tell: Tell
    proposer: Proposer
    #: other sizes of what corr itself proposed
    ours: list[Variant] = field(default_factory=list)

    def of(self, original: Original) -> tuple[dict[str, Timed], str]:
        """The best against the original and the baselines; why it is not to be kept."""
        with self.builds.budget.binding(last=True):
            try:
                if original.asked is not None:
                    original = self._on_the_asked_size(original)
            except OutOfTime as over:
                self.session.resized(None)
                return {}, f"it was not tried on the asked size: {over}"
            if self.session.best is self.session.original:
                return {}, "none is faster on the asked size"
            return self._measured(original)

    def _on_the_asked_size(self, small: Original) -> Original:
        """The original of the size that was asked for; the session's best is the best there."""
        session = self.session
        self.tell("what did best, on the size that was asked for:")

        def right(one: Contender) -> Contender | None:
            checked = small.verifier.check(one.variant, self.builds.build(one.variant))
            refusal = checked.detail if checked.outcome else self.sight(one.variant).refusal
            if refusal:
                self.tell(cut(visible(f"  not right on all inputs: {refusal}"), 200))
                return None
            return replace(one, guarantee=checked.guarantee, basis=checked.basis)

        best = session.best_guarantee, session.best_basis
        every = [Contender(session.best_ratio, session.best, *best), *session.contenders]
        found = asked_size.contenders(every)
        asked = asked_size.settled(small, self.builds, found, right, self.tell, self._near)
        session.resized(asked.best)
        session.contest = asked.original.contest
        return asked.original

    def _near(self, variant: Variant) -> Iterator[Variant]:
        """Variants like one that the proposer has other sizes for."""
        proposer, start = self.proposer, self.session.original
        for moves in proposer.near(variant.moves) if isinstance(proposer, Refining) else ():
            with contextlib.suppress(Refused):
                made = reduce(lambda made, move: move.apply(made), moves, start)
                if self.session.wrote(variant):
                    self.ours.append(made)
                yield made

    def _contest(self, original: Original) -> Contest:
        """How the best is timed beside the original: repeated as often as that one allows."""
        contest, session = original.contest, self.session
        if session.contest.repeat == contest.repeat:
            return contest
        slowest = contest.once_seconds(contest.original(original.binary))
        return contest.suited(slowest * session.best_ratio, lambda _: None, slowest)

    def _measured(self, original: Original) -> tuple[dict[str, Timed], str]:
        found: dict[str, Timed] = {}
        builds, session = self.builds, self.session
        best = builds.build(session.best)
        try:
            ours = session.wrote(session.best) or session.best in self.ours
            contest = replace(self._contest(original), ours=ours)
            accept = original.verifier.accepts(session.best, contest.repeat)
            took = builds.walls.get(original.binary, LONG_RUN)
            short = builds.budget.left < FINAL.fewest * 2 * took
            limits = FINAL_LONG if took >= LONG_RUN or short else FINAL
            limits = replace(limits, seconds=builds.budget.at_most(FINAL.seconds))
            timed = contest.compare(original.binary, best, limits, accept)
            found["original"] = timed
            if timed.doubt:
                return found, timed.doubt
            if timed.verdict in (Verdict.slower, Verdict.same) or timed.ratio.value >= 1:
                return found, f"it is not faster than the original (×{1 / timed.ratio.value:.2f})"
            for name, baseline in session.baselines.items():
                if baseline.seconds is not None:
                    other = builds.build(baseline.of(session.original))
                    if builds.identical(other, best):
                        continue
                    limits = replace(limits, seconds=builds.budget.at_most(FINAL.seconds))
                    found[name] = contest.compare(other, best, limits, accept)
        except OutOfTime as over:
            self.tell(f"the final measurement is not complete: {over}")
        except Failed as error:
            if error.binary == best:
                return found, str(error).splitlines()[0]
            self.tell(f"the final measurement is not complete: {error}")
        return found, ""
