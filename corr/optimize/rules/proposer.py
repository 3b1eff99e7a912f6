"""The built-in proposer: asks every rule, and searches what they leave open."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.base.table import Problem
from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.rules import flags, loops
from corr.optimize.rules.nests import Plan, Region
from corr.polyhedral.expressions import NotAffine
from corr.program import machine


class Rules:
    """Flags first, then the nests of hot functions, then pragmas and flags on top of the best.

    One search goes on over all iterations of a session: each takes as many proposals as it may.
    """

    name = "rules"

    def __init__(self) -> None:
        self._stream: Iterator[Proposal] | None = None
        self._situation: Situation | None = None
        self._last: Trial | None = None
        #: what a session that is gone on with has tried before, by the moves of the variant
        self._earlier: dict[str, Trial] = {}
        self._all: list[Region] = []
        self._chosen: dict[int, Plan] = {}
        #: time of the best over that of the original
        self._best = 1.0

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        self._situation = situation
        if self._stream is None:
            self._stream = self._everything(situation)
            self._earlier = {repr(t.proposal.moves): t for t in situation.history}
        for proposal in self._stream:  # not `yield from`: that would close it with this generator
            before = () if proposal.from_original else situation.best.moves
            earlier = self._earlier.get(repr((*before, *proposal.moves)))
            if earlier is None:
                yield proposal
            else:
                self.tell(earlier)

    def tell(self, trial: Trial) -> None:
        self._last = trial
        if trial.outcome == Outcome.accepted and trial.ratio is not None:
            self._best *= trial.ratio.value

    # --- the search ------------------------------------------------------------------------

    def _everything(self, situation: Situation) -> Iterator[Proposal]:
        times: dict[tuple[str, ...], float] = {}
        again = situation.allow_reassociation
        for added, proposal in flags.proposals(situation.run, reassociation=again):
            yield proposal
            if (time := self._time()) is not None and "-polly" not in added:
                times[added] = time
        own = list(situation.run.facts.get("flags") or ())
        base = min(times, key=lambda f: times[f], default=flags.base_flags(own))
        width = (machine.vector_bits() or 128) // 8
        self._all = [Region(nest, width, self._note) for nest in situation.nests.modelled]
        for number, region in enumerate(self._all):
            for plan in region.search():
                if not region.new(plan):
                    continue
                planned = self._proposal(region, number, plan, base)
                if planned is None:
                    continue
                yield planned
                won = self._won()
                if won:
                    self._chosen[number] = plan
                time = self._time()
                if time is not None:
                    region.ran(plan, time, best=won)
        yield from loops.proposals(self._now())
        yield from flags.refinements()

    def _now(self) -> Situation:
        assert self._situation is not None
        return self._situation

    def _note(self, problem: Problem) -> None:
        self._now().note(problem)

    def _won(self) -> bool:
        return self._last is not None and self._last.outcome == Outcome.accepted

    def _time(self) -> float | None:
        """Time of the last proposal over that of the original; None if it did not run."""
        last = self._last
        if last is None or last.ratio is None:
            return None
        return self._best if self._won() else self._best * last.ratio.value

    def _proposal(
        self, region: Region, number: int, plan: Plan, base: tuple[str, ...]
    ) -> Proposal | None:
        """The plan with the plans chosen for other regions, on the original."""
        try:
            edits = [self._all[n].edit(p) for n, p in sorted(self._chosen.items()) if n != number]
            edit = region.edit(plan)
        except NotAffine as reason:
            region.untried(plan.describe(), str(reason))
            return None
        return Proposal(
            (Flags(base), *edits, edit),
            plan.reason,
            "rules",
            2.0,
            region.nest.scop.function,
            from_original=True,
            trusted=True,
        )
