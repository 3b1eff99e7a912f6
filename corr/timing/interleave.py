"""Time two programs against each other: in turn, in fresh processes, until it is decided."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from collectors.measured import timings
from collectors.measured.placement import laid_anew
from corr.timing.clocks import Comparison, Pairs, Reading, compared
from corr.timing.verdict import FEWEST_PAIRS, MARGIN, Verdict

Run = Callable[[], Reading]
Decide = Callable[[Pairs], bool]


@dataclass(frozen=True)
class Limits:
    """How many pairs there are at least and at most, and the seconds after which none is begun.

    The fewest are run however long that takes. Raises ValueError for fewer than a verdict needs.
    """

    fewest: int = 7
    most: int = 40
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if not FEWEST_PAIRS <= self.fewest <= self.most:
            raise ValueError(f"from {self.fewest} to {self.most} pairs allow no verdict")


def interleaved(
    run_a: Run,
    run_b: Run,
    decide: Decide,
    limits: Limits,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Pairs]:
    """Run a and b in turn (abba…); all pairs so far, after each pair.

    It ends when `decide` says that they suffice, which it is asked from the fewest pairs on and
    with an odd number of them, so that a median is a run; or with the most pairs, or once it is
    late. Whoever asks may end it sooner.
    """
    start = clock()
    a: list[Reading] = []
    b: list[Reading] = []
    while len(a) < limits.most:
        sides = ((run_a, a), (run_b, b))
        for run, readings in sides if len(a) % 2 == 0 else sides[::-1]:
            readings.append(run())
        pairs = Pairs.of(a, b)
        yield pairs
        late = clock() - start > limits.seconds
        enough = len(pairs) >= limits.fewest
        if enough and (late or (len(pairs) % 2 == 1 and decide(pairs))):
            return


def interleave(
    a: Invocation,
    b: Invocation,
    *,
    limits: Limits | None = None,
    decide: Decide | None = None,
) -> Comparison:
    """Run a and b in turn until the verdict is `clear`, or pairs or seconds run out.

    `decide` may ask for more than a clear verdict.

    Raises CorrError if either fails.
    """
    pairs = Pairs((), ())
    for pairs in interleaved(  # noqa: B007 (the last of them counts)
        lambda: once(a), lambda: once(b), decide or clear, limits or Limits()
    ):
        pass
    return compared(pairs)


def clear(pairs: Pairs) -> bool:
    """The pairs allow one to say faster, slower or same."""
    return compared(pairs).verdict != Verdict.inconclusive


def strictly_clear(pairs: Pairs) -> bool:
    """As `clear`, but the same only where the whole interval lies within the margin."""
    return compared(pairs).ratio.strictly(MARGIN) != Verdict.inconclusive


def once(invocation: Invocation) -> Reading:
    """One run, in a fresh process, of a program that corr has made. Raises CorrError."""
    laid_anew(invocation.binary)
    table, _ = timings.measure(invocation, 1)
    if not len(table):
        raise CorrError(f"{invocation.binary.name} could not be timed")
    return reading(table.to_pylist()[0])


def reading(row: dict[str, Any]) -> Reading:
    """A row of `timings`."""
    return Reading(
        row["wall"],
        row["user"] + row["system"],
        row["idle"],
        row["kernel_seconds"],
        row["kernel_count"] or 0,
    )
