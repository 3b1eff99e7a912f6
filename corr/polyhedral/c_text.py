"""Expressions of the C that this room writes: read into trees, and printed as a person would.

Brackets stand where C needs them, where a compiler would warn without, and where the order of
floating-point operations is another without; nothing is computed in another order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][\da-fA-F.]+(?:[pP][-+]?\d+)?\w*"
    r"|\d[\d.]*(?:[eE][-+]?\d+)?\w*|\.\d+(?:[eE][-+]?\d+)?\w*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign><<|>>|<=|>=|==|!=|&&|\|\||->|[-+*/%&|^!~?:<>.,()\[\]{}]))"
)
_TYPE = re.compile(
    r"(?:long|int|short|char|unsigned|signed|float|double|const|void|_Bool|bool|size_t"
    r"|corr_\w+|u?int\d+_t)\Z"
)
_LEVELS = [
    {"||"},
    {"&&"},
    {"|"},
    {"^"},
    {"&"},
    {"==", "!="},
    {"<", "<=", ">", ">="},
    {"<<", ">>"},
    {"+", "-"},
    {"*", "/", "%"},
]
#: How tightly each binary operator binds; a choice binds less, what has one operand more.
LEVEL = {sign: at for at, signs in enumerate(_LEVELS, 1) for sign in signs}
_CHOICE, _UNARY, _POSTFIX = 0, 11, 12
#: Operators of which compilers warn where others stand in them without brackets.
_APART = {"|", "^", "&", "<<", ">>"}


class Unknown(Exception):
    """Text that is none of these expressions."""


@dataclass(frozen=True)
class Tree:
    """An expression: what it is, its text or operator, and what it is made of.

    `kind`: atom, unary, binary, choice, cast, call, index, member, braces.
    """

    kind: str
    text: str
    parts: tuple[Tree, ...] = ()

    def __str__(self) -> str:
        return _printed(self)[0]


def parsed(source: str) -> Tree:
    """The tree of an expression. Raises Unknown."""
    reader = _Reader(source)
    found = reader.choice()
    if reader.now:
        raise Unknown(source)
    return found


class _Reader:
    def __init__(self, source: str) -> None:
        self.tokens: list[str] = []
        at, end = 0, len(source.rstrip())
        while at < end:
            match = _TOKEN.match(source, at)
            if match is None:
                raise Unknown(source)
            self.tokens.append(match[0].strip())
            at = match.end()
        self.at = 0

    @property
    def now(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.now
        if not token or (wanted and token != wanted):
            raise Unknown(" ".join(self.tokens))
        self.at += 1
        return token

    def choice(self) -> Tree:
        condition = self.binary(1)
        if self.now != "?":
            return condition
        self.take()
        first = self.choice()
        self.take(":")
        return Tree("choice", "?", (condition, first, self.choice()))

    def binary(self, least: int) -> Tree:
        left = self.unary()
        while LEVEL.get(self.now, 0) >= least:
            sign = self.take()
            left = Tree("binary", sign, (left, self.binary(LEVEL[sign] + 1)))
        return left

    def unary(self) -> Tree:
        if self.now in ("-", "+", "!", "~", "*", "&"):
            sign = self.take()
            return Tree("unary", sign, (self.unary(),))
        if self.now == "(" and _TYPE.match(self._ahead(1)):
            self.take()
            words = []
            while self.now != ")":
                words.append(self.take())
            self.take()
            kind = " ".join(words)
            if self.now == "{":
                return self.postfix(Tree("braces", kind, self._listed("{", "}")))
            return Tree("cast", kind, (self.unary(),))
        return self.postfix(self.primary())

    def primary(self) -> Tree:
        if self.now == "(":
            self.take()
            inner = self.choice()
            self.take(")")
            if inner.kind == "atom" and self.now == "(":  # a cast to a type that is not known here
                raise Unknown(" ".join(self.tokens))
            return inner
        token = self.take()
        if not (token[0].isalnum() or token[0] in "_."):
            raise Unknown(" ".join(self.tokens))
        return Tree("atom", token)

    def postfix(self, tree: Tree) -> Tree:
        while self.now in ("[", "(", ".", "->"):
            if self.now == "[":
                self.take()
                tree = Tree("index", "", (tree, self.choice()))
                self.take("]")
            elif self.now == "(":
                tree = Tree("call", "", (tree, *self._listed("(", ")")))
            else:
                sign = self.take()
                tree = Tree("member", sign + self.take(), (tree,))
        return tree

    def _listed(self, opening: str, closing: str) -> tuple[Tree, ...]:
        self.take(opening)
        found = []
        while self.now != closing:
            found.append(self.choice())
            if self.now != closing:
                self.take(",")
        self.take(closing)
        return tuple(found)

    def _ahead(self, by: int) -> str:
        return self.tokens[self.at + by] if self.at + by < len(self.tokens) else ""


def _printed(tree: Tree) -> tuple[str, int]:
    """The text, and how tightly its outermost operator binds."""
    kind, parts = tree.kind, tree.parts
    if kind == "atom":
        return tree.text, _POSTFIX
    if kind == "binary":
        level = LEVEL[tree.text]
        left, right = (_operand(part, tree.text, level + at) for at, part in enumerate(parts))
        return f"{left} {tree.text} {right}", level
    if kind == "choice":
        condition, first, other = (_within(part, 1) for part in parts)
        return f"{condition} ? {first} : {other}", _CHOICE
    if kind in ("unary", "cast"):
        operand = _within(parts[0], _UNARY)
        sign = tree.text if kind == "unary" else f"({tree.text.replace(' *', ' *')})"
        if kind == "unary" and operand[0] in "+-&*" and operand[0] == sign:
            operand = f"({operand})"
        return f"{sign}{operand}", _UNARY
    if kind == "braces":
        return f"({tree.text}){{{', '.join(map(str, parts))}}}", _POSTFIX
    first = _within(parts[0], _POSTFIX)
    if kind == "index":
        return f"{first}[{parts[1]}]", _POSTFIX
    if kind == "call":
        return f"{first}({', '.join(map(str, parts[1:]))})", _POSTFIX
    return f"{first}{tree.text}", _POSTFIX


def _operand(tree: Tree, sign: str, least: int) -> str:
    warned = tree.kind == "binary" and (
        sign in _APART or tree.text in _APART or (sign == "||" and tree.text == "&&")
    )
    text, level = _printed(tree)
    return f"({text})" if level < least or warned else text


def _within(tree: Tree, least: int) -> str:
    text, level = _printed(tree)
    return f"({text})" if level < least else text
