"""Functions that only compute, `max3(a, b, c)` or `clamp(x)`: what they return, as one expression.

Such a function declares and sets variables of its own, chooses by `if`, and returns. Each variable
is what it was given last on the way, so that the value is a tree of choices. What is rounded before
it is used, a product, becomes a variable of the region: in one expression with a sum it might be
contracted to a fused multiply-add.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from corr.polyhedral.ast_forms import element_type, unwrapped
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.expressions import (
    Expression,
    NotAffine,
    Operation,
)

#: Functions in functions that are written out.
DEEPEST = 3
#: Ways through one function: each becomes a part of the expression.
MOST_WAYS = 16
#: Of the header <algorithm>, of two numbers.
EXTREMES = ("max", "min")
#: What the names of a function that is written out stand for: the call's arguments, which are
#: looked at where the call is, and values of its own variables; None for one that has none yet.
Frame = dict[str, Node | Expression | None]
_WRAPPERS = {"MaterializeTemporaryExpr", "ExprWithCleanups"}


def returned(
    expression: Callable[[Node], Expression],
    rounded: Callable[[Expression], Expression],
    sometimes: Callable[[], AbstractContextManager[None]],
    frame: Frame,
    body: Node,
    name: str,
) -> Expression:
    """What a function of this body returns. `expression` gives the value of a node in the frame,
    `rounded` a value that is kept for itself; within `sometimes` it may not be computed at all.

    Raises NotAffine for a function that does more.
    """
    ways = 0

    def value(statements: list[Node]) -> Expression:
        nonlocal ways
        if not statements:
            raise NotAffine(f"the call of {name} cannot be written out: it may return nothing")
        first, *rest = statements
        kind = first.get("kind")
        if kind == "ReturnStmt" and first.get("inner"):
            ways += 1
            if ways > MOST_WAYS:
                raise NotAffine(f"{name} has too many ways through it to be written out")
            return expression(first["inner"][0])
        if kind == "CompoundStmt":
            return value([*first.get("inner", ()), *rest])
        if kind == "IfStmt" and not first.get("hasVar") and not first.get("hasInit"):
            return choice(first["inner"], rest)
        if kind == "DeclStmt":
            for variable in first["inner"]:
                declare(variable)
        elif kind == "BinaryOperator" and first["opcode"] == "=":
            assign(*first["inner"])
        elif kind != "NullStmt":
            raise NotAffine(f"the call of {name} cannot be written out: a {kind} in it")
        return value(rest)

    def choice(parts: list[Node], rest: list[Node]) -> Expression:
        test = expression(parts[0])
        before = dict(frame)
        with sometimes():
            then = value([parts[1], *rest])
            frame.clear()
            frame.update(before)
            other = value([*parts[2:], *rest])
        if then.type != other.type:
            raise NotAffine(f"the call of {name} cannot be written out")
        return Operation(then.type, "?", (test, then, other))

    def declare(variable: Node) -> None:
        plain = variable.get("kind") == "VarDecl" and not variable.get("storageClass")
        if not plain or variable.get("init", "c") != "c":
            raise NotAffine(f"the call of {name} cannot be written out: it keeps something")
        element_type(variable["type"])
        values = [n for n in variable.get("inner", ()) if n.get("kind")]
        frame[variable["id"]] = rounded(expression(values[0])) if values else None

    def assign(target: Node, assigned: Node) -> None:
        identity = unwrapped(target).get("referencedDecl", {}).get("id")
        if identity not in frame:
            raise NotAffine(f"the call of {name} cannot be written out: it writes something")
        frame[identity] = rounded(expression(assigned))

    return value([body])


def value_of(node: Node) -> Node:
    """What a reference to a number, or to a temporary for it, has for its value."""
    while node.get("kind") in _WRAPPERS:
        node = node["inner"][0]
    return node
