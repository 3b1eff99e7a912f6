"""The loop statements of a source text, and which of one text is which of another.

Where only remarks tell of loops, the text alone says how far a loop goes: from its keyword to the
first semicolon outside parentheses, or to the end of its block.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

#: Share of equal tokens from which two loops count as the same one.
SIMILAR = 0.6
#: Pairs of statements of one file that are compared token by token at most.
MOST_COMPARED = 10_000
#: Tokens of a loop that are compared at most.
_LONGEST = 400
_SILENT = r"//[^\n]*|/\*.*?\*/|\s+"
_TOKEN = re.compile(
    rf"(?P<silent>{_SILENT})"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'|[A-Za-z_]\w*|\d[\w.]*|.",
    re.DOTALL,
)
_KEYWORDS = ("for", "while", "do", "loop")
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Statement:
    """A loop as it stands in a file; columns count bytes from 1, as a compiler's do."""

    line: int
    column: int
    tokens: tuple[str, ...]


def statements(text: str) -> list[Statement]:
    """Every loop statement of a text, in order; an inner one is part of the outer one, too."""
    found = [m for m in _TOKEN.finditer(text) if not m["silent"]]
    words = [m[0] for m in found]
    breaks = [i for i, character in enumerate(text) if character == "\n"]
    return [
        Statement(*_place(text, breaks, found[i].start()), _extent(words, i))
        for i, word in enumerate(words)
        if word in _KEYWORDS
    ]


def _place(text: str, breaks: Sequence[int], at: int) -> tuple[int, int]:
    line = bisect_right(breaks, at - 1)
    begin = breaks[line - 1] + 1 if line else 0
    return line + 1, len(text[begin:at].encode()) + 1


def _extent(words: Sequence[str], at: int) -> tuple[str, ...]:
    depth = 0
    for end in range(at, min(at + _LONGEST, len(words))):
        word = words[end]
        depth += (word in _OPENS) - (word in _CLOSES)
        if depth < 0 or (depth == 0 and word in ";}"):
            return tuple(words[at : end + 1])
    return tuple(words[at : at + _LONGEST])


@dataclass(frozen=True)
class Same:
    """Which statement of b each of a became, and how much of it is equal (1: all).

    What is not in `became` is gone from the text if the search was `complete`.
    """

    became: Mapping[Statement, tuple[Statement, float]]
    complete: bool = True


def same_statements(a: Sequence[Statement], b: Sequence[Statement]) -> Same:
    """What is equal and in order comes first, then what is most alike."""
    texts = [s.tokens for s in a], [s.tokens for s in b]
    matcher = difflib.SequenceMatcher(None, *texts, autojunk=False)
    same = {
        a[block.a + i]: (b[block.b + i], 1.0)
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    }
    taken = {after for after, _ in same.values()}
    rest = [s for s in a if s not in same], [s for s in b if s not in taken]
    if len(rest[0]) * len(rest[1]) > MOST_COMPARED:
        return Same(same, complete=False)
    for score, before, after in sorted(_alike(*rest), key=lambda found: -found[0]):
        if before not in same and after not in taken:
            same[before] = (after, score)
            taken.add(after)
    return Same(same)


def _alike(
    a: Sequence[Statement], b: Sequence[Statement]
) -> Iterator[tuple[float, Statement, Statement]]:
    for before in a:
        for after in b:
            score = likeness(before.tokens, after.tokens)
            if score >= SIMILAR:
                yield score, before, after


def likeness(a: Sequence[str], b: Sequence[str]) -> float:
    """Share of equal tokens; 0 where it is certainly below SIMILAR."""
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < SIMILAR or matcher.quick_ratio() < SIMILAR:
        return 0.0
    return matcher.ratio()
