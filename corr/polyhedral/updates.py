"""Updates of an element that may come in any order: the larger, or the smaller, of whole numbers.

`t[i] = t[i] < x ? x : t[i]` for many x gives the largest of them, whichever comes first. (Not so
of floating-point numbers: NaN, and zeros of both signs. Sums of signed numbers may overflow where
the text's order does not.)
"""

from __future__ import annotations

from corr.polyhedral.expressions import COUNTS, LONG_UNSIGNED, Element, Expression, Operation
from corr.polyhedral.scop import Access, Statement, access_to

_LARGER, _SMALLER = (">", ">="), ("<", "<=")


def kind_of(statement: Statement) -> str:
    """`largest` or `smallest` with the array's name; empty if it is no such update."""
    target, value = statement.target, statement.value
    if statement.guard is not None or target.type not in COUNTS | LONG_UNSIGNED:
        return ""
    if not isinstance(value, Operation) or (value.operator, value.type) != ("?", target.type):
        return ""
    test, chosen, other = value.operands
    if not isinstance(test, Operation) or test.operator not in _LARGER + _SMALLER:
        return ""
    if test.operands not in ((chosen, other), (other, chosen)):
        return ""
    operands = [one for one in (chosen, other) if one != target]
    if len(operands) != 1 or _reads(operands[0], target) or operands[0].type != target.type:
        return ""
    first_if_larger = test.operator in _LARGER
    larger = first_if_larger == (test.operands == (chosen, other))
    return f"{'largest' if larger else 'smallest'} {target.array}"


def other_reads(statement: Statement) -> list[Access]:
    """What such an update reads besides the element that it updates."""
    value = statement.value
    assert isinstance(value, Operation)
    operands = [one for one in value.operands[1:] if one != statement.target]
    elements = [n for one in operands for n in one.walk() if isinstance(n, Element)]
    indices = [n for i in statement.target.indices for n in i.walk() if isinstance(n, Element)]
    return list(dict.fromkeys(map(access_to, [*elements, *indices])))


def _reads(node: Expression, target: Element) -> bool:
    """The expression reads the element by the same subscripts."""
    return any(one == target for one in node.walk())
