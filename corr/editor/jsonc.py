"""JSON with comments and trailing commas, as VS Code has it: read, and added to as text.

An addition leaves every byte of the file where it was, comments and spacing too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<mark>[][{},:])'
    r"|(?P<space>\s+)|(?P<word>[^\s\"/\[\]{},:]+)",
    re.DOTALL,
)
_INDENTED = re.compile(r"^([ \t]+)[\"{[]", re.MULTILINE)
#: Nested deeper than this no file of settings is.
DEEPEST = 100


class Malformed(ValueError):
    """The text is no JSON with comments, or not of the shape that was expected."""


@dataclass(frozen=True)
class Token:
    """A string, mark or word and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Element:
    """A member of the array, and where its text is."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class Array:
    """The array under a key of the outermost object: from its `[` to behind its `]`."""

    start: int
    end: int
    elements: tuple[Element, ...]
    trailing_comma: bool


def tokens(text: str) -> list[Token]:
    """Everything but space and comments. Raises Malformed."""
    found = []
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Malformed(f"line {text.count(chr(10), 0, at) + 1} cannot be read")
        kind = str(match.lastgroup)
        if kind not in ("space", "comment"):
            found.append(Token(kind, match[0], at, match.end()))
        at = match.end()
    return found


def parse(text: str) -> Any:
    """The value. Raises Malformed."""
    return _value(tokens(text))


def _value(found: Sequence[Token]) -> Any:
    texts = ["", *(token.text for token in found), ""]
    kept = [
        text
        for before, text, after in zip(texts, texts[1:], texts[2:], strict=False)
        # a comma behind the last member
        if not (text == "," and after in ("]", "}") and before not in ("[", "{", ","))
    ]
    depth = 0
    for token in found:
        if token.kind == "mark":
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.text, 0)
        if depth > DEEPEST:
            raise Malformed("it is nested too deeply")
    try:
        return json.loads(" ".join(kept), object_pairs_hook=_once)
    except ValueError as error:
        raise Malformed(str(error).partition(":")[0]) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that stands twice it is not clear which one an editor takes."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return found


def array(text: str, key: str) -> Array | None:
    """The array under a key of the outermost object; None where there is no such key.

    Raises Malformed.
    """
    found = tokens(text)
    value = _value(found)
    if not isinstance(value, dict):
        raise Malformed("it is no object")
    if key not in value:
        return None
    if not isinstance(value[key], list):
        raise Malformed(f"{key} is no list")
    return _array(found, _after_key(found, key))


def _after_key(found: Sequence[Token], key: str) -> int:
    """The position of the token behind `"key":` at the outermost level."""
    depth = 0
    for at, token in enumerate(found):
        if token.kind == "mark" and token.text in "[{":
            depth += 1
        elif token.kind == "mark" and token.text in "]}":
            depth -= 1
        elif depth == 1 and token.kind == "string" and json.loads(token.text) == key:
            named = found[at + 1].text == ":"
            if named:
                return at + 2
    raise Malformed(f"{key} was not found")


def _array(found: Sequence[Token], at: int) -> Array:
    start = found[at]
    depth = 0
    elements: list[Element] = []
    begin = at + 1
    for position in range(at, len(found)):
        token = found[position]
        if token.kind != "mark":
            continue
        if token.text in "[{":
            depth += 1
        elif token.text in "]}":
            depth -= 1
        if (depth == 1 and token.text == ",") or depth == 0:
            inside = found[begin:position]
            if inside:
                elements.append(Element(_value(inside), inside[0].start, inside[-1].end))
            begin = position + 1
        if depth == 0:
            comma = found[position - 1].text == ","
            return Array(start.start, token.end, tuple(elements), comma)
    raise Malformed("a list does not end")


def appended(text: str, key: str, entries: Sequence[Any]) -> str:
    """The text with entries put at the end of the array under the key, which is made if need be.

    Raises Malformed.
    """
    if not entries:
        return text
    style = Style.of(text)
    place = array(text, key)
    listed = f",{style.newline}".join(style.indented(entry, 2) for entry in entries)
    if place is None:
        made = f'"{key}": [{style.newline}{listed}{style.newline}{style.unit}]'
        return _with_member(text, made, style)
    # a comma that is there may stand behind a comment: only where there is none, one is put
    if place.elements and not place.trailing_comma:
        last = place.elements[-1].end
        text, bracket = f"{text[:last]},{text[last:]}", place.end
    else:
        bracket = place.end - 1
    return _in_front(text, bracket, listed, style, 1)


def replaced(text: str, element: Element, entry: Any) -> str:
    """The text with a member of an array replaced."""
    made = Style.of(text).indented(entry, 2).lstrip(" \t")
    return text[: element.start] + made + text[element.end :]


@dataclass(frozen=True)
class Style:
    """How a text ends its lines, and what it indents them with."""

    newline: str
    unit: str

    @classmethod
    def of(cls, text: str) -> Style:
        indented = _INDENTED.search(text)
        unit = indented[1] if indented else "\t"
        return cls("\r\n" if "\r\n" in text else "\n", unit)

    def indented(self, entry: Any, depth: int) -> str:
        """An entry as JSON, at a depth."""
        lines = json.dumps(entry, indent=self.unit, ensure_ascii=False).splitlines()
        return self.newline.join(f"{self.unit * depth}{line}" for line in lines)


def _in_front(text: str, mark: int, added: str, style: Style, depth: int) -> str:
    """Text put on lines of its own in front of a closing bracket or brace."""
    head = text[:mark]
    line = head[max(head.rfind("\n"), head.rfind("\r")) + 1 :]
    if line.strip(" \t") or len(line) == len(head):  # something stands before the mark on its line
        return f"{head}{style.newline}{added}{style.newline}{style.unit * depth}{text[mark:]}"
    return f"{head[: len(head) - len(line)]}{added}{style.newline}{line}{text[mark:]}"


def _with_member(text: str, made: str, style: Style) -> str:
    """The text with a member put at the end of the outermost object."""
    found = tokens(text)
    last, brace = found[-2], found[-1].start
    if last.text not in "{,":
        text, brace = f"{text[: last.end]},{text[last.end :]}", brace + 1
    return _in_front(text, brace, f"{style.unit}{made}", style, 0)
