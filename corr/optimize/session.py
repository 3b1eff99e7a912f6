"""One optimisation of one program: what was asked for, what was tried, the best so far."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base.errors import CorrError
from collectors.base.table import Problem
from corr.lake.optimize_tables import CHECKS, ITERATIONS
from corr.lake.store import RunInfo
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.check import Judgement
from corr.optimize.judging.speed import Timed
from corr.optimize.moves.source_text import diff
from corr.optimize.proposal import Guarantee, Trial
from corr.optimize.variant import Move, Variant
from corr.summary.history import Attempt

#: The honest baselines: what the compiler can do by itself when it is asked to.
BASELINES = {
    "o3": ("-O3",),
    "native": ("-O3", "-march=native"),
    "polly": ("-O3", "-march=native", "-mllvm", "-polly"),
}


@dataclass(frozen=True)
class Order:
    """What was asked for. Times in seconds; `budget_*` None: no limit."""

    iterations: int = 3
    candidates: int | None = None
    proposer: str = "rules"
    level: str = "auto"
    model: str | None = None
    allow_reassociation: bool = False
    budget_time: float | None = None
    check: str | None = None
    bare: bool = False
    label: str | None = None
    output: Path | None = None
    patience: int = 2
    summary_tokens: int = 6000
    extra: tuple[Input, ...] = ()
    replay: str | None = None
    many: bool = False

    def record(self) -> dict[str, Any]:
        """What must be the same when the session is taken up again, or replayed; JSON."""
        given = {False: [], True: []}  # type: dict[bool, list[list[str]]]
        for one in self.extra:
            given[one.held_out].append(list(one.args))
        names = ("iterations", "candidates", "proposer", "level", "model", "allow_reassociation")
        found = {name: getattr(self, name) for name in (*names, "check", "summary_tokens")}
        return found | {"inputs": given[False], "held_out": given[True]}


@dataclass
class Baseline:
    """A baseline's time over the original's; None where it could not be had, with the reason."""

    name: str
    flags: tuple[str, ...]
    ratio: float | None = None
    seconds: float | None = None
    why: str = ""


@dataclass
class Session:
    """The state of an optimisation."""

    order: Order
    original: Variant
    inputs: Inputs
    name: str = ""
    best: Variant = None  # type: ignore[assignment]
    best_run: RunInfo = None  # type: ignore[assignment]
    #: time of the best over the time of the original
    best_ratio: float = 1.0
    best_guarantee: Guarantee = Guarantee.unknown
    best_basis: str = ""
    clock: str = "wall time"
    baselines: dict[str, Baseline] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    #: What could not be proposed or looked at, since the last commit.
    problems: list[Problem] = field(default_factory=list)
    summary_sha256: str | None = None
    #: SHA-256 of each source as it was at the beginning
    sums: dict[Path, str] = field(default_factory=dict)
    #: why the session ended before its time, if the model's server failed
    failed: CorrError | None = None

    def row(
        self,
        iteration: int,
        candidate: int,
        role: str,
        variant: Variant | None,
        timed: Timed | None,
        **more: Any,
    ) -> dict[str, Any]:
        """A row of `iterations`; `more` are columns that are known besides."""
        row: dict[str, Any] = {
            "session": self.name,
            "program": self.original.program.name,
            "iteration": iteration,
            "candidate": candidate,
            "parent": self.best_run.run_id if self.best_run else None,
            "role": role,
            "reassociation": self.order.allow_reassociation,
            "sandboxed": not self.order.bare,
            "level": self.order.level,
            "summary_sha256": self.summary_sha256,
        }
        if variant is not None:
            row |= listed(variant.moves) | {"patch": diff(variant) or None}
        if timed is not None:
            row |= measured(timed)
            row |= self.against_baselines(timed, role)
        return row | more

    def against_baselines(self, timed: Timed, role: str) -> dict[str, float]:
        """Speed-ups over the original and the baselines, through the best before it."""
        over_original = timed.ratio.value * (self.best_ratio if role == "proposal" else 1.0)
        found = {"speedup_original": 1 / over_original}
        for name in ("native", "polly"):
            ratio = self.baselines[name].ratio if name in self.baselines else None
            if ratio is not None:
                found[f"speedup_{name}"] = ratio / over_original
        return found

    def note_checks(self, iteration: int, candidate: int, judgement: Judgement | None) -> None:
        """Keep a trial's checks for the table."""
        for check in judgement.checks if judgement else ():
            self.checks.append(
                {"session": self.name, "iteration": iteration, "candidate": candidate} | check.row()
            )

    def tables(self) -> dict[str, pa.Table]:
        """The rows since the last commit."""
        return {"iterations": ITERATIONS.rows(self.rows), "checks": CHECKS.rows(self.checks)}

    def committed(self) -> None:
        """Forget the rows that are in the lake now."""
        self.rows, self.checks, self.problems = [], [], []

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


def listed(moves: Sequence[Move]) -> dict[str, Any]:
    """The columns that say what a variant's moves are."""
    return {
        "kind": "+".join(dict.fromkeys(move.kind for move in moves)) or None,
        "move": "; ".join(move.describe() for move in moves) or "original",
        "moves": json.dumps([move.record() for move in moves], sort_keys=True),
    }


def measured(timed: Timed) -> dict[str, Any]:
    """The columns that a measurement fills."""
    ratio = timed.ratio
    return {
        "seconds": statistics.median(timed.b),
        "seconds_before": statistics.median(timed.a),
        "clock": timed.clock,
        "pairs": len(timed.a),
        "speedup": 1 / ratio.value,
        "speedup_low": 1 / ratio.high,
        "speedup_high": 1 / ratio.low,
    }
