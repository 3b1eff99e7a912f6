"""Which new names a C or C++ text itself introduces, and how far each reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from corr.optimize.gate.known_names import NOT_TYPES
from corr.optimize.gate.lexer import Token, group_end

_AFTER_NAME = frozenset({"=", ";", ",", ")", "[", ":", "{", ">"})
_TAGS = frozenset({"struct", "union", "class", "enum", "typename", "using", "namespace", "concept"})
_QUALIFIERS = frozenset({"*", "&", "const", "restrict", "__restrict", "__restrict__", "volatile"})
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class _Reach:
    """Where a declared name means what was declared: token indices from `first` to before `end`."""

    first: int
    end: int
    callable: bool


class Introduced:
    """The declarations of new names in a text."""

    def __init__(self, part: list[Token], fresh: set[str]) -> None:
        self._part = part
        self._around = _enclosing(part)
        self._reaches: dict[str, list[_Reach]] = defaultdict(list)
        for index, token in enumerate(part):
            if token.kind == "name" and token.text in fresh:
                reach = self._declared(index)
                if reach is not None:
                    self._reaches[token.text].append(reach)

    def covers(self, index: int) -> bool:
        """The name at `index` is a member, a label, or what the text declares it to be."""
        part = self._part
        before, after = _text(part, index - 1), _text(part, index + 1)
        if before in (".", "->", "goto") or _is_label(before, after):
            return True
        called = after == "("
        return any(
            index == reach.first
            or (reach.first < index < reach.end and (reach.callable or not called))
            for reach in self._reaches[part[index].text]
        )

    def _declared(self, index: int) -> _Reach | None:
        part = self._part
        before, after = _text(part, index - 1), _text(part, index + 1)
        if after == "(":
            if _is_defined_function(part, index):
                return _Reach(index, len(part), True)
            if before == ">":  # std::vector<double> name(n);
                return _Reach(index, self._end(index), False) if self._object(index) else None
            return None
        if before in _TAGS:
            return _Reach(index, self._end(index), True)
        if self._in_enum(index) and before in ("{", ","):
            return _Reach(index, self._end(self._around[index]), False)
        if after in _AFTER_NAME and self._follows_type(index):
            lambda_value = after == "=" and _text(part, index + 2) == "["
            return _Reach(index, self._end(self._declarator(index)), lambda_value)
        return None

    def _declarator(self, index: int) -> int:
        """Where the declarator of the name begins: at the bracket of `(*name)[n]`."""
        at = index - 1
        while at >= 0 and self._part[at].text in _QUALIFIERS:
            at -= 1
        pointer = at + 1 < index and _text(self._part, at) == "("
        return at if pointer and _text(self._part, index + 1) == ")" else index

    def _object(self, index: int) -> bool:
        """`name(...)` ends a declaration whose arguments are values, as far as can be seen."""
        end = group_end(self._part, index + 1)
        inside = self._part[index + 2 : end - 1]
        return _text(self._part, end) in (";", ",") and not any(
            t.text in ("*", "&", "const", "char", "int", "void") for t in inside
        )

    def _follows_type(self, index: int) -> bool:
        """A type stands before the name, or another declarator of the same declaration."""
        part = self._part
        at = index - 1
        while at >= 0 and part[at].text in _QUALIFIERS:
            at -= 1
        if at < 0:
            return False
        if part[at].kind == "name":
            return part[at].text not in NOT_TYPES and self._begins(at)
        if part[at].text == ">":
            return True
        if part[at].text == "(":  # double (*name)[n]
            return at + 1 < index and _text(part, index + 1) == ")" and part[at - 1].kind == "name"
        return part[at].text == "," and self._declarators(at)

    def _begins(self, at: int) -> bool:
        """The words up to the type's name at `at` begin a statement, a parameter or a member."""
        part = self._part
        while at >= 0 and (part[at].kind == "name" or part[at].text in ("::", "*", "&", ">", "<")):
            if part[at].text in NOT_TYPES:
                return False
            at -= 1
        return at < 0 or part[at].text in (";", "{", "}", "(", ",", ")", ":", "]")

    def _declarators(self, at: int) -> bool:
        """The comma at `at` stands between declarators: a type begins its statement."""
        part = self._part
        start = at
        while start > 0 and part[start - 1].text not in (";", "{", "}", "("):
            closing = part[start - 1].text in (")", "]")
            start = self._opening(start - 1) if closing else start - 1
        first, second = _token(part, start), _token(part, start + 1)
        if first is None or second is None or first.kind != "name" or first.text in NOT_TYPES:
            return False
        return second.kind == "name" or second.text in ("*", "&", "<", "::")

    def _opening(self, closing: int) -> int:
        depth = 0
        for at in range(closing, -1, -1):
            if self._part[at].text in (")", "]", "}"):
                depth += 1
            elif self._part[at].text in _BRACKETS:
                depth -= 1
                if depth == 0:
                    return at
        return 0

    def _in_enum(self, index: int) -> bool:
        brace = self._around[index]
        if brace < 0 or self._part[brace].text != "{":
            return False
        return any(t.text == "enum" for t in self._part[max(0, brace - 5) : brace])

    def _end(self, index: int) -> int:
        """The end of the block, or of the statement after the brackets, that holds `index`."""
        outer = -1
        brace = self._around[index]
        while brace >= 0 and self._part[brace].text != "{":
            outer, brace = brace, self._around[brace]
        if outer >= 0:
            return _statement_after(self._part, outer)
        return group_end(self._part, brace) if brace >= 0 else len(self._part)


def _token(part: list[Token], index: int) -> Token | None:
    return part[index] if 0 <= index < len(part) else None


def _text(part: list[Token], index: int) -> str:
    return part[index].text if 0 <= index < len(part) else ""


def _is_label(before: str, after: str) -> bool:
    return after == ":" and before in (";", "{", "}")


def _enclosing(part: list[Token]) -> list[int]:
    """For each token the index of the innermost bracket that holds it; -1 for none."""
    around, open_brackets = [], [-1]
    for index, token in enumerate(part):
        if token.kind == "punct" and token.text in _BRACKETS.values() and len(open_brackets) > 1:
            open_brackets.pop()
        around.append(open_brackets[-1])
        if token.kind == "punct" and token.text in _BRACKETS:
            open_brackets.append(index)
    return around


def _statement_after(part: list[Token], bracket: int) -> int:
    """The end of the statement or the body that follows a `for (...)` or a list of parameters."""
    index = group_end(part, bracket)
    while index < len(part):
        text = part[index].text
        if text in ("(", "["):
            index = group_end(part, index)
        elif text == "{":
            index = group_end(part, index)
            if _text(part, index) != "else":
                return index
        elif text == ";":
            if _text(part, index + 1) != "else":
                return index + 1
            index += 2
        elif text == "}":
            return index
        else:
            index += 1
    return index


def _is_defined_function(part: list[Token], index: int) -> bool:
    end = group_end(part, index + 1)
    while end < len(part) and part[end].kind == "name":
        end += 1  # const, noexcept, override
    before = part[index - 1] if index else None
    if before is None or before.text in NOT_TYPES:
        return False
    typed = before.kind == "name" or before.text in ("*", "&", ">")
    return typed and _text(part, end) in ("{", "->")
