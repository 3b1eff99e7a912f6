"""Parts of a C or C++ text that the gate judges whole: directives, asm, attributes, pragmas."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from corr.optimize.gate.brackets import Brackets, Part
from corr.optimize.gate.lexer import Token, joined, tokens
from corr.optimize.gate.steps import Steps

ASM = frozenset({"asm", "__asm", "__asm__", "_asm"})
ATTRIBUTE = frozenset({"__attribute__", "__attribute", "__declspec"})
PRAGMA = frozenset({"_Pragma", "__pragma"})
#: What makes a macro a way round the gate.
_HIDING = ASM | ATTRIBUTE | PRAGMA | {"##", "extern", "static", "__thread", "thread_local"}
#: What may look like a call in the list of an attribute: a value known when compiling.
_MEASURES = frozenset({"sizeof", "alignof", "_Alignof", "__alignof__"})
_DEFINE = re.compile(r"# define (\w+)(.*)", re.DOTALL)
_PRAGMA_LINE = re.compile(r"# pragma (.*)", re.DOTALL)
#: A macro that calls through what it is given.
_CALLS_THROUGH = re.compile(r"\( [*&^][^()]{0,80}+\) \(")
_CONDITIONAL = re.compile(r"# (if|elif|else|endif)(?:n?def)?\b")


@dataclass(frozen=True)
class Construct:
    """`rule`: directive, pragma, asm, attribute, extern or macro; `text` is the whole of it.

    `inner` is what a pragma says; `attributes` the plain names in an attribute list; `at` how
    many of the tokens that belong to no construct stand before it.
    """

    rule: str
    text: str
    line: int
    inner: str = ""
    attributes: tuple[str, ...] = ()
    at: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What is compared."""
        return self.rule, self.text


def constructs(part: list[Token], steps: Steps) -> tuple[list[Construct], Part]:
    """The constructs of a text, and the tokens that belong to none (those of `extern` do)."""
    return _Reader(part, steps).read()


def conditional(directive: str) -> str:
    """`if`, `else` or `endif`: what a directive does to the choice of code; empty for nothing."""
    found = _CONDITIONAL.match(directive)
    return {"elif": "else"}.get(found[1], found[1]) if found else ""


