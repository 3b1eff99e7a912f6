"""What a C or C++ text declares at file scope, and what in a function outlives the call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from corr.optimize.gate.known_names import TYPE_WORDS
from corr.optimize.gate.lexer import Token, joined
from corr.optimize.gate.statements import TAGS, Statements
from corr.optimize.gate.steps import Steps

STORAGE = frozenset({"static", "thread_local", "_Thread_local", "__thread", "constinit"})
_INTERNAL = frozenset({"static", "inline", "constexpr", "consteval", "template"})
_NO_OBJECT = frozenset(
    {"typedef", "using", "static_assert", "_Static_assert", "friend", "template", "concept"}
)
#: Words of a type that C++ sets up without running anything.
#: Operators that the whole program has but one of each.
_REPLACED = re.compile(r"operator (?:new|delete)\b")
_VECTOR_OR_COUNT = re.compile(r"\w+_t|__m\d+\w*|std|::|\d\w*")
_QUALIFIERS = frozenset({"const", "static", "inline", "constexpr", "restrict", "__restrict__", "*"})


@dataclass(frozen=True)
class Declaration:
    """`kind`: function (defined), prototype, variable (of static storage), namespace or other.

    The text of a function is its head. `internal`: no other file sees the function. `constant`:
    the variable never changes and is no function's result. `qualified`: what stands before the
    `::` of its name. `index` is its first token.
    """

    kind: str
    name: str
    text: str
    line: int
    index: int
    internal: bool = False
    constant: bool = False
    qualified: str = ""


def declarations(part: list[Token], shape: Statements, steps: Steps) -> Iterator[Declaration]:
    """Every declaration at file or namespace scope, and the static ones elsewhere."""
    reader = _Reader(part, shape, steps)
    stored = -1
    for index in range(shape.size):
        start = shape.start[index]
        holder = shape.around[index]
        if shape.kind.get(holder) in ("file", "namespace"):
            if start == index:
                yield from reader.item(start)
        elif shape.text[index] in STORAGE and shape.is_name[index] and start != stored:
            stored = start
            if shape.holds_statements(holder):
                yield from reader.static(start)


class _Reader:
    def __init__(self, part: list[Token], shape: Statements, steps: Steps) -> None:
        self.part, self.shape, self.steps = part, shape, steps
        self.hidden: dict[int, bool] = {-1: False}  # namespaces that no other file can name into

    def item(self, start: int) -> Iterator[Declaration]:
        shape = self.shape
        body, end = self._extent(start)
        head = self.part[start : end if body < 0 else body]
        internal = self.hidden.get(shape.around[start], False)
        kind = shape.kind.get(body, "") if body >= 0 else ""
        if kind == "namespace":
            self.hidden[body] = internal or len(head) == 1
            if "namespace" in {token.text for token in head}:
                yield Declaration("namespace", head[-1].text, joined(head), head[0].line, start)
        elif kind == "block":
            yield _function(head or [self.part[start]], internal, start)
        elif kind in ("type", "enum"):
            tail = self.part[min(shape.partner[body] + 1, shape.size) : end]
            if tail or "typedef" in {token.text for token in head[:2]}:
                yield _plain([*head, *tail], start, shape.cxx)
            else:
                yield Declaration("other", "", joined(head), head[0].line, start)
        elif head:
            yield _plain(head, start, shape.cxx)

    def static(self, start: int) -> Iterator[Declaration]:
        body, end = self._extent(start)
        if body >= 0 and self.shape.kind.get(body) == "block":
            return
        first = self._first_statements(start, end)
        whole = self.part[start:first]
        words = [token.text for token in whole]
        in_class = self.shape.kind.get(self.shape.around[start]) == "type"
        name = _called(whole)
        if in_class and "(" in words and "=" not in words[: words.index("(")]:
            return  # a member function that is declared
        computed = first < end or (self.shape.cxx and _is_computed(words))
        constant = _constant(words, False) and not computed
        yield Declaration("variable", name, joined(whole), whole[0].line, start, constant=constant)

    def _first_statements(self, start: int, end: int) -> int:
        """The brace in a declaration within which there may be statics of their own.

        One class without a name may be defined by it, with whatever it holds.
        """
        shape, classes = self.shape, 0
        for at in range(start, end):
            self.steps.take()
            if shape.text[at] == "{" and shape.is_punct[at] and shape.holds_statements(at):
                classes += shape.kind[at] == "type"
                if shape.kind[at] != "type" or classes > 1:
                    return at
        return end

    def _extent(self, start: int) -> tuple[int, int]:
        """The brace of a body that begins in the segment (-1: none), and where the segment ends."""
        shape, at = self.shape, start
        body = -1
        while at < shape.size and shape.start[at] == start:
            self.steps.take()
            text = shape.text[at]
            if shape.is_punct[at] and text == ";":
                break
            if shape.is_punct[at] and text in ("(", "[", "{"):
                if text == "{" and body < 0 and shape.kind.get(at) not in ("init", "lambda"):
                    body = at
                at = shape.partner[at]
                if text == "{" and shape.kind.get(body) == "block":
                    return body, min(at + 1, shape.size)
            at += 1
        return body, min(at, shape.size)


def _function(head: list[Token], internal: bool, index: int) -> Declaration:
    words = {token.text for token in head}
    name, qualified = _called(head), _qualified(head)
    return Declaration(
        "function",
        name,
        joined(head),
        head[0].line if head else 0,
        index,
        internal=internal or (bool(words & _INTERNAL) and not _REPLACED.search(name)),
        qualified=qualified,
    )


def _name_at(head: list[Token]) -> int:
    """Where the name before the first bracket stands; without one, the last name before `=`."""
    last = -1
    for index, token in enumerate(head):
        if token.text == "operator":
            return index
        if token.text == "(" and index and head[index - 1].kind == "name":
            return index - 1
        if token.text in ("=", "{", "["):
            break
        last = index
    return last


def _called(head: list[Token]) -> str:
    """The name before the first bracket; for an operator all of it."""
    at = _name_at(head)
    if at < 0:
        return ""
    return joined(head[at : at + 3]) if head[at].text == "operator" else head[at].text


def _qualified(head: list[Token]) -> str:
    at = _name_at(head)
    return head[at - 2].text if at >= 2 and head[at - 1].text == "::" else ""


def _plain(head: list[Token], index: int, cxx: bool) -> Declaration:
    words = [token.text for token in head]
    text, line = joined(head), head[0].line
    if not words or words[0] in _NO_OBJECT or (words[0] in TAGS and len(words) <= 2):
        return Declaration("other", "", text, line, index, qualified=_qualified(head))
    before_value = words[: words.index("=")] if "=" in words else words
    if "(" in before_value and not _points_to_function(before_value):
        return Declaration(
            "prototype", _called(head), text, line, index, qualified=_qualified(head)
        )
    constant = _constant(words, cxx)
    return Declaration("variable", _called(head), text, line, index, constant=constant)


def _points_to_function(words: list[str]) -> bool:
    opening = words.index("(")
    return opening + 1 < len(words) and words[opening + 1] in ("*", "&", "^")


def _constant(words: list[str], cxx: bool) -> bool:
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
    if "constexpr" in declared:
        return True
    if cxx and not (_set_up_when_compiled(declared) and _is_plain(value)):
        return False
    calls = (
        after == "(" and (word.isidentifier() and word != "sizeof")
        for word, after in pairwise(value)
    )
    return not any(calls)


def _is_computed(words: list[str]) -> bool:
    """C++ would compute it at the first call, and keep it: a value with names in it."""
    if "constexpr" in words or "constinit" in words:
        return False
    value = (
        words[words.index("=") + 1 :]
        if "=" in words
        else words[words.index("{") :]
        if "{" in words
        else []
    )
    harmless = TYPE_WORDS | {"sizeof", "true", "false", "nullptr"}
    direct = "=" not in words and "(" in words
    return direct or any(word.isidentifier() and word not in harmless for word in value)


def _is_plain(value: list[str]) -> bool:
    """No call, no object that is made, no lambda."""
    return not any(
        (after == "{" and word not in ("{", ",", "="))
        or (after == "(" and word in (")", "]", "}", ">"))
        or (after == "[" and not (word.isidentifier() or word in (")", "]")))
        for word, after in pairwise(["=", *value])
    )


def _set_up_when_compiled(declared: list[str]) -> bool:
    """The type has no constructor: words of the language, and types of fixed width."""
    if "auto" in declared:
        return False
    named = [
        word
        for word in declared
        if word.isidentifier() and word not in TYPE_WORDS and word not in _QUALIFIERS
    ]
    return all(_VECTOR_OR_COUNT.fullmatch(word) for word in named[:-1])
