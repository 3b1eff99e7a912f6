"""Remarks as they are printed."""

from __future__ import annotations

import pytest

from corr.console.remark_words import readable, spoken

NAMES = {
    "_Z4spinIdEvPT_": "void spin<double>(double*)",
    "_ZNK3VecixEm": "Vec::operator[](unsigned long) const",
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "'_ZNK3VecixEm' inlined into '_Z4spinIdEvPT_' with (cost=-35, threshold=337) at callsite"
            " _Z4spinIdEvPT_:1:3;",
            "'Vec::operator[]' inlined into 'spin' (cost -35 of 337)",
        ),
        ("'f' inlined into 'main' with (cost=always): always inline", "'f' inlined into 'main' (always): always inline"),
        ("'f' inlined into 'g' with (cost=-15025, threshold=487)", "'f' inlined into 'g' (its only call)"),
        ("'_Z7unknownv' is not known", "'_Z7unknownv' is not known"),
        (
            "6 spills 1.049021e+02 total spills cost 16 reloads 4.720593e+02 total reloads cost"
            " 1 folded reloads 1.998135e+01 total folded reloads cost generated in loop",
            "6 spills 16 reloads 1 folded reloads generated in loop",
        ),
        ("loop not vectorized:\n cannot prove it", "loop not vectorized: cannot prove it"),
        ("vectorized with cost -6.5e+00 of total", "vectorized with cost -6.5e+00 of total"),
    ],
)  # fmt: skip
def test_what_is_printed(words: str, expected: str) -> None:
    assert readable(words, NAMES) == expected


def test_a_name_in_short() -> None:
    assert spoken("_Z4spinIdEvPT_", NAMES) == "spin"
    assert spoken("main", NAMES) == "main"
