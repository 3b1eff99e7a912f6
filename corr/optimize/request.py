"""What an optimisation was asked for, and what it is measured against."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from corr.optimize.inputs import Input
from corr.optimize.judging.speed import Timed
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.whole_program import LinkTime, Profile
from corr.optimize.variant import Move, Variant
from corr.timing.verdict import Verdict

#: Before the file that a program reads as its input, among named arguments.
READS = "<"


@dataclass(frozen=True)
class Asked:
    """What must be the same when a session is taken up again, or replayed.

    `proposer` None: both, where a model is configured. `inputs` and `held_out` are arguments,
    `results` files that the program writes; `stderr`: what it prints there counts as well.
    `time_regex` finds the time that the program prints of itself, in `time_unit`. `learn`: on, or
    off, whether earlier sessions of the lake have a say in the order of the rules' proposals.
    """

    iterations: int = 3
    candidates: int | None = None
    proposer: str | None = None
    level: str = "auto"
    model: str | None = None
    allow_reassociation: bool = False
    allow_unchecked: bool = False
    check: str | None = None
    summary_tokens: int = 6000
    inputs: tuple[tuple[str, ...], ...] = ()
    held_out: tuple[tuple[str, ...], ...] = ()
    results: tuple[str, ...] = ()
    stderr: bool = False
    time_regex: str | None = None
    time_unit: str = "s"
    learn: str = "on"

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {f.name: getattr(self, f.name) for f in fields(Asked)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Asked:
        """As it was recorded, perhaps by an earlier version, which may have asked for less."""
        known = {f.name: record[f.name] for f in fields(cls) if record.get(f.name) is not None}
        for name in {"inputs", "held_out"} & known.keys():
            known[name] = tuple(map(tuple, known[name]))
        known["results"] = tuple(known.get("results", ()))
        return cls(**known)


@dataclass(frozen=True)
class Order(Asked):
    """What a session is to do. Times in seconds; `budget_*` None: no limit."""

    proposer: str = "rules"
    budget_time: float | None = None
    bare: bool = False
    label: str | None = None
    patience: int = 2
    replay: str | None = None

    @property
    def extra(self) -> tuple[Input, ...]:
        """The inputs that were named, those held out last."""
        return tuple(
            _named(line, held_out)
            for lines, held_out in ((self.inputs, False), (self.held_out, True))
            for line in lines
        )


def _named(line: tuple[str, ...], held_out: bool) -> Input:
    """Arguments as a user names them, perhaps with `< FILE` at their end."""
    args, stdin = line, None
    if READS in line[-2:-1]:
        args, stdin = line[:-2], Path(line[-1]).absolute()
    return Input(f"arguments {shlex.join(line)!r}", args, held_out=held_out, stdin=stdin)


@dataclass(frozen=True)
class Baseline:
    """What the compiler can do by itself, and its time over the original's, if that is known.

    `trained`: with a profile of the program's runs; `link_time`: all files at once.
    """

    name: str
    flags: tuple[str, ...]
    trained: bool = False
    link_time: bool = False
    ratio: float | None = None
    seconds: float | None = None
    #: what may be said of that ratio; None: it is not known
    verdict: Verdict | None = None
    #: the comparison with the original, where it was made in this session
    timed: Timed | None = field(default=None, compare=False)

    @property
    def moves(self) -> tuple[Move, ...]:
        """What makes it of the original."""
        trained = (Profile(),) if self.trained else ()
        return (Flags(self.flags), *trained, *((LinkTime(),) if self.link_time else ()))

    @property
    def faster(self) -> bool:
        """It is faster than the original beyond doubt."""
        return self.verdict == Verdict.faster and self.ratio is not None

    @property
    def words(self) -> str:
        """The moves in words."""
        return " ".join(move.describe() for move in self.moves)

    def of(self, original: Variant) -> Variant:
        """The original made so. Raises Refused where that cannot be."""
        variant = original
        for move in self.moves:
            variant = move.changed(variant)
        return variant


#: The honest baselines: what the compiler can do by itself when it is asked to.
BASELINES = (
    Baseline("o3", ("-O3",)),
    Baseline("native", ("-O3", "-march=native")),
    Baseline("polly", ("-O3", "-march=native", "-mllvm", "-polly")),
)
#: And for whole programs, which are more than a loop nest.
WHOLE = (
    Baseline("lto", ("-O3",), link_time=True),
    Baseline("pgo", ("-O3",), trained=True),
    Baseline("native+pgo+lto", ("-O3", "-march=native"), trained=True, link_time=True),
)
