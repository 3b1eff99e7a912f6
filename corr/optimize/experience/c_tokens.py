"""C text as tokens with their places, for edits that are the same but for names, numbers and types.

Blanks and comments are no tokens, a directive is one, and so are words that together name a type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TYPE_WORDS = (
    *("void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "_Bool"),
    *("bool", "size_t", "ptrdiff_t", "ssize_t", "intptr_t", "uintptr_t"),
    *(f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)),
)
_KEYWORDS = frozenset(
    (
        *("auto", "break", "case", "const", "constexpr", "continue", "default", "do", "else"),
        *("enum", "extern", "for", "goto", "if", "inline", "register", "restrict", "__restrict"),
        *("__restrict__", "return", "sizeof", "static", "struct", "switch", "typedef", "typeof"),
        *("__typeof__", "union", "volatile", "while", "true", "false", "nullptr", "NULL"),
    )
)
_TYPE = "|".join(_TYPE_WORDS)
_TOKEN = re.compile(
    rf"""
    (?P<directive>(?:(?<=\n)|\A)[ \t]*+\#(?:[^\\\r\n]|\\(?:\r\n|[\s\S]))*)
  | (?P<blank>\n | [^\S\n]++ | //(?:[^\\\r\n]|\\[\s\S])* | /\*[\s\S]*?(?:\*/|\Z))
  | (?P<other>(?:u8|[uULR]+)?"(?:\\[\s\S]|[^"\\\r\n])*"?
            | (?:u8|[uUL])?'(?:\\[\s\S]|[^'\\\r\n])*'?)
  | (?P<number>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.])*)
  | (?P<type>\b(?:{_TYPE})\b(?:\s+(?:{_TYPE})\b)*)
  | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*+)
  | (?P<punct><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN = {"(": ")", "[": "]", "{": "}"}
_CLOSE = frozenset(_OPEN.values())


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: name, type, number, directive, other (a quotation), or what stands for itself."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text. A function's name where it is called stands for itself."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, word = str(match.lastgroup), match.group()
        if kind == "blank":
            continue
        if kind == "directive":  # the blanks before it are no part of it
            word = word.lstrip(" \t")
        if kind in ("directive", "type"):
            word = " ".join(word.split())
        if kind == "name" and word in _KEYWORDS:
            kind = "word"
        if word == "(" and found and found[-1].kind == "name":
            called = found[-1]
            found[-1] = Token("call", called.text, called.start, called.end)
        found.append(Token(kind, word, match.start(), match.end()))
    return found


def closing(found: list[Token], at: int) -> int:
    """The index of the bracket that closes the one at `at`. Raises ValueError without one."""
    wanted: list[str] = []
    for index in range(at, len(found)):
        if found[index].kind != "punct":
            continue
        word = found[index].text
        if word in _OPEN:
            wanted.append(_OPEN[word])
        elif word in _CLOSE:
            if not wanted or wanted.pop() != word:
                break
            if not wanted:
                return index
    raise ValueError("brackets do not match")


def statement_end(found: list[Token], at: int, depth: int = 0) -> int:
    """The index behind the statement that begins at `at`. Raises ValueError, IndexError."""
    if depth > 50:
        raise ValueError("statements are too deep in each other")
    word = found[at].text if found[at].kind in ("punct", "word") else ""
    if found[at].kind == "directive":
        return statement_end(found, at + 1, depth + 1)
    if word == "{":
        return closing(found, at) + 1
    if word in ("for", "while", "if", "switch"):
        end = statement_end(found, closing(found, at + 1) + 1, depth + 1)
        if word == "if" and end < len(found) and found[end].text == "else":
            return statement_end(found, end + 1, depth + 1)
        return end
    if word == "do":
        at = statement_end(found, at + 1, depth + 1)
    while found[at].text != ";":
        at = closing(found, at) if found[at].text in _OPEN else at
        at += 1
    return at + 1


def loops(found: list[Token], begin: int, end: int) -> list[tuple[int, int]]:
    """Where each loop that begins in [begin, end) begins and ends, outer ones first."""
    some: list[tuple[int, int]] = []
    for at in range(begin, end):
        if found[at].kind == "word" and found[at].text in ("for", "while", "do"):
            try:
                some.append((at, statement_end(found, at)))
            except (ValueError, IndexError):
                continue
    return some


def functions(found: list[Token]) -> list[tuple[int, int, int]]:
    """Each function of a file: where its head begins, its body, and behind that."""
    some: list[tuple[int, int, int]] = []
    at = head = 0
    while at < len(found):
        word = found[at].text if found[at].kind == "punct" else ""
        if found[at].kind == "directive" or word == ";":
            head = at + 1
        elif word in _OPEN:
            try:
                end = closing(found, at)
            except ValueError:
                break
            if word == "{":
                if at > head and found[at - 1].text == ")":
                    some.append((head, at, end + 1))
                    head = end + 1
                elif found[at - 1].text not in ("=", ")") and any(
                    token.text in ("namespace", "extern") for token in found[head:at]
                ):  # what is in it is looked at
                    head, at = at + 1, at + 1
                    continue
            at = end
        elif word == "}":
            head = at + 1
        at += 1
    return some
