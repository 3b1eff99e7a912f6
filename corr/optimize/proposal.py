"""What a proposer says and what came of it: the words that a row of `iterations` is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake, RunInfo
from corr.optimize.experience.earlier import Experience
from corr.optimize.experience.seen import Seen
from corr.optimize.guarantee import Guarantee
from corr.optimize.hot_irregular import Irregular
from corr.optimize.hot_nests import HotNests
from corr.optimize.request import Baseline
from corr.optimize.time_budget import TimeBudget
from corr.optimize.variant import Move, Variant
from corr.timing.verdict import Ratio


class Outcome(StrEnum):
    """How a proposal ended. The first four were measured."""

    accepted = "accepted"
    same = "same"
    slower = "slower"
    inconclusive = "inconclusive"
    not_parsed = "did not parse"
    refused = "refused"
    not_compiled = "did not compile"
    wrong_output = "wrong output"
    crashed = "crashed"
    timed_out = "timed out"
    untrusted_time = "untrusted time"
    unchecked = "unchecked"

    @property
    def measured(self) -> bool:
        """Its outputs were right and its time is known."""
        return self in (Outcome.accepted, Outcome.same, Outcome.slower, Outcome.inconclusive)

    @property
    def refuted(self) -> bool:
        """It was built, or was to be, and does not do what the original does."""
        return self in (Outcome.wrong_output, Outcome.crashed, Outcome.not_compiled)


@dataclass(frozen=True)
class Usage:
    """What a proposal cost at a model's server. `cost` in the currency of --price, else None."""

    model: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    cached: bool = False


@dataclass(frozen=True)
class Proposal:
    """Moves to try on a variant, why, and what they should gain (a factor over the parent)."""

    moves: tuple[Move, ...]
    reason: str
    proposer: str
    expected: float | None = None
    loop: str | None = None
    usage: Usage = field(default_factory=Usage)
    #: The moves are for the original program, not for the best so far.
    from_original: bool = False
    #: The variant that the moves are for, where that is not the best when they are tried: what the
    #: proposer was shown.
    shown: Variant | None = None
    #: It was timed as a baseline, and is faster: the last seconds of a budget may go to it.
    known: bool = False
    #: Further proposals will be built on it, so it must be right on every input, faster or not.
    base: bool = False
    #: Written by corr itself, so that it may be sampled and counted outside the sandbox.
    trusted: bool = False
    #: What it is called on every program alike, where its moves do not say so.
    rule: str = ""
    #: Why earlier sessions had it tried first, or last.
    learned: str = ""
    #: A reply that could not be understood becomes a proposal without moves, and says why here.
    unreadable: str | None = None

    @property
    def called(self) -> str:
        """What it is called on every program alike."""
        return self.rule or "; ".join(dict.fromkeys(move.called() for move in self.moves))


@dataclass(frozen=True)
class Trial:
    """What came of a proposal. `ratio` is its time over that of the best before it.

    `exact`: as far as it was checked, its outputs are those of the plain original bit for bit; None
    if it was not.
    """

    iteration: int
    candidate: int
    proposal: Proposal
    outcome: Outcome
    detail: str = ""
    ratio: Ratio | None = None
    seconds: float | None = None
    variant: Variant | None = None
    guarantee: Guarantee = Guarantee.unknown
    exact: bool | None = None


def nobody(problem: Problem) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Situation:
    """What a proposer may look at: the best variant so far, its run, and everything tried.

    `nests` and `irregular` are those of the original program; `note` takes what a proposer could
    not propose. `seen` is what was seen in `run`, and in that of the original; `experience` what
    earlier sessions taught.
    """

    lake: Lake
    run: RunInfo
    best: Variant
    summary: str
    history: Sequence[Trial]
    toolchain: Toolchain
    scratch: Path
    iteration: int
    candidates: int
    allow_reassociation: bool = False
    nests: HotNests = field(default_factory=HotNests)
    note: Callable[[Problem], None] = nobody
    budget: TimeBudget = field(default_factory=TimeBudget)
    #: more than a loop nest
    whole: bool = False
    #: the variant that `run` is of, whose lines it names, where that is an earlier best
    measured: Variant | None = None
    seen: Seen = field(default_factory=Seen)
    seen_original: Seen = field(default_factory=Seen)
    experience: Experience = field(default_factory=Experience)
    #: what the compiler can do by itself, as it was measured
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    irregular: Irregular = field(default_factory=Irregular)


class Proposer(Protocol):
    """One interface, one file a strategy."""

    name: str

    def propose(self, situation: Situation) -> Iterable[Proposal]:
        """Proposals for this iteration, most promising first.

        It is asked for the next one after the trial of the last is known (`tell`), so a search
        can go on from what it learnt. Raises ModelError when a model's server failed for good.
        """
        ...

    def tell(self, trial: Trial) -> None:
        """What came of a proposal of this iteration."""
        ...


@runtime_checkable
class Refining(Protocol):
    """A proposer that can vary what it proposed, for another data set than it was searched on."""

    def near(self, moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
        """The moves of a variant with one of them varied, the likeliest first."""
        ...
