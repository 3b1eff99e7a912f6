"""Arrays that may be one and the same: `sub(a, b, a, n)`, which computes in place.

Where one statement alone touches both, each instance the same element of the two, and no two
instances the same, an instance reads its element before it writes it, and no other one does either:
then every order of them is right where the arrays are one, as it is where they are apart.
"""

from __future__ import annotations

from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.limits import bounded
from corr.polyhedral.scop import Scop


def may_be_one(scop: Scop, one: str, other: str) -> bool:
    """Two arrays of a region may begin at one address, and its order is free all the same."""
    arrays = scop.arrays.get(one), scop.arrays.get(other)
    if arrays[0] is None or arrays[1] is None:
        return False
    shapes = {(a.dimensions, a.element.removeprefix("const "), a.folded) for a in arrays if a}
    if len(shapes) != 1 or not arrays[0].dimensions:
        return False
    if any(a and (a.rows or a.member is not None or a.local) for a in arrays):
        return False
    if scop.extents.get(one) != scop.extents.get(other):
        return False
    touching = [s for s in scop.statements if any(a.array in (one, other) for a in s.accesses)]
    if len(touching) != 1:
        return False
    (statement,) = touching
    accesses = [a for a in statement.accesses if a.array in (one, other)]
    if any(a.index != accesses[0].index for a in accesses):
        return False
    try:
        with bounded("whether an element is touched once"):
            return bool(scop.touched(statement, accesses[0]).is_injective())
    except NotAffine:
        return False
