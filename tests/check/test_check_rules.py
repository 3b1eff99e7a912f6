"""The gate's rules on single loops: what is no loss, what is not compared, what is only said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corr.check.facts import Code, Facts
from corr.check.rules import check, may_be_slower
from corr.compare.difference import (
    SIDES,
    ComparedRun,
    Diff,
    Matched,
    RemarkChange,
    RemarkChanges,
    Total,
)
from corr.compare.judged import TimeRatio
from corr.system.config import CheckSettings
from corr.timing.verdict import Verdict
from tests.support.check_runs import RUN, SIDE, hot_loop, judged


def test_inconclusive_is_no_failure_but_is_said() -> None:
    report = judged(hot_loop("inconclusive"), "inconclusive")
    assert report.failing == [] and len(report.notes) == 2
    assert "inconclusive for f/1" in report.notes[1]
    assert [f.rule_id for f in judged(hot_loop()).failing] == ["slower"]


def test_times_of_two_processors_are_not_compared() -> None:
    facts = Facts(conditions={"a": "one", "b": "other"})
    report = judged(hot_loop(), "slower", facts=facts)
    assert report.failing == [] and "different terms (one and other)" in report.notes[0]


def test_what_the_new_run_measured_is_not_seen_without_execution() -> None:
    before = replace(SIDE, share=None)
    for share in (0.0, 0.9):
        after = replace(SIDE, vector_width=None, share=share)
        hot_only_now = hot_loop(a=before, b=after, code_changed=False)
        assert judged(hot_only_now, remarks_only=True).findings == []


def test_a_callee_that_is_not_called_any_more_is_no_loss() -> None:
    words = "'g' inlined into 'f' with (cost=1, threshold=2) at callsite f:1:2;"
    gone = RemarkChange("inline", "Passed", "Inlined", words_a=words)
    assert judged(hot_loop("same", remarks=RemarkChanges(disappeared=(gone,)))).failing == []
    called = replace(SIDE, calls=1)
    loop = hot_loop("same", b=called, remarks=RemarkChanges(disappeared=(gone,)))
    (finding,) = judged(loop).failing
    assert finding.rule_id == "lost-inlining" and "g is not inlined" in finding.message
    again = replace(gone, words_a=None, words_b=words.replace("cost=1", "cost=3"))
    both = RemarkChanges(appeared=(again,), disappeared=(gone,))
    assert judged(hot_loop("same", b=called, remarks=both)).failing == []


@pytest.mark.parametrize(("called", "lost"), [({"g"}, True), ({"at"}, False), (set(), False)])
def test_more_calls_are_a_loss_of_what_is_called(called: set[str], lost: bool) -> None:
    """Where the source calls at() now, operator[] is not called, and so not lost."""
    words = "'g' inlined into 'f' with (cost=1, threshold=2) at callsite f:1:2;"
    gone = RemarkChange("inline", "Passed", "Inlined", words_a=words)
    more = replace(SIDE, calls=1)
    loop = hot_loop("same", b=more, remarks=RemarkChanges(disappeared=(gone,)))
    facts = Facts(called={"f/1": frozenset(called)})
    assert bool(judged(loop, facts=facts).failing) == lost


TWO = replace(RUN, program="one"), replace(RUN, program="other")


@pytest.mark.parametrize(
    ("runs", "matched", "placeless", "says"),
    [
        (TWO, Matched(3, 2, 0), "", "of two programs (one and other)"),
        ((RUN, RUN), Matched(0, 0, 0), "ab", "no remark of the baseline and the new run names"),
        ((RUN, RUN), Matched(0, 0, 0), "b", "no remark of the new run names"),
        (TWO, Matched(3, 2, 1), "", None),
        ((RUN, RUN), Matched(3, 2, 0), "", None),
        ((RUN, RUN), Matched(0, 0, 0), "", None),
        (TWO, None, "", None),
    ],
)
def test_to_compare_nothing_is_not_to_find_nothing(
    runs: tuple[ComparedRun, ComparedRun],
    matched: Matched | None,
    placeless: str,
    says: str | None,
) -> None:
    facts = Facts(placeless=frozenset(s for s in SIDES if s in placeless))
    report = check(Diff(*runs, matched=matched), CheckSettings(), facts, remarks_only=True)
    assert [f.rule_id for f in report.failing] == (["nothing-compared"] if says else [])
    assert says is None or says in report.failing[0].message
    if matched and matched.a and not says:
        assert any("baseline's 3 loops" in note for note in report.notes)


def test_a_hot_loop_that_is_not_there_is_told() -> None:
    gone = hot_loop("same", a=replace(SIDE, share=0.66), b=replace(SIDE, loop=None, share=None))
    (note,) = (n for n in judged(gone).notes if "66%" in n)
    assert "nothing of it is compared" in note
    little = replace(gone, a=replace(SIDE, share=0.02))
    assert not [n for n in judged(little).notes if "compared" in n]


def test_unrolled_spills_are_not_new() -> None:
    def words(count: int, cost: str) -> str:
        return f"{count} spills {cost} total spills cost {count} reloads {cost} total reloads cost"

    def spilling(cost: str) -> RemarkChanges:
        before, after = words(2, "4.0e+01"), words(4, cost)
        change = RemarkChange("regalloc", "Missed", "LoopSpillReloadCopies", before, after)
        return RemarkChanges(changed=(change,))

    assert judged(hot_loop("same", remarks=spilling("4.0e+01"))).failing == []
    (finding,) = judged(hot_loop("same", remarks=spilling("8.0e+01"))).failing
    assert finding.message.startswith("new spills: 4 → 8 ")


def test_a_loop_that_became_memset_is_no_loss() -> None:
    scalar = replace(SIDE, vector_width=None)
    assert [f.rule_id for f in judged(hot_loop("same", b=scalar)).failing] == ["lost-vectorization"]
    vectors = Facts(code={"b": {"f/1": Code(128, 4, 1)}})
    loop = hot_loop("same", b=scalar)
    assert judged(loop, facts=vectors).failing == [], "vectorised all the same, by SLP say"
    idiom = RemarkChange("loop-idiom", "Passed", "X", words_b="memset")
    assert judged(hot_loop("same", b=scalar, remarks=RemarkChanges((idiom,)))).failing == []


@pytest.mark.parametrize(
    ("verdict", "ratio", "again"),
    [("inconclusive", 1.2, True), ("inconclusive", 1.01, False), ("same", 1.2, False)],
)
def test_what_is_likely_slower_is_measured_again(verdict: str, ratio: float, again: bool) -> None:
    time = TimeRatio(ratio, 0.5, 2.0, Verdict(verdict))
    difference = Diff(RUN, RUN, Total(1.0, ratio, time, "wall time", False, (5, 5), 0.15))
    passed = judged(hot_loop("same"))
    assert may_be_slower(difference, passed, CheckSettings()) == again
    assert may_be_slower(difference, judged(hot_loop("slower")), CheckSettings())
    assert not may_be_slower(Diff(RUN, RUN), passed, CheckSettings())
