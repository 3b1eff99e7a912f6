"""The gate's rules on single loops: what is no loss, what is not compared, what is only said."""

from __future__ import annotations

from corr.check.rules import Code, Facts
from tests.support.check_runs import judged, loop_entry


def test_inconclusive_is_no_failure_but_is_said() -> None:
    report = judged(loop_entry(verdict="inconclusive"), "inconclusive")
    assert report.failing == [] and len(report.notes) == 2
    assert "inconclusive for f/1" in report.notes[1]
    assert [f.rule_id for f in judged(loop_entry()).failing] == ["slower"]


def test_times_of_two_processors_are_not_compared() -> None:
    facts = Facts(conditions={"a": "one", "b": "other"})
    report = judged(loop_entry(), "slower", facts=facts)
    assert report.failing == [] and "different terms (one and other)" in report.notes[0]


def test_what_the_new_run_measured_is_not_seen_without_execution() -> None:
    hot_only_now = loop_entry(code_changed=False)
    hot_only_now["a"]["share"] = None
    hot_only_now["b"]["vector_width"] = None
    for samples in (0.0, 0.9):
        hot_only_now["b"]["share"] = samples
        assert judged(hot_only_now, remarks_only=True).findings == []


def test_a_callee_that_is_not_called_any_more_is_no_loss() -> None:
    words = "'g' inlined into 'f' with (cost=1, threshold=2) at callsite f:1:2;"
    gone = {"pass": "inline", "tag": "Passed", "name": "Inlined", "words_a": words, "words_b": None}
    entry = loop_entry(verdict="same", remarks_disappeared=[gone])
    assert judged(entry).failing == []
    entry["b"]["calls"] = 1
    (finding,) = judged(entry).failing
    assert finding.rule_id == "lost-inlining" and "g is not inlined" in finding.message
    again = gone | {"words_a": None, "words_b": words.replace("cost=1", "cost=3")}
    assert judged(entry | {"remarks_appeared": [again]}).failing == []


def test_unrolled_spills_are_not_new() -> None:
    def words(count: int, cost: str) -> str:
        return f"{count} spills {cost} total spills cost {count} reloads {cost} total reloads cost"

    row = {"pass": "regalloc", "tag": "Missed", "name": "LoopSpillReloadCopies"}
    change = row | {"words_a": words(2, "4.0e+01"), "words_b": words(4, "4.0e+01")}
    entry = loop_entry(verdict="same", remarks_changed=[change])
    assert judged(entry).failing == []
    change["words_b"] = words(4, "8.0e+01")
    assert judged(entry).failing[0].message.startswith("new spills: 4 → 8 ")


def test_a_loop_that_became_memset_is_no_loss() -> None:
    entry = loop_entry(verdict="same")
    entry["b"]["vector_width"] = None
    assert [f.rule_id for f in judged(entry).failing] == ["lost-vectorization"]
    vectors = Facts(code={"b": {"f/1": Code(128, 4, 1)}})
    assert judged(entry, facts=vectors).failing == [], "vectorised all the same, by SLP say"
    row = {"pass": "loop-idiom", "tag": "Passed", "name": "X", "words_a": None, "words_b": "memset"}
    assert judged(entry | {"remarks_appeared": [row]}).failing == []
