"""Decisions as attributes of clang at the calls themselves: a patch of the sources.

`[[clang::noinline]]` and `[[clang::always_inline]]` stand before a statement and hold for the calls
in it. Where a statement begins is found in the text, by its punctuation; whether the patch is
worth it, the compiler and the clock say (`hot_calls`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

NOINLINE, ALWAYS = "[[clang::noinline]] ", "[[clang::always_inline]] "
_WORD_BEFORE = re.compile(r"([A-Za-z_]\w*)\s*$")
_CONTROL = frozenset({"if", "for", "while", "switch"})
_LITERAL = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Mark:
    """A call, by its line and column from 1, and whether it is to be inlined."""

    line: int
    column: int
    inlined: bool


def marked(text: str, marks: Sequence[Mark]) -> str | None:
    """The text with an attribute before the statement of each call; None where one has no place.

    No line is added: places in the rest of the file stay what they are.
    """
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    plain = _LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    inserted: dict[int, str] = {}
    for mark in marks:
        if not 0 < mark.line <= len(lines):
            return None
        at = _statement(plain, starts[mark.line - 1] + mark.column - 1)
        attribute = ALWAYS if mark.inlined else NOINLINE
        if at is None or inserted.setdefault(at, attribute) != attribute:
            return None
    for at in sorted(inserted, reverse=True):
        text = text[:at] + inserted[at] + text[at:]
    return text


def _statement(plain: str, at: int) -> int | None:
    """Where the statement begins that holds a position; None in the head of an if or a loop."""
    depth, place = 0, at - 1
    while place >= 0:
        character = plain[place]
        if character == ")":
            if depth == 0 and (opening := _opening(plain, place)) is not None:
                if _word(plain, opening) in _CONTROL:
                    break  # the statement is the body
                place = opening
            else:
                depth += 1
        elif character == "(":
            if _word(plain, place) in _CONTROL:
                return None
        elif (
            character in ";{}"
            or (character == ":" and _is_label(plain, place))
            or (character.isalpha() and _word(plain, place + 1) in ("else", "do"))
        ):
            break
        place -= 1
    found = place + 1
    while found < at and plain[found].isspace():
        found += 1
    return found


def _opening(plain: str, closing: int) -> int | None:
    """The parenthesis that the one at `closing` closes."""
    depth = 0
    for place in range(closing, -1, -1):
        depth += (plain[place] == ")") - (plain[place] == "(")
        if depth == 0:
            return place
    return None


def _word(plain: str, end: int) -> str:
    """The word that ends before a place."""
    match = _WORD_BEFORE.search(plain, max(0, end - 64), end)
    return match[1] if match else ""


def _is_label(plain: str, colon: int) -> bool:
    """A colon after `case …`, `default` or a label, and not of a conditional expression."""
    start = max(plain.rfind(c, 0, colon) for c in ";{}\n")
    before = plain[start + 1 : colon].strip()
    return bool(re.fullmatch(r"(?:case\b.*|[A-Za-z_]\w*)", before))


def patch(name: str, before: str, after: str) -> str:
    """A unified diff, for `patch -p1` or `git apply`."""
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True),
            f"a/{name}", f"b/{name}",
        )
    )  # fmt: skip
