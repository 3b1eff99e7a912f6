"""Accesses that must be made as they stand, whatever comes of them: volatile ones, and atomic ones.

A text does not say how often an access is made. So the statements with a variable that is declared
so stay as they are, as deep in braces as they are, and as often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from corr.optimize.gate.known_names import KEYWORDS, TYPE_WORDS
from corr.optimize.gate.refusal import Refusal, refusal, shown
from corr.optimize.gate.text import Text

_MUST_BE_MADE = ("volatile", "__volatile__", "_Atomic")
#: Words of a statement, and braces around it, that are looked at; statements of all variables.
_LONGEST, _DEEPEST, _MOST = 80, 40, 4000


def accesses_gone(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """What stands there less often than in the original."""
    counts = [{word: text.shape.text.count(word) for word in _MUST_BE_MADE} for text in (old, new)]
    for word in _MUST_BE_MADE:
        if counts[1][word] < counts[0][word]:
            yield _refusal(repr(word), name)
    names = _variables(old)
    if names:
        for words, _ in Counter(_accesses(old, names)) - Counter(_accesses(new, names)):
            yield _refusal(repr(shown(words)), name)


def _refusal(what: str, name: str) -> Refusal:
    why = "stands there less often than in the original, which needs those accesses"
    return refusal("access", name, 0, f"{what} {why}")


def _variables(text: Text) -> frozenset[str]:
    """Variables in whose declarations one of the words stands."""
    words = text.shape.text
    places = [at for at, word in enumerate(words) if word in _MUST_BE_MADE]
    found = {name for at in places[:_MOST] if (name := _first_declared(words[at : at + _LONGEST]))}
    for one in text.declared.found if places else ():
        if one.kind != "variable":
            continue
        start = text.shape.start[one.index]
        head = words[max(start, one.index - _LONGEST) : one.index]
        if any(word in head for word in _MUST_BE_MADE):
            found.add(words[one.index])
    return frozenset(found)


def _first_declared(words: Sequence[str]) -> str:
    """The name before the first sign that a declarator has ended: not all types are understood."""
    if words[1:2] == ["("] and words[0] != "_Atomic":
        return ""  # of an assembly
    for before, word in pairwise(words):
        if word in ("=", ";", ",", "[", ")", "{"):
            return before if before.isidentifier() and before not in KEYWORDS | TYPE_WORDS else ""
    return ""


def _accesses(text: Text, names: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Each mention's statement, as far as it goes, and how many braces it is in."""
    words, seen = text.shape.text, 0
    for index, word in enumerate(words):
        if word in names and seen < _MOST:
            seen += 1
            start = max(text.shape.start[index], index - _LONGEST)
            end = index
            while end < min(len(words), index + _LONGEST) and words[end] not in (";", "{", "}"):
                end += 1
            yield " ".join(words[start:end]), _depth(text, index)


def _depth(text: Text, index: int) -> int:
    depth, brace = 0, text.shape.around[index]
    while brace >= 0 and depth < _DEEPEST:
        depth, brace = depth + 1, text.shape.around[brace]
    return depth
