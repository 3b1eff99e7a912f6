"""Conditions on data: what guards an assignment, and choices between two values of one element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from corr.polyhedral.expressions import UNSIGNED, WIDE, Element, Expression, Operation
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


def read_by(condition: Expression) -> set[str]:
    """The arrays and variables that a condition looks at."""
    return {node.array for node in condition.walk() if isinstance(node, Element)}
