"""In which order findings are said."""

from __future__ import annotations

from dataclasses import fields, replace

from corr.findings.of_run import Finding, answers


def finding(place: int, share: float, ceiling: float | None, kind: str = "stride") -> Finding:
    told = {f.name: None for f in fields(Finding)} | {"evidence": ()}
    return Finding(
        **told
        | {"id": place, "rank": 1, "share": share, "whole": share}
        | {"ceiling": ceiling, "kind": kind}
    )


def ids(*found: Finding) -> list[int]:
    return [f.id for f in answers(found)]


def test_what_cannot_be_faster_is_said_after_what_can() -> None:
    roof = finding(1, 0.7, 1.02, "near_roof")
    assert ids(roof, finding(2, 0.2, 1.2), finding(3, 0.1, None, "calls")) == [2, 3, 1]


def test_of_those_that_can_the_hottest_is_first() -> None:
    assert ids(finding(1, 0.6, 1.3), finding(2, 0.3, 1.4), finding(3, 0.1, None)) == [1, 2, 3]


def test_many_small_parts_are_as_hot_as_all_of_them() -> None:
    spread = replace(finding(2, 0.03, 1.5), whole=0.45)
    assert ids(finding(1, 0.3, 1.3), spread) == [2, 1]


def test_a_run_of_which_nothing_is_known_says_so() -> None:
    assert ids(finding(1, 0.9, None, "unknown")) == [1]


def test_a_place_that_gains_nothing_is_told_only_of_what_is_at_its_roof() -> None:
    nothing = finding(2, 0.2, 1.0, "division")
    assert ids(finding(1, 0.6, 1.3), nothing, finding(3, 0.1, 1.0, "near_roof")) == [1, 3]
    assert ids(nothing) == [2]
