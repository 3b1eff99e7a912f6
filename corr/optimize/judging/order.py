"""One proposal, from its moves to its verdict: gate, build, check, measure."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from corr.optimize import gate
from corr.optimize.build_and_run import Builds
from corr.optimize.gate.refusal import Refused
from corr.optimize.judging.check import Judgement, Verifier
from corr.optimize.judging.speed import MUCH, Contest, Failed, Timed
from corr.optimize.moves import schedule
from corr.optimize.moves.ir_function import replayed
from corr.optimize.proposal import Guarantee, Outcome, Proposal, Trial
from corr.optimize.session import Session, listed
from corr.optimize.variant import Variant
from corr.timing.interleave import Limits
from corr.timing.verdict import Ratio, Verdict

#: The same machine code takes the same time.
EQUAL = Ratio(1.0, 1.0, 1.0)
#: Pairs on an input that was held out.
HELD_OUT = Limits(fewest=5, most=9, seconds=20.0)
#: A smaller gain than this is measured twice: a series is looked at often, and ends at the first
#: look that says faster, so that a machine that is busy now and then says so of equals.
CONFIRMED = 1 / 1.3
#: The kinds of move with code in them.
WRITTEN = frozenset({"source", "ir"})
SAME_CODE = "the machine code is the same"


@dataclass(frozen=True)
class Tried:
    """How far a proposal came; `outcome` says where it ended."""

    outcome: Outcome
    detail: str = ""
    variant: Variant | None = None
    judgement: Judgement | None = None
    timed: Timed | None = None

    @property
    def ratio(self) -> Ratio | None:
        """Time over the time of the best before it, where that is known."""
        if self.timed is not None:
            return self.timed.ratio
        return EQUAL if self.detail == SAME_CODE else None


class Trier:
    """Tries proposals, and makes the best of a session of one that is faster."""

    def __init__(
        self, builds: Builds, toolchain: Toolchain, contest: Contest, verifier: Verifier
    ) -> None:
        self.builds, self.toolchain = builds, toolchain
        self.contest, self.verifier = contest, verifier

    def trial(self, session: Session, iteration: int, candidate: int, proposal: Proposal) -> Trial:
        """Try a proposal; its row and its checks are noted in the session."""
        start = time.monotonic()
        spent = replace(self.builds.clock)
        tried = self._tried(session, proposal)
        variant, timed, judgement = tried.variant, tried.timed, tried.judgement
        guarantee = judgement.guarantee if judgement else Guarantee.unknown
        basis = judgement.basis if judgement else ""
        trial = Trial(
            iteration,
            candidate,
            proposal,
            tried.outcome,
            tried.detail,
            tried.ratio,
            statistics.median(timed.b) if timed else None,
            variant,
            guarantee,
        )
        usage = proposal.usage
        row = session.row(
            iteration,
            candidate,
            "proposal",
            variant,
            timed,
            proposer=proposal.proposer,
            loop=proposal.loop,
            reason=proposal.reason,
            expected=proposal.expected,
            outcome=str(tried.outcome),
            detail=tried.detail or None,
            guarantee=str(guarantee),
            guarantee_detail=basis or None,
            model=usage.model,
            prompt_tokens=usage.prompt_tokens if usage.model else None,
            completion_tokens=usage.completion_tokens if usage.model else None,
            cost=usage.cost,
            cached=usage.cached if usage.model else None,
            compile_seconds=self.builds.clock.compiling - spent.compiling,
            run_seconds=self.builds.clock.running - spent.running,
            trial_seconds=time.monotonic() - start,
        )
        if variant is None and proposal.moves:
            before = () if proposal.from_original else session.best.moves
            row |= listed((*before, *proposal.moves))
        if tried.ratio is EQUAL:
            row |= dict.fromkeys(("speedup", "speedup_low", "speedup_high"), 1.0)
            row["speedup_original"] = 1 / session.best_ratio
        session.rows.append(row)
        session.note_checks(iteration, candidate, judgement)
        if tried.outcome == Outcome.accepted and variant is not None and timed is not None:
            session.best_ratio *= timed.ratio.value
            session.best = variant
            session.best_guarantee, session.best_basis = guarantee, basis
        elif variant is not None and tried.detail != SAME_CODE:
            self.builds.forget(variant)
        return trial

    def _tried(self, session: Session, proposal: Proposal) -> Tried:
        """Gate, build, check, measure; stops at the first that says no."""
        if proposal.unreadable is not None:
            return Tried(Outcome.not_parsed, proposal.unreadable)
        variant: Variant | None = None
        try:
            start = session.original if proposal.from_original else session.best
            with self.builds.scratch("trial") as folder, self.builds.compiling():
                variant = replayed(start, proposal.moves, self.toolchain, folder)
                proof = self._proved(variant, folder)
            binary = self.builds.build(variant)
            self._check_linked(session.original, variant, binary)
        except Refused as refusal:
            return Tried(Outcome.refused, refusal.message, variant)
        except CompileError as error:
            return Tried(Outcome.not_compiled, _first_error(error.message), variant)
        best = self.builds.build(session.best)
        if self.builds.identical(best, binary):
            return Tried(Outcome.same, SAME_CODE, variant)
        judgement = self.verifier.judge(variant, binary, quick=True)
        if judgement.outcome is not None:
            return Tried(judgement.outcome, judgement.detail, variant, judgement)
        try:
            accept = self.verifier.accepts(variant)
            timed = self.contest.compare(best, binary, accept=accept)
        except Failed as error:
            outcome, detail = _failed(error, best)
            return Tried(outcome, detail, variant, judgement)
        if timed.doubt:
            return Tried(Outcome.untrusted_time, timed.doubt, variant, judgement, timed)
        if timed.verdict != Verdict.faster:
            outcome = Outcome.slower if timed.stopped else Outcome(str(timed.verdict))
            return Tried(outcome, timed.stopped, variant, judgement, timed)
        judgement = self.verifier.judge(variant, binary, proof=proof)
        if judgement.outcome is not None:
            return Tried(judgement.outcome, judgement.detail, variant, judgement, timed)
        if timed.ratio.value > CONFIRMED and self._chance(best, binary):
            outcome, detail = Outcome.inconclusive, "not faster when it was timed again"
            return Tried(outcome, detail, variant, judgement, timed)
        doubt = self._shown_only(best, binary, timed.ratio)
        if doubt:
            return Tried(Outcome.untrusted_time, doubt, variant, judgement, timed)
        return Tried(Outcome.accepted, "", variant, judgement, timed)

    def _chance(self, best: Path, binary: Path) -> bool:
        """Whether a small gain was chance: another series of pairs does not show it."""
        try:
            return self.contest.compare(best, binary).verdict != Verdict.faster
        except Failed:
            return True

    def _shown_only(self, best: Path, binary: Path, gain: Ratio) -> str:
        """Whether it is faster only on the input it was shown, as with answers learnt by heart.

        Timed on the first input held out, where there is one that takes long enough. (A program
        on our harness is timed on a seed of its own anyway.)
        """
        for given in self.contest.held_out[:1]:
            contest = replace(self.contest, given=given)
            try:
                if contest.seconds(contest.once(best)) < contest.shortest:
                    return ""
                timed = contest.compare(best, binary, HELD_OUT)
            except Failed as error:
                return str(error).splitlines()[0]
            much = gain.value < 1 - MUCH
            if timed.verdict in (Verdict.slower, Verdict.same) or (
                much and timed.verdict != Verdict.faster
            ):
                return f"no gain on the input held out ({given.label})"
        return ""

    def _check_linked(self, original: Variant, variant: Variant, binary: Path) -> None:
        """Raise Refused for an executable with names in it that got past the gate for texts."""
        if not any(move.kind in WRITTEN for move in variant.moves):
            return
        texts = [original.text(unit.source) for unit in original.program.units]
        names = {t.text for text in texts for t in gate.tokens(text) if t.kind == "name"}
        refusals = gate.objects(self.builds.build(original), binary, names)
        if refusals:
            raise Refused(refusals[0].what)

    def _proved(self, variant: Variant, folder: Path) -> str:
        """What proves the variant's schedules; raises Refused where nothing does."""
        if not any(variant.schedules.values()):
            return ""
        place = folder / "proof"
        place.mkdir()
        _, said = schedule.proves(variant, self.toolchain, place)
        return said


def _failed(error: Failed, best: Path) -> tuple[Outcome, str]:
    detail = str(error).splitlines()[0]
    if error.binary == best:
        return Outcome.inconclusive, f"the best so far failed beside it: {detail}"
    if error.wrong:
        return Outcome.wrong_output, detail
    return Outcome.timed_out if error.timed_out else Outcome.crashed, detail


def _first_error(message: str) -> str:
    lines = [x for x in message.splitlines() if "error:" in x] or message.splitlines()
    return lines[0].strip()
