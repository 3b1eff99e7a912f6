"""What two runs were asked for, before any cause; and what their rows come to."""

from __future__ import annotations

from pathlib import Path

from corr.compare.circumstances import differences
from corr.compare.difference import Diff, Total
from corr.compare.places import PlaceDiff, PlaceSide
from corr.lake.run_facts import RunFacts
from corr.program.model import Run
from corr.program.surroundings import inputs, telling_variables
from corr.timing.verdict import Ratio, Verdict
from tests.compare.test_experiments import RUN, loop, ratio

PLAIN = RunFacts(run_args=("300",), surroundings={}, run_inputs={})


def said(b: RunFacts, a: RunFacts = PLAIN) -> list[str]:
    return [circumstance.says for circumstance in differences(a, b)]


def test_runs_that_were_asked_for_the_same() -> None:
    assert said(PLAIN) == []


def test_arguments_input_and_environment() -> None:
    assert said(RunFacts(run_args=("600",))) == ["arguments 300 in a, 600 in b"]
    assert said(RunFacts(run_args=("300",), run_stdin="big.txt")) == [
        "standard input none in a, big.txt in b"
    ]
    one, other = (RunFacts(run_args=("x",), run_inputs={"x": digest}) for digest in ("aa", "bb"))
    assert said(one, other) == ["content of x bb in a, aa in b"]
    threads = RunFacts(run_args=("300",), surroundings={"OMP_NUM_THREADS": "4"})
    assert said(threads) == ["OMP_NUM_THREADS unset in a, 4 in b"]


def test_what_an_older_run_did_not_record_is_no_difference() -> None:
    old = RunFacts(run_args=("300",))
    assert said(old) == []
    assert said(RunFacts(run_args=("300",), surroundings={"LANG": "C"}), old) == []


def test_what_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("1 2 3")
    (tmp_path / "in").write_text("4")
    run = Run(args=("data", "-n", "missing"), stdin=tmp_path / "in", directory=tmp_path)
    assert set(inputs(run)) == {"data", "standard input"}
    before = inputs(run)
    (tmp_path / "data").write_text("3 2 1")
    assert inputs(run)["data"] != before["data"]
    given = {"OMP_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "1", "API_TOKEN": "x", "HOME": "/"}
    assert set(telling_variables(given)) == {"OMP_NUM_THREADS", "MALLOC_ARENA_MAX"}


def place(name: str, cost: float, share: float = 0.2) -> PlaceDiff:
    side = PlaceSide(share, 500)
    return PlaceDiff(f"(kernel {name})", "kernel", name, None, side, side, None, cost)


def test_rows_that_add_up_to_a_difference() -> None:
    """A place without a verdict of its own is a row where it takes a part in the difference."""
    slower = Total(1.0, 1.5, ratio(1.5, "slower"), "wall time", True, (7, 7), 0.05)
    faults, little = place("page faults", 0.5), place("interrupts", 0.001)
    difference = Diff(RUN, RUN, slower, places=(faults, little))
    assert difference.rows() == ((faults,), 0) and difference.cost == 0.5


def test_no_rows_where_there_is_no_difference() -> None:
    same = Total(1.0, 1.01, ratio(1.01, "same"), "wall time", True, (7, 7), 0.05)
    difference = Diff(RUN, RUN, same, places=(place("page faults", 0.3),))
    assert difference.rows() == ((), 0)


def test_cold_changes_are_counted() -> None:
    cold = loop(time=ratio(0.5, "faster"))
    hot = place("page faults", 0.3)
    slower = Total(1.0, 1.5, ratio(1.5, "slower"), "wall time", True, (7, 7), 0.05)
    assert Diff(RUN, RUN, slower, loops=(cold,), places=(hot,)).rows() == ((hot,), 1)


def test_the_same_is_the_same_within_the_margin_only() -> None:
    assert Ratio(1.0, 0.96, 1.04).strictly(0.05) == Verdict.same
    assert Ratio(1.0, 0.92, 1.04).strictly(0.05) == Verdict.inconclusive
    assert Ratio(1.5, 1.2, 1.7).strictly(0.05) == Verdict.slower
