"""What `corr diff` says of the whole and of a row that hardly counts."""

from __future__ import annotations

import pytest

from corr.commands.diff_words import causes, headline, nothing_found, sum_of_rows
from corr.compare.difference import ComparedRun, Diff, LoopDiff, Total
from corr.compare.judged import Hypothesis, TimeRatio
from corr.compare.side import Side
from corr.timing.verdict import Verdict

RUNS = ComparedRun("a", program="p"), ComparedRun("b", program="p")
CAUSE = Hypothesis("fused", "they are fused", 0.9, ("x",), "y", "z")


def total(value: float, low: float, high: float, verdict: str, *, in_turn: bool = True) -> Total:
    ratio = TimeRatio(value, low, high, Verdict(verdict))
    return Total(1.0, value, ratio, "CPU time", in_turn, (40, 40), 0.05)


def row(cost: float | None, verdict: str | None) -> LoopDiff:
    ratio = TimeRatio(1.2, 0.9, 1.4, Verdict(verdict)) if verdict else None
    sides = Side(share=0.5, loop="f/1"), Side(share=0.5, loop="f/1")
    return LoopDiff("f/1", "x.c:3", "f", "key", *sides, time=ratio, cost=cost, hypotheses=(CAUSE,))


def test_undecided_is_not_no_change() -> None:
    difference = Diff(*RUNS, total(1.18, 1.03, 1.32, "inconclusive"), sources_differ=True)
    said = nothing_found(difference, 0)
    assert said.startswith("undecided") and "constants" in said
    assert "constants" not in nothing_found(Diff(*RUNS, difference.total), 0)
    assert "where the time goes" in nothing_found(difference, 3)


@pytest.mark.parametrize("left", [0, 2])
def test_no_change_where_nothing_says_otherwise(left: int) -> None:
    for ratio in (total(1.01, 0.99, 1.02, "same"), total(1.1, 0.9, 1.3, "inconclusive"), None):
        assert nothing_found(Diff(*RUNS, ratio), left).startswith("no change")


def test_a_difference_that_no_loop_has_is_told() -> None:
    said = nothing_found(Diff(*RUNS, total(1.5, 1.4, 1.6, "slower")), 0)
    assert said.startswith("the time differs")


@pytest.mark.parametrize("in_turn", [True, False])
def test_timing_in_turn_is_advised_to_who_did_not(in_turn: bool) -> None:
    whole = total(1.18, 1.03, 1.32, "inconclusive", in_turn=in_turn)
    assert ("--remeasure" in headline(Diff(*RUNS, whole))) != in_turn


def test_an_undecided_difference_is_not_said_to_be_none() -> None:
    loops = (row(0.18, "inconclusive"),)
    said = sum_of_rows(Diff(*RUNS, total(1.18, 1.03, 1.32, "inconclusive"), loops=loops), loops)
    assert said is not None and "not decided" in said and "no difference" not in said


@pytest.mark.parametrize(
    ("cost", "verdict", "mark"),
    [
        (0.4, "slower", "⇒"),
        (0.001, "slower", "⇒"),
        (0.4, "inconclusive", "⇒"),
        (0.001, "inconclusive", "≈ no difference that is decided"),
        (0.001, "same", "≈ no difference in time"),
        (0.001, None, "≈ no difference that is decided"),
        (0.4, None, "⇒"),
        (None, None, "⇒"),
    ],
)
def test_what_hardly_counts_has_no_cause(
    cost: float | None, verdict: str | None, mark: str
) -> None:
    node = row(cost, verdict)
    (said,) = causes(node, Diff(*RUNS, total(1.5, 1.4, 1.6, "slower"), loops=(node,)))
    assert said.startswith(mark)
