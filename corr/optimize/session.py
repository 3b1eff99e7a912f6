"""One optimisation of one program as it goes on: the best so far, all that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import pyarrow as pa

from collectors.base.errors import CorrError
from collectors.base.foreign_text import cut, visible
from collectors.base.table import Problem
from corr.collect.run import sha256
from corr.lake.optimize_tables import CHECKS, ITERATIONS, MUTANTS
from corr.lake.store import RunInfo
from corr.optimize import rows
from corr.optimize.asked_size import Contender
from corr.optimize.experience.seen import Seen
from corr.optimize.judging.ruling import Ruling
from corr.optimize.judging.speed import Contest, Timed
from corr.optimize.mutants.ledger import Ledger
from corr.optimize.prepare_original import Original
from corr.optimize.proposal import Guarantee, Outcome, Trial
from corr.optimize.request import Baseline, Order
from corr.optimize.roof import Roof, Share
from corr.optimize.rows import Row, Standing
from corr.optimize.time_budget import SPENT
from corr.optimize.variant import Variant
from corr.summary.history import Attempt


@dataclass(frozen=True)
class Left:
    """What a session has come to: its best, the run of that, its baselines, its trials.

    `ratio` is the time of the best over the time of the original, which takes `seconds`.
    """

    name: str
    best: Variant
    run: RunInfo
    ratio: float = 1.0
    guarantee: Guarantee = Guarantee.unknown
    basis: str = ""
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    seconds: float = 0.0


#: By so much a build of the compiler's own is faster than what was found to be spoken of.
MUCH_FASTER = 0.05


@dataclass
class Session:
    """The state of an optimisation. `contest` is how its best is timed."""

    order: Order
    name: str
    original: Variant
    contest: Contest
    clock: str
    best: Variant
    best_run: RunInfo
    #: the variant that `best_run` is of: an earlier best where there was no time for another run
    measured: Variant
    #: time of the best over the time of the original
    best_ratio: float
    best_guarantee: Guarantee
    best_basis: str
    baselines: Mapping[str, Baseline]
    trials: list[Trial]
    #: SHA-256 of each source as it was at the beginning
    sums: Mapping[Path, str]
    #: more than a loop nest, so that moves for whole programs are tried
    whole: bool = False
    #: what was timed: the fastest of it is tried on the asked size, where this is a smaller one
    contenders: list[Contender] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    checks: list[Row] = field(default_factory=list)
    mutants: list[Row] = field(default_factory=list)
    #: how much the check of outputs sees
    ledger: Ledger = field(default_factory=Ledger)
    #: What could not be proposed or looked at, since the last commit.
    problems: list[Problem] = field(default_factory=list)
    summary_sha256: str | None = None
    #: what was seen at the hot places of the original, and of `best_run`
    seen_original: Seen = field(default_factory=Seen)
    seen: Seen = field(default_factory=Seen)
    #: The best was measured once more at the end, or there is none.
    measured_again: bool = True
    #: how many of the trials are of an earlier session that this one goes on with
    earlier: int = 0
    #: seconds of the original, by itself
    original_seconds: float = 0.0
    #: the least time of the original's work by what the machine allows; None: not looked for
    roof: Roof | None = None
    #: the best's share of it, as it was last timed
    reached: Share | None = None
    #: the time budget ended before there was nothing left to try
    out_of_time: bool = False
    #: why the session ended before its time, if there is nothing left to gain
    ended: str = ""
    #: why the session ended before its time, if the model's server failed
    failed: CorrError | None = None

    @classmethod
    def begin(cls, order: Order, original: Original, left: Left) -> Self:
        """A session of an original, from what it has come to: nothing yet, or what is resumed."""
        return cls(
            order=order,
            name=left.name,
            original=original.variant,
            contest=original.contest,
            clock=original.contest.clock,
            best=original.variant if not left.best.moves else left.best,
            best_run=left.run,
            measured=original.variant if not left.best.moves else left.best,
            best_ratio=left.ratio,
            best_guarantee=left.guarantee,
            best_basis=left.basis,
            baselines=left.baselines,
            trials=list(left.trials),
            earlier=len(left.trials),
            original_seconds=left.seconds,
            sums={u.source: sha256(u.source) for u in original.variant.program.units},
            whole=original.whole,
        )

    def wrote(self, variant: Variant) -> bool:
        """Every move of the variant is corr's own."""
        ours = {repr(m) for t in self.trials if t.proposal.trusted for m in t.proposal.moves}
        return all(repr(move) in ours for move in variant.moves)

    @property
    def standing(self) -> Standing:
        """What times are compared with now."""
        return Standing(
            self.order,
            self.name,
            self.original.program,
            self.baselines,
            self.best_ratio,
            self.best_run.run_id,
            self.summary_sha256,
            self.roof,
        )

    def see(self, ledger: Ledger) -> None:
        """Note how much the check of outputs sees."""
        self.ledger = ledger
        self.mutants += rows.mutants(self.name, ledger)

    def take(self, iteration: int, candidate: int, ruling: Ruling) -> Trial:
        """Note a ruling in the rows and the trials; what it accepts is the best from now on."""
        seen = self.seen_original if ruling.proposal.from_original else self.seen
        self.rows.append(rows.of(self.standing, iteration, candidate, ruling, seen))
        self.checks += rows.checks(self.name, iteration, candidate, ruling.checked)
        self._contends(ruling)
        self._reaches(ruling)
        if ruling.accepted and ruling.variant is not None and ruling.timed is not None:
            self.best_ratio *= ruling.timed.ratio.value
            self.best = ruling.variant
            self.best_guarantee, self.best_basis = ruling.guarantee, ruling.basis
        trial = ruling.trial(iteration, candidate)
        self.trials.append(trial)
        return trial

    def _reaches(self, ruling: Ruling) -> None:
        """Note the share of the roof of what is the best after this ruling."""
        timed = ruling.timed
        if self.roof is None or timed is None or not ruling.outcome.measured:
            return
        seconds = timed.seconds if ruling.accepted else timed.seconds_before
        self.reached = self.roof.share(seconds, timed.ratio)

    def roof_share(self, seconds: float) -> float | None:
        """The share of the roof of what takes so long."""
        share = self.roof.share(seconds) if self.roof is not None else None
        return share.value if share is not None else None

    def under(self, roof: Roof) -> None:
        """Compare with a roof from now on, or with one that was measured again."""
        before, self.roof = self.roof, roof
        if self.reached is not None and before is not None and before.seconds and roof.seconds:
            self.reached = self.reached.times(roof.seconds / before.seconds)

    @property
    def exhausted(self) -> bool:
        """The best is beyond doubt so near to its roof that there is nothing to look for."""
        sure = self.roof is not None and self.roof.sure
        return sure and self.reached is not None and self.reached.enough

    def _contends(self, ruling: Ruling) -> None:
        """Note what was timed, by its time over the original's."""
        if ruling.variant is None or ruling.ratio is None or not ruling.outcome.measured:
            return
        sure = (ruling.guarantee, ruling.basis) if ruling.accepted else ()
        time = self.best_ratio * ruling.ratio.value
        self.contenders.append(Contender(time, ruling.variant, *sure))

    def resized(self, best: Contender | None) -> None:
        """Go on from what is best on the asked size; None: the original.

        What was measured on the smaller one, the baselines too, is not compared with any more.
        """
        if self.roof is not None and self.roof.seconds is not None:
            self.roof = Roof(why="it is known of the size that was searched on, not of this one")
        self.baselines = {n: replace(b, ratio=None) for n, b in self.baselines.items()}
        if best is None:
            self.keep_original()
        else:
            self.best, self.best_ratio = best.variant, best.time
            self.best_guarantee, self.best_basis = best.guarantee, best.basis

    def finish(self, found: Mapping[str, Timed], why: str) -> None:
        """Note the final measurement of the best, which is not kept where a reason says `why`."""
        guarantee = self.best_guarantee, self.best_basis
        last = max((t.iteration for t in self.trials), default=0)
        row = rows.best(self.standing, last, self.best, guarantee, found)
        if why:
            row = rows.not_kept(row, why)
            self.keep_original()
        elif "original" in found:
            self.best_ratio = found["original"].ratio.value
        self.rows.append(row)

    def told(self, trial: Trial) -> str:
        """A trial in a line; what it says is foreign text in part."""
        moves = "; ".join(m.describe() for m in trial.proposal.moves) or "(no move)"
        gain = f" ×{1 / trial.ratio.value:.2f}" if trial.ratio else ""
        total = ""
        if trial.outcome == Outcome.accepted:
            total = f" → ×{1 / self.best_ratio:.2f} over the original, {trial.guarantee}"
        detail = f": {trial.detail}" if trial.detail and trial.outcome != Outcome.accepted else ""
        number = f"{trial.iteration}.{trial.candidate:<3}"
        return cut(visible(f"  {number} {trial.outcome}{gain}{total}  {moves}{detail}"), 400)

    @property
    def came_to(self) -> str:
        """Why the original is kept, in the words of a sentence's beginning."""
        trials = self.trials[self.earlier :]
        if all(trial.outcome == Outcome.not_parsed for trial in trials):
            return "no candidate was tried"
        if any(trial.outcome == Outcome.unchecked for trial in trials):
            return "what was faster changes loops whose wrong results no check notices"
        if not any(trial.outcome.measured and trial.ratio is not None for trial in trials):
            return "no candidate came to be timed"
        return "no candidate was faster"

    @property
    def ahead(self) -> str:
        """The compiler's own build that is faster than what was found, in words; or nothing.

        Only what is faster beyond doubt is spoken of, and what became of it where it was judged.
        """
        known = [(b.ratio, b.name) for b in self.baselines.values() if b.faster and b.ratio]
        ratio, name = min(known, default=(1.0, ""))
        if ratio > self.best_ratio * (1 - MUCH_FASTER):
            return ""
        over = f"×{1 / ratio:.2f} over the original"
        tried = [t for t in self.trials if t.proposal.moves == self.baselines[name].moves]
        cut = bool(tried) and tried[-1].detail.startswith(SPENT)
        if tried and not cut:
            return f"{name} was measured {over}, but not kept: {tried[-1].outcome}" + (
                f": {tried[-1].detail}" if tried[-1].detail else ""
            )
        if (cut or self.out_of_time) and self.order.proposer != "llm":
            return f"{name} was measured {over}, but not judged: the time budget ended before"
        more = ", or let --proposer both go on from there" if self.order.proposer == "llm" else ""
        return f"{name} alone is {over}: build so{more}"

    def saw(self, run: RunInfo) -> None:
        """Note a run of the best, with all layers."""
        self.best_run, self.measured = run, self.best

    def keep_original(self) -> None:
        """The original is the best after all."""
        self.best, self.best_ratio = self.original, 1.0
        self.best_guarantee, self.best_basis = Guarantee.unknown, ""

    def tables(self) -> dict[str, pa.Table]:
        """The rows since the last commit."""
        return {
            "iterations": ITERATIONS.rows(self.rows),
            "checks": CHECKS.rows(self.checks),
            "mutants": MUTANTS.rows(self.mutants),
        }

    def committed(self) -> None:
        """Forget the rows that are in the lake now."""
        self.rows, self.checks, self.mutants, self.problems = [], [], [], []

    def attempts(self) -> list[Attempt]:
        """The history as the summary wants it."""
        return [attempt(trial) for trial in self.trials]


def attempt(trial: Trial) -> Attempt:
    """A trial for the summary."""
    moves = trial.proposal.moves
    return Attempt(
        trial.iteration,
        trial.candidate,
        "; ".join(move.describe() for move in moves) or "(unreadable reply)",
        "+".join(dict.fromkeys(move.kind for move in moves)),
        str(trial.outcome),
        trial.detail,
        1 / trial.ratio.value if trial.ratio else None,
    )
