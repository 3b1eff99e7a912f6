"""Which words of a text name types."""

from __future__ import annotations

import re

from corr.optimize.gate.known_names import KEYWORDS, TYPE_WORDS
from corr.optimize.gate.statements import TAGS, Statements

_KNOWN = re.compile(
    r"\w+_t|FILE|__m(?:64|128|256|512)[dih]?(?:_u)?|__mmask\d+"
    r"|(?:float|u?int|poly)(?:8|16|32|64)x\d+(?:x\d)?_t"
)
_QUALIFIERS = frozenset({"const", "volatile", "restrict", "__restrict", "__restrict__", "typename"})
_OPERAND_WORDS = frozenset({"decltype", "typeof", "__typeof__", "_Atomic", "_BitInt", "__typeof"})
POINTER_WORDS = frozenset({"*", "&", *_QUALIFIERS})


class Types:
    """Names of types: those that a text declares, and those that it can only use as such.

    `classes` are those whose objects may be called: classes, and parameters of templates.
    """

    def __init__(self, shape: Statements) -> None:
        self.shape = shape
        self.names: set[str] = set()
        self.declared: set[str] = set()  # those that the text itself declares
        self.classes: set[str] = set()
        self.defined: set[str] = set()  # classes and enumerations, with their bodies
        for index in range(shape.size):
            self._look_at(index)

    def _look_at(self, index: int) -> None:
        shape, text = self.shape, self.shape.text[index]
        if text in TAGS or text == "typename":
            if shape.named(index + 1) and shape.cxx:
                self.names.add(shape.text[index + 1])
                if text != "enum":
                    self.classes.add(shape.text[index + 1])
        elif text == "using" and shape.at(index + 2) == "=":
            self.names.add(shape.at(index + 1))
        elif shape.named(index):
            before, after = shape.at(index - 1), shape.at(index + 1)
            pointer = before == "(" and after == "*" and shape.at(index + 2) in (")", "*")
            if shape.named(index + 1) or pointer:
                self.names.add(text)

    def is_type(self, name: str) -> bool:
        """The word alone is a type, as far as can be seen."""
        return name in self.names or name in TYPE_WORDS or _KNOWN.fullmatch(name) is not None

    def type_end(self, index: int) -> tuple[int, int]:
        """Where the (qualified) name of a type at `index` ends, and its last word; -1 for none."""
        shape = self.shape
        at = index + 1 if shape.at(index) == "::" else index
        while shape.named(at):
            behind = at + 1
            if shape.at(behind) == "<" and shape.angle[behind] > behind:
                behind = shape.angle[behind] + 1
            if shape.at(behind) != "::":
                return behind, at
            at = behind + 1
            if shape.at(at) == "template":
                at += 1
            if shape.at(at) in ("operator", "~", "*"):
                return at, at
        return -1, -1

    def is_group(self, opening: int) -> bool:
        """The parentheses hold a type and nothing else, as those of a cast do."""
        shape, end = self.shape, self.shape.partner[opening]
        at, typed = opening + 1, False
        while at < end:
            text = shape.text[at]
            if text in TYPE_WORDS:
                typed, at = True, at + 1
            elif text in _QUALIFIERS:
                at += 1
            elif text in TAGS and not typed:
                typed, at = True, at + (2 if shape.named(at + 1) else 1)
                if shape.at(at) == "{":
                    at = shape.partner[at] + 1
            elif text in _OPERAND_WORDS and shape.at(at + 1) == "(":
                typed, at = True, shape.partner[at + 1] + 1
            elif not typed and (shape.named(at) or text == "::"):
                behind, last = self.type_end(at)
                if behind < 0 or not self._names_type(at, last, behind, end):
                    return False
                typed, at = True, behind
            else:
                break
        return typed and self._is_abstract(at, end)

    def _names_type(self, first: int, last: int, behind: int, end: int) -> bool:
        shape = self.shape
        pointer = shape.at(behind) in POINTER_WORDS and behind < end
        qualified = last != first or shape.text[behind - 1] == ">"
        return pointer or qualified or self.is_type(shape.text[last])

    def _is_abstract(self, at: int, end: int) -> bool:
        """`*`, `* const`, `[4]`, `(*)[4]` or nothing up to `end`."""
        shape = self.shape
        while at < end and (shape.text[at] in POINTER_WORDS or shape.text[at] == "..."):
            at += 1
        if at < end and shape.text[at] == "(" and shape.at(at + 1) in ("*", "&"):
            inner = at + 1
            while shape.at(inner) in POINTER_WORDS:
                inner += 1
            if inner != shape.partner[at]:
                return False
            at = inner + 1
        while at < end and shape.text[at] == "[":
            at = shape.partner[at] + 1
        return at == end


def plain_word(text: str) -> bool:
    return text.isidentifier() and text not in KEYWORDS
