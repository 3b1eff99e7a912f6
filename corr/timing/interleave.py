"""Time two builds against each other: interleaved, in fresh processes, until it is decided."""

from __future__ import annotations

import time
from dataclasses import dataclass

from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from collectors.measured import timings
from corr.timing.verdict import MARGIN, Ratio, Verdict, ratio

FEWEST_PAIRS = 7
MOST_PAIRS = 40
#: Seconds after which no further pair is started, once there are the fewest.
BUDGET = 60.0


@dataclass(frozen=True)
class Comparison:
    """Seconds of each repetition of a and b, pair by pair, and what was timed."""

    a: list[float]
    b: list[float]
    clock: str

    @property
    def ratio(self) -> Ratio:
        return ratio(self.a, self.b, paired=True)

    @property
    def verdict(self) -> Verdict:
        return self.ratio.verdict(MARGIN)


def interleave(
    a: Invocation,
    b: Invocation,
    *,
    fewest: int = FEWEST_PAIRS,
    most: int = MOST_PAIRS,
    budget: float = BUDGET,
) -> Comparison:
    """Run a and b in turn (abba…) until the verdict is clear, or pairs or seconds run out.

    The time is the program's own kernel time where both report it (CORR_TIMES), else wall time.
    Raises CorrError if either fails.
    """
    rows: tuple[list[tuple[float, float | None]], list[tuple[float, float | None]]] = ([], [])
    start = time.monotonic()
    while len(rows[0]) < most:
        order = (0, 1) if len(rows[0]) % 2 == 0 else (1, 0)
        for side in order:
            rows[side].append(_one((a, b)[side]))
        late = time.monotonic() - start > budget
        if len(rows[0]) >= fewest and (late or len(rows[0]) % 2 == 1):
            compared = _compared(rows)
            if late or compared.verdict != Verdict.inconclusive:
                return compared
    return _compared(rows)


def _one(invocation: Invocation) -> tuple[float, float | None]:
    table, _ = timings.measure(invocation, 1)
    if not len(table):
        raise CorrError(f"{invocation.binary.name} could not be timed")
    row = table.to_pylist()[0]
    return row["wall"], row["kernel_seconds"]


def _compared(
    rows: tuple[list[tuple[float, float | None]], list[tuple[float, float | None]]],
) -> Comparison:
    kernel = [[k for _, k in side if k] for side in rows]
    if all(len(k) == len(side) for k, side in zip(kernel, rows, strict=True)):
        return Comparison(kernel[0], kernel[1], "kernel time")
    wall = [[w for w, _ in side] for side in rows]
    return Comparison(wall[0], wall[1], "wall time")
