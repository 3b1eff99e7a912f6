"""A reader of JSON as models write it: within prose, with slips, nested at will, or cut short.

Not a library for broken JSON: those guess an end for what was cut, and have no bounds for text
that was made to cost time or stack. Here what is cut is known to be (`CutObject`, `CutList`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: Nesting that no reply of ours needs; deeper is refused before it costs the stack.
DEEPEST = 24
#: Places at which a value is looked for, and values read, in one text.
MOST_STARTS = 300
MOST_VALUES = 200_000

_SPACE = re.compile(r"(?:\s+|//[^\n]*)*")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"-?[A-Za-z]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_START = re.compile(r"[{\[]")
_WORDS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
    "NaN": None, "Infinity": None, "-Infinity": None, "undefined": None,
}  # fmt: skip


class CutObject(dict[str, Any]):
    """An object whose end is missing: the text stops within it."""


class CutList(list[Any]):
    """A list whose end is missing."""


class NotJson(ValueError):
    """No JSON value stands here."""


def values(text: str) -> Iterator[Any]:
    """The outermost objects and lists of a text, in order; those cut short are CutObject/CutList.

    Forgiven: trailing and missing commas, comments, raw line ends within strings, escapes that
    JSON lacks, Python's words. Numbers that are none are None.
    """
    reader = _Reader(text)
    at = 0
    for _ in range(MOST_STARTS):
        start = _START.search(text, at)
        if start is None or reader.left <= 0:
            return
        try:
            value, end = reader.value(start.start(), 0)
        except NotJson:
            at = start.end()
            continue
        yield value
        # What was cut may be prose with a brace in it: what it swallowed is looked at again.
        at = start.end() if isinstance(value, CutObject | CutList) else end


class _Reader:
    """Recursive descent. Every method returns the value and where it ends, or raises NotJson."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.left = MOST_VALUES

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        self.left -= 1
        if depth > DEEPEST or self.left <= 0:
            raise NotJson("nested too deeply, or too much of it")
        first = self._text[at : at + 1]
        if first == "{":
            return self._object(at, depth)
        if first == "[":
            return self._list(at, depth)
        if first == '"':
            return self._string(at)
        if number := _NUMBER.match(self._text, at):
            return _number(number.group()), number.end()
        word = _WORD.match(self._text, at)
        if word and word.group() in _WORDS:
            return _WORDS[word.group()], word.end()
        if word and word.end() == len(self._text):
            return None, word.end()
        raise NotJson(f"no value at character {at}")

    def _space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _next(self, at: int) -> int:
        """Past white space and one comma."""
        at = self._space(at)
        return self._space(at + 1) if self._text.startswith(",", at) else at

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        at = self._space(at + 1)
        while at < len(self._text):
            if self._text[at] == "]":
                return items, at + 1
            item, at = self.value(at, depth + 1)
            items.append(item)
            at = self._next(at)
        return CutList(items), at

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}
        at = self._space(at + 1)
        while at < len(self._text):
            if self._text[at] == "}":
                return items, at + 1
            if self._text[at] != '"':
                raise NotJson(f"no key at character {at}")
            key, at = self._string(at)
            at = self._space(at)
            if at >= len(self._text):
                break
            if self._text[at] != ":":
                raise NotJson(f"no colon at character {at}")
            at = self._space(at + 1)
            if at >= len(self._text):
                break
            items[key], at = self.value(at, depth + 1)
            at = self._next(at)
        return CutObject(items), at

    def _string(self, at: int) -> tuple[str, int]:
        match = _STRING.match(self._text, at)
        if match is None:  # cut: what there is of it
            return _unescaped(self._text[at + 1 :]), len(self._text)
        return _unescaped(match.group()[1:-1]), match.end()


def _number(text: str) -> int | float | None:
    if len(text) <= 18 and text.lstrip("-").isdigit():
        return int(text)
    number = float(text)
    return number if abs(number) < 1e300 else None


def _unescaped(body: str) -> str:
    if "\\" in body:
        try:
            body = json.loads(f'"{_ESCAPE.sub(_escape, body)}"', strict=False)
        except ValueError:  # ends within an escape
            body = body.rpartition("\\")[0]
    return _SURROGATE.sub("\ufffd", body)


def _escape(match: re.Match[str]) -> str:
    """An escape as it is where JSON knows it, else as the characters it is written with."""
    what = match.group(1)
    if what == "'":
        return what
    known = len(what) == 5 or what in '"\\/bfnrt'
    return match.group() if known else "\\\\" + match.group()[1:]
