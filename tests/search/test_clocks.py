"""One clock tells all times of a study; what CPU and wall time say opposite things of is told."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from corr.search.cases import Case
from corr.search.clocks import Timed, disagreement, ratio
from corr.search.modes import Done
from corr.search.settings import Setting
from corr.search.study import Clock, Prove, Time
from corr.timing.clocks import CPU, KERNEL, WALL, Pairs, Reading
from corr.timing.significance import student_quantile, student_tail
from tests.support.search_lab import FakeLab, done, study

SIZES: dict[str, list[int | float | str]] = {"size": [*range(1, 13)]}
ALL_TUNED = Prove(held_out=0)


def model(case: Case, setting: Setting) -> float:
    return case.features["size"] * {None: 1.0, 1: 0.5, 2: 2.0}[setting.number]


def measured(folder: Path, lab: FakeLab, clock: Clock, mode: str = "run") -> Done:
    made = study([1, 2], SIZES, time=Time(clock), prove=ALL_TUNED)
    return done(made, lab, folder, mode)


def test_a_program_that_sleeps_is_told_by_the_wall(tmp_path: Path) -> None:
    """Ten times as much computing in the time as before: sleeping counts whatever the CPU does."""

    def sleeping(identity: str, taken: float) -> Reading:
        return Reading(taken, 0.001 if identity.startswith(("1 ", "2 ")) else 0.95 * taken)

    found = measured(tmp_path, FakeLab(model, reading=sleeping), Clock.auto).analysis
    rows = [row for row in found.changes if row["role"] == "value"]
    assert {(row["setting"], row["change"], row["clock"]) for row in rows} == {
        ("1", "improved", WALL),
        ("2", "regressed", WALL),
    }


def test_threads_are_told_by_the_wall(tmp_path: Path) -> None:
    """Half the wall time for a tenth more CPU time is faster, and no disagreement."""

    def threads(identity: str, taken: float) -> Reading:
        return Reading(taken, taken * (2.2 if identity.endswith(" 1") else 1.0))

    found = measured(tmp_path, FakeLab(model, reading=threads), Clock.auto).analysis
    row = next(row for row in found.settings() if row["setting"] == "1")
    assert row["improved"] == row["cases"] == 12 and not row["disagreeing"]


@pytest.mark.parametrize(
    ("tells", "clock"), [(lambda _i: True, KERNEL), (lambda i: not i.startswith("7 "), WALL)]
)
def test_one_clock_for_the_whole_study(tmp_path: Path, tells: object, clock: str) -> None:
    """One case of twelve that does not tell its own time has the wall tell all of them."""
    assert callable(tells)

    def some(identity: str, taken: float) -> Reading:
        if not tells(identity):
            return Reading(taken, taken)
        return Reading(3 * taken, 3 * taken, None, taken, 1)

    lab = FakeLab(model, reading=some)
    found = measured(tmp_path, lab, Clock.auto).analysis
    values = [row for row in found.changes if row["role"] == "value"]
    assert {row["clock"] for row in values} == {clock}
    for row in values:
        whole = 3.0 if clock == WALL and not row["case_name"].startswith("7") else 1.0
        assert row["seconds_baseline"] == pytest.approx(whole * int(row["case_name"]), rel=0.05)
    again = measured(tmp_path, runs := FakeLab(model, reading=some), Clock.auto).analysis
    kept, known = (
        {(row["case_name"], row["setting"]): row["ratio"] for row in one.changes}
        for one in (again, found)
    )
    assert runs.runs == 0 and kept == known


def test_results_of_another_clock_are_told_anew(tmp_path: Path) -> None:
    """The wall tells what was told by CPU time before, from the pairs that were kept."""

    def half(_identity: str, taken: float) -> Reading:
        return Reading(2 * taken, taken)

    measured(tmp_path, FakeLab(model, reading=half), Clock.cpu)
    found = measured(tmp_path, lab := FakeLab(model, reading=half), Clock.auto).analysis
    assert lab.runs == 0
    assert {row["clock"] for row in found.changes if row["role"] == "value"} == {WALL}
    total = next(row["total_baseline"] for row in found.settings() if row["setting"] == "1")
    assert total == pytest.approx(2 * 78, rel=0.05)


def test_what_the_clocks_say_opposite_things_of_is_not_recommended(tmp_path: Path) -> None:
    """Half the CPU time by sleeping: faster by the clock that was asked for, and yet no advice."""

    def sleeping(identity: str, taken: float) -> Reading:
        return Reading(3 * taken if identity.endswith(" 1") else 0.9 * taken, 0.9 * taken)

    result = measured(tmp_path, FakeLab(model, reading=sleeping), Clock.cpu)
    row = next(row for row in result.analysis.settings() if row["setting"] == "1")
    assert row["speedup"] == pytest.approx(2, rel=0.02) and row["disagreeing"] == 12
    assert result.advice[0].single == "off" and result.advice[0].ladder is None
    (told,) = {row["disagreement"][:12] for row in result.analysis.changes if row["disagreement"]}
    assert told == "CPU time ×0."


@pytest.mark.parametrize("clock", [Clock.regex, Clock.json, Clock.own])
def test_a_printed_time_is_taken_at_its_word(clock: Clock) -> None:
    a = [Reading(1.0, 1.0, None, 2.0 + 0.01 * n, 1) for n in range(5)]
    b = [Reading(3.0, 1.0, None, 1.0 + 0.01 * n, 1) for n in range(5)]
    pairs = Pairs.of(a, b)
    own = Timed(KERNEL, tuple(r.kernel or 0 for r in a), tuple(r.kernel or 0 for r in b))
    assert own.faster() and disagreement(clock, own, pairs) is None
    by_cpu = Timed(CPU, (1.0,) * 5, (0.5,) * 5)
    assert disagreement(Clock.cpu, by_cpu, pairs) is not None


def test_intervals_have_their_coverage_with_few_pairs() -> None:
    """The 99 % interval of so few as three pairs has the truth in it in 99 of 100 series."""
    source = random.Random(1)
    for count in (3, 4, 5, 9):
        held = 0
        for _ in range(2000):
            a = [source.lognormvariate(0, 0.1) for _ in range(count)]
            b = [1.3 * source.lognormvariate(0, 0.1) for _ in range(count)]
            found = ratio(a, b)
            held += found.low <= 1.3 <= found.high
        assert held >= 0.985 * 2000
    assert ratio([1, 1], [2, 2]).high == math.inf


@pytest.mark.parametrize(("tail", "freedom"), [(0.01, 1), (0.01, 2), (0.05, 14), (1e-6, 4)])
def test_quantiles_undo_tails(tail: float, freedom: int) -> None:
    assert student_tail(student_quantile(tail, freedom), freedom) == pytest.approx(tail, rel=1e-6)


def test_much_more_wall_time_is_told_of_few_pairs_on_a_busy_machine() -> None:
    """Twenty times the wall time, now more, now less; and none where other work alone does that."""
    a = [Reading(wall, 0.002) for wall in (0.0021, 0.004, 0.0025)]
    cpu = Timed(CPU, (0.002,) * 3, (0.001, 0.0011, 0.001))
    sleeps = [Reading(wall, 0.001) for wall in (0.06, 0.061, 0.09)]
    assert disagreement(Clock.cpu, cpu, Pairs.of(a, sleeps)) is not None
    busy = [Reading(wall, 0.001) for wall in (0.0011, 0.009, 0.0012)]
    assert disagreement(Clock.cpu, cpu, Pairs.of(a, busy)) is None
