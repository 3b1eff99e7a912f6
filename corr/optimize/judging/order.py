"""One proposal, from its moves to what is to be done with it: the stages, cheapest first.

Each stage is given what those before it found. It adds what it found itself, or stops the case and
says how it ends; a case that no stage stops is a new best. Nothing is recorded here.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from corr.optimize import gate
from corr.optimize.build_and_run import Builds, Clock
from corr.optimize.gate.refusal import Refused
from corr.optimize.judging import together
from corr.optimize.judging.beside import moved_out
from corr.optimize.judging.check import Verifier
from corr.optimize.judging.checked import Checked
from corr.optimize.judging.reports import first_error
from corr.optimize.judging.ruling import Case, Ruling, Sight, Spent, Stage, Stop
from corr.optimize.judging.speed import MUCH, PAIRS, Contest, Failed, Timed
from corr.optimize.moves import schedule
from corr.optimize.moves.ir_function import replayed
from corr.optimize.proposal import Outcome, Proposal
from corr.optimize.time_budget import OutOfTime
from corr.optimize.variant import Variant
from corr.timing.interleave import Limits
from corr.timing.verdict import MARGIN, Verdict

#: Pairs on an input that was held out.
HELD_OUT = Limits(fewest=5, most=9, seconds=20.0)
#: Pairs of a baseline that is timed again, once it is to be kept.
AGAIN = Limits(fewest=3, most=25, seconds=20.0)
#: A smaller gain than this is measured twice: a series is looked at often, and ends at the first
#: look that says faster, so that a machine that is busy now and then says so of equals.
CONFIRMED = 1 / 1.3
#: The kinds of move with code in them.
WRITTEN = frozenset({"source", "ir"})
#: What a proposal may come to on top of the best, and not by itself.
NOT_TOGETHER = frozenset({Outcome.slower, Outcome.wrong_output, Outcome.crashed, Outcome.timed_out})
SAME_CODE = "the machine code is the same"


@dataclass(frozen=True)
class Judge:
    """Judges proposals for one program. `sight` says what the check sees of a variant.

    `known` holds what was compared with the original before: executables and what came of them.
    """

    builds: Builds
    toolchain: Toolchain
    verifier: Verifier
    original: Variant
    sight: Callable[[Variant], Sight] = lambda _: Sight()
    known: Mapping[Path, Timed] = field(default_factory=dict)
    #: machine code that was timed beside a best and is not faster, and how that ended
    seen: dict[tuple[object, ...], Stop] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What a proposal goes through, in this order, to be a new best."""
        return (
            self.readable,
            self.moved,
            self.compiled,
            self.linked,
            self.together,
            self.other_code,
            self.right_at_once,
            self.in_turn,
            self.believed,
            self.right_as_a_base,
            self.faster,
            self.right,
            self.run,
            self.in_sight,
            self.all_of_it,
            self.faster_again,
            self.faster_on_unseen_input,
        )

    def judge(self, best: Variant, contest: Contest, proposal: Proposal) -> Ruling:
        """Take a proposal through the stages, up to the first that stops it.

        Raises CorrError where the original fails, or the disk is full.
        """
        began, before = time.monotonic(), replace(self.builds.clock)
        start = self.original if proposal.from_original else proposal.shown or best
        stop = self._through(self.stages, Case(proposal, best, contest, start))
        alone = stop.case.own
        if alone is not None:
            stop = self._better(stop, alone)
        case = stop.case
        self._remember(stop)
        return Ruling(
            proposal,
            start,
            stop.outcome,
            "; ".join(filter(None, (stop.detail, case.apart))),
            stop.identical,
            case.variant,
            case.checked,
            case.timed,
            _spent(began, before, self.builds.clock),
            case.sight,
        )

    def _through(self, stages: Sequence[Stage], case: Case) -> Stop:
        """Where a case ends."""
        found: Case | Stop = case
        for stage in stages:
            if isinstance(found, Stop):
                return found
            case = found
            try:
                found = stage(case)
            except OutOfTime as over:
                return Stop(case, Outcome.inconclusive, f"{over} while it was tried")
        return found if isinstance(found, Stop) else Stop(found, Outcome.accepted)

    def _better(self, together: Stop, alone: Case) -> Stop:
        """What came of a proposal on top of the best, or by itself where that does better."""
        if together.outcome not in NOT_TOGETHER:
            self._forget(alone)
            return together
        rest = self.stages[self.stages.index(self.together) + 1 :]
        apart = replace(alone, apart=f"on top of the best so far: {together.outcome}")
        found = self._through(rest, apart)
        if found.outcome == Outcome.accepted or together.outcome != Outcome.slower:
            self._forget(together.case)
            return found
        self._forget(alone)
        return together

    def _forget(self, case: Case) -> None:
        """Remove what was built of a case that is given up, unless the best is the same."""
        if case.variant is not None and case.binary != self.builds.build(case.best):
            self.builds.forget(case.variant)

    # --- from the moves to an executable -------------------------------------------------------

    def readable(self, case: Case) -> Case | Stop:
        """A model's reply could be understood."""
        if case.proposal.unreadable is not None:
            return Stop(case, Outcome.not_parsed, case.proposal.unreadable)
        return case

    def moved(self, case: Case) -> Case | Stop:
        """The moves apply, pass the gate, and what claims to be proved is."""
        try:
            with self.builds.scratch("trial") as folder, self.builds.compiling():
                variant = replayed(case.start, case.proposal.moves, self.toolchain, folder)
                case = replace(case, variant=variant)
                return replace(case, proof=self._proof(variant, folder))
        except Refused as refusal:
            return Stop(case, Outcome.refused, refusal.message)
        except CompileError as error:
            return Stop(case, Outcome.not_compiled, first_error(error.message))

    def compiled(self, case: Case) -> Case | Stop:
        """The variant builds."""
        try:
            return replace(case, binary=self.builds.build(case.made))
        except Refused as refusal:
            return Stop(case, Outcome.refused, refusal.message)
        except CompileError as error:
            return Stop(case, Outcome.not_compiled, first_error(error.message))

    def linked(self, case: Case) -> Case | Stop:
        """Nothing is in the executable that got past the gate for texts."""
        if not any(move.kind in WRITTEN for move in case.made.moves):
            return case
        texts = [self.original.text(unit.source) for unit in self.original.program.units]
        names = {t.text for text in texts for t in gate.tokens(text) if t.kind == "name"}
        refusals = gate.objects(self.builds.build(self.original), case.built, names)
        made = case.made
        if refusals and made.flags:  # what flags alone bring in, or do away with, is theirs
            with contextlib.suppress(CompileError):
                alone = replace(self.original, flags=made.flags, link=made.link)
                like = self.builds.build(replace(alone, trained=made.trained))
                refusals = gate.objects(like, case.built, names)
        return Stop(case, Outcome.refused, refusals[0].what) if refusals else case

    def together(self, case: Case) -> Case | Stop:
        """Moves for what the proposer was shown are put on top of the best that came since."""
        if case.proposal.from_original or case.start is case.best:
            return case
        moves = case.proposal.moves
        given = case.start, case.made, case.best, moves, self.toolchain
        try:
            with self.builds.scratch("together") as folder, self.builds.compiling():
                variant = together.merged(*given, folder)
                proof = self._proof(variant, folder)
            binary = self.builds.build(variant)
        except (Refused, CompileError) as error:
            why = first_error(error.message) if error.message else "it does not compile"
            return replace(case, apart=f"by itself, not on top of the best so far: {why}")
        both = replace(case, variant=variant, binary=binary, proof=proof, own=case)
        found = self.linked(both)
        if isinstance(found, Stop):
            return replace(case, apart=f"by itself, not on top of the best so far: {found.detail}")
        return found

    def other_code(self, case: Case) -> Case | Stop:
        """It is other machine code than the best, and than what was timed beside it before."""
        if self.builds.identical(self.builds.build(case.best), case.built):
            return Stop(case, Outcome.same, SAME_CODE, identical=True)
        before = self.seen.get(self._code(case)) if not case.proposal.base else None
        if before is None:
            return case
        words = "; ".join(move.describe() for move in before.case.proposal.moves)
        same = replace(case, timed=before.case.timed, checked=before.case.checked)
        return Stop(same, before.outcome, f"{SAME_CODE} as that of {words}")

    def _code(self, case: Case) -> tuple[object, ...]:
        """What two candidates have in common that need not be timed twice."""
        code = hashlib.sha256(case.built.read_bytes()).digest()
        around = tuple(sorted(self.builds.environments.get(case.built, {}).items()))
        flags = self.builds.reference_flags(case.made)
        return code, around, flags, self.builds.build(case.best), case.contest.repeat

    def _remember(self, stop: Stop) -> None:
        """Note what was timed to its end, and is not faster than the best."""
        timed = stop.case.timed
        slow = stop.outcome.measured and stop.outcome != Outcome.accepted
        if slow and timed is not None and timed.verdict != Verdict.faster and timed.ratio.known:
            self.seen.setdefault(self._code(stop.case), stop)

    # --- from the executable to a verdict ------------------------------------------------------

    def right_at_once(self, case: Case) -> Case | Stop:
        """The output on a small input is right."""
        return self._checked(case, self.verifier.check(case.made, case.built, quick=True))

    def in_turn(self, case: Case) -> Case | Stop:
        """It is timed in turn with the best, and each timed run is right.

        Unless it is a baseline, of which that is known: one that is faster is timed again, as any
        small gain is, and one that may be so.
        """
        known = self.known.get(case.built) if case.best == self.original else None
        if known is not None and _decided(known):
            return replace(case, timed=known)
        best = self.builds.build(case.best)
        try:
            accept = self.verifier.accepts(case.made, case.contest.repeat)
            timed = case.contest.compare(best, case.built, accept=accept)
        except Failed as error:
            return Stop(case, *_failed(error, best))
        return replace(case, timed=timed)

    def believed(self, case: Case) -> Case | Stop:
        """The times that it gives are borne out."""
        return Stop(case, Outcome.untrusted_time, case.gain.doubt) if case.gain.doubt else case

    def right_as_a_base(self, case: Case) -> Case | Stop:
        """What further proposals will be built on is right on all inputs, faster or not."""
        return self._right(case) if case.proposal.base else case

    def faster(self, case: Case) -> Case | Stop:
        """It is faster than the best beyond doubt."""
        timed = case.gain
        if timed.verdict == Verdict.faster:
            return case
        return Stop(case, Outcome(str(timed.verdict)), timed.stopped)

    def in_sight(self, case: Case) -> Case | Stop:
        """The check has shown that it can fail on what the variant changes."""
        case = replace(case, sight=self.sight(case.made))
        refusal = case.sight.refusal or ("" if case.proposal.trusted else case.sight.unseen)
        if refusal:
            return Stop(case, Outcome.unchecked, refusal)
        return case

    def right(self, case: Case) -> Case | Stop:
        """All outputs are right, also on inputs chosen just now; sanitizers and proofs agree."""
        return case if case.proposal.base else self._right(case)

    def run(self, case: Case) -> Case | Stop:
        """The loops that it brings run, rather than those they took the place of."""
        try:
            what = self.verifier.never_run(case.made, case.proposal.moves)
        except CompileError:  # a trap where there may be none: nothing is known of it
            return case
        why = "its new loops never run here: what they ask for at run time does not hold"
        return Stop(case, Outcome.unchecked, f"{what}: {why}") if what else case

    def all_of_it(self, case: Case) -> Case | Stop:
        """Nothing was moved out of a kernel that is repeated, where set-up is paid once.

        What corr wrote itself stays in the nest that it was written for.
        """
        made, repeat = case.made, case.contest.repeat or 1
        if repeat == 1 or not case.contest.set_up_once or case.proposal.trusted:
            return case
        if not (made.texts or made.ir):
            return case
        like = replace(self.original, flags=made.flags, link=made.link)
        try:
            before = self.builds.build(replace(like, trained=made.trained))
            saved = case.gain.seconds_before - case.gain.seconds
            doubt = moved_out(case.contest, before, case.built, saved)
        except (CompileError, Failed) as error:
            doubt = str(error).splitlines()[0]
        return Stop(case, Outcome.untrusted_time, doubt) if doubt else case

    def faster_again(self, case: Case) -> Case | Stop:
        """A small gain is no chance: another series of pairs shows it too.

        Unless it is a baseline, for which there is no time: that was measured to its end.
        """
        if case.gain.ratio.value <= CONFIRMED:
            return case
        best, limits, accept = self.builds.build(case.best), PAIRS, None
        baseline = case.gain is self.known.get(case.built)
        if baseline:
            limits, accept = AGAIN, self.verifier.accepts(case.made, case.contest.repeat)
        try:
            again = case.contest.compare(best, case.built, limits, accept)
        except OutOfTime:
            if baseline:
                return case
            raise
        except Failed as error:
            if error.wrong:
                return Stop(case, *_failed(error, best))
            again = None
        if again is None or again.verdict != Verdict.faster:
            return Stop(case, Outcome.inconclusive, "not faster when it was timed again")
        return case

    def faster_on_unseen_input(self, case: Case) -> Case | Stop:
        """It is faster not only on the input it was shown, as with answers learnt by heart.

        Timed on the first input held out, where there is one that takes long enough. (A program
        on our harness is timed on a seed of its own anyway.)
        """
        best = self.builds.build(case.best)
        for given in case.contest.held_out[:1]:
            contest = replace(case.contest, given=given)
            try:
                if contest.seconds(contest.once(best)) < contest.shortest:
                    return case
                timed = contest.compare(best, case.built, HELD_OUT)
            except Failed as error:
                return Stop(case, Outcome.untrusted_time, str(error).splitlines()[0])
            much = case.gain.ratio.value < 1 - MUCH
            if timed.verdict in (Verdict.slower, Verdict.same) or (
                much and timed.verdict != Verdict.faster
            ):
                what = f"no gain on the input held out ({given.label})"
                return Stop(case, Outcome.untrusted_time, what)
        return case

    def _right(self, case: Case) -> Case | Stop:
        return self._checked(case, self.verifier.check(case.made, case.built, proof=case.proof))

    def _checked(self, case: Case, checked: Checked) -> Case | Stop:
        case = replace(case, checked=checked)
        return case if checked.outcome is None else Stop(case, checked.outcome, checked.detail)

    def _proof(self, variant: Variant, folder: Path) -> str:
        """What proves the variant's schedules; raises Refused where nothing does."""
        if not any(variant.schedules.values()):
            return ""
        place = folder / "proof"
        place.mkdir()
        _, said = schedule.proves(variant, self.toolchain, place)
        return said


def _decided(known: Timed) -> bool:
    """It is faster, or not worth another look."""
    return known.verdict != Verdict.inconclusive or known.ratio.value > 1 - MARGIN


def _spent(began: float, before: Clock, now: Clock) -> Spent:
    return Spent(
        time.monotonic() - began,
        now.compiling - before.compiling,
        now.running - before.running,
    )


def _failed(error: Failed, best: Path) -> tuple[Outcome, str]:
    detail = str(error).splitlines()[0]
    if error.binary == best:
        return Outcome.inconclusive, f"the best so far failed beside it: {detail}"
    if error.wrong:
        return Outcome.wrong_output, detail
    return Outcome.timed_out if error.timed_out else Outcome.crashed, detail
