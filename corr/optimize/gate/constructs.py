"""Parts of a C or C++ text that the gate judges whole: directives, asm, attributes, pragmas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corr.optimize.gate.lexer import Token, group_end, joined, tokens

ASM = frozenset({"asm", "__asm", "__asm__", "_asm"})
ATTRIBUTE = frozenset({"__attribute__", "__attribute", "__declspec"})
PRAGMA = frozenset({"_Pragma", "__pragma"})
#: Words at which something starts that is looked at as a whole.
OPENING = ASM | ATTRIBUTE | PRAGMA | {"extern", "static", "thread_local", "_Thread_local"}
#: What makes a macro a way round the gate.
_HIDING = ASM | ATTRIBUTE | PRAGMA | {"##", "extern", "static", "__thread", "thread_local"}
_DEFINE = re.compile(r"# define (\w+)(.*)", re.DOTALL)
_PRAGMA_LINE = re.compile(r"# pragma (.*)", re.DOTALL)


@dataclass(frozen=True)
class Construct:
    """`rule`: directive, pragma, asm, attribute, extern or macro; `text` is the whole of it.

    `inner` is what a pragma says; `attributes` the plain names in an attribute list.
    """

    rule: str
    text: str
    line: int
    inner: str = ""
    attributes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What is compared."""
        return self.rule, self.text


def constructs(part: list[Token]) -> tuple[list[Construct], list[Token]]:
    """The constructs of a text, and the tokens that belong to none (those of `extern` do)."""
    hiding = _hiding_macros(part)
    found: list[Construct] = []
    rest: list[Token] = []
    index = 0
    while index < len(part):
        construct, end = _at(part, index, hiding)
        if construct is None:
            rest.append(part[index])
            index += 1
            continue
        found.append(construct)
        if construct.rule in ("extern", "macro"):
            rest.append(part[index])
            end = index + 1
        index = end
    return found, rest


def _at(part: list[Token], index: int, hiding: set[str]) -> tuple[Construct | None, int]:
    token = part[index]
    if token.kind == "directive":
        pragma = _PRAGMA_LINE.fullmatch(token.text)
        if pragma:
            return Construct("pragma", token.text, token.line, pragma[1]), index + 1
        return Construct("directive", token.text, token.line), index + 1
    if token.kind == "punct":
        if token.text == "[" and _text(part, index + 1) == "[":
            return _attribute(part, index, group_end(part, index))
        return None, index
    if token.kind != "name":
        return None, index
    if token.text in ASM:
        return _whole("asm", part, index, _asm_end(part, index))
    if token.text in ATTRIBUTE:
        return _attribute(part, index, group_end(part, index + 1))
    if token.text in PRAGMA:
        end = group_end(part, index + 1)
        return Construct(
            "pragma", joined(part[index:end]), token.line, _unquoted(part[index + 1 : end])
        ), end
    if token.text == "extern":
        return _whole("extern", part, index, _statement_end(part, index))
    if token.text in hiding:
        return _whole("macro", part, index, _call_end(part, index))
    return None, index


def _whole(rule: str, part: list[Token], start: int, end: int) -> tuple[Construct, int]:
    return Construct(rule, joined(part[start:end]), part[start].line), end


def _text(part: list[Token], index: int) -> str:
    return part[index].text if index < len(part) else ""


def _asm_end(part: list[Token], start: int) -> int:
    for index in range(start + 1, min(start + 6, len(part))):
        if part[index].text in ("(", "{"):
            return group_end(part, index)
    return _statement_end(part, start)


def _statement_end(part: list[Token], start: int) -> int:
    index = start
    while index < len(part) and part[index].text not in (";", "{", "}"):
        index = group_end(part, index) if part[index].text in ("(", "[") else index + 1
    return index


def _call_end(part: list[Token], start: int) -> int:
    return group_end(part, start + 1) if _text(part, start + 1) == "(" else start + 1


def _attribute(part: list[Token], start: int, end: int) -> tuple[Construct, int]:
    inside = list(part[start:end])
    if any(token.kind == "directive" or token.text == ";" for token in inside):
        # never closed, perhaps where it is switched off: it must hide nothing that follows
        torn = Construct("attribute", part[start].text, part[start].line, attributes=("unclosed",))
        return torn, start + 1
    while inside and (inside[0].text in ("(", "[") or inside[0].text in ATTRIBUTE):
        inside = inside[1:]
    listed = tuple(_attribute_names(inside))
    return Construct("attribute", joined(part[start:end]), part[start].line, attributes=listed), end


def _attribute_names(inside: list[Token]) -> Iterator[str]:
    """The names in a list, without the underscores and the vendor that may be put before them."""
    index = 0
    fresh = True
    while index < len(inside):
        token = inside[index]
        if token.text in ("(", "[", "{"):
            index = group_end(inside, index)
            continue
        if token.text in (",", "::", ":", "using") or _text(inside, index + 1) in ("::", ":"):
            fresh = True  # a vendor's name, or [[using gnu: ...]], comes before the attribute's
        elif fresh and token.text not in (")", "]"):
            yield re.sub(r"\A__(.+)__\Z", r"\1", token.text)
            fresh = False
        elif token.kind != "punct":
            yield token.text  # whatever else: not on any list
        index += 1


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
    bodies: dict[str, set[str]] = {}
    for token in part:
        match = _DEFINE.fullmatch(token.text) if token.kind == "directive" else None
        if match:
            bodies.setdefault(match[1], set()).update(match[2].split(" "))
    hiding = {name for name, body in bodies.items() if body & _HIDING}
    while True:
        more = {name for name, body in bodies.items() if body & hiding} - hiding
        if not more:
            return hiding
        hiding |= more
