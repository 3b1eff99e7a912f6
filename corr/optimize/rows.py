"""The rows of `iterations` and `checks` that a session leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from corr.optimize.experience.seen import Seen
from corr.optimize.judging.checked import Checked
from corr.optimize.judging.ruling import Ruling
from corr.optimize.judging.speed import Timed
from corr.optimize.moves.source_text import diff
from corr.optimize.mutants.ledger import Ledger
from corr.optimize.proposal import Guarantee
from corr.optimize.request import Baseline, Order
from corr.optimize.roof import Roof, Share
from corr.optimize.variant import Move, Variant
from corr.program.model import Program

Row = dict[str, Any]
#: Columns of speed-ups over baselines that the final measurement takes anew.
OVER = ("native", "polly")


@dataclass(frozen=True)
class Standing:
    """Where a session stands as a row is made: what its times are compared with.

    `ratio` is the time of the best over that of the original, `parent` the run of the best; `roof`
    None: it was not looked for.
    """

    order: Order
    session: str
    program: Program
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    ratio: float = 1.0
    parent: str | None = None
    summary_sha256: str | None = None
    roof: Roof | None = None

    def heading(self, iteration: int, candidate: int, role: str) -> Row:
        """The columns that every row has."""
        return {
            "session": self.session,
            "program": self.program.name,
            "iteration": iteration,
            "candidate": candidate,
            "parent": self.parent,
            "role": role,
            "reassociation": self.order.allow_reassociation,
            "unchecked": self.order.allow_unchecked,
            "sandboxed": not self.order.bare,
            "level": self.order.level,
            "summary_sha256": self.summary_sha256,
        }

    def over(self, ratio: float) -> Row:
        """Speed-ups of what takes so many times what the original takes."""
        known = {name: self.baselines[name].ratio for name in OVER if name in self.baselines}
        found = {f"speedup_{name}": r / ratio for name, r in known.items() if r is not None}
        return {"speedup_original": 1 / ratio, **found}

    def below(self, share: Share | None) -> Row:
        """The columns that say how much is left."""
        return self.roof.row(share) if self.roof is not None else {}

    def measured(self, timed: Timed) -> Row:
        """The columns that a measurement fills."""
        share = self.roof.share(timed.seconds, timed.ratio) if self.roof is not None else None
        return measured(timed) | self.below(share)


def original(standing: Standing, seconds: float, clock: str) -> Row:
    """The row of the original."""
    return standing.heading(0, 0, "original") | {
        "seconds": seconds,
        "clock": clock,
        "move": " ".join(standing.program.units[0].flags),
        "outcome": "original",
        "speedup_original": 1.0,
    }


def baseline(standing: Standing, number: int, wanted: Baseline, timed: Timed) -> Row:
    """The row of what the compiler does by itself."""
    return (
        standing.heading(0, number, "baseline")
        | measured(timed)
        | {
            "speedup_original": 1 / timed.ratio.value,
            "proposer": "baseline",
            "kind": "+".join(move.kind for move in wanted.moves),
            "move": wanted.words,
            "outcome": str(timed.verdict),
        }
    )


def of(standing: Standing, iteration: int, candidate: int, ruling: Ruling, seen: Seen) -> Row:
    """The row of a proposal. `standing` is as it was before the ruling, `seen` what it was for."""
    proposal, usage = ruling.proposal, ruling.proposal.usage
    row = standing.heading(iteration, candidate, "proposal") | {
        "proposer": proposal.proposer,
        "rule": proposal.called or None,
        "loop": proposal.loop,
        "evidence": list(seen.at(proposal.loop)),
        "reason": proposal.reason,
        "from_original": proposal.from_original,
        "learned": proposal.learned or None,
        "expected": proposal.expected,
        "outcome": str(ruling.outcome),
        "detail": ruling.detail or None,
        "guarantee": str(ruling.guarantee),
        "guarantee_detail": ruling.basis or None,
        "model": usage.model,
        "prompt_tokens": usage.prompt_tokens if usage.model else None,
        "completion_tokens": usage.completion_tokens if usage.model else None,
        "cost": usage.cost,
        "cached": usage.cached if usage.model else None,
        "compile_seconds": ruling.spent.compiling,
        "run_seconds": ruling.spent.running,
        "trial_seconds": ruling.spent.seconds,
        **standing.below(None),
    }
    if ruling.variant is not None:
        row |= changed(ruling.variant)
    elif proposal.moves:
        row |= listed((*ruling.start.moves, *proposal.moves))
    if ruling.timed is not None:
        row |= standing.measured(ruling.timed)
    if ruling.identical:
        row |= dict.fromkeys(("speedup", "speedup_low", "speedup_high"), 1.0)
        row["speedup_original"] = 1 / standing.ratio
    elif ruling.ratio is not None:
        row |= standing.over(standing.ratio * ruling.ratio.value)
    return row


def best(
    standing: Standing,
    iteration: int,
    variant: Variant,
    guarantee: tuple[Guarantee, str],
    found: Mapping[str, Timed],
) -> Row:
    """The row of the final measurement: the best against the original and each baseline."""
    timed = found.get("original")
    row = standing.heading(iteration, 0, "best") | changed(variant)
    row |= {"guarantee": str(guarantee[0]), "guarantee_detail": guarantee[1]}
    if timed is None:
        return row | {"outcome": "crashed"}
    row |= standing.measured(timed) | {"outcome": str(timed.verdict)}
    if timed.ratio.known:
        row |= standing.over(timed.ratio.value)
    again = {name: found[name].ratio for name in OVER if name in found}
    return row | {f"speedup_{name}": 1 / r.value for name, r in again.items() if r.known}


def not_kept(row: Row, why: str) -> Row:
    """The final row of a best that is not kept: the original stays, as it was timed beside it."""
    seconds, least = row.get("seconds_before"), row.get("roof_seconds")
    return row | {
        "roof_share": least / seconds if least and seconds else None,
        **dict.fromkeys(("roof_share_low", "roof_share_high")),
        "detail": why,
        **dict.fromkeys(("kind", "patch", "guarantee_detail", "speedup_native", "speedup_polly")),
        "move": "original",
        "moves": "[]",
        "guarantee": str(Guarantee.unknown),
        "speedup": 1.0,
        "speedup_original": 1.0,
        "seconds": row.get("seconds_before"),
    }


def checks(session: str, iteration: int, candidate: int, checked: Checked | None) -> list[Row]:
    """A row for each check of a proposal."""
    numbers = {"session": session, "iteration": iteration, "candidate": candidate}
    return [numbers | check.row() for check in checked.checks] if checked is not None else []


def mutants(session: str, ledger: Ledger) -> list[Row]:
    """A row for each mutant."""
    return [
        {
            "session": session,
            "loop": broken.nest.key,
            "kind": mutant.kind,
            "file": mutant.place[0] if mutant.place else None,
            "line": mutant.place[1] if mutant.place else None,
            "says": mutant.says,
            "fate": str(mutant.fate),
            "counts": mutant.fate.counts,
            "caught": mutant.fate.refuted and broken.seen if mutant.fate.counts else None,
            "refuted_by": mutant.by or None,
            "detail": mutant.detail or None,
            "share": broken.nest.share,
            "seconds": mutant.seconds,
        }
        for broken in ledger.broken
        for mutant in broken.mutants
    ]


def changed(variant: Variant) -> Row:
    """The columns that say what a variant is."""
    return listed(variant.moves) | {"patch": diff(variant) or None}


def listed(moves: Sequence[Move]) -> Row:
    """The columns that say what a variant's moves are."""
    return {
        "kind": "+".join(dict.fromkeys(move.kind for move in moves)) or None,
        "move": "; ".join(move.describe() for move in moves) or "original",
        "moves": json.dumps([move.record() for move in moves], sort_keys=True),
    }


def measured(timed: Timed) -> Row:
    """The columns that a measurement fills."""
    row = {
        "seconds": timed.seconds,
        "seconds_before": timed.seconds_before,
        "clock": timed.clock,
        "pairs": len(timed.a),
        "load": timed.load,
        "cpu_seconds": timed.cpu_seconds,
    }
    ratio = timed.ratio
    if not ratio.known:
        return row
    return row | {
        "speedup": 1 / ratio.value,
        "speedup_low": 1 / ratio.high,
        "speedup_high": 1 / ratio.low,
    }
