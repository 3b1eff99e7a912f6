"""`corr optimize`: propose, gate, build, check, measure, record; the best is always kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from collectors.base.errors import CorrError
from collectors.base.foreign_text import cut, visible
from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from collectors.sandbox import confined
from corr.lake.run_ids import new_run_id
from corr.lake.store import Lake, uncommitted
from corr.optimize import hot_places, resume
from corr.optimize.build_and_run import Builds
from corr.optimize.commits import Commits
from corr.optimize.experience import keeping
from corr.optimize.experience.earlier import Experience, earlier
from corr.optimize.experience.generalise import NoRecipe
from corr.optimize.experience.recipe import keep, recipes
from corr.optimize.experience.seen import seen
from corr.optimize.hot_places import Hot
from corr.optimize.judging.order import Judge
from corr.optimize.judging.ruling import Ruling, Sight
from corr.optimize.judging.speed import Failed, Timed
from corr.optimize.last_measurement import LastMeasurement, keep_back
from corr.optimize.llm.errors import ModelError
from corr.optimize.mutants import touched, unreached
from corr.optimize.mutants.ledger import Ledger
from corr.optimize.mutants.nests import hottest
from corr.optimize.mutants.trials import MOST_SECONDS, OF_BUDGET, broken
from corr.optimize.near_roof import NearRoof
from corr.optimize.prepare_original import Original, first_rows, prepare
from corr.optimize.proposal import Proposal, Proposer, Refining, Situation
from corr.optimize.request import Order
from corr.optimize.rows import Standing
from corr.optimize.session import Left, Session
from corr.optimize.time_budget import SPENT, OutOfTime, TimeBudget
from corr.optimize.variant import Variant
from corr.program.model import Program
from corr.summary.budget import Level
from corr.summary.summarise import summarise
from corr.system.disk import check_room
from corr.system.interrupts import kill_as_interrupt
from corr.timing import clocks
from corr.timing.verdict import Verdict

#: Candidates of an iteration where nothing else was asked for.
CANDIDATES = {"rules": 24, "llm": 4, "both": 12}


class Optimisation:
    """Runs one session. `tell` is given a line for the reader after every step.

    `session` is there as soon as there is something to keep, and stays after an interrupt.
    """

    def __init__(
        self,
        program: Program,
        toolchain: Toolchain,
        lake: Lake,
        order: Order,
        proposer: Proposer,
        scratch: Path,
        tell: Callable[[str], None],
    ) -> None:
        self.toolchain = toolchain
        self.lake = lake
        self.order = order
        self.proposer = proposer
        self.scratch = scratch
        self.tell = tell
        self.builds = Builds(program, toolchain, scratch / "builds", bare=order.bare)
        self.commits = Commits(self.builds, toolchain, lake, order.label, tell, bare=order.bare)
        self.budget = self.builds.budget = TimeBudget(order.budget_time)
        self.session: Session | None = None
        #: what earlier sessions taught, and what was said of that
        self.experience = Experience()
        self.said: set[str] = set()
        #: it was said that other work disturbs the measurements
        self.loaded = False
        #: keeps time for the last measurement back
        self.keep_back: Callable[[], None] = lambda: None
        #: how much is left, once it was looked for
        self.near: NearRoof | None = None

    # --- the whole -------------------------------------------------------------------------

    def run(self, resumed: Left | None = None) -> Session:
        """Optimise to the end of the order. Raises CorrError where the original cannot be had.

        Whatever ends it early, what is done is committed first. Where the model's server fails,
        `failed` of the session says so, and what is done is measured as ever.
        """
        if not self.order.bare:
            confined.available()
        with kill_as_interrupt():
            original = prepare(self.builds, self.order, self.tell)
            left = self._begun(original) if resumed is None else self._again(original, resumed)
            session = Session.begin(self.order, original, left)
            if session.best is not session.original:
                contest, binary = original.contest, self.builds.build(session.best)
                run = contest.original(binary)
                session.contest = contest.suited(contest.once_seconds(run), self.tell)
            self.session = session
            sight = partial(self._sight, session)
            judge = Judge(
                self.builds,
                self.toolchain,
                original.verifier,
                original.variant,
                sight,
                self._compared(session),
            )
            self.keep_back = partial(
                keep_back, self.builds, original, refining=isinstance(self.proposer, Refining)
            )
            if not any(baseline.faster for baseline in session.baselines.values()):
                self.keep_back()  # else once these are judged, which the last seconds may go to
            self._iterations(session, judge, original)
            self._finish(session, original)
        session.failed = session.failed or getattr(self.proposer, "failed", None)
        return session

    def _begun(self, original: Original) -> Left:
        """A new session: the original and the baselines, measured and committed."""
        standing = Standing(self.order, new_run_id(), self.builds.program)
        known, rows = first_rows(original, self.builds, standing, self.tell)
        run = self.commits.original(standing, rows)
        seconds = rows[0]["seconds"]
        return Left(standing.session, original.variant, run, baselines=known, seconds=seconds)

    def _compared(self, session: Session) -> dict[Path, Timed]:
        """The baselines' executables, and what came of them beside the original."""
        known = [b for b in session.baselines.values() if b.timed is not None]
        return {self.builds.build(b.of(session.original)): b.timed for b in known if b.timed}

    def _again(self, original: Original, left: Left) -> Left:
        """A session that goes on, its best looked at again: the machine may be another."""
        if not left.best.moves:
            return left
        try:
            with self.budget.binding():
                return self._looked_at(original, left)
        except OutOfTime as over:
            self.tell(f"the best of {left.name} is not looked at again: {over}")
            return left

    def _looked_at(self, original: Original, left: Left) -> Left:
        """What a session has come to, without its best if that is not right and faster here."""
        binary = self.builds.build(left.best)
        checked = original.verifier.check(left.best, binary)
        what = checked.detail if checked.outcome is not None else ""
        try:
            accept = original.verifier.accepts(left.best, original.contest.repeat)
            timed = original.contest.compare(original.binary, binary, accept=accept)
        except Failed as error:
            what = what or str(error)
        else:
            left = replace(left, ratio=timed.ratio.value)
            if timed.verdict in (Verdict.slower, Verdict.same) or not timed.ratio.known:
                what = what or "it is not faster here"
        if not what:
            return left
        self.tell(f"the best of {left.name} is not taken up: {what}")
        return Left(
            left.name,
            original.variant,
            left.run,
            baselines=left.baselines,
            trials=left.trials,
            seconds=left.seconds,
        )

    def _broken(self, session: Session, original: Original) -> Ledger:
        """The program broken on purpose: whether its check finds out, told to the reader."""
        run = self.lake.find(resume.original_run(self.lake, session.name))
        nests = hottest(self.lake, run if run.table("loops") is not None else session.best_run)
        limit = min(self.budget.share(MOST_SECONDS, OF_BUDGET), self.budget.left)
        exits, never = unreached.of_run(self.lake, run, original.variant)
        ledger = replace(broken(original, self.builds, nests, limit), exits=exits, never=never)
        for line in ledger.lines():
            self.tell(cut(visible(f"  {line}"), 400))
        return ledger

    def _look_back(self, session: Session) -> None:
        """What was seen in the original, and what earlier sessions taught of such places.

        A session that is gone on with, or replayed, is taught by those that came before it.
        """
        run = self.lake.find(resume.original_run(self.lake, session.name))
        session.seen_original = seen(self.lake, run)
        if self.order.learn == "on":
            before = self.order.replay
            name = session.name if before is None else resume.session_name(self.lake, before)
            try:
                self.experience = earlier(self.lake, name)
                found, bad = recipes(self.lake.root)
                known = tuple(recipe for recipe in found if recipe.session < name)
                self.experience = replace(self.experience, recipes=known)
            except CorrError as error:  # a run that is damaged, or was deleted just now
                self.tell(f"what earlier sessions taught is not known: {error.message}")
            else:
                for name, why in bad:
                    self._note(session, Problem("recipes", name, f"is no recipe: {why}"))

    def _sight(self, session: Session, variant: Variant) -> Sight:
        """How much the check sees of what a variant changes."""
        ledger, original = session.ledger, session.original
        refusal, words = (f(ledger, original, variant) for f in (touched.refusal, touched.words))
        unseen = unreached.left_out(ledger.never, variant)
        if (refusal or unseen) and self.order.allow_unchecked:
            return Sight(f"allowed though unchecked: {words}")
        return Sight(words, refusal, unseen)

    def _iterations(self, session: Session, judge: Judge, original: Original) -> None:
        with self.budget.binding():
            try:
                self._all_iterations(session, judge, original)
            except OutOfTime as over:
                self.tell(str(over))
            session.out_of_time = self.budget.late

    def _all_iterations(self, session: Session, judge: Judge, original: Original) -> None:
        if session.best_run.table("loops") is None:  # there was no time for them at first
            self.commits.layers(session)
        if self.budget.late or session.best_run.table("loops") is None:
            took = f"what was measured of the original took {self.budget.spent:.1f} s"
            enough = f"--budget-time {4 * self.budget.spent:.0f} may do"
            self.tell(f"{SPENT} before the first candidate: {took}; {enough}")
            return
        session.see(self._broken(session, original))
        self._look_back(session)
        program, by_name = session.original.program, original.asked is not None
        hot = hot_places.find(self.lake, session.best_run, program, self.toolchain, by_name=by_name)
        for problem in hot.problems:
            self._note(session, problem)
        self.near = NearRoof(self.lake, session, original, self.tell)
        self.near.find(hot.nests)
        idle = 0
        first = 1 + max((t.iteration for t in session.trials), default=0)
        last = first + self.order.iterations - 1
        if self.order.replay is not None:
            last = min(last, resume.iterations_of(self.lake, self.order.replay))
        for iteration in range(first, last + 1):
            if self.budget.late:
                self.tell(SPENT)
                return
            before = session.best
            ended = False
            try:
                ended = self._iteration(session, judge, iteration, hot)
            except ModelError as error:
                session.failed, ended = error, True
            except OutOfTime:
                ended = True
                self.tell(SPENT)
            except BaseException:
                self.commits.iteration(session, iteration, improved=False)
                raise
            self.commits.iteration(session, iteration, improved=session.best is not before)
            idle = idle + 1 if session.best is before else 0
            if ended or session.ended:
                return
            if idle >= self.order.patience:
                self.tell(f"nothing better in {idle} iterations")
                return

    # --- an iteration ----------------------------------------------------------------------

    def _iteration(self, session: Session, judge: Judge, iteration: int, hot: Hot) -> bool:
        """Try the proposals of an iteration; True when the proposer has no more."""
        wanted = self.order.candidates or CANDIDATES.get(self.order.proposer, 8)
        check_room(self.lake.root, otherwise="name another folder with --data")
        session.seen = seen(self.lake, session.best_run)
        summary = self._summary(session, iteration, hot)
        session.summary_sha256 = hashlib.sha256(summary.encode()).hexdigest()
        situation = Situation(
            self.lake,
            session.best_run,
            session.best,
            summary,
            session.trials,
            self.toolchain,
            self.scratch,
            iteration,
            wanted,
            self.order.allow_reassociation,
            hot.all_nests,
            lambda problem: self._note(session, problem),
            self.budget,
            session.whole,
            session.measured,
            session.seen,
            session.seen_original,
            self.experience,
            session.baselines,
            hot.irregular,
        )
        count = 0
        for count, proposal in enumerate(self._limited(situation, wanted), 1):
            self.builds.check_room()
            self._try(session, judge, (iteration, count), proposal)
        return count == 0

    def _try(
        self, session: Session, judge: Judge, number: tuple[int, int], proposal: Proposal
    ) -> None:
        """Judge a proposal, record it, and tell of it."""
        ruling = judge.judge(session.best, session.contest, proposal)
        trial = session.take(*number, ruling)
        if not ruling.accepted and not ruling.identical and ruling.variant is not None:
            self.builds.forget(ruling.variant)
        self.proposer.tell(trial)
        self.tell(session.told(trial))
        if proposal.learned and proposal.learned not in self.said:
            self.said.add(proposal.learned)
            self.tell(cut(visible(f"        {proposal.learned}"), 400))
        if ruling.accepted and proposal.proposer == "llm":
            self._keep(session, ruling)
        if ruling.accepted and ruling.timed is not None:
            # after a large gain the best may take too little to be compared with
            session.contest = session.contest.suited(ruling.timed.seconds, self.tell)
        load = ruling.timed.load if ruling.timed is not None else None
        if load is not None and not self.loaded:
            self.loaded = True
            self.tell(f"        {clocks.told(load)}")

    def _keep(self, session: Session, ruling: Ruling) -> None:
        """Keep what a model proposed as a recipe, if it can be one."""
        try:
            recipe = keeping.recipe_of(ruling, session.seen, session.name)
            with uncommitted(self.lake.root):
                new = keep(self.lake.root, recipe)
        except (NoRecipe, OSError, ValueError) as why:
            self.tell(cut(visible(f"        not kept as a recipe: {why}"), 400))
        else:
            self.tell(f"        {'kept' if new else 'known'} as the recipe {recipe.name}")

    def _note(self, session: Session, problem: Problem) -> None:
        """Tell what could not be looked at or proposed, and keep it for the next commit."""
        if problem not in session.problems:
            self.tell(cut(visible(f"  {problem.where} {problem.what}"), 400))
        session.problems.append(problem)

    def _summary(self, session: Session, iteration: int, hot: Hot) -> str:
        """What the proposer is shown, kept in the lake; in a replay what it was shown then."""
        if self.order.replay is not None:
            return resume.summary_shown(self.lake, self.order.replay, iteration)
        found = summarise(
            self.lake,
            session.best_run,
            budget=self.order.summary_tokens,
            level=Level(self.order.level),
            history=session.attempts(),
            unmodelled=hot.problems,
            seen=session.ledger.per_nest(),
        )
        with uncommitted(self.lake.root):
            resume.keep_summary(self.lake, found.text)
        return found.text

    def _limited(self, situation: Situation, wanted: int) -> Iterator[Proposal]:
        for count, proposal in enumerate(self.proposer.propose(situation)):
            if not proposal.known:
                self.keep_back()
                self.budget.check()
            yield proposal
            if self.budget.late or (self.near is not None and self.near.reached()):
                return
            if count + 1 >= wanted and proposal.proposer != "llm":
                return

    # --- the end ---------------------------------------------------------------------------

    def _finish(self, session: Session, original: Original) -> None:
        """Measure the best again: against the original, which else is kept, and every baseline."""
        if session.best is session.original:
            return
        sight = partial(self._sight, session)
        last = LastMeasurement(self.builds, session, sight, self.tell, self.proposer)
        found, why = last.of(original)
        if session.best is session.original and not why:
            return
        if not found and not why:
            session.measured_again = False
            return
        if why:
            self.tell(f"measured again, the best is not kept: {why}")
        session.finish(found, why)
        self.commits.best(session)
