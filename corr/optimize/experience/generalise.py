"""Making a recipe of an edit that was accepted: the loops that it changed, and what they became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corr.optimize.experience.c_tokens import Token, functions, loops, tokens
from corr.optimize.experience.pattern import declared

#: Tokens of a file that are looked at, and of the loops that a recipe may be of.
MOST_TOKENS, MOST_PATTERN = 60_000, 1_500
#: Tokens by which a place between declarations is looked for before the first that differs.
MOST_BACK = 64


class NoRecipe(Exception):
    """The edit cannot be made one for other loops; the message says why."""


@dataclass(frozen=True)
class Edit:
    """Loops, what they became, and what was put before their function; the types of their names.

    `start` and `end` are where the loops stood in the text.
    """

    old: str
    new: str
    before: str
    types: Mapping[str, str]
    start: int
    end: int


def edit(old: str, new: str) -> Edit:
    """The change of one text to another, as one of loops in one function. Raises NoRecipe."""
    a, b = tokens(old), tokens(new)
    if max(len(a), len(b)) > MOST_TOKENS:
        raise NoRecipe("the file is too long")
    head, body, end = _changed_function(a, b)
    there, end_b = _same_head(a[head : body + 1], b)
    placed, until = _put_before(a, b, head, there)
    shift = there - head
    first, last = body + 1, end - 1
    last_b = end_b - 1
    if [t.text for t in b[end_b:]] != [t.text for t in a[end:]]:
        raise NoRecipe("what stands behind the function is changed, too")
    while first < min(last, last_b - shift) and a[first].text == b[first + shift].text:
        first += 1
    while last > first and last_b > first + shift and a[last - 1].text == b[last_b - 1].text:
        last, last_b = last - 1, last_b - 1
    around = [(s, e) for s, e in loops(a, body, end) if s <= first and last <= e]
    if not around:
        raise NoRecipe("it changes more than one loop nest")
    start, stop = around[-1]
    if stop - start > MOST_PATTERN:
        raise NoRecipe("the loops are too long")
    start_b, stop_b = start + shift, last_b + (stop - last)
    pattern = a[start:stop]
    names = {token.text for token in pattern if token.kind == "name"}
    types = {name: kind for name, kind in declared(a[:stop]).items() if name in names}
    return Edit(
        old[pattern[0].start : pattern[-1].end],
        new[b[start_b].start : b[stop_b - 1].end],
        new[b[placed].start : b[until - 1].end] if until > placed else "",
        types,
        pattern[0].start,
        pattern[-1].end,
    )


def _changed_function(a: list[Token], b: list[Token]) -> tuple[int, int, int]:
    """The function that the last token that differs is in."""
    at = 0
    while at < min(len(a), len(b)) and a[at].text == b[at].text:
        at += 1
    behind = 0
    while behind < min(len(a), len(b)) - at and a[-1 - behind].text == b[-1 - behind].text:
        behind += 1
    last = max(len(a) - behind - 1, 0)
    for head, body, end in functions(a):
        if body <= last < end:
            return head, body, end
    raise NoRecipe("it changes no function's body")


def _same_head(head: list[Token], b: list[Token]) -> tuple[int, int]:
    """Where the function begins and ends in the new text."""
    wanted = [token.text for token in head]
    found = [
        (start, end)
        for start, body, end in functions(b)
        if [t.text for t in b[start : body + 1]] == wanted
    ]
    if len(found) != 1:
        raise NoRecipe("the head of the function is changed")
    return found[0]


def _put_before(a: list[Token], b: list[Token], head: int, there: int) -> tuple[int, int]:
    """What was put before the function, as tokens of the new text, and nothing else before it."""
    more = there - head
    old, new = ([t.text for t in some] for some in (a[:head], b[:there]))
    at = 0
    while at < min(head, there) and old[at] == new[at]:
        at += 1
    for place in range(at, max(at - MOST_BACK, -1), -1):
        outside = place == 0 or a[place - 1].kind == "directive" or old[place - 1] in (";", "}")
        if more >= 0 and outside and new[place + more :] == old[place:]:
            return place, place + more
    raise NoRecipe("what stands before the function is changed")
