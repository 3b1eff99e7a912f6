"""A candidate timed against the best, by runs that tests make up: when it ends, what is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.sandbox.confined import Confined, Limits
from corr.optimize.build_and_run import Run
from corr.optimize.inputs import Input
from corr.optimize.judging.speed import Contest, Failed, unseen
from corr.timing import clocks
from corr.timing.clocks import Reading, Start

BEFORE, AFTER = Path("before"), Path("after")


class Programs:
    """Builds whose programs take what they were told to, run by run, the last ever after."""

    def __init__(self, **runs: list[Reading]) -> None:
        self.runs: dict[str, Iterator[Reading]] = {
            name: chain(given, repeat(given[-1])) for name, given in runs.items()
        }
        self.count = dict.fromkeys(runs, 0)
        self.crew = None
        self.limits: list[Limits] = []
        self.program = SimpleNamespace(run=SimpleNamespace(time_limit=60.0))

    def run(self, binary: Path, *_: object, limits: Limits, **__: object) -> Run:
        self.count[binary.name] += 1
        self.limits.append(limits)
        reading = next(self.runs[binary.name])
        kernels = (
            () if reading.kernel is None else (reading.kernel / reading.count,) * reading.count
        )
        return Run(done(reading), b"", kernels, idle=reading.idle)


def done(reading: Reading, **more: Any) -> Confined:
    cpu = reading.cpu
    facts: dict[str, Any] = {
        "argv": ("program",), "returncode": 0, "stdout": b"", "stderr": b"", "wall": reading.wall,
        "user": cpu or 0.0, "system": 0.0, "max_rss": 0, "counted": cpu is not None,
    }  # fmt: skip
    return Confined(**facts | more)


def contest(programs: Any, *, own_clock: bool = False, **more: Any) -> Contest:
    return Contest(programs, Input("x"), own_clock=own_clock, **more)


def ran(wall: float, cpu: float | None = None, kernel: float | None = None) -> Reading:
    """A run on a quiet machine with another processor idle."""
    return Reading(wall, wall if cpu is None else cpu, wall, kernel, 0 if kernel is None else 1)


@pytest.mark.parametrize(
    ("start", "before", "after", "ratio"),
    [
        (0.0, 0.2, 0.1, 0.5),
        (0.03, 0.23, 0.13, 0.5),
        # not 0.01 / 0.1: what a subtraction leaves over is never taken for a time
        (0.03, 0.13, 0.04, 0.02 / 0.11),
        (9.0, 0.13, 0.04, 0.02 / 0.11),
    ],
)
def test_the_start_is_no_time_of_the_program(
    start: float, before: float, after: float, ratio: float
) -> None:
    programs = Programs(before=[ran(before)], after=[ran(after)])
    timed = contest(programs, start=Start(start)).compare(BEFORE, AFTER)
    assert timed.ratio.value == pytest.approx(ratio)
    assert timed.clock == clocks.WALL and not timed.doubt and not timed.stopped


def test_a_clear_gain_ends_with_the_fewest_pairs() -> None:
    programs = Programs(before=[ran(1.0)], after=[ran(0.5)])
    timed = contest(programs).compare(BEFORE, AFTER)
    assert timed.verdict == "faster" and programs.count == {"before": 5, "after": 5}


def test_what_is_hopeless_is_stopped_after_three_pairs() -> None:
    programs = Programs(before=[ran(1.0)], after=[ran(9.0)])
    timed = contest(programs).compare(BEFORE, AFTER)
    assert timed.stopped and timed.verdict == "slower" and timed.ratio.known
    assert programs.count == {"before": 3, "after": 3}


def test_one_slow_run_is_not_hopeless() -> None:
    programs = Programs(before=[ran(1.0)], after=[ran(9.0), ran(9.0), ran(0.5)])
    timed = contest(programs).compare(BEFORE, AFTER)
    assert not timed.stopped and programs.count["after"] > 3


def test_other_work_makes_nothing_hopeless() -> None:
    """Walls of the candidate are five times those of the best, by chance; its CPU time is half."""
    before = [Reading(1.3, 1.0, 0.0)]
    after = [Reading(6.5, 0.5, 0.0)]
    programs = Programs(before=before, after=after)
    timed = contest(programs).compare(BEFORE, AFTER)
    assert not timed.stopped and timed.clock == clocks.CPU
    assert timed.verdict == "faster" and timed.load is not None
    slower = Programs(before=after, after=before)
    assert contest(slower).compare(BEFORE, AFTER).stopped


def test_a_candidate_is_given_cpu_time_by_that_of_the_best() -> None:
    programs = Programs(before=[Reading(4.0, 0.5, 0.0)], after=[Reading(9.0, 0.5, 0.0)])
    contest(programs).compare(BEFORE, AFTER)
    first, second = programs.limits[:2]
    assert first.wall == 60 and second.wall == 60 and first.cpu > second.cpu == pytest.approx(6.0)
    used = SimpleNamespace(
        program=programs.program,
        run=lambda *_, **__: Run(done(Reading(30.0, 7.0), returncode=-9), b""),
    )
    with pytest.raises(Failed, match="CPU time") as failed:
        contest(used).once(AFTER, Reading(4.0, 0.5))
    assert failed.value.timed_out and not failed.value.wrong


@pytest.mark.parametrize("kernel", [0.0, -0.2])
def test_a_time_of_zero_or_less_is_not_trusted(kernel: float) -> None:
    programs = Programs(before=[ran(1.0, kernel=0.9)], after=[ran(1.0, kernel=kernel)])
    timed = contest(programs, own_clock=True).compare(BEFORE, AFTER)
    assert timed.doubt == "it says that its kernel takes no time"


def test_a_clock_that_stands_still_is_not_trusted() -> None:
    still = [Reading(0.0)]
    for programs in (
        Programs(before=still, after=[ran(1.0)]),
        Programs(before=[ran(1.0)], after=still),
    ):
        timed = contest(programs).compare(BEFORE, AFTER)
        assert timed.doubt == "its clock stood still" and timed.verdict == "inconclusive"


def test_another_number_of_kernel_times_is_not_trusted() -> None:
    after = [replace(ran(1.0, kernel=0.1), count=2)]
    programs = Programs(before=[ran(1.0, kernel=0.9)], after=after)
    timed = contest(programs, own_clock=True).compare(BEFORE, AFTER)
    assert timed.doubt == "it gives another number of kernel times"


def test_a_gain_that_the_wall_does_not_see_is_not_trusted() -> None:
    programs = Programs(before=[ran(1.0, kernel=0.9)], after=[ran(1.0, kernel=0.02)])
    timed = contest(programs, own_clock=True).compare(BEFORE, AFTER)
    assert "beside it" in timed.doubt and programs.count["after"] == 25, "it is looked at longest"
    honest = Programs(before=[ran(1.0, kernel=0.9)], after=[ran(0.12, kernel=0.02)])
    timed = contest(honest, own_clock=True).compare(BEFORE, AFTER)
    assert not timed.doubt and timed.verdict == "faster" and timed.clock == clocks.KERNEL


def test_nor_beside_other_work() -> None:
    """A candidate that lies about its own clock gains nothing where the CPU time counts."""
    loads = (4.0, 16.0, 5.0, 9.0, 2.5)
    before = [Reading(n, 1.0, 0.0, kernel=0.9 * n, count=1) for n in loads]
    after = [Reading(n, 1.0, 0.0, kernel=0.02 * n, count=1) for n in reversed(loads)]
    programs = Programs(before=before, after=after)
    timed = contest(programs, own_clock=True).compare(BEFORE, AFTER)
    assert timed.clock == clocks.CPU and timed.ratio.value == pytest.approx(1.0)
    assert "beside it" in timed.doubt


def test_an_honest_clock_is_believed_beside_other_work() -> None:
    loads = (4.0, 16.0, 5.0, 9.0, 2.5)
    before = [Reading(n, 1.0, 0.0, kernel=0.9 * n, count=1) for n in loads]
    after = [Reading(0.5 * n, 0.5, 0.0, kernel=0.4 * n, count=1) for n in reversed(loads)]
    timed = contest(Programs(before=before, after=after), own_clock=True).compare(BEFORE, AFTER)
    assert timed.clock == clocks.CPU and not timed.doubt and timed.verdict == "faster"
    assert timed.ratio.value == pytest.approx(0.4 / 0.9)


def test_unseen_time_is_what_grows_beside_the_kernel() -> None:
    assert unseen((1.0,) * 5, (0.5,) * 5, (1.2,) * 5, (0.7,) * 5) == ""
    assert "0.5 s more" in unseen((1.0,) * 5, (0.5,) * 5, (1.2,) * 5, (1.2,) * 5)
    assert unseen((1.0,) * 5, (1.1,) * 5, (1.2,) * 5, (1.3,) * 5) == "", "nothing is claimed"
    noisy = (1.2, 1.9, 1.3, 2.4, 1.2)
    assert "too little to be seen" in unseen((0.10,) * 5, (0.05,) * 5, noisy, noisy)
    assert unseen((0.10,) * 5, (0.05,) * 5, noisy, noisy, by_cpu=True) == ""
    assert unseen((0.10,) * 5, (0.05,) * 5, noisy, noisy, ours=True) == "", "nobody made it up"
    assert "0.5 s more" in unseen((1.0,) * 5, (0.5,) * 5, (1.2,) * 5, (1.2,) * 5, ours=True)
