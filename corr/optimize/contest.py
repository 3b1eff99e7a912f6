"""Time a candidate against the best so far: in turn, confined, in fresh processes, to a verdict.

The program's own kernel time counts where it gives one, but only as far as it is seen from the
outside: what a candidate claims to save must be missing from the wall time as well.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.program_run import failure
from collectors.sandbox import Limits
from corr.optimize.inputs import Input
from corr.optimize.workshop import Run, Workshop
from corr.statistics import MARGIN, Ratio, Verdict, ratio

FEWEST_PAIRS = 5
MOST_PAIRS = 25
#: A candidate this much slower in its first pair, or by the root of it in two, is not timed on.
HOPELESS = 1.6
#: How many times the wall time of the best a candidate may take before it is stopped.
PATIENCE = 4.0
#: Seconds of kernel time in one process below which it repeats its kernel.
SHORTEST = 0.010
#: Share of the claimed saving that may be missing from the wall time.
UNSEEN = 0.25


@dataclass(frozen=True)
class Timed:
    """Seconds of pairs of runs, best and candidate, and how they compare."""

    before: tuple[float, ...]
    after: tuple[float, ...]
    clock: str
    doubt: str = ""
    stopped: str = ""

    @property
    def ratio(self) -> Ratio:
        return ratio(self.before, self.after, paired=True)

    @property
    def verdict(self) -> Verdict:
        return self.ratio.verdict(MARGIN)


class Failed(Exception):
    """The candidate did not end well while it was timed."""

    def __init__(self, run: Run) -> None:
        error = failure(run.done)
        super().__init__(error.message if error else run.done.ending())
        self.timed_out = run.done.timed_out


class Contest:
    """Times executables of one program on one input."""

    def __init__(self, workshop: Workshop, given: Input, *, own_clock: bool) -> None:
        self.workshop = workshop
        self.given = given
        self.own_clock = own_clock
        self.repeat: int | None = None

    def once(self, binary: Path, limit: float | None = None) -> Run:
        """One run. Raises Failed."""
        wall = limit or self.workshop.program.run.time_limit
        run = self.workshop.run(
            binary, self.given, None, limits=Limits(wall=wall), repeat=self.repeat
        )
        if not run.ok:
            raise Failed(run)
        return run

    def seconds(self, run: Run) -> float:
        """What counts of a run."""
        return run.kernel if self.own_clock and run.kernel is not None else run.done.wall

    def compare(
        self,
        before: Path,
        after: Path,
        *,
        most: int = MOST_PAIRS,
        fewest: int = FEWEST_PAIRS,
        budget: float = 20.0,
    ) -> Timed:
        """Pairs until the verdict is clear, or pairs or seconds run out; a hopeless one sooner.

        Raises Failed.
        """
        start = time.monotonic()
        old: list[Run] = []
        new: list[Run] = []
        stopped = ""
        while len(old) < most:
            sides = [(before, old), (after, new)]
            for binary, runs in sides if len(old) % 2 == 0 else sides[::-1]:
                limit = 1.0 + PATIENCE * old[0].done.wall if runs is new else None
                runs.append(self.once(binary, limit))
            if _hopeless([self.seconds(r) for r in old], [self.seconds(r) for r in new]):
                stopped = "stopped early: slower by far"
                break
            late = time.monotonic() - start > budget
            if len(old) >= fewest and (late or len(old) % 2 == 1):
                found = self._timed(old, new)
                if late or found.verdict != Verdict.inconclusive:
                    break
        return replace(self._timed(old, new), stopped=stopped)

    def _timed(self, old: list[Run], new: list[Run]) -> Timed:
        own = self.own_clock and all(r.kernel is not None for r in [*old, *new])
        walls = [tuple(r.done.wall for r in runs) for runs in (old, new)]
        if not own:
            return Timed(walls[0], walls[1], "wall time")
        kernel = [tuple(r.kernel or 0.0 for r in runs) for runs in (old, new)]
        doubt = unseen(kernel[0], kernel[1], walls[0], walls[1])
        return Timed(kernel[0], kernel[1], "kernel time", doubt)


def unseen(
    kernel_before: tuple[float, ...],
    kernel_after: tuple[float, ...],
    wall_before: tuple[float, ...],
    wall_after: tuple[float, ...],
) -> str:
    """Why the time that the program gives is not believed; empty if the wall time bears it out."""
    claimed = statistics.median(kernel_before) - statistics.median(kernel_after)
    seen = statistics.median(wall_before) - statistics.median(wall_after)
    noise = max(_spread(wall_before), _spread(wall_after))
    if claimed <= 0 or claimed - seen <= UNSEEN * claimed + 3 * noise + 0.005:
        return ""
    return (
        f"it claims to save {claimed:.4g} s of kernel time, but {seen:.4g} s of wall time are saved"
    )


def _hopeless(old: list[float], new: list[float]) -> bool:
    """The first pair, or both of the first two, say that it is slower by far."""
    gaps = [after / before for before, after in zip(old, new, strict=True)]
    if len(gaps) == 1:
        return gaps[0] > HOPELESS
    return len(gaps) == 2 and min(gaps) > HOPELESS**0.5


def _spread(values: tuple[float, ...]) -> float:
    middle = statistics.median(values)
    return statistics.median(abs(v - middle) for v in values)
