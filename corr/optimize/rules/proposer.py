"""The built-in proposer: asks every rule, and searches what they leave open."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from collectors.base.table import Problem
from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.rules import flags, loops, recipes, whole_program
from corr.optimize.rules.by_experience import ByExperience
from corr.optimize.rules.by_itself import ByItself
from corr.optimize.rules.finer import Finer
from corr.optimize.rules.flag_bases import APART, FlagBases
from corr.optimize.rules.idioms import IdiomSearch
from corr.optimize.rules.irregular import IrregularSearch
from corr.optimize.rules.nests import Plan, Region, in_turn
from corr.optimize.variant import Move
from corr.polyhedral.expressions import NotAffine
from corr.program import machine

Flagged = tuple[str, ...]
#: Of the time without a plan, what it must not take more than if others are to be tried with it.
HELPS = 0.95
#: Of the time of a plan under its twin's flags, what is clearly more.
MORE = 1.05
#: Plans of a kind that won in earlier sessions that are tried before anything else.
MOST_AHEAD = 3
#: Share of the samples from which a nest's own plans come before flags, and how many of them: each
#: flag alone takes as long to judge, and gains little where the order of loops is what is wrong.
HOT, MOST_AT_ONCE = 0.5, 3
#: Share of the samples from which a new text of a place comes before moves for the whole program.
WARM = 0.2


class Rules:
    """Recipes and flags first, what is for a whole program, nests of hot functions, pragmas.

    One search goes on over all iterations of a session: each takes as many proposals as it may.
    """

    name = "rules"

    def __init__(self) -> None:
        self._search: Search | None = None

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        if self._search is None:
            self._search = Search(situation)
        return self._search.go_on(situation)

    def tell(self, trial: Trial) -> None:
        if self._search is not None:
            self._search.told(trial)

    def near(self, moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
        """The same moves with blocks or tiles of another size."""
        return iter(()) if self._search is None else self._search.finer.near(moves)


class Search:
    """The search of one session, from the situation that it begins with.

    `now` is where it has come to, `last` the trial of its last proposal, `time` the best's over the
    original's.
    """

    def __init__(self, situation: Situation) -> None:
        self.now = situation
        self.last: Trial | None = None
        self.time = 1.0
        self.bases = FlagBases()
        self.finer = Finer()
        #: the plans of other nests that a nest is tried with, those of them that were accepted, and
        #: the time of these under flags
        self.chosen: dict[int, Plan] = {}
        self.sure: dict[int, Plan] = {}
        self.levels: dict[Flagged, float] = {}
        #: moves for the whole program that were accepted, and stay where nests are rewritten
        self.whole: tuple[Move, ...] = ()
        #: the baseline that was taken up, which all else goes on top of
        self.under: tuple[Move, ...] = ()
        #: places for which a new text was accepted, by a recipe or of an irregular loop
        self.by_text: set[str | None] = set()
        self.texts = IrregularSearch()
        self.idioms = IdiomSearch()
        #: directives of loops that were proposed
        self.directed: set[tuple[str | None, str]] = set()
        #: what a session that is gone on with has tried before, by the moves of the variant
        self._earlier = {repr(t.proposal.moves): t for t in situation.history}
        self._stream = self.everything(situation)

    def go_on(self, situation: Situation) -> Iterator[Proposal]:
        """The proposals that are left, but for those that were tried in an earlier session."""
        self.now = situation
        for proposal in self._stream:  # not `yield from`: that would close it with this generator
            before = () if proposal.from_original else situation.best.moves
            earlier = self._earlier.get(repr((*before, *proposal.moves)))
            if earlier is None:
                yield self.order.marked(proposal)
            else:
                self.told(earlier)

    def told(self, trial: Trial) -> None:
        """Note what came of the last proposal."""
        self.last = trial
        if trial.outcome == Outcome.accepted and trial.ratio is not None:
            self.time *= trial.ratio.value

    @property
    def order(self) -> ByExperience:
        """How earlier sessions have proposals ordered."""
        return ByExperience(self.now.experience, self.now.seen_original, self.now.seen)

    def everything(self, situation: Situation) -> Iterator[Proposal]:
        """Every proposal of the search, the next one chosen when the last one's trial is known."""
        order, by_itself = self.order, ByItself(situation.baselines)
        pairs = flags.proposals(situation.run, reassociation=situation.allow_reassociation)
        first = sorted(pairs, key=lambda pair: -order.of(pair[1]))
        known = [added for added, proposal in first if proposal.base]
        taken = yield from self._won(by_itself, first, known)
        self.bases.hurting = {added for added in known if by_itself.hurts(added)}
        first = [p for p in first if p[0] not in taken and by_itself.leaves_open(p, self.time)]
        yield from self._recipes(last=False)
        self.texts.wide = next((flags for flags in known if APART in flags), ())
        yield from self._irregular(HOT, 2.0)
        yield from self._idioms(situation)
        nests = [nest for nest in situation.nests.modelled if not nest.cold]
        few = sum(nest.share for nest in nests) < HOT
        if situation.whole and few:  # Polly is for nests: it is last then
            yield from self._alone([pair for pair in first if pair[1].base])
            yield from self._irregular(WARM, HOT)
            yield from self._whole_program()
            first = [pair for pair in first if not pair[1].base]
        late = [pair for pair in first if order.never(pair[1])]
        width = (machine.vector_bits() or 128) // 8
        found = [Region(nest, width, self._note, order.worth) for nest in nests]
        yield from self._ahead(found, known)
        if not self.sure:
            yield from self._at_once(found, known)
        soon = [pair for pair in first if pair not in late]
        yield from self._alone([pair for pair in soon if pair[1].base])
        yield from self._fused(found)
        yield from self._irregular(0.0, HOT)
        yield from self._hottest(found)
        yield from self._alone([pair for pair in soon if not pair[1].base])
        yield from self._plans(found)
        if situation.whole and not few:
            yield from self._whole_program()
        yield from self._small(last=False)
        yield from self._alone(late)
        yield from self._plans(found, last=True)
        yield from self._recipes(last=True)
        yield from self._small(last=True)

    def _recipes(self, *, last: bool) -> Iterator[Proposal]:
        """Recipes that fit; those that never paid are left for the last.

        One for another place than those that were accepted goes on top of them.
        """
        fitting = recipes.proposals(self.now)
        for proposal in sorted(fitting, key=lambda proposal: -self.order.of(proposal)):
            if self.order.never(proposal) != last:
                continue
            on_best = bool(self.by_text or self.under) and proposal.loop not in self.by_text
            yield replace(proposal, from_original=not on_best)
            if self._accepted:
                self.by_text.add(proposal.loop)

    def _irregular(self, least: float, most: float) -> Iterator[Proposal]:
        """Searches side by side and branch-free code, of places with such shares of the time."""
        for proposal in self.texts.proposals(self.now, least, most):
            yield proposal
            self.texts.told(self.last)
        self.by_text |= self.texts.functions

    def _idioms(self, situation: Situation) -> Iterator[Proposal]:
        """What is paid to the library, in other words."""
        for proposal in self.idioms.proposals(situation):
            yield replace(proposal, moves=(*self.under, *proposal.moves))
            self.idioms.told(self.last)
            self.by_text.update({None} if self._accepted else ())

    def _ahead(self, found: Sequence[Region], known: Sequence[Flagged]) -> Iterator[Proposal]:
        """Plans of a kind that won on such nests, under the flags that it won with."""
        for number, plan in itertools.islice(in_turn(found, first=True), MOST_AHEAD):
            region = found[number]
            if region.expected(plan.base) <= 0:
                break
            if self.bases.preferred is None:
                function = region.nest.scop.function
                self.bases.preferred = self.order.flags_of(plan.base.rule, function, known)
            if region.new(plan):
                yield from self._under_flags(found, number, plan)
        if not self.sure:
            self.bases.preferred = None

    def _won(
        self, by_itself: ByItself, pairs: Sequence[tuple[Flagged, Proposal]], known: list[Flagged]
    ) -> Generator[Proposal, None, set[Flagged]]:
        """Baselines that are faster, the fastest first, up to one that is kept; which are flags."""
        taken: set[Flagged] = set()
        for one, proposal in by_itself.won(pairs):
            yield replace(proposal, known=True)
            if one.moves == (Flags(one.flags),) or self._accepted:
                taken.add(one.flags)
                if self.last is not None and one.flags in known:
                    self.bases.alone(one.flags, self.last, self.last_time)
            if self._accepted:
                self.under = one.moves
                self.whole = tuple(move for move in one.moves if move.kind != "flags")
                break
        return taken

    def _hottest(self, found: Sequence[Region]) -> Iterator[Proposal]:
        """A first plan of the hottest nest, before what has less to do with the program."""
        for number, plan in itertools.islice(in_turn(found, first=True), 1):
            if found[number].expected(plan.base) >= 0 and found[number].new(plan):
                yield from self._under_flags(found, number, plan)

    def _at_once(self, found: Sequence[Region], known: Sequence[Flagged]) -> Iterator[Proposal]:
        """The first plans of what is hot, nothing rounded otherwise, up to one that wins."""
        apart = next((flags for flags in known if APART in flags), None)
        if apart is None:
            return
        for number, plan in itertools.islice(in_turn(found, first=True), MOST_AT_ONCE):
            if found[number].nest.share < HOT or found[number].expected(plan.base) < 0:
                continue
            self.bases.preferred = apart
            if found[number].new(plan):
                yield from self._under_flags(found, number, plan)
            if self.sure:
                return
        self.bases.preferred = None

    def _fused(self, found: Sequence[Region]) -> Iterator[Proposal]:
        """What was kept before flags were known, with multiplications and additions fused."""
        under = self.bases.current
        other = self.bases.twin(under)
        if not self.sure or other is None:
            return
        number, plan = next(reversed(self.sure.items()))
        proposal = self._proposal(found, number, plan, other)
        if proposal is not None:
            yield proposal
            if self.last is not None:
                self.bases.tried(other, self.last)
                self.bases.again(other, won=self._accepted, worse=False)
                self._goes_on_with(number, plan, other)

    def _plans(self, found: Sequence[Region], *, last: bool = False) -> Iterator[Proposal]:
        """The plans of all nests; those of a kind that never paid are left for the last."""
        for number, plan in in_turn(found):
            if not last and found[number].expected(plan.base) < 0:
                continue
            if found[number].new(plan):
                yield from self._under_flags(found, number, plan)

    def _small(self, *, last: bool) -> Iterator[Proposal]:
        """Directives and flags on top of the best; those that never paid are left for the last."""
        refined = sorted(flags.refinements(), key=lambda proposal: -self.order.of(proposal))
        wanted = [proposal for proposal in refined if self.order.never(proposal) == last]
        likely = [proposal for proposal in wanted if self.order.of(proposal) > 0]
        yield from likely
        yield from self._directives(last=last)
        yield from (proposal for proposal in wanted if proposal not in likely)

    def _alone(self, proposals: Sequence[tuple[Flagged, Proposal]]) -> Iterator[Proposal]:
        """Flags by themselves, or on top of a new text; which are right, and how fast, is noted."""
        for added, proposal in proposals:
            on_best = self.by_text or self.whole
            yield replace(proposal, from_original=False) if on_best else proposal
            if self.last is not None and proposal.base:
                self.bases.alone(added, self.last, self.last_time)

    def _whole_program(self) -> Iterator[Proposal]:
        """What is for the whole program, under the flags that did best so far."""
        on_best = self.time != 1.0 or bool(self.now.best.moves)
        base = self.bases.current
        search = whole_program.WholeSearch(self.whole, () if on_best else base)
        for proposal in search.proposals(self.now, on_best=on_best):
            yield proposal
            search.told(self.last)
        self.whole = search.kept
        if search.built and not on_best:
            self.bases.preferred = base

    def _directives(self, *, last: bool) -> Iterator[Proposal]:
        """Directives for the loops of the program last measured, each loop's once."""
        situation: Situation | None = None
        while situation is not self.now:
            situation = self.now
            listed = loops.proposals(situation)
            for proposal in sorted(listed, key=lambda proposal: -self.order.of(proposal)):
                key = proposal.loop, proposal.called
                if key not in self.directed and self.order.never(proposal) == last:
                    self.directed.add(key)
                    yield proposal
                if self.now is not situation:  # another iteration, with a run of its own
                    break

    @property
    def _accepted(self) -> bool:
        return self.last is not None and self.last.outcome == Outcome.accepted

    def _under_flags(self, found: Sequence[Region], number: int, plan: Plan) -> Iterator[Proposal]:
        """The plan under the flags that did best so far.

        And with multiplications and additions apart, or fused, where that makes a difference: for
        a region's first plan, for one that is the new best, and for one that is refuted.
        """
        region = found[number]
        under = self.bases.current
        first = not region.scores
        again: Flagged | None = under
        best: tuple[float, bool] | None = None
        while again is not None:
            proposal = self._proposal(found, number, plan, again)
            if proposal is None:
                return
            yield proposal
            trial = self.last
            if trial is None:
                return
            self.bases.tried(again, trial)
            won, time = trial.outcome == Outcome.accepted, self.last_time
            if again is not under and best is not None:
                worse = time is not None and time > MORE * best[0]
                self.bases.again(again, won=won, worse=worse)
            helps = self._goes_on_with(number, plan, again)
            if time is not None:
                best = (time, helps) if best is None else (min(time, best[0]), helps or best[1])
            twice = again is under and (first or won or trial.outcome.refuted)
            again = self.bases.twin(under, won=won) if twice else None
        if best is not None:
            region.ran(plan, best[0], best=best[1])

    def _goes_on_with(self, number: int, plan: Plan, under: Flagged) -> bool:
        """Whether other nests are tried with this plan from now on.

        They are if it makes the program faster than it is under these flags without, though
        another program may still be faster: what no nest can by itself, several may together.
        What is refuted with plans that were never accepted leaves these out again.
        """
        assert self.last is not None
        won, time = self._accepted, self.last_time
        if self.last.outcome.refuted and self.chosen != self.sure:
            self.chosen = dict(self.sure)
            self.levels.clear()
        known = self.bases.known.get(under)
        level = self.levels.get(under, known.time if known else 1.0)
        if not won and (time is None or time > HELPS * level):
            return False
        self.chosen[number] = plan
        if time is not None:
            self.levels[under] = time
        if won:
            self.sure = dict(self.chosen)
            self.bases.preferred = under
        return True

    def _note(self, problem: Problem) -> None:
        self.now.note(problem)

    @property
    def last_time(self) -> float | None:
        """Time of the last proposal over that of the original; None if it was not found right."""
        last = self.last
        if last is None or last.ratio is None or not last.outcome.measured:
            return None
        return self.time if last.outcome == Outcome.accepted else self.time * last.ratio.value

    def _proposal(
        self, found: Sequence[Region], number: int, plan: Plan, under: Flagged
    ) -> Proposal | None:
        """The plan with the plans chosen for other regions, on the original."""
        try:
            edits = [found[n].edit(p) for n, p in sorted(self.chosen.items()) if n != number]
            edit = self.finer.edit(found[number], plan)
        except NotAffine as reason:
            found[number].untried(plan.describe(), str(reason))
            return None
        others = [p for n, p in sorted(self.chosen.items()) if n != number]
        nests = [found[n].nest for n in sorted({*self.chosen, number})]
        texts = dict.fromkeys([*self.texts.kept, *(move for nest in nests for move in nest.on)])
        needed = [flag for p in (*others, plan) for flag in p.flags if flag not in under]
        flagged = (*under, *dict.fromkeys(needed))
        first = (Flags(flagged),) if flagged else ()
        return Proposal(
            (*first, *self.whole, *texts, *self.idioms.kept, *edits, edit),
            plan.reason,
            "rules",
            2.0,
            found[number].nest.scop.function,
            from_original=True,
            trusted=all(nest.trusted for nest in nests),
            rule=plan.base.rule,
        )
