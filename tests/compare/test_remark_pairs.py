"""Loops that only remarks know of are told apart by place and source, never by number."""

from __future__ import annotations

from collectors.source_loops.statements import statements
from corr.compare.loop_pairs import ONLY_A, ONLY_B, LoopPair
from corr.compare.remark_pairs import (
    COPIES,
    PLACE_ALONE,
    POORER_COPIES,
    SILENT,
    UNTOLD,
    PlacedLoop,
    pair_places,
)

BEFORE = """void scale(float *x, const float *y, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = y[i] * 2 + x[i];
}
"""
AFTER = """void scale(float *x, const float *y, int n)
{
    for (int i = 0; i < n / 2; i++)
        x[i] += 1;
    for (int i = 0; i < n; i++) {
        if (y[i] < 0)
            break;
        x[i] = y[i] * 2 + x[i];
    }
}
"""


def loop(key: str, line: int, *, vectorised: bool = False, column: int = 5) -> PlacedLoop:
    return PlacedLoop(key, key.rsplit("/", 1)[0], "g.c", line, column, vectorised)


def pairs(
    a: list[PlacedLoop], b: list[PlacedLoop], before: str | None = None, after: str | None = None
) -> dict[tuple[str | None, str | None], str]:
    texts = [{} if text is None else {"g.c": text} for text in (before, after)]
    found: list[LoopPair] = pair_places(a, b, *texts)
    return {(p.key_a, p.key_b): p.matched_by for p in found}


def test_a_loop_is_where_its_statement_went_and_not_where_its_number_is() -> None:
    a = [loop("scale/1", 3, vectorised=True)]
    both = [loop("scale/1", 3, vectorised=True), loop("scale/2", 5)]
    found = pairs(a, both, BEFORE, AFTER)
    assert found[None, "scale/1"] == ONLY_B and "alike" in found["scale/1", "scale/2"]
    assert pairs(a, [loop("scale/1", 5)], BEFORE, AFTER).keys() == {("scale/1", "scale/1")}


def test_the_same_place_of_the_same_source_is_the_same_loop_whatever_its_number() -> None:
    a, b = [loop("f/1", 3)], [loop("f/1", 2), loop("f/2", 3)]
    assert pairs(a, b, "same", "same") == {("f/1", "f/2"): "place", (None, "f/1"): ONLY_B}
    assert pairs(a, b) == {("f/1", "f/2"): PLACE_ALONE, (None, "f/1"): ONLY_B}


def test_only_the_text_proves_that_a_loop_is_gone() -> None:
    a = [loop("scale/1", 3, vectorised=True)]
    assert pairs(a, [], BEFORE, BEFORE) == {("scale/1", None): SILENT}
    assert pairs(a, [], BEFORE, AFTER) == {("scale/1", None): SILENT}
    assert pairs(a, []) == {("scale/1", None): SILENT}
    assert pairs(a, [], BEFORE, None) == {("scale/1", None): SILENT}
    assert pairs(a, [], BEFORE, "void scale(void)\n{\n}\n") == {("scale/1", None): ONLY_A}


def test_what_may_be_a_loop_that_was_vectorised_is_told() -> None:
    a = [loop("f/1", 3, vectorised=True)]
    b = [loop("f/1", 3, vectorised=True), loop("f/2", 5)]
    assert pairs(a, b) == {("f/1", "f/1"): PLACE_ALONE, (None, "f/2"): UNTOLD}
    new = loop("g/1", 9)
    assert pairs(a, [a[0], new])[None, "g/1"] == ONLY_B, "another function"


def test_copies_of_a_loop_in_other_functions() -> None:
    a = [loop("main/1", 3, vectorised=True), loop("f/1", 3, vectorised=True)]
    assert pairs(a, [loop("f/1", 3, vectorised=True)], "", "")["main/1", None] == COPIES
    assert pairs(a, [loop("f/1", 3)], "", "")["main/1", None] == POORER_COPIES
    assert pairs(a[:1], [loop("g/1", 3)], "", "") == {
        ("main/1", "g/1"): "place, in another function"
    }


def test_a_loop_that_went_to_another_file() -> None:
    moved = PlacedLoop("scale/1", "scale", "h.c", 3, 5)
    (pair,) = pair_places(
        [loop("scale/1", 3)], [moved], {"g.c": BEFORE}, {"g.c": "", "h.c": BEFORE}
    )
    assert (pair.key_a, pair.key_b) == ("scale/1", "scale/1")


def test_statements_end_where_they_end() -> None:
    text = (
        "é: for (;;) { s = \"}\"; /* } */ c = '}'; }\ndo x++; while (y);\nfor x in 0..n { f(x); }"
    )
    found = [(s.line, s.column, "".join(s.tokens)) for s in statements(text)]
    assert found == [
        (1, 5, "for(;;){s=\"}\";c='}';}"),
        (2, 1, "dox++;"),
        (2, 9, "while(y);"),
        (3, 1, "forxin0..n{f(x);}"),
    ]


def test_what_is_still_in_its_file_went_nowhere() -> None:
    text = {"g.c": BEFORE, "h.c": BEFORE}
    new = PlacedLoop("add/1", "add", "h.c", 3, 5)
    found = pair_places([loop("scale/1", 3, vectorised=True)], [new], text, text)
    assert {(p.key_a, p.key_b) for p in found} == {("scale/1", None), (None, "add/1")}
