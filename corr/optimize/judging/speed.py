"""Time a candidate against the best so far: in turn, confined, in fresh processes, to a verdict.

The program's own kernel time counts where it gives one, but only as far as it is seen from the
outside: what a candidate claims to save must be missing from the wall time as well. Where other
work disturbs the clocks, the CPU time counts, which is taken from outside. What a run that is timed
puts out is compared like that of any other: a candidate that computes only while it is checked
would have to be checked in every run.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from collectors.base.errors import CorrError, UsageError
from collectors.measured.placement import laid_anew
from collectors.sandbox.confined import Limits as Confines
from corr.optimize.build_and_run import Builds, Run
from corr.optimize.inputs import Input, Inputs
from corr.timing import clocks
from corr.timing.clocks import Comparison, Pairs, Reading, Start
from corr.timing.interleave import Limits, interleaved
from corr.timing.verdict import Verdict

#: Pairs and seconds that a comparison may take.
PAIRS = Limits(fewest=5, most=25, seconds=20.0)
#: A candidate that is slower than this beyond doubt is not timed on.
HOPELESS = math.sqrt(2)
#: A run of a candidate may take a second and so many times what the best took, of CPU time; and so
#: many times of wall time, since other work makes that many times of it.
PATIENCE, PATIENCE_WALL = 10.0, 40.0
#: Seconds of kernel time that a process should have; a kernel that takes less is repeated.
ENOUGH = 0.050
MOST_REPEATS = 10_000
#: And, where a process takes so much besides, as much as that, up to so many seconds.
MOST_BESIDE = 0.5
#: Seconds that a process of the original may take where the best is repeated beside it.
LONGEST = 1.0
#: Seconds of kernel time in one process below which a time says little; seconds of wall time below
#: which it is mostly that of starting the program.
SHORTEST = 0.010
SHORTEST_WALL = 0.030
#: How often a program that does nothing is started, to know what starting takes.
STARTS = 7
#: Share of the claimed saving that may be missing from the wall time, and seconds of it.
UNSEEN, UNSEEN_SECONDS = 0.25, 0.003
#: Share of the kernel time from which a saving must be large enough to be seen in the wall time.
MUCH = 1 / 3
#: Standard errors that times may be off beside other work, where the CPU time counts.
DISTURBED = 3.0
#: What is wrong with what a timed run puts out; empty if nothing is.
Accept = Callable[[Run], str]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Timed(Comparison):
    """The best (a) and a candidate (b) compared; why that is not believed; why it ended early.

    Each run did its kernel `repeat` times.
    """

    doubt: str = ""
    stopped: str = ""
    repeat: int = 1

    @property
    def seconds_before(self) -> float:
        """The median time of the best, of one kernel."""
        return self.series.medians[0] / self.repeat

    @property
    def seconds(self) -> float:
        """The median time of the candidate, of one kernel."""
        return self.series.medians[1] / self.repeat

    @property
    def cpu_seconds(self) -> float | None:
        """The median CPU time of the candidate, of one kernel."""
        return self.cpu.medians[1] / self.repeat if self.cpu is not None else None


class Failed(Exception):
    """A run did not end well while it was timed, or put out something else (`wrong`)."""

    def __init__(self, binary: Path, run: Run, wrong: str = "", late: str = "") -> None:
        super().__init__(wrong or late or run.why())
        self.binary = binary
        self.wrong = bool(wrong)
        self.timed_out = bool(late) or run.done.timed_out


@dataclass(frozen=True)
class Contest:
    """How executables of one program are timed on one input.

    `output` is what a run puts out, with `look` the files that it writes as well; `repeat` is how
    often it runs its kernel (`repeats`: it can do so more than once), so that it takes `enough`
    seconds in a process. `set_up_once`: the repetitions share what is done before. `held_out` are
    other inputs that it takes, which proposers do not know; `start` is what starting a program
    confined takes. `ours`: all that is compared was written here, and leaves the clock alone.
    """

    builds: Builds
    given: Input
    own_clock: bool
    output: str | None = None
    look: bool = False
    repeats: bool = False
    repeat: int | None = None
    enough: float = ENOUGH
    set_up_once: bool = False
    held_out: tuple[Input, ...] = ()
    start: Start = Start()  # noqa: RUF009 (frozen)
    #: runs of the original by which that was found out
    first: tuple[Run, ...] = field(default=(), compare=False)
    ours: bool = False

    @classmethod
    def for_program(
        cls, builds: Builds, inputs: Inputs, binary: Path, tell: Tell, *, look: bool = False
    ) -> Self:
        """How a program is timed, found out by running it. Raises CorrError where that fails."""
        contest = cls(
            builds,
            inputs.timed,
            own_clock=True,
            output=inputs.output,
            look=look,
            repeats=inputs.repeats,
            set_up_once=inputs.repeats and not inputs.sizes,
            held_out=inputs.given_held_out,
        )
        runs = [contest.original(binary)]
        contest = replace(contest, enough=enough_beside(runs[0].reading))
        if runs[0].times is not None:
            runs.append(contest.original(binary))
            if runs[0].times != runs[1].times:
                raise UsageError(
                    "the benchmark chooses by its own time how often it runs: nothing shows how "
                    "long it takes",
                    "give it a number: --benchmark_min_time=1000x among its arguments, or "
                    "->Iterations(1000) in its source",
                )
        if not runs[0].kernel:
            contest = replace(contest, own_clock=False)
            runs += [contest.original(binary) for _ in range(2)]
            contest = replace(contest, start=_start(builds, [run.reading for run in runs]))
        suited = contest.suited(min(map(contest.seconds, runs)), tell)
        return replace(suited, first=tuple(runs) if suited.repeat == contest.repeat else ())

    def suited(self, once: float, tell: Tell, slowest: float = 0.0) -> Self:
        """How a program is timed whose kernel takes so long, once: a short one is repeated.

        Not so often that what takes `slowest` once, which it is compared with, takes too long.
        """
        seconds = once * (self.repeat or 1)
        contest = self
        if self.repeats and self.own_clock and seconds < self.enough / 2:
            repeat = min(round(self.enough / max(once, 1e-6)), MOST_REPEATS)
            if slowest:
                repeat = max(min(repeat, int(LONGEST / slowest)), self.repeat or 1)
            contest = replace(self, repeat=repeat)
            if seconds < self.shortest:
                tell(
                    f"the kernel takes {once * 1000:.2g} ms, too short to time: "
                    f"it is repeated {repeat}× in each process"
                )
        elif seconds < self.shortest:
            tell(
                f"a run takes {seconds * 1000:.2g} ms, too short to time well: "
                "give the program more to do with --run-args"
            )
        return contest

    def original(self, binary: Path) -> Run:
        """One run of the original. Raises CorrError where it fails."""
        try:
            return self.once(binary)
        except Failed as failed:
            raise CorrError(f"{self.builds.program.name}: {failed}") from failed

    def once(
        self, binary: Path, beside: Reading | None = None, accept: Accept | None = None
    ) -> Run:
        """One run, which may take some times what the best took (`beside`). Raises Failed."""
        return self.judged_run(binary, *self.raw(binary, beside), accept)

    def raw(self, binary: Path, beside: Reading | None) -> tuple[Run, Confines]:
        """One run as it was, and what it was allowed."""
        confines = self._confines(beside)
        run = self.builds.run(
            binary,
            self.given,
            self.output,
            limits=confines,
            repeat=self.repeat,
            look=self.look,
        )
        return run, confines

    def judged_run(self, binary: Path, run: Run, confines: Confines, accept: Accept | None) -> Run:
        """The run without what it put out, which was looked at. Raises Failed."""
        if not run.ok:
            cpu = run.done.cpu or 0.0
            late = f"still running after {cpu:.1f} s of CPU time" if cpu >= confines.cpu else ""
            raise Failed(binary, run, late=late)
        wrong = accept(run) if accept is not None and self.output is not None else ""
        if wrong:
            raise Failed(binary, run, f"in a timed run: {wrong}")
        return replace(run, output=b"", files={})

    def _confines(self, beside: Reading | None) -> Confines:
        longest = self.builds.program.run.time_limit
        wall, cpu = longest, max(longest, Confines.cpu)
        if beside is not None:
            wall = min(wall, 1.0 + PATIENCE_WALL * beside.wall)
            cpu = min(cpu, 1.0 + PATIENCE * (beside.cpu or cpu))
        return Confines(wall=wall, cpu=cpu)

    def once_seconds(self, run: Run) -> float:
        """What counts of a single run, for one kernel."""
        return self.seconds(run) / (self.repeat or 1)

    def seconds(self, run: Run) -> float:
        """What counts of a single run, as far as a processor was there for it."""
        found = run.reading
        if self.own_clock and found.own is not None:
            return found.own
        if found.single and found.cpu is not None and found.load is not None:
            return found.cpu - min(self.start.cpu, found.cpu / 2)
        return found.wall - min(self.start.wall, found.wall / 2)

    @property
    def clock(self) -> str:
        """The clock that counts where nothing disturbs it."""
        return clocks.KERNEL if self.own_clock else clocks.WALL

    @property
    def shortest(self) -> float:
        """Seconds below which a time says little."""
        return SHORTEST if self.own_clock else SHORTEST_WALL

    def compare(
        self, before: Path, after: Path, limits: Limits = PAIRS, accept: Accept | None = None
    ) -> Timed:
        """Pairs until the verdict is clear, or pairs or seconds run out; a hopeless one sooner.

        `accept` judges what each run of `after` puts out. Raises Failed.
        """
        pairs = Pairs((), ())
        for pairs in self._pairs(before, after, limits, accept):
            if hopeless(self.judged(pairs)):
                return replace(self.judged(pairs), stopped="stopped early: slower by far")
        return self.judged(pairs)

    def _pairs(
        self, before: Path, after: Path, limits: Limits, accept: Accept | None
    ) -> Iterator[Pairs]:
        """All pairs so far, after each: measured here, or on other hosts."""
        if self.builds.crew is not None:
            return self.builds.crew.pairs(self, before, after, limits, accept)
        first: list[Reading] = []

        def run_before() -> Reading:
            laid_anew(before)
            first.append(self.once(before).reading)
            return first[-1]

        def run_after() -> Reading:
            laid_anew(after)
            return self.once(after, first[0], accept).reading

        return interleaved(run_before, run_after, self.clear, limits)

    def clear(self, pairs: Pairs) -> bool:
        """The pairs suffice."""
        found = self.judged(pairs)
        if found.ratio.known and found.ratio.low > 1:
            return True  # beyond doubt not faster: how much slower is not worth more runs
        return found.verdict != Verdict.inconclusive and not found.doubt

    def judged(self, pairs: Pairs) -> Timed:
        """What the pairs amount to, and why that is not believed."""
        found = clocks.compared(pairs, self.start, own=self.own_clock)
        by_cpu = found.clock == clocks.CPU
        doubt = distrust(pairs, by_cpu=by_cpu, ours=self.ours) if self.own_clock else ""
        if not found.series.positive:
            doubt = doubt or "its clock stood still"
        return Timed(found.series, found.load, found.cpu, doubt, repeat=self.repeat or 1)


def enough_beside(reading: Reading) -> float:
    """Seconds of kernel time that a process should have, beside what it takes for other things.

    A saving must be seen in the time of the whole process.
    """
    beside = min(reading.wall, reading.cpu or reading.wall) - (reading.own or 0.0)
    return max(ENOUGH, min(beside, MOST_BESIDE))


def hopeless(found: Comparison) -> bool:
    """Slower by far beyond doubt, by CPU time where it is to be had: other work slows anything."""
    ratio = (found.cpu or found.series).ratio
    return ratio.known and ratio.low > HOPELESS


def distrust(pairs: Pairs, *, by_cpu: bool, ours: bool = False) -> str:
    """Why the times that the program gives are not believed; empty if they are.

    `by_cpu`: the CPU time counts, so that its own may be disturbed, but not made up. Then both are
    taken for the part of the time in which it had a processor. `ours`: nobody else wrote a part of
    it. Then what other work hides, as long runs of which few can be made, is no reason.
    """
    if any(reading.kernel is None for reading in pairs.every):
        return ""  # then they do not count
    if len({reading.count for reading in pairs.every}) > 1:
        return "it gives another number of kernel times"
    kernel = clocks.kernel_times(pairs)
    if kernel is None:
        return "it says that its kernel takes no time"
    sides = pairs.a, pairs.b
    if by_cpu:
        own = [tuple(reading.own or 0.0 for reading in side) for side in sides]
        cpu = [tuple(reading.cpu or 0.0 for reading in side) for side in sides]
        return unseen(*own, *cpu, by_cpu=True)
    walls = [tuple(reading.wall for reading in side) for side in sides]
    return unseen(kernel.a, kernel.b, walls[0], walls[1], ours=ours)


def unseen(
    kernel_before: tuple[float, ...],
    kernel_after: tuple[float, ...],
    wall_before: tuple[float, ...],
    wall_after: tuple[float, ...],
    *,
    by_cpu: bool = False,
    ours: bool = False,
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
    error = math.hypot(*map(standard_error, beside))
    blind = UNSEEN_SECONDS + error * (DISTURBED if by_cpu else 1.0)
    if claimed <= 0:
        return ""
    if grown > UNSEEN * claimed + blind:
        return (
            f"it claims to save {claimed:.4g} s of kernel time, but takes {grown:.4g} s more "
            "beside it"
        )
    if not (by_cpu or ours) and claimed > MUCH * before and blind > claimed / 2:
        return f"it claims to save {claimed:.4g} s, too little to be seen in the wall time here"
    return ""


def standard_error(values: tuple[float, ...]) -> float:
    """The standard error of their median, from their median absolute deviation."""
    middle = statistics.median(values)
    spread = 1.4826 * statistics.median(abs(v - middle) for v in values)
    return 1.2533 * spread / math.sqrt(len(values))


def _start(builds: Builds, runs: list[Reading]) -> Start:
    """What starting a program takes, measured with one that does nothing.

    None for a program that takes so little itself that the rest would be noise.
    """
    nothing, true = Input("nothing"), Path("/usr/bin/true")
    starts = [builds.run(true, nothing, None, ok_status=(0,)).reading for _ in range(STARTS)]
    least = Start(min(s.wall for s in starts), min(s.cpu or 0.0 for s in starts))
    own = min(r.cpu or 0.0 for r in runs) - least.cpu
    waited = min(r.wall for r in runs) - 3 * least.wall
    return least if max(own, waited) >= SHORTEST_WALL else Start()
