"""How many points a set has, estimated: exact where it is a box, else to about one per cent."""

from __future__ import annotations

from collections.abc import Mapping

import islpy as isl
import numpy as np
from numpy.typing import NDArray

from corr.polyhedral.scop import PARAMETER

#: Points that a set is looked for at, spread evenly over the box round it (Halton, 1960).
LOOKED_AT = 8192
_PRIMES = (2, 3, 5, 7, 11, 13, 17)

Values = NDArray[np.float64]


def count(points: isl.Set, sizes: Mapping[str, int]) -> float | None:
    """How many points a set has where its parameters are these.

    None where a parameter that matters is not among them, or the set is no union of polyhedra.
    """
    points = fixed(points, sizes)
    if points.is_empty():
        return 0.0
    if points.dim(isl.dim_type.set) == 0:
        return 1.0
    if not points.is_bounded() or points.dim(isl.dim_type.set) > len(_PRIMES):
        return None
    box = _box(points)
    if box is None:
        return None
    low, high = box
    parts: list[isl.BasicSet] = []
    points.foreach_basic_set(parts.append)
    if any(part.dim(isl.dim_type.div) for part in parts):
        return None
    spread = [_halton(base) for base in _PRIMES[: len(low)]]
    at = [np.floor(a + u * (b - a + 1)) for a, b, u in zip(low, high, spread, strict=True)]
    inside = np.zeros(LOOKED_AT, bool)
    for part in parts:
        inside |= _inside(part, at)
    volume = np.prod([b - a + 1.0 for a, b in zip(low, high, strict=True)])
    return float(volume * inside.mean())


def fixed(points: isl.Set, sizes: Mapping[str, int]) -> isl.Set:
    """The set with numbers for its parameters; those that are not known may be anything."""
    for at in reversed(range(points.dim(isl.dim_type.param))):
        name = (points.get_dim_name(isl.dim_type.param, at) or "").removeprefix(PARAMETER)
        if name in sizes:
            points = points.fix_val(isl.dim_type.param, at, isl.Val(sizes[name]))
            points = points.project_out(isl.dim_type.param, at, 1)
        elif not points.involves_dims(isl.dim_type.param, at, 1):
            points = points.project_out(isl.dim_type.param, at, 1)
    return points.coalesce()


def _box(points: isl.Set) -> tuple[list[int], list[int]] | None:
    """The least and the largest number of each dimension; None where a parameter decides."""
    ends = [
        (points.dim_min_val(at), points.dim_max_val(at))
        for at in range(points.dim(isl.dim_type.set))
    ]
    if not all(low.is_int() and high.is_int() for low, high in ends):
        return None
    return [low.to_python() for low, _ in ends], [high.to_python() for _, high in ends]


def _inside(part: isl.BasicSet, at: list[Values]) -> NDArray[np.bool_]:
    found = np.ones(LOOKED_AT, bool)
    for constraint in part.get_constraints():
        value: Values = np.full(LOOKED_AT, float(constraint.get_constant_val().to_python()))
        for number, values in enumerate(at):
            factor = constraint.get_coefficient_val(isl.dim_type.set, number).to_python()
            value = value + factor * values
        found &= (value == 0) if constraint.is_equality() else (value >= 0)
    return found


def _halton(base: int) -> Values:
    """Numbers from 0 to 1 that fill it evenly, as far as one looks."""
    found, digits, weight = np.zeros(LOOKED_AT), np.arange(1, LOOKED_AT + 1), 1.0 / base
    while digits.any():
        found += weight * (digits % base)
        digits //= base
        weight /= base
    return found
