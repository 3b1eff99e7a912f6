"""Time a candidate against the best so far: in turn, confined, in fresh processes, to a verdict.

The program's own kernel time counts where it gives one, but only as far as it is seen from the
outside: what a candidate claims to save must be missing from the wall time as well. What a run
that is timed puts out is compared like that of any other: a candidate that computes only while it
is checked would have to be checked in every run.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.sandbox.confined import Limits
from corr.optimize.build_and_run import Run, Workshop
from corr.optimize.inputs import Input
from corr.timing.verdict import MARGIN, Ratio, Verdict, ratio

FEWEST_PAIRS = 5
MOST_PAIRS = 25
#: A candidate this much slower in its first pair, or by the root of it in two, is not timed on.
HOPELESS = 2.0
#: How many times the wall time of the best a candidate may take before it is stopped.
PATIENCE = 4.0
#: Seconds of kernel time in one process below which it repeats its kernel; seconds of wall time
#: below which the time is mostly that of starting it.
SHORTEST = 0.010
SHORTEST_WALL = 0.030
#: Share of the claimed saving that may be missing from the wall time, and seconds of it.
UNSEEN, UNSEEN_SECONDS = 0.25, 0.003
#: Share of the kernel time from which a saving must be large enough to be seen in the wall time.
MUCH = 1 / 3
#: What is wrong with a timed run's output; empty if nothing is.
Accept = Callable[[bytes | bytearray], str]


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
    """A run did not end well while it was timed, or put out something else (`wrong`)."""

    def __init__(self, binary: Path, run: Run, wrong: str = "") -> None:
        super().__init__(wrong or run.why())
        self.binary = binary
        self.wrong = bool(wrong)
        self.timed_out = run.done.timed_out


@dataclass
class Contest:
    """Times executables of one program on one input.

    `output` is what a run puts out, `repeat` how often it runs its kernel, `held_out` other inputs
    that it takes, which proposers do not know. `start` are the seconds of wall time that starting
    any program confined takes at least: they are no time of the program.
    """

    workshop: Workshop
    given: Input
    own_clock: bool
    output: str | None = None
    repeat: int | None = None
    held_out: tuple[Input, ...] = ()
    start: float = 0.0

    def once(self, binary: Path, limit: float | None = None, accept: Accept | None = None) -> Run:
        """One run. Raises Failed."""
        wall = limit or self.workshop.program.run.time_limit
        run = self.workshop.run(
            binary, self.given, self.output, limits=Limits(wall=wall), repeat=self.repeat
        )
        if not run.ok:
            raise Failed(binary, run)
        wrong = accept(run.output) if accept is not None and self.output is not None else ""
        if wrong:
            raise Failed(binary, run, f"in a timed run: {wrong}")
        return replace(run, output=b"")

    def seconds(self, run: Run) -> float:
        """What counts of a run."""
        if self.own_clock and run.kernel is not None:
            return run.kernel
        return run.done.wall - min(self.start, run.done.wall / 2)

    @property
    def shortest(self) -> float:
        """Seconds below which a time says little."""
        return SHORTEST if self.own_clock else SHORTEST_WALL

    def compare(
        self,
        before: Path,
        after: Path,
        *,
        most: int = MOST_PAIRS,
        fewest: int = FEWEST_PAIRS,
        budget: float = 20.0,
        accept: Accept | None = None,
    ) -> Timed:
        """Pairs until the verdict is clear, or pairs or seconds run out; a hopeless one sooner.

        `accept` judges what each run of `after` puts out. Raises Failed.
        """
        start = time.monotonic()
        old: list[Run] = []
        new: list[Run] = []
        stopped = ""
        while len(old) < most:
            sides = [(before, old), (after, new)]
            for binary, runs in sides if len(old) % 2 == 0 else sides[::-1]:
                limit = 1.0 + PATIENCE * old[0].done.wall if runs is new else None
                runs.append(self.once(binary, limit, accept if runs is new else None))
            if _hopeless([self.seconds(r) for r in old], [self.seconds(r) for r in new]):
                stopped = "stopped early: slower by far"
                break
            late = time.monotonic() - start > budget
            if len(old) >= fewest and (late or len(old) % 2 == 1):
                found = self._timed(old, new)
                clear = found.verdict != Verdict.inconclusive and not found.doubt
                # beyond doubt not faster: how much slower is not worth more runs
                if late or clear or found.ratio.low > 1:
                    break
        return replace(self._timed(old, new), stopped=stopped)

    def _timed(self, old: list[Run], new: list[Run]) -> Timed:
        own = self.own_clock and all(r.kernel is not None for r in [*old, *new])
        if not own:
            return self._walls(old, new)
        walls = [tuple(r.done.wall for r in runs) for runs in (old, new)]
        kernel = [tuple(r.kernel or 0.0 for r in runs) for runs in (old, new)]
        counts = {len(r.kernels) for r in [*old, *new]}
        doubt = "it gives another number of kernel times" if len(counts) > 1 else ""
        doubt = doubt or unseen(kernel[0], kernel[1], walls[0], walls[1])
        return Timed(kernel[0], kernel[1], "kernel time", doubt)

    def _walls(self, old: list[Run], new: list[Run]) -> Timed:
        """Wall times less the start: the same from all, and never the larger part of any.

        So a gain is rather told too small: never is the rest of a subtraction taken for a time.
        """
        start = min([self.start, *(r.done.wall / 2 for r in (*old, *new))])
        before, after = (tuple(r.done.wall - start for r in runs) for runs in (old, new))
        return Timed(before, after, "wall time")


def unseen(
    kernel_before: tuple[float, ...],
    kernel_after: tuple[float, ...],
    wall_before: tuple[float, ...],
    wall_after: tuple[float, ...],
) -> str:
    """Why the time that the program gives is not believed; empty if the wall time bears it out.

    What a run takes beside its kernel must not grow as its kernel shrinks. That is the wall time
    less the kernel time of the same run, which varies less than either.
    """
    before = statistics.median(kernel_before)
    claimed = before - statistics.median(kernel_after)
    beside = [
        tuple(w - k for w, k in zip(walls, kernels, strict=True))
        for walls, kernels in ((wall_before, kernel_before), (wall_after, kernel_after))
    ]
    grown = statistics.median(beside[1]) - statistics.median(beside[0])
    blind = UNSEEN_SECONDS + math.hypot(*map(_error, beside))
    if claimed <= 0:
        return ""
    if grown > UNSEEN * claimed + blind:
        return (
            f"it claims to save {claimed:.4g} s of kernel time, but takes {grown:.4g} s more "
            "beside it"
        )
    if claimed > MUCH * before and blind > claimed / 2:
        return f"it claims to save {claimed:.4g} s, too little to be seen in the wall time here"
    return ""


def _hopeless(old: list[float], new: list[float]) -> bool:
    """The first pair, or both of the first two, say that it is slower by far."""
    gaps = [after / before for before, after in zip(old, new, strict=True)]
    if len(gaps) == 1:
        return gaps[0] > HOPELESS
    return len(gaps) == 2 and min(gaps) > HOPELESS**0.5


def _error(values: tuple[float, ...]) -> float:
    """The standard error of their median, from their median absolute deviation."""
    middle = statistics.median(values)
    spread = 1.4826 * statistics.median(abs(v - middle) for v in values)
    return 1.2533 * spread / math.sqrt(len(values))
