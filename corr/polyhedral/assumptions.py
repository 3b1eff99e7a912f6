"""What parameters must fulfil if a region is to be as it is modelled."""

from __future__ import annotations

import islpy as isl

from corr.polyhedral.expressions import (
    LARGEST,
    UNSIGNED,
    Affine,
    NotAffine,
    added,
    limits,
    linear,
    scaled,
)
from corr.polyhedral.scop import PARAMETER, Constraint, Scop, Statement


def assumed(scop: Scop) -> isl.Set | None:
    """The parameters for which the region is as modelled; None: for all.

    No subscript but the first leaves its dimension: `A[0][n]` is another name of `A[1][0]`, and the
    model takes them to be two elements. (C calls it undefined, programs do it.) No number wraps
    round or is cut. Raises NotAffine if no parameters fulfil it.
    """
    bad = isl.Set(f"{scop.header}{{ : 1 = 0 }}")
    for duty in scop.obligations:
        fails = Constraint(added(scaled(duty.form, -1), {"": -1}))
        bad = bad.union(scop.points(duty.loops, (*duty.constraints, fails)).params())
    for s in scop.statements:
        for a in s.accesses:
            for form, end in zip(a.index[1:], scop.extents.get(a.array, ()), strict=True):
                bad = bad.union(outside(scop, s, form, end))
    bad = bad.intersect(_possible(scop)).coalesce()
    if bad.is_empty():
        return None
    good = bad.complement().gist(_possible(scop)).coalesce()
    if good.is_empty():
        raise NotAffine("a subscript leaves its dimension")
    return good


def outside(scop: Scop, s: Statement, index: Affine, extent: Affine) -> isl.Set:
    """The parameters for which some instance of a statement has an index out of [0, extent)."""
    spell = scop.spelling()
    at, size = linear(index, spell), linear(extent, spell)
    text = f"{s.name}[{', '.join(s.loops)}] : {at} < 0 or {at} >= {size}"
    return isl.Set(f"{scop.header}{{ {text} }}").intersect(scop.domain_of(s)).params()


def _possible(scop: Scop) -> isl.Set:
    """The parameters that their types allow, as far as that is worth knowing."""
    found = isl.Set(f"{scop.header}{{ : }}")
    for name, kind in scop.parameter_types.items():
        if kind in UNSIGNED:
            low, high = limits(kind)
            text = f"{low} <= {PARAMETER}{name} <= {min(high, LARGEST)}"
            found = found.intersect(isl.Set(f"{scop.header}{{ : {text} }}"))
    return found
