"""Which clock decides: on a quiet machine, beside other work, and where a clock stands still."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from collectors.base import processor
from corr.timing import clocks
from corr.timing.clocks import Pairs, Reading, Start, compared
from corr.timing.verdict import Verdict

#: How many times too large wall times are beside other work, pair by pair.
LOADS = (4.0, 9.0, 5.0, 7.0, 4.5), (8.0, 4.0, 9.0, 5.5, 6.0)


def quiet(*seconds: float) -> list[Reading]:
    """Runs that had a processor, and another one idle beside them."""
    return [Reading(s, 0.99 * s, idle=s) for s in seconds]


def loaded(seconds: float, loads: tuple[float, ...]) -> list[Reading]:
    """Runs of one program beside other work, which leaves no processor idle."""
    return [
        Reading(load * seconds, seconds * (1 + 0.002 * number), idle=0.0)
        for number, load in enumerate(loads)
    ]


def test_cpu_time_decides_beside_other_work() -> None:
    pairs = Pairs.of(loaded(0.2, LOADS[0]), loaded(0.1, LOADS[1]))
    found = compared(pairs)
    assert found.clock == clocks.CPU and found.verdict == Verdict.faster
    assert found.ratio.value == pytest.approx(0.5)
    assert found.load is not None and 4 < found.load < 9
    assert "other work" in clocks.told(found.load)


def test_equals_are_the_same_beside_other_work() -> None:
    found = compared(Pairs.of(loaded(0.2, LOADS[0]), loaded(0.2, LOADS[1])))
    assert found.clock == clocks.CPU and found.verdict == Verdict.same


def test_so_it_does_in_place_of_the_programs_own_clock() -> None:
    """Which is a wall clock; and what a has beside its kernel comes off the CPU time."""

    def with_kernel(seconds: float, loads: tuple[float, ...]) -> list[Reading]:
        return [
            Reading(load * (seconds + 0.1), seconds + 0.1, 0.0, kernel=load * seconds, count=1)
            for load in loads
        ]

    found = compared(Pairs.of(with_kernel(0.2, LOADS[0]), with_kernel(0.1, LOADS[1])))
    assert found.clock == clocks.CPU
    assert found.a == pytest.approx([0.2] * 5) and found.b == pytest.approx([0.1] * 5)
    assert found.ratio.value == pytest.approx(0.5)
    much = compared(Pairs.of(with_kernel(0.2, LOADS[0]), with_kernel(0.01, LOADS[1])))
    assert much.ratio.value == pytest.approx(0.05), "though its kernel is a tenth of its time"


def test_on_a_quiet_machine_the_programs_own_clock_decides() -> None:
    a = [Reading(1.0, 0.99, 1.0, kernel=0.5, count=2)] * 5
    b = [Reading(0.7, 0.69, 0.7, kernel=0.2, count=2)] * 5
    found = compared(Pairs.of(a, b))
    assert found.clock == clocks.KERNEL and found.ratio.value == pytest.approx(0.4)
    assert found.load is None
    assert compared(Pairs.of(a, b), own=False).ratio.value == pytest.approx(0.7, rel=0.01)


def test_who_waits_by_himself_is_told_by_the_wall() -> None:
    """Hardly any CPU time, but processors were idle: nothing kept the program from them."""
    a = [Reading(0.2, 0.004, idle=0.3)] * 5
    b = [Reading(0.4, 0.002, idle=0.7)] * 5
    found = compared(Pairs.of(a, b))
    assert found.clock == clocks.WALL and found.load is None
    assert found.verdict == Verdict.slower and found.ratio.value == pytest.approx(2.0)


def test_several_threads_are_told_by_the_wall() -> None:
    a = [Reading(1.0, 3.9, idle=0.0)] * 5
    b = [Reading(0.5, 3.9, idle=0.0)] * 5
    found = compared(Pairs.of(a, b))
    assert (found.clock, found.load, found.cpu) == (clocks.WALL, None, None)
    assert found.verdict == Verdict.faster


def test_the_steadiest_decides_if_the_others_bear_it_out() -> None:
    noise = (1.0, 1.15, 1.02, 1.2, 1.0), (1.18, 1.0, 1.1, 1.0, 1.19)
    a = [Reading(n, 1.0, idle=n) for n in noise[0]]
    b = [Reading(0.7 * n, 0.7, idle=n) for n in noise[1]]
    found = compared(Pairs.of(a, b))
    assert found.clock == clocks.CPU and found.ratio.value == pytest.approx(0.7)


def test_the_start_comes_off_but_is_never_the_larger_part() -> None:
    start = Start(wall=0.03)
    a, b = quiet(*[0.23] * 5), quiet(*[0.13] * 5)
    walls = [Reading(r.wall) for r in a], [Reading(r.wall) for r in b]
    assert compared(Pairs.of(*walls), start).ratio.value == pytest.approx(0.5)
    short = [Reading(0.13)] * 5, [Reading(0.04)] * 5
    assert compared(Pairs.of(*short), start).ratio.value == pytest.approx(0.02 / 0.11)
    assert compared(Pairs.of(*short), Start(9.0)).ratio.value == pytest.approx(0.02 / 0.11)


@pytest.mark.parametrize("kernel", [0.0, -1.0])
def test_a_kernel_time_of_zero_or_less_is_none(kernel: float) -> None:
    a = [Reading(1.0, 1.0, 1.0, kernel=0.5, count=1)] * 5
    b = [Reading(0.5, 0.5, 0.5, kernel=kernel, count=1)] * 5
    found = compared(Pairs.of(a, b))
    assert found.clock in (clocks.WALL, clocks.CPU) and found.ratio.value == pytest.approx(0.5)
    assert compared(Pairs.of(b, a)).verdict == Verdict.slower


@pytest.mark.parametrize("wall", [0.0, -0.5])
def test_a_clock_that_stands_still_says_nothing(wall: float) -> None:
    found = compared(Pairs.of([Reading(wall)] * 5, [Reading(1.0)] * 5))
    assert math.isnan(found.ratio.value) and not found.ratio.known
    assert found.verdict == Verdict.inconclusive
    cpu = [Reading(wall, 1.0, 0.0)] * 5, [Reading(wall, 0.0, 0.0)] * 5
    assert compared(Pairs.of(*cpu)).verdict == Verdict.inconclusive


def test_kernel_times_of_another_number_are_not_compared() -> None:
    a = [Reading(1.0, kernel=0.5, count=1)] * 5
    b = [Reading(1.0, kernel=0.1, count=2)] * 5
    assert compared(Pairs.of(a, b)).clock == clocks.WALL
    missing = [Reading(1.0)] * 5
    assert compared(Pairs.of(a, missing)).clock == clocks.WALL


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_pairs_allow_no_verdict(count: int) -> None:
    found = compared(Pairs.of([Reading(1.0)] * count, [Reading(0.1)] * count))
    assert found.ratio.value == pytest.approx(0.1) and not found.ratio.known
    assert (found.ratio.low, found.ratio.high) == (0.0, math.inf)
    assert found.verdict == Verdict.inconclusive
    assert compared(Pairs.of([Reading(1.0)] * 3, [Reading(0.1)] * 3)).verdict == Verdict.faster


def test_runs_at_different_times_are_compared_too() -> None:
    """One side beside other work, the other not: only CPU times can be compared."""
    found = compared(Pairs.of(loaded(0.2, LOADS[0]), quiet(0.2, 0.201, 0.2), paired=False))
    assert found.clock == clocks.CPU and found.verdict == Verdict.same


@pytest.mark.parametrize(
    ("wall", "cpu", "idle", "load"),
    [
        (1.0, 0.9, 0.0, None),
        (1.0, 0.25, 0.0, 4.0),
        (1.0, 0.25, None, 4.0),
        (1.0, 0.25, 0.74, None),
        (1.0, None, 0.0, None),
        (1.0, 0.0, 0.0, None),
        (0.0, 0.0, 0.0, None),
    ],
)
def test_load(wall: float, cpu: float | None, idle: float | None, load: float | None) -> None:
    assert processor.load(wall, cpu, idle) == load


def test_idle_seconds(tmp_path: Path) -> None:
    now = processor.idle_seconds()
    assert now is None or now > 0
    assert processor.idle_between(None) is None
    assert processor.idle_seconds(tmp_path / "stat") is None
