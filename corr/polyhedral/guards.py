"""Conditions on data: what guards an assignment, and choices between two values of one element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from corr.polyhedral.clang_ast import Node
from corr.polyhedral.expressions import (
    UNSIGNED,
    WIDE,
    Cast,
    Element,
    Expression,
    Number,
    Operation,
)
from corr.polyhedral.scop import Statement

NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def negated(condition: Expression) -> Expression:
    """Of numbers with a fraction nothing can be turned round: one may be no number."""
    if (
        isinstance(condition, Operation)
        and condition.operator in NEGATED
        and all(operand.type in WIDE | UNSIGNED for operand in condition.operands)
    ):
        return replace(condition, operator=NEGATED[condition.operator])
    return Operation(condition.type, "!", (condition,))


def chosen(
    condition: Expression, branches: Sequence[Statement], guard: Expression | None
) -> list[Statement]:
    """The statements of both branches of an `if`; one where both give the same element a value."""
    if len(branches) == 2 and branches[0].target == branches[1].target:
        first, second = branches
        apart = first.loops == second.loops and first.position != second.position
        ways = (condition, negated(condition))
        guards = [way if guard is None else both(guard, way) for way in ways]
        if apart and [first.guard, second.guard] == guards:
            value = Operation(first.value.type, "?", (condition, first.value, second.value))
            return [replace(second, value=value, guard=guard)]
    return list(branches)


def both(first: Expression, second: Expression) -> Expression:
    """The second is only asked where the first holds."""
    return Operation(second.type, "&&", (first, second))


def remembered(
    statements: Sequence[Statement],
    guards: tuple[Expression, Expression],
    element: Element,
    asked: set[str],
) -> list[Statement]:
    """Guarded statements told by the element that keeps how the condition came out.

    `guards`: that of the branch taken, and of the other; those of what is nested in these begin
    with one of them. `asked`: what has a guard in its value.
    """
    nothing = Number("int", "0")
    yes: Expression = Operation("int", "!=", (element, nothing))
    no: Expression = Operation("int", "==", (element, nothing))
    if isinstance(guards[1], Operation) and guards[1].operator == "&&":
        no = both(guards[1].operands[0], no)

    def told(guard: Expression) -> Expression:
        if guard in guards:
            return yes if guard == guards[0] else no
        if isinstance(guard, Operation) and guard.operator == "&&":
            return both(told(guard.operands[0]), guard.operands[1])
        return guard

    found = []
    for s in statements:
        value = s.value
        if s.target.array in asked and isinstance(value, Operation) and value.operator == "?":
            test, *others = value.operands
            value = replace(value, operands=(told(test), *others))
        found.append(replace(s, value=value, guard=told(s.guard) if s.guard is not None else None))
    return found


def always(statement: Statement) -> Statement:
    """A variable's first value under a guard: it has one otherwise, too, at which nobody looks."""
    if statement.guard is None:
        return statement
    kind = statement.value.type
    value = Operation(kind, "?", (statement.guard, statement.value, Cast(kind, Number("int", "0"))))
    return replace(statement, value=value, guard=None)


def straight(body: Node) -> Node:
    """A loop's body in which what `if (…) continue;` skips stands in its `else`."""
    if body.get("kind") != "CompoundStmt":
        return body
    nodes = list(body.get("inner", ()))
    for at, node in enumerate(nodes):
        if node.get("kind") != "IfStmt" or node.get("hasVar") or node.get("hasInit"):
            continue
        condition, then, *other = node["inner"]
        left = _before_continue(then)
        if left is not None:
            rest = {"kind": "CompoundStmt", "inner": [*other, *nodes[at + 1 :]]}
            choice = {"kind": "IfStmt", "inner": [condition, left, straight(rest)]}
            return {**body, "inner": [*nodes[:at], choice]}
    return body


def _before_continue(node: Node) -> Node | None:
    """What a branch does before the `continue` that it ends with; None if it ends otherwise."""
    if node.get("kind") == "ContinueStmt":
        return {"kind": "NullStmt"}
    inner = node.get("inner", ())
    if node.get("kind") == "CompoundStmt" and inner and inner[-1].get("kind") == "ContinueStmt":
        return {**node, "inner": inner[:-1]}
    return None


def read_by(condition: Expression) -> set[str]:
    """The arrays and variables that a condition looks at."""
    return {node.array for node in condition.walk() if isinstance(node, Element)}
