"""Comparisons of whole numbers as constraints of the model."""

from __future__ import annotations

from corr.polyhedral.expressions import Affine, added, scaled
from corr.polyhedral.scop import Constraint

#: The comparisons that are constraints, and what each is where it does not hold.
COMPARISONS = {"<", "<=", ">", ">=", "=="}
FLIPPED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def constraint(operator: str, left: Affine, right: Affine) -> Constraint:
    """What holds of two linear forms where the comparison does."""
    if operator == "==":
        return Constraint(added(left, scaled(right, -1)), equal=True)
    if operator in ("<", "<="):
        left, right = right, left
    form = added(left, scaled(right, -1))
    return Constraint(added(form, {"": -1}) if operator in ("<", ">") else form)
