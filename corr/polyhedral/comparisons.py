"""Comparisons of whole numbers as constraints of the model."""

from __future__ import annotations

from collections.abc import Callable

from corr.polyhedral.ast_forms import unwrapped
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.expressions import Affine, NotAffine, added, scaled
from corr.polyhedral.scop import Constraint

#: The comparisons that are one constraint each, and what each is where it does not hold.
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "=="})
_FLIPPED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
#: Parts that a condition may fall into: what it guards is taken once for each.
MOST_WAYS = 4

#: Constraints that hold together.
Way = tuple[Constraint, ...]


def ways(condition: Node, whole: Callable[[Node], Affine], *, holds: bool = True) -> list[Way]:
    """The ways in which a condition holds, or does not: no two at once, and one if it does.

    `whole` gives the linear form of a number. Raises NotAffine for what is about anything else.
    """
    node = unwrapped(condition)
    found: list[Way] = []
    if node.get("kind") == "UnaryOperator" and node["opcode"] == "!":
        found = ways(node["inner"][0], whole, holds=not holds)
    elif node.get("kind") == "BinaryOperator" and node["opcode"] in ("&&", "||"):
        left, right = node["inner"]
        first, second = ways(left, whole, holds=holds), ways(right, whole, holds=holds)
        if (node["opcode"] == "&&") == holds:
            found = _together(first, second)
        else:
            found = [*first, *_together(ways(left, whole, holds=not holds), second)]
    elif node.get("kind") == "BinaryOperator" and node["opcode"] in _FLIPPED:
        operator = node["opcode"] if holds else _FLIPPED[node["opcode"]]
        left_form, right_form = (whole(part) for part in node["inner"])
        operators = (operator,) if operator in _COMPARISONS else ("<", ">")
        found = [(_constraint(one, left_form, right_form),) for one in operators]
    if not 0 < len(found) <= MOST_WAYS:
        raise NotAffine("a condition is not affine")
    return found


def _together(first: list[Way], second: list[Way]) -> list[Way]:
    return [(*one, *other) for one in first for other in second]


def _constraint(operator: str, left: Affine, right: Affine) -> Constraint:
    """What holds of two linear forms where the comparison does."""
    if operator == "==":
        return Constraint(added(left, scaled(right, -1)), equal=True)
    if operator in ("<", "<="):
        left, right = right, left
    form = added(left, scaled(right, -1))
    return Constraint(added(form, {"": -1}) if operator in ("<", ">") else form)
