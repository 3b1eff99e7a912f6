"""Foreign text made harmless, judged by Unicode's own tables."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import collectors
from collectors.base.foreign_text import cut, first_line, is_visible, one_line, visible

#: Everything there is, lone surrogates too, what does harm often enough to meet.
CHARACTERS = st.one_of(
    st.characters(exclude_categories=()),
    st.sampled_from(
        "a \t\n\r\v\x1b\x07\x7f\x85\x9b\xa0\xad\u061c\u115f\u200b\u200e\u2028\u2029\u202e\u2066\u3000"
        "\u3164\ud800\udcff\ufe0f\ufeff\U000e0041\U000e0100\U0010ffff\\…e\u0301"
    ),
)
TEXTS = st.text(CHARACTERS, max_size=60)
#: Categories of which nothing comes out: other (controls, format, surrogates …) and separators.
HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}


def harmful(text: str) -> set[str]:
    return {
        c
        for c in text
        if (c != " " and unicodedata.category(c) in HARMFUL)
        or "VARIATION SELECTOR" in unicodedata.name(c, "")
        or "FILLER" in unicodedata.name(c, "")
        or unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "PDI"}
    }


@given(TEXTS)
@example("\x1b]0;owned\x07")
@example("if (admin\u202e\u2066) {\u2069 \u2066")
@example("a\U000e0069\U000e0067n")
def test_nothing_harmful_comes_out(text: str) -> None:
    assert harmful(visible(text)) == harmful(one_line(text)) == set()
    assert is_visible(text) == (harmful(text) == set()) == (visible(text) == text)
    visible(text).encode()  # can be written


@given(TEXTS, st.integers(0, 70))
def test_no_more_comes_out_than_may(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most and not harmful(line)
    assert "  " not in line and line == line.strip()
    assert len(cut(text, most)) <= most
    whole = one_line(text)
    if len(whole) <= most:
        assert line == whole
    else:
        assert line[-1:] in ("", "…") and whole.startswith(line[:-1])


@given(TEXTS, st.integers(0, 70))
def test_twice_is_once(text: str, most: int) -> None:
    for change in (visible, one_line, lambda t: one_line(t, most), lambda t: cut(t, most)):
        assert change(change(text)) == change(text)


@given(TEXTS, TEXTS)
def test_a_text_is_the_sum_of_its_parts(one: str, other: str) -> None:
    assert visible(one + other) == visible(one) + visible(other)


@given(TEXTS)
def test_what_is_kept_is_named(text: str) -> None:
    assert harmful(visible(text, keep="\n\t")) == harmful(text) & {"\n", "\t"}


def test_there_is_one_spelling() -> None:
    """Nobody else decides what is visible; a key of a server must be a header of HTTP."""
    root = Path(collectors.__file__).parents[1]
    files = [p for room in ("corr", "collectors") for p in (root / room).rglob("*.py")]
    spelled = {p.name for p in files if ".isprintable()" in p.read_text()}
    assert spelled == {"foreign_text.py", "client.py"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kernel_gemm/1.1.1 · ×0.77 – naïve 核", "kernel_gemm/1.1.1 · ×0.77 – naïve 核"),
        ("e\u0301", "e\u0301"),
        ("\x1b[31m\x9b", "\\x1b[31m\\x9b"),
        ("\u202e\u2028\xa0", "\\u202e\\u2028\\xa0"),
        ("s\udcf6lve", "s\\udcf6lve"),
        ("\U000e0041", "\\U000e0041"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line() -> None:
    assert one_line(" a\n\n\tb\u2028c\xa0d ") == "a b c d"
    assert one_line("four words are here", 10) == "four word…"
    assert one_line("\x1b\x1b\x1b", 6) == "\\x1b\\…"
    assert first_line("\n  \n error: \x1b[1mno\nmore") == "error: \\x1b[1mno"
    assert first_line(" \n") == ""
    assert [cut("abc", most) for most in range(4)] == ["", "…", "a…", "abc"]
