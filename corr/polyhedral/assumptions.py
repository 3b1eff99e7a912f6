"""What parameters must fulfil if a region is to be as it is modelled."""

from __future__ import annotations

import islpy as isl

from corr.polyhedral.expressions import NotAffine, linear
from corr.polyhedral.scop import Scop


def assumed(scop: Scop) -> isl.Set | None:
    """The parameters for which no subscript but the first leaves its dimension; None: for all.

    `A[0][n]` is another name of `A[1][0]`, and the model takes them to be two elements. (C calls
    it undefined, programs do it.) Raises NotAffine if no parameters fulfil it.
    """
    spell = scop.spelling()
    bad = isl.Set(f"{scop.header}{{ : 1 = 0 }}")
    for s in scop.statements:
        for a in s.accesses:
            for form, end in zip(a.index[1:], scop.extents.get(a.array, ()), strict=True):
                index, size = linear(form, spell), linear(end, spell)
                text = f"{s.name}[{', '.join(s.loops)}] : {index} < 0 or {index} >= {size}"
                outside = isl.Set(f"{scop.header}{{ {text} }}").intersect(scop.domain_of(s))
                bad = bad.union(outside.params())
    bad = bad.coalesce()
    if bad.is_empty():
        return None
    good = bad.complement().coalesce()
    if good.is_empty():
        raise NotAffine("a subscript leaves its dimension")
    return good