class _Reader:
    def __init__(self, part: list[Token], steps: Steps) -> None:
        steps.take(2 * len(part))
        self.part, self.steps = part, steps
        turns = [
            (index, conditional(token.text))
            for index, token in enumerate(part)
            if token.kind == "directive"
        ]
        self.brackets = Brackets(Part(part, [t for t in turns if t[1]]), False, steps)
        self.hiding = _hiding_macros(part)
        self.ending = [0]  # of each token: how many before it end a statement or are directives
        for token in part:
            ends = token.kind == "directive" or token.text == ";"
            self.ending.append(self.ending[-1] + ends)
        self.whole = 0  # behind the last extern or macro, in which others are not looked for

    def read(self) -> tuple[list[Construct], Part]:
        found: list[Construct] = []
        rest: list[Token] = []
        turns: list[tuple[int, str]] = []
        index = 0
        while index < len(self.part):
            token = self.part[index]
            construct, end = self._at(index)
            if construct is None:
                rest.append(token)
                index += 1
                continue
            found.append(replace(construct, at=len(rest)))
            turn = conditional(token.text) if token.kind == "directive" else ""
            if turn:
                turns.append((len(rest), turn))
            if construct.rule in ("extern", "macro"):
                rest.append(token)
                self.whole = end
                end = index + 1
            index = end
        return found, Part(rest, turns)

    def _at(self, index: int) -> tuple[Construct | None, int]:
        token = self.part[index]
        if token.kind == "directive":
            pragma = _PRAGMA_LINE.fullmatch(token.text)
            if pragma:
                return Construct("pragma", token.text, token.line, pragma[1]), index + 1
            return Construct("directive", token.text, token.line), index + 1
        if token.kind == "punct":
            if token.text == "[" and self._text(index + 1) == "[":
                return self._attribute(index, self._group_end(index))
            return None, index
        if token.kind != "name":
            return None, index
        if token.text in ASM:
            return self._whole("asm", index, self._asm_end(index))
        if token.text in ATTRIBUTE:
            return self._attribute(index, self._group_end(index + 1))
        if token.text in PRAGMA:
            end = self._group_end(index + 1)
            inner = _unquoted(self.part[index + 1 : end])
            return Construct("pragma", joined(self.part[index:end]), token.line, inner), end
        if index < self.whole:
            return None, index
        if token.text == "extern":
            return self._whole("extern", index, self._statement_end(index))
        if token.text in self.hiding:
            end = self._group_end(index + 1) if self._text(index + 1) == "(" else index + 1
            return self._whole("macro", index, end)
        return None, index

    def _whole(self, rule: str, start: int, end: int) -> tuple[Construct, int]:
        self.steps.take(end - start)
        return Construct(rule, joined(self.part[start:end]), self.part[start].line), end

    def _text(self, index: int) -> str:
        return self.part[index].text if index < len(self.part) else ""

    def _group_end(self, start: int) -> int:
        """The index behind the bracket that closes the one at `start`; the end if none does."""
        if self._text(start) not in ("(", "[", "{"):
            return min(start, len(self.part))
        return min(self.brackets.partner[start] + 1, len(self.part))

    def _asm_end(self, start: int) -> int:
        for index in range(start + 1, min(start + 6, len(self.part))):
            if self.part[index].text in ("(", "{"):
                return self._group_end(index)
        return self._statement_end(start)

    def _statement_end(self, start: int) -> int:
        index = start
        while index < len(self.part) and self.part[index].text not in (";", "{", "}"):
            self.steps.take()
            opens = self.part[index].text in ("(", "[")
            index = self._group_end(index) if opens else index + 1
        return max(index, start + 1)

    def _attribute(self, start: int, end: int) -> tuple[Construct, int]:
        line = self.part[start].line
        if end <= start + 1 or self.ending[end] > self.ending[start]:
            # never closed, perhaps where it is switched off: it must hide nothing that follows
            return Construct("attribute", self.part[start].text, line, attributes=("unclosed",)), (
                start + 1
            )
        first = start
        while first < end and (self._text(first) in ("(", "[") or self._text(first) in ATTRIBUTE):
            first += 1
        self.steps.take(2 * (end - start))
        listed = tuple(self._attribute_names(first, end))
        return Construct("attribute", joined(self.part[start:end]), line, attributes=listed), end

    def _attribute_names(self, index: int, end: int) -> Iterator[str]:
        """The names in a list, without the underscores and the vendor that may be before them."""
        fresh = True
        while index < end:
            token = self.part[index]
            if token.text in ("(", "[", "{"):
                behind = self._group_end(index)
                yield from self._calls(index, behind)
                index = behind
                continue
            if token.text in (",", "::", ":", "using") or self._text(index + 1) in ("::", ":"):
                fresh = True  # a vendor's name, or [[using gnu: ...]], comes before the attribute's
            elif fresh and token.text not in (")", "]"):
                yield re.sub(r"\A__(.+)__\Z", r"\1", token.text)
                fresh = False
            elif token.kind != "punct":
                yield token.text  # whatever else: not on any list
            index += 1

    def _calls(self, start: int, end: int) -> Iterator[str]:
        """What an attribute's arguments have that no argument needs."""
        for index in range(start, end - 1):
            token, after = self.part[index], self._text(index + 1)
            if token.text == "{" or (
                after == "(" and token.kind == "name" and token.text not in _MEASURES
            ):
                yield f"{token.text}{after}"


def _unquoted(part: list[Token]) -> str:
    """What `_Pragma("...")` says, spelled as the directive would be."""
    strings = [t for t in part if t.kind != "punct"]
    if len(strings) != 1 or strings[0].kind != "string":
        return joined(part)
    text = strings[0].text
    plain = text[text.index('"') + 1 : -1].replace('\\"', '"').replace("\\\\", "\\")
    return joined(tokens(plain))


def _hiding_macros(part: list[Token]) -> set[str]:
    """Names of macros that expand to something refused, or to a macro that does."""
    users: dict[str, list[str]] = defaultdict(list)  # of a word: the macros whose text has it
    for token in part:
        match = _DEFINE.fullmatch(token.text) if token.kind == "directive" else None
        if match:
            for word in set(match[2].split(" ")):
                users[word].append(match[1])
            if _CALLS_THROUGH.search(match[2]):
                users["##"].append(match[1])
    hiding: set[str] = set()
    found = [name for word in _HIDING for name in users[word]]
    while found:
        name = found.pop()
        if name not in hiding:
            hiding.add(name)
            found += users[name]
    return hiding
