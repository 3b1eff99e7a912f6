"""Statements that somebody needs: no numbers that were put in place where they are read."""

from __future__ import annotations

from collections.abc import Sequence

from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.scop import Array, Statement


def useful(
    statements: Sequence[Statement], arrays: dict[str, Array]
) -> tuple[list[Statement], dict[str, Array]]:
    """What is left of a region, and what it uses. Raises NotAffine if that is nothing."""
    kept = [s for s in statements if not _is_useless(s, arrays, statements)]
    if not kept:
        raise NotAffine("nothing is assigned")
    used = {e.array for s in kept for e in s.elements()}
    return kept, {n: array for n, array in arrays.items() if n in used}


def _is_useless(s: Statement, arrays: dict[str, Array], statements: Sequence[Statement]) -> bool:
    """It writes a variable that is read neither in the region nor after it."""
    array = arrays[s.target.array]
    if array.dimensions or array.outside or s.guard is not None:
        return False
    return not any(e.array == array.name for o in statements for e in o.elements(read=True))
