"""`corr optimize`: propose, gate, build, check, measure, record; the best is always kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from collectors import sandbox
from collectors.errors import CompileError, CorrError
from collectors.program_run import failure
from collectors.toolchain import Toolchain
from corr.collect import Addition, collect, record
from corr.collection import Options
from corr.lake import Lake, RunInfo, new_run_id
from corr.optimize import inputs as program_inputs
from corr.optimize import resume, schedule
from corr.optimize.contest import SHORTEST, Contest, Failed, Timed
from corr.optimize.ir_function import replayed
from corr.optimize.proposal import (
    Guarantee,
    Outcome,
    Proposal,
    Proposer,
    Situation,
    Trial,
)
from corr.optimize.session import BASELINES, Baseline, Order, Session
from corr.optimize.variant import Refused, Variant
from corr.optimize.verify import Judgement, Verifier, deterministic
from corr.optimize.workshop import Workshop
from corr.program import Program
from corr.progress import Progress
from corr.statistics import Verdict
from corr.summary import summarise
from corr.summary_budget import Level

#: Candidates of an iteration where nothing else was asked for.
CANDIDATES = {"rules": 24, "llm": 4, "both": 12}


class Optimisation:
    """Runs one session. `tell` is given a line for the reader after every step."""

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
        self.workshop = Workshop(program, toolchain, scratch / "builds", bare=order.bare)
        self.started = time.monotonic()
        self.program = program

    # --- the whole -------------------------------------------------------------------------

    def run(self, resumed: Session | None = None) -> Session:
        """Optimise to the end of the order. Raises CorrError where the original cannot be had.

        An interrupt commits what is done before it goes on.
        """
        if not self.order.bare:
            sandbox.available()
        session = self._prepare(resumed)
        idle = 0
        first = 1 + max((t.iteration for t in session.trials), default=0)
        for iteration in range(first, first + self.order.iterations):
            before = session.best
            try:
                ended = self._iteration(session, iteration)
            except KeyboardInterrupt:
                self._commit(session, iteration, session.best is not before, interrupted=True)
                raise
            except CorrError:
                self._commit(session, iteration, session.best is not before, interrupted=True)
                raise
            self._commit(session, iteration, session.best is not before)
            idle = idle + 1 if session.best is before else 0
            if ended or self._late() or idle >= self.order.patience:
                break
        self._finish(session)
        return session

    def _late(self) -> bool:
        budget = self.order.budget_time
        return budget is not None and time.monotonic() - self.started > budget

    # --- before the first proposal ---------------------------------------------------------

    def _prepare(self, resumed: Session | None) -> Session:
        original = Variant(self.program)
        binary = self.workshop.build(original)
        self._check_sources_run(binary)
        help_text = ""
        if program_inputs.takes_input(self.program):
            asked = program_inputs.Input("help", ("--help",))
            help_text = self.workshop.run(binary, asked, "stdout").output.decode("utf-8", "replace")
        inputs = program_inputs.find(self.program, help_text, self.order.extra)
        doubt = deterministic(self.workshop, inputs, original)
        if doubt:
            raise CorrError(
                f"{self.program.name}: {doubt}",
                "its outputs cannot be a reference; make the program deterministic, or --check CMD",
            )
        session = resumed or Session(self.order, original, inputs, best=original)
        session.inputs, session.order = inputs, self.order
        self.contest = self._contest(session, binary)
        self.verifier = Verifier(
            self.workshop,
            inputs,
            original,
            allow_reassociation=self.order.allow_reassociation,
            command=self.order.check,
        )
        if resumed is None:
            session.name = new_run_id()
            self._baselines(session, binary)
            self._first_commit(session)
        return session

    def _check_sources_run(self, binary: Path) -> None:
        timed = program_inputs.Input(
            "as measured", self.program.run.args, dict(self.program.run.env)
        )
        error = failure(self.workshop.run(binary, timed, "stdout").done)
        if error is not None:
            raise error

    def _contest(self, session: Session, binary: Path) -> Contest:
        """How the program is timed; one whose kernel is too short repeats it."""
        contest = Contest(self.workshop, session.inputs.timed, own_clock=True)
        run = contest.once(binary)
        contest.own_clock = run.kernel is not None
        session.clock = "kernel time" if contest.own_clock else "wall time"
        seconds = contest.seconds(run)
        if seconds < SHORTEST and session.inputs.sizes and contest.own_clock:
            contest.repeat = max(2, round(5 * SHORTEST / max(seconds, 1e-6)))
            contest.repeat = min(contest.repeat, 10_000)
            self.tell(
                f"the kernel takes {seconds * 1000:.2g} ms, too short to time: "
                f"it is repeated {contest.repeat}× in each process"
            )
        elif seconds < SHORTEST:
            self.tell(
                f"a run takes {seconds * 1000:.2g} ms, too short to time well: "
                "give the program more to do with --run-args"
            )
        return contest

    def _baselines(self, session: Session, binary: Path) -> None:
        own = self.program.units[0].flags
        times = sorted(self.contest.seconds(self.contest.once(binary)) for _ in range(3))
        row = session.row(0, 0, "original", None, None, seconds=times[1], clock=session.clock)
        row |= {"move": " ".join(own), "outcome": "original", "speedup_original": 1.0}
        session.rows.append(row)
        for name, flags in BASELINES.items():
            if name == "o3" and "-O3" in own:
                continue
            found = Baseline(name, flags)
            session.baselines[name] = found
            try:
                other = self.workshop.build(replace(session.original, flags=flags))
                timed = self.contest.compare(binary, other, most=9)
            except (CompileError, Failed) as error:
                found.why = str(error).splitlines()[0]
                continue
            found.ratio = timed.ratio.value
            found.seconds = timed.after[len(timed.after) // 2]
            variant = replace(session.original, flags=flags)
            row = session.row(0, len(session.rows), "baseline", None, timed)
            session.rows.append(
                row
                | {
                    "proposer": "baseline",
                    "kind": "flags",
                    "move": " ".join(variant.flags),
                    "moves": None,
                    "outcome": str(timed.verdict),
                    "speedup_native": None,
                    "speedup_polly": None,
                }
            )
            self.tell(f"  baseline {' '.join(flags)}: ×{1 / timed.ratio.value:.2f}")

    def _first_commit(self, session: Session) -> None:
        facts = {"session": session.name, "iteration": 0, "role": "original"}
        addition = Addition("optimize", session.tables(), facts)
        label = self.order.label
        session.best_run = collect(
            self.program, self.toolchain, self.lake, self._options(label), Progress(), addition
        )
        session.committed()

    def _options(self, label: str | None, *, run: bool = True) -> Options:
        return Options(repeat=3, cachegrind=False, label=label, run=run)

    # --- an iteration ----------------------------------------------------------------------

    def _iteration(self, session: Session, iteration: int) -> bool:
        """Try the proposals of an iteration; True when the proposer has no more."""
        wanted = self.order.candidates or CANDIDATES.get(self.order.proposer, 8)
        summary = self._summary(session, iteration)
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
        )
        count = 0
        for count, proposal in enumerate(self._limited(situation, wanted), 1):
            trial = self._trial(session, iteration, count, proposal)
            session.trials.append(trial)
            self.proposer.tell(trial)
            self.tell(_line(trial, session))
        return count == 0

    def _summary(self, session: Session, iteration: int) -> str:
        """What the proposer is shown, kept in the lake; in a replay what it was shown then."""
        if self.order.replay is not None:
            return resume.summary_shown(self.lake, self.order.replay, iteration)
        found = summarise(
            self.lake,
            session.best_run,
            budget=self.order.summary_tokens,
            level=Level(self.order.level),
            history=session.attempts(),
        )
        resume.keep_summary(self.lake, found.text)
        return found.text

    def _limited(self, situation: Situation, wanted: int) -> Iterator[Proposal]:
        for count, proposal in enumerate(self.proposer.propose(situation)):
            if self._late():
                self.tell("the time budget is spent")
                return
            yield proposal
            if count + 1 >= wanted and proposal.proposer == "rules":
                return

    def _trial(self, session: Session, iteration: int, candidate: int, proposal: Proposal) -> Trial:
        start = time.monotonic()
        spent = replace(self.workshop.clock)
        variant, timed, judgement, outcome, detail = self._tried(session, proposal)
        guarantee = judgement.guarantee if judgement else Guarantee.unknown
        basis = judgement.basis if judgement else ""
        trial = Trial(
            iteration,
            candidate,
            proposal,
            outcome,
            detail,
            timed.ratio if timed else None,
            timed.after[len(timed.after) // 2] if timed else None,
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
            outcome=str(outcome),
            detail=detail or None,
            guarantee=str(guarantee),
            guarantee_detail=basis or None,
            model=usage.model,
            prompt_tokens=usage.prompt_tokens if usage.model else None,
            completion_tokens=usage.completion_tokens if usage.model else None,
            cost=usage.cost,
            cached=usage.cached if usage.model else None,
            compile_seconds=self.workshop.clock.compiling - spent.compiling,
            run_seconds=self.workshop.clock.running - spent.running,
            trial_seconds=time.monotonic() - start,
        )
        if variant is None and proposal.moves:
            row["kind"] = "+".join(dict.fromkeys(m.kind for m in proposal.moves))
            row["move"] = "; ".join(m.describe() for m in proposal.moves)
        session.rows.append(row)
        session.note_checks(iteration, candidate, judgement)
        if outcome == Outcome.accepted and variant is not None and timed is not None:
            session.best_ratio *= timed.ratio.value
            session.best = variant
            session.best_guarantee, session.best_basis = guarantee, basis
        elif variant is not None:
            self.workshop.forget(variant)
        return trial

    def _tried(
        self, session: Session, proposal: Proposal
    ) -> tuple[Variant | None, Timed | None, Judgement | None, Outcome, str]:
        """Gate, build, check, measure; stops at the first that says no."""
        if proposal.unreadable is not None:
            return None, None, None, Outcome.not_parsed, proposal.unreadable
        variant = session.original if proposal.from_original else session.best
        try:
            variant = replayed(variant, proposal.moves, self.toolchain, self._fresh("modules"))
        except Refused as refusal:
            return None, None, None, Outcome.refused, refusal.message
        except CompileError as error:
            return None, None, None, Outcome.not_compiled, _first_error(error.message)
        try:
            proof = self._proved(variant)
            binary = self.workshop.build(variant)
        except Refused as refusal:
            return variant, None, None, Outcome.refused, refusal.message
        except CompileError as error:
            return variant, None, None, Outcome.not_compiled, _first_error(error.message)
        judgement = self.verifier.judge(variant, binary, quick=True)
        if judgement.outcome is not None:
            return variant, None, judgement, judgement.outcome, judgement.detail
        try:
            best = self.workshop.build(session.best)
            timed = self.contest.compare(best, binary)
        except Failed as error:
            outcome = Outcome.timed_out if error.timed_out else Outcome.crashed
            return variant, None, judgement, outcome, str(error).splitlines()[0]
        if timed.doubt:
            return variant, timed, judgement, Outcome.untrusted_time, timed.doubt
        if timed.verdict != Verdict.faster:
            outcome = Outcome.slower if timed.stopped else Outcome(str(timed.verdict))
            return variant, timed, judgement, outcome, timed.stopped
        judgement = self.verifier.judge(variant, binary)
        if judgement.outcome is not None:
            return variant, timed, judgement, judgement.outcome, judgement.detail
        if proof and all(move.kind in ("flags", "schedule") for move in variant.moves):
            judgement = replace(
                judgement, guarantee=Guarantee.proved, basis=f"{proof}; {judgement.basis}"
            )
        return variant, timed, judgement, Outcome.accepted, ""

    def _proved(self, variant: Variant) -> str:
        """What proves the variant's schedules; raises Refused where nothing does."""
        if not any(variant.schedules.values()):
            return ""
        _, said = schedule.proves(variant, self.toolchain, self._fresh("proofs"))
        return said

    def _fresh(self, name: str) -> Path:
        """A new scratch folder."""
        folder = self.scratch / name / str(time.monotonic_ns())
        folder.mkdir(parents=True)
        return folder

    # --- what is kept ----------------------------------------------------------------------

    def _commit(
        self, session: Session, iteration: int, improved: bool, *, interrupted: bool = False
    ) -> None:
        """One run for the iteration: with all layers if there is a new best."""
        if not session.rows:
            return
        facts = {"session": session.name, "iteration": iteration}
        addition = Addition("iteration", session.tables(), facts)
        label = f"{self.order.label}.{iteration}" if self.order.label else None
        if not improved or interrupted:
            record(self.program, self.toolchain, self.lake, label, addition)
        else:
            session.best_run = self._collected(session, label, addition)
        session.committed()

    def _collected(self, session: Session, label: str | None, addition: Addition) -> RunInfo:
        variant = session.best
        # what a model wrote only ever runs in the sandbox: no layer that executes it outside
        trusted = self.order.bare or self._trusted(session, variant)
        return collect(
            variant.program_in(self._fresh("collect")),
            self.toolchain,
            self.lake,
            self._options(label, run=trusted),
            Progress(),
            addition,
        )

    def _trusted(self, session: Session, variant: Variant) -> bool:
        """Every move of the variant is corr's own."""
        ours = {repr(m) for t in session.trials if t.proposal.trusted for m in t.proposal.moves}
        return all(repr(move) in ours for move in variant.moves)

    def _finish(self, session: Session) -> None:
        """Measure the best once more, against the original and every baseline."""
        self.final: dict[str, Timed] = {}
        if session.best is session.original:
            return
        best = self.workshop.build(session.best)
        self.final["original"] = self.contest.compare(
            self.workshop.build(session.original), best, fewest=7
        )
        for name, found in session.baselines.items():
            if found.ratio is not None:
                other = self.workshop.build(replace(session.original, flags=found.flags))
                self.final[name] = self.contest.compare(other, best, fewest=7)
        timed = self.final["original"]
        if timed.verdict == Verdict.slower:
            self.tell("measured again, the best is not faster than the original: it is kept as is")
            session.best = session.original
            return
        row = session.row(0, 0, "best", session.best, timed)
        for name in ("native", "polly"):
            if name in self.final:
                row[f"speedup_{name}"] = 1 / self.final[name].ratio.value
        row |= {
            "outcome": str(timed.verdict),
            "guarantee": str(session.best_guarantee),
            "guarantee_detail": session.best_basis,
            "iteration": max((t.iteration for t in session.trials), default=0),
        }
        session.rows.append(row)
        addition = Addition("optimize", session.tables(), {"session": session.name, "role": "best"})
        label = f"{self.order.label}.best" if self.order.label else None
        record(self.program, self.toolchain, self.lake, label, addition)
        session.committed()


def _first_error(message: str) -> str:
    lines = [x for x in message.splitlines() if "error:" in x] or message.splitlines()
    return lines[0].strip()


def _line(trial: Trial, session: Session) -> str:
    moves = "; ".join(m.describe() for m in trial.proposal.moves) or "(no move)"
    gain = f" ×{1 / trial.ratio.value:.2f}" if trial.ratio else ""
    total = ""
    if trial.outcome == Outcome.accepted:
        total = f" → ×{1 / session.best_ratio:.2f} over the original, {trial.guarantee}"
    detail = f": {trial.detail}" if trial.detail and trial.outcome != Outcome.accepted else ""
    return (
        f"  {trial.iteration}.{trial.candidate:<3} {trial.outcome}{gain}{total}  {moves}{detail}"
    )[:400]
