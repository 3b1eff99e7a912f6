"""What a C or C++ text declares at file scope, and what in a function outlives the call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from corr.optimize.gate.lexer import Token, group_end, joined

_STORAGE = frozenset({"static", "thread_local", "_Thread_local", "__thread", "constinit"})
_INTERNAL = frozenset({"static", "inline", "constexpr", "consteval", "template"})
_TYPES = frozenset({"struct", "union", "class", "enum"})
_NO_OBJECT = frozenset(
    {"typedef", "using", "static_assert", "_Static_assert", "friend", "template", "concept"}
)


@dataclass(frozen=True)
class Declaration:
    """`kind`: function (defined), prototype, variable (of static storage) or other.

    The text of a function is its head. `internal`: no other file sees the function. `constant`:
    the variable never changes and is no function's result.
    """

    kind: str
    name: str
    text: str
    line: int
    internal: bool = False
    constant: bool = False


def declarations(part: list[Token]) -> Iterator[Declaration]:
    """Every declaration at file or namespace scope, and the static ones elsewhere."""
    yield from _scope([t for t in part if t.kind != "directive"], internal=False)


def _scope(part: list[Token], internal: bool) -> Iterator[Declaration]:
    index = 0
    while index < len(part):
        head, body, end = _item(part, index)
        words = {token.text for token in head}
        if body is None:
            if head:
                yield _plain(head)
        elif "namespace" in words:
            yield from _scope(body, internal or len(head) == 1)
        elif head and head[0].text == "extern" and all(t.kind == "string" for t in head[1:]):
            yield from _scope(body, internal)
        elif words & _TYPES and not _is_function(head):
            yield from _statics(body)
            tail_end = _end_of_statement(part, end)
            tail = part[end:tail_end]
            if tail:
                yield _plain([*head, *tail])
            end = tail_end + 1
        else:
            yield _function(head, internal)
            yield from _statics(body)
        index = max(end, index + 1)


def _item(part: list[Token], start: int) -> tuple[list[Token], list[Token] | None, int]:
    """The next item: its head, its body in braces if it has one, and where it ends."""
    index = start
    initialised = False
    while index < len(part):
        text = part[index].text
        if text == ";":
            return part[start:index], None, index + 1
        if text == "}":
            return part[start:index], None, index + 1
        if text == "=" and part[index - 1].text != "operator":
            initialised = True
        if text == "{":
            end = group_end(part, index)
            if not initialised:
                return part[start:index], part[index + 1 : end - 1], end
            index = end
        elif text in ("(", "["):
            index = group_end(part, index)
        else:
            index += 1
    return part[start:index], None, index


def _end_of_statement(part: list[Token], start: int) -> int:
    index = start
    while index < len(part) and part[index].text != ";":
        index = group_end(part, index) if part[index].text in ("(", "[", "{") else index + 1
    return index


def _is_function(head: list[Token]) -> bool:
    return any(token.text == "(" for token in head)


def _function(head: list[Token], internal: bool) -> Declaration:
    words = {token.text for token in head}
    return Declaration(
        "function",
        _called(head),
        joined(head),
        head[0].line if head else 0,
        internal=internal or (bool(words & _INTERNAL) and "operator" not in words),
    )


def _called(head: list[Token]) -> str:
    """The name before the first bracket; for an operator all of it."""
    for index, token in enumerate(head):
        if token.text == "operator":
            return joined(head[index : index + 3])
        if token.text == "(" and index and head[index - 1].kind == "name":
            return head[index - 1].text
    return head[-1].text if head else ""


def _plain(head: list[Token]) -> Declaration:
    words = [token.text for token in head]
    text, line = joined(head), head[0].line
    if not words or words[0] in _NO_OBJECT or (words[0] in _TYPES and len(words) <= 2):
        return Declaration("other", "", text, line)
    before_value = words[: words.index("=")] if "=" in words else words
    if "(" in before_value and not _points_to_function(before_value):
        return Declaration("prototype", _called(head), text, line)
    if words[0] in _TYPES and words[-1] == "}":
        return Declaration("other", "", text, line)
    return Declaration("variable", _called(head), text, line, constant=_constant(words))


def _points_to_function(words: list[str]) -> bool:
    opening = words.index("(")
    return opening + 1 < len(words) and words[opening + 1] in ("*", "&", "^")


def _constant(words: list[str]) -> bool:
    """Const itself (not only what it points to), and set without calling anything."""
    at = words.index("=") if "=" in words else len(words)
    declared, value = words[:at], words[at + 1 :]
    if not {"const", "constexpr"} & set(declared) or {"mutable", "volatile"} & set(declared):
        return False
    if "constexpr" not in declared and "*" in declared:
        last = len(declared) - 1 - declared[::-1].index("*")
        if "const" not in declared[last:]:
            return False
    if {"thread_local", "_Thread_local", "__thread"} & set(declared):
        return False
    calls = (
        after == "(" and (word.isidentifier() and word != "sizeof")
        for word, after in pairwise(value)
    )
    return "constexpr" in declared or not any(calls)


def _statics(body: list[Token]) -> Iterator[Declaration]:
    """Declarations in a body that have static storage. Member functions of a class are none."""
    for index, token in enumerate(body):
        if token.text not in _STORAGE or token.kind != "name":
            continue
        if index and body[index - 1].text in _STORAGE:
            continue
        start = _start_of_statement(body, index)
        end = index
        while end < len(body) and body[end].text not in (";", "="):
            if body[end].text == "{":
                break
            end = group_end(body, end) if body[end].text in ("(", "[") else end + 1
        head = body[start:end]
        if end < len(body) and body[end].text == "{" and _is_function(head):
            continue
        whole = body[start : _end_of_statement(body, index)]
        yield Declaration(
            "variable",
            _called(head),
            joined(whole),
            token.line,
            constant=_constant([t.text for t in whole]),
        )


def _start_of_statement(body: list[Token], index: int) -> int:
    while index and body[index - 1].text not in (";", "{", "}", ")", ":"):
        index -= 1
    return index
