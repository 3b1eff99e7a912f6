"""Loops that count up to a bound: `for (...; i < n; i++)`, `while (p < end && *p != c) p++;`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corr.irregular.edits import source
from corr.irregular.effects import Observer, Unsuitable
from corr.irregular.syntax import bare, block, identity_of, leaves, plain
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

_NUMBERS = {
    "int": "long long",
    "unsigned int": "long long",
    "long": "__int128",
    "unsigned long": "__int128",
    "long long": "__int128",
    "unsigned long long": "__int128",
}
_POINTER = re.compile(r"[^()]*\*(?: ?(?:const|restrict|__restrict))*")
_TURNED = {">": "<", ">=": "<=", "!=": "!=", "<": ">", "<=": ">="}
_LENGTHS = frozenset({"strlen", "wcslen"})
_SUMS = frozenset({"+", "-"})
MOST_STEP = 8
#: What stands for a number of elements in a text.
_FAR = "\0"


@dataclass(frozen=True)
class Count:
    """How a loop counts. `name` and `identity` are its variable's, which grows by `step`.

    `condition`: the part of its condition that is about the bound, `whole` all of it, both as text;
    `conditions`: the other parts; `statements`: the body's, without the step.
    """

    name: str
    identity: str
    step: int
    condition: str
    whole: str
    left: str
    conditions: tuple[Node, ...]
    statements: tuple[Node, ...]

    def more(self, width: int) -> str:
        """Whether `width` iterations are left, if one is."""
        return self.left.replace(_FAR, str(self.step * (width - 1)))


def count_of(functions: Functions, observer: Observer, loop: Node) -> Count:
    """How a loop counts. Raises Unsuitable for one that does not."""
    if loop["kind"] == "ForStmt":
        _, variable, condition, increment, body = loop["inner"]
        statements = block(body)
    else:
        variable = loop.get("hasVar")
        condition, body = loop["inner"][-2:]
        *statements, increment = block(body) or [{}]
        if leaves(body, "ContinueStmt"):
            raise Unsuitable("it may go on without a step")
    if variable or not condition or not increment:
        raise Unsuitable("it does not count up to a bound")
    index, step = _step(increment)
    identity = identity_of(index)
    declared = observer.variables.declaration(identity) if identity else None
    if identity is None or declared is None or not observer.variable(index).own:
        raise Unsuitable("its variable is seen elsewhere")
    type_ = " ".join(w for w in type_of(declared["type"]).split() if w != "const")
    if type_ not in _NUMBERS and not _POINTER.fullmatch(type_):
        raise Unsuitable("its variable is no plain whole number")
    asked = observer.of(node for part in _parts(condition) for node in _without_lengths(part))
    if asked.writes or asked.assigned:
        raise Unsuitable("its condition does more than ask")
    parts = _parts(condition)
    text = functions.text
    for part in parts:
        left = _left(text, part, identity, step, type_)
        if left is not None:
            others = tuple(other for other in parts if other is not part)
            return Count(
                declared["name"], identity, step, source(text, part), source(text, condition), left,
                others, tuple(statements),
            )  # fmt: skip
    raise Unsuitable("it does not count up to a bound")


def _without_lengths(part: Node) -> Iterator[Node]:
    """A question, with the text itself in place of its length: it is looked at, and no more."""
    if part.get("kind") != "BinaryOperator" or part.get("opcode") not in _TURNED:
        yield part
        return
    for side in map(plain, part["inner"]):
        callee = plain(side["inner"][0]) if side.get("kind") == "CallExpr" else {}
        name = callee.get("referencedDecl", {}).get("name")
        yield from side["inner"][1:] if name in _LENGTHS else [side]


def _step(node: Node) -> tuple[Node, int]:
    """The variable that a step adds to, and how much."""
    node = bare(node)
    if node.get("kind") == "UnaryOperator" and node["opcode"] == "++":
        return plain(node["inner"][0]), 1
    if node.get("kind") == "CompoundAssignOperator" and node["opcode"] == "+=":
        by = plain(node["inner"][1])
        if by.get("kind") == "IntegerLiteral" and 0 < int(by["value"]) <= MOST_STEP:
            return plain(node["inner"][0]), int(by["value"])
    raise Unsuitable("it does not count up")


def _parts(condition: Node) -> list[Node]:
    """The questions that all have to be answered with yes."""
    node = bare(condition)
    if node.get("opcode") == "&&":
        return [part for inner in node["inner"] for part in _parts(inner)]
    return [node]


def _left(text: bytes, part: Node, identity: str, step: int, type_: str) -> str | None:
    """Whether more than so much is left to the bound, if a part of the condition is about one."""
    operator = part.get("opcode", "")
    if part.get("kind") != "BinaryOperator" or operator not in _TURNED:
        return None
    one, other = part["inner"]
    if _mentions(other, identity):
        one, other, operator = other, one, _TURNED[operator]
    if operator not in ("<", "<=", "!=") or _mentions(other, identity):
        return None
    if operator == "!=" and step != 1:
        return None
    low, high = source(text, one), source(text, other)
    if _is_square(one, identity) and type_ in _NUMBERS and operator != "!=":
        name, wide = source(text, plain(one)["inner"][0]), _NUMBERS[type_]
        last = f"(({wide}){name} + {_FAR})"
        return f"{last} * {last} {operator} ({high})"
    if not _sums_up(one, identity):
        return None
    beyond = f"{_FAR} - 1" if operator == "<=" else _FAR
    if type_ not in _NUMBERS:
        return f"({high}) - ({low}) > {beyond}"
    return f"(unsigned long long)({high}) - (unsigned long long)({low}) > {beyond}"


def _mentions(node: Node, identity: str) -> bool:
    return any(identity_of(inner) == identity for inner in walk(node))


def _is_square(node: Node, identity: str) -> bool:
    node = plain(node)
    return node.get("opcode") == "*" and all(
        identity_of(part) == identity for part in node.get("inner", ())
    )


def _sums_up(node: Node, identity: str) -> bool:
    """It is the variable and what is added to it."""
    node = plain(node)
    if node.get("kind") == "BinaryOperator" and node.get("opcode") in _SUMS:
        one, other = node["inner"]
        if _mentions(one, identity) == _mentions(other, identity):
            return False
        if _mentions(one, identity):
            return _sums_up(one, identity)
        return node["opcode"] == "+" and _sums_up(other, identity)
    return identity_of(node) == identity and node.get("kind") == "DeclRefExpr"
