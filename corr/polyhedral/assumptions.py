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
            if scop.arrays[a.array].rows:
                continue  # of a row's own: there is nothing beyond it
            for form, end in zip(a.index[1:], scop.extents.get(a.array, ()), strict=True):
                bad = bad.union(outside(scop, s, form, end))
    bad = bad.intersect(_possible(scop)).coalesce()
    if bad.is_empty():
        return None
    good = bad.complement().gist(_possible(scop)).coalesce()
    if good.is_empty():
        raise NotAffine("a subscript leaves its dimension")
    return _in_one(scop, good)


def _in_one(scop: Scop, good: isl.Set) -> isl.Set:
    """One conjunction in place of several, where that leaves nothing out but sizes below 2.

    It asks less of whoever reads it, and more of sizes for which hardly a loop runs.
    """
    sizes = (
        scop.header + "{ : " + " and ".join(f"{PARAMETER}{p} >= 2" for p in scop.parameters) + " }"
    )
    some = good.intersect(isl.Set(sizes))
    if good.n_basic_set() < 2 or some.is_empty():
        return good
    for part in good.get_basic_sets():
        found = part
        for constraint in part.get_constraints():
            rest = _without(found, constraint)
            if isl.Set.from_basic_set(rest).is_subset(good):
                found = rest
        if some.is_subset(isl.Set.from_basic_set(found)):
            return isl.Set.from_basic_set(found)
    return good


def _without(every: isl.BasicSet, one: isl.Constraint) -> isl.BasicSet:
    kept = [c for c in every.get_constraints() if not c.is_equal(one)]
    return isl.BasicSet.universe(every.get_space()).add_constraints(kept)


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
        if name in scop.computed and scop.sized:  # an extent: there is an element at least
            found = found.intersect(isl.Set(f"{scop.header}{{ : {PARAMETER}{name} >= 1 }}"))
        if kind in UNSIGNED:
            low, high = limits(kind)
            text = f"{low} <= {PARAMETER}{name} <= {min(high, LARGEST)}"
            found = found.intersect(isl.Set(f"{scop.header}{{ : {text} }}"))
    return found
