"""Files whose names differ in numbers from run to run are compared by what stays of the name."""

from __future__ import annotations

import pytest

from collectors.sandbox.places import Entry
from corr.optimize.observed import Evidence, without_numbers


def entry(content: str) -> Entry:
    return Entry(content.encode())


@pytest.mark.parametrize(
    ("name", "steady"),
    [("a_2026_11_29.yaml", "a_#_#_#.yaml"), ("out/7.bin", "out/#.bin"), ("result", "result")],
)
def test_what_stays_of_a_name(name: str, steady: str) -> None:
    assert without_numbers(name) == steady


def test_only_names_that_were_seen_to_differ_are_changed() -> None:
    evidence = Evidence("stdout", files=True, numbered=frozenset({"log_#"}))
    found = evidence.named({"log_12": entry("a"), "part1": entry("b"), "part2": entry("c")})
    assert list(found) == ["log_#", "part1", "part2"]


def test_several_of_one_name_keep_their_order() -> None:
    evidence = Evidence("stdout", files=True, numbered=frozenset({"#.o"}))
    files = {"11.o": entry("first"), "12.o": entry("second")}
    found = evidence.named(files)
    assert [e.content for e in found.values()] == [b"first", b"second"] and len(found) == 2


def test_what_is_left_out_stays_out() -> None:
    evidence = Evidence("stdout", left_out=frozenset({"log_#"}), numbered=frozenset({"log_#"}))
    assert evidence.named({"log_12": entry("a")}) == {}
