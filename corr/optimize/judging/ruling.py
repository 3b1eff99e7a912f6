"""A proposal on its way through the stages, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from corr.optimize.guarantee import Guarantee
from corr.optimize.judging.checked import Checked
from corr.optimize.judging.speed import Contest, Timed
from corr.optimize.proposal import Outcome, Proposal, Trial
from corr.optimize.variant import Variant
from corr.timing.verdict import Ratio

#: The same machine code takes the same time.
EQUAL = Ratio(1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Sight:
    """How much the check sees of what a variant changes, in words; `refusal`: why too little.

    `unseen`: why that is too little for a change that corr did not write itself.
    """

    words: str = ""
    refusal: str = ""
    unseen: str = ""


@dataclass(frozen=True)
class Case:
    """A proposal on its way through the stages, and what they found so far.

    `best` is the variant to beat and `contest` how it is timed; `start` what the moves are for.
    Where that is not the best, `own` is what they made of it before they were put on top of the
    best, or `apart` says why they could not be.
    """

    proposal: Proposal
    best: Variant
    contest: Contest
    start: Variant
    variant: Variant | None = None
    proof: str = ""
    binary: Path | None = None
    checked: Checked | None = None
    timed: Timed | None = None
    own: Case | None = None
    apart: str = ""
    sight: Sight = field(default_factory=Sight)

    @property
    def made(self) -> Variant:
        """The variant, for stages after the one that makes it."""
        assert self.variant is not None
        return self.variant

    @property
    def built(self) -> Path:
        assert self.binary is not None
        return self.binary

    @property
    def gain(self) -> Timed:
        assert self.timed is not None
        return self.timed


@dataclass(frozen=True)
class Stop:
    """Where a case ends. `identical`: its machine code is that of the best."""

    case: Case
    outcome: Outcome
    detail: str = ""
    identical: bool = False


Stage = Callable[[Case], Case | Stop]


@dataclass(frozen=True)
class Spent:
    """Seconds from the proposal to the ruling; of them on compilers, and on programs."""

    seconds: float
    compiling: float
    running: float


@dataclass(frozen=True)
class Ruling:
    """What is to be done with a proposal, and all that was found about it."""

    proposal: Proposal
    start: Variant
    outcome: Outcome
    detail: str
    identical: bool
    variant: Variant | None
    checked: Checked | None
    timed: Timed | None
    spent: Spent
    sight: Sight = field(default_factory=Sight)

    @property
    def accepted(self) -> bool:
        return self.outcome == Outcome.accepted

    @property
    def ratio(self) -> Ratio | None:
        """Time over the time of the best before it, where that is known."""
        if self.identical:
            return EQUAL
        return self.timed.ratio if self.timed is not None and self.timed.ratio.known else None

    @property
    def guarantee(self) -> Guarantee:
        return self.checked.guarantee if self.checked is not None else Guarantee.unknown

    @property
    def basis(self) -> str:
        """What the guarantee rests on."""
        basis = self.checked.basis if self.checked is not None else ""
        return "; ".join(part for part in (basis, self.sight.words) if part) if basis else ""

    def trial(self, iteration: int, candidate: int) -> Trial:
        """What is told to whoever proposed it."""
        return Trial(
            iteration,
            candidate,
            self.proposal,
            self.outcome,
            self.detail,
            self.ratio,
            self.timed.seconds if self.timed is not None else None,
            self.variant,
            self.guarantee,
            self.checked.exact if self.checked is not None else None,
        )
