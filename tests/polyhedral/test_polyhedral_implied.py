"""Conditions that the loops round them imply are not in the text that comes out; others are."""

from __future__ import annotations

import pytest

from corr.polyhedral.implied import without_implied


def _lines(text: str) -> list[str]:
    return [line[8:] for line in text.strip("\n").split("\n")]


KEPT = {
    "another variable is called so in there": """
        for (long c0 = 1; c0 <= 9; c0++) {
            const long c0 = each1;
            if (c0 >= 1) {
                x = 1;
            }
        }""",
    "it counts downwards": """
        for (long c0 = 5; c0 < 9; c0 += -1) {
            if (c0 >= 5) {
                x = 1;
            }
        }""",
    "it is set in between": """
        long c0 = 1;
        c0 = p_n;
        if (c0 >= 1) {
            x = 1;
        }""",
    "the loop is over": """
        for (long c0 = 1; c0 < 9; c0++) {
            x = 1;
        }
        if (c0 >= 1) {
            x = 2;
        }""",
    "not as much is known": """
        for (long c0 = 1; c0 < p_n; c0++) {
            if (c0 >= 2) {
                x = 1;
            }
        }""",
    "no numbers of 64 bits": """
        for (long c0 = 1; c0 < p_n; c0++) {
            if (n >= 1) {
                x = 1;
            }
        }""",
    "it has another way": """
        for (long c0 = 1; c0 < p_n; c0++) {
            if (c0 >= 1) {
                x = 1;
            }
            else {
                x = 2;
            }
        }""",
}

GONE = {
    "the start of a loop": (
        """
        for (long c0 = 1; c0 < p_n; c0++) {
            if (0 <= c0 - 1) {
                x = 1;
            }
        }""",
        "c0 - 1",
    ),
    "two together": (
        """
        for (long c0 = 2; c0 < p_n; c0++) {
            for (long c1 = 0; c1 < c0; c1++) {
                if (p_n >= 3 && c1 < p_m) {
                    x = 1;
                }
            }
        }""",
        "p_n >= 3",
    ),
    "a bound that is declared": (
        """
        const long end1 = p_n - 1;
        long c1 = 4;
        for (; c1 + 3 <= end1; c1 += 4) {
            if (c1 >= 4 && c1 + 4 <= p_n) x = 1;
        }""",
        "if",
    ),
    "the larger of two": (
        """
        for (long c0 = __builtin_elementwise_max(p_n, (long)(3)); c0 < p_m; c0++) {
            if (c0 >= p_n && 3 <= c0) {
                x = 1;
            }
        }""",
        "if",
    ),
}


@pytest.mark.parametrize("reason", KEPT)
def test_a_condition_that_is_needed_stays(reason: str) -> None:
    lines = _lines(KEPT[reason])
    assert without_implied(lines) == lines


@pytest.mark.parametrize("what", GONE)
def test_a_condition_that_holds_anyway_goes(what: str) -> None:
    text, condition = GONE[what]
    assert condition in text
    assert condition not in "\n".join(without_implied(_lines(text)))


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("if (0 <= c0 - 1) {", "if (c0 >= 1) {"),
        ("if (3 < c0) {", "if (c0 > 3) {"),
        ("if (c0 <= p_n - 1) {", "if (c0 < p_n) {"),
        ("if (c0 + 2 <= p_n - 1) {", "if (c0 + 2 < p_n) {"),
        ("if (c0 <= p_n - 2) {", "if (c0 <= p_n - 2) {"),
        ("for (long c1 = 0; c1 <= c0 - 1; c1++) {", "for (long c1 = 0; c1 < c0; c1++) {"),
        ("if (x[c0] <= x[c0 - 1]) {", "if (x[c0] <= x[c0 - 1]) {"),
    ],
)
def test_comparisons_are_written_as_one_would(line: str, written: str) -> None:
    assert without_implied([line, "}"])[0] == written
