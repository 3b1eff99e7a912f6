"""What is known inside a loop: values of expressions, conditions, calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from corr.irregular.borders.linear import Linear, range_of
from corr.irregular.edits import place
from corr.irregular.effects import Unsuitable
from corr.irregular.syntax import changes, identity_of
from corr.polyhedral.clang_ast import Node, walk
from corr.polyhedral.declarations import type_of

WRAPPERS = frozenset({"MaterializeTemporaryExpr", "ExprWithCleanups", "ParenExpr", "ConstantExpr"})
_REAL = frozenset({"float", "double", "long double"})


@dataclass(frozen=True)
class Value:
    """What an expression is, if none of `needs` is below 0. `node`: what has that value already."""

    sum: Linear
    needs: frozenset[Linear] = frozenset()
    node: Node | None = None


@dataclass
class Found:
    """What is known inside: conditions that hold or do not, expressions with their values.

    `calls`: functions that come down to one expression there. `needs`: what must not be below 0.
    """

    tests: dict[int, tuple[Node, bool]] = field(default_factory=dict)
    values: dict[int, tuple[Node, Value]] = field(default_factory=dict)
    calls: dict[int, Call] = field(default_factory=dict)
    needs: dict[Linear, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tests) + len(self.values) + len(self.calls)


@dataclass(frozen=True)
class Call:
    """A call that comes down to one expression: what parameters are given, what is known in it.

    `sums`: what its variables are that do not stay what they are given; `prefix`: what stands
    before the members of a method's object.
    """

    result: Node
    given: dict[str, Node]
    sums: dict[str, Linear]
    prefix: str
    found: Found


def assigned_in(node: Node | None) -> dict[str, list[Node]]:
    """The variables that are set in a statement, and where."""
    found: dict[str, list[Node]] = {}
    for inner in walk(node) if node else ():
        if changes(inner):
            identity = identity_of(inner["inner"][0])
            if identity is not None:
                found.setdefault(identity, []).append(inner)
    return found


def argument(node: Node) -> Node:
    """What is passed by a reference to a temporary, or as it is."""
    while node.get("kind") in ("MaterializeTemporaryExpr", "ExprWithCleanups"):
        node = node["inner"][0]
    return node


def unwrapped(node: Node) -> Node:
    while node.get("kind") in WRAPPERS or (
        node.get("kind") == "ImplicitCastExpr"
        and node.get("castKind") in ("NoOp", "IntegralToBoolean", "IntegralCast")
    ):
        node = node["inner"][0]
    return node


def spelled(node: Node) -> tuple[int, int]:
    """Where a node is written: for one in the arguments of a macro, there. Raises Unsuitable."""
    span = node.get("range", {})
    begin, end = span.get("begin", {}), span.get("end", {})
    at = begin.get("expansionLoc", {}).get("offset")
    if at is None or at != end.get("expansionLoc", {}).get("offset"):
        return place(node)
    first, last = begin.get("spellingLoc", {}), end.get("spellingLoc", {})
    if first.get("offset", -1) <= at or last.get("offset", -1) < first["offset"]:
        raise Unsuitable("a part of it comes out of a macro, or another file")
    return first["offset"], last["offset"] + last["tokLen"]


def acts(node: Node) -> bool:
    """It does more than compute: it may not be written twice, or left out."""
    return any(
        changes(n) or "Call" in n.get("kind", "") or n.get("kind") == "CXXNewExpr"
        for n in walk(node)
    )


def returns_more(node: Node) -> bool:
    """It is more than a number that is read: an object, or one that is made into another."""
    return range_of(type_of(node["type"])) is None and type_of(node["type"]) not in _REAL


def of_this(node: Node) -> bool:
    """It is a member of the object whose method it is in."""
    inner = node.get("inner") or [{}]
    return node.get("kind") == "MemberExpr" and inner[0].get("kind") == "CXXThisExpr"
