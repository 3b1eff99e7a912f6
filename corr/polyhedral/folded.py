"""Subscripts that fold several dimensions into one, `a[i * n + k]`, taken apart again.

Which widths they were folded with is read from the coefficients of the loops' variables. That no
subscript leaves its width is what `assumptions` then asks of the parameters.
(Delinearisation of parametric subscripts: Grosser, Ramanujam, Pouchet, Sadayappan, Pop, ICS 2015.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import gcd

from corr.polyhedral.assumptions import outside
from corr.polyhedral.expressions import (
    COUNTS,
    WIDE,
    Affine,
    Cast,
    Element,
    Expression,
    Name,
    NotAffine,
    Number,
    Operation,
    affine,
    is_iterator,
    show,
)
from corr.polyhedral.scop import Array, Scop, Statement
from corr.polyhedral.wrapping import address

#: A sum of products of names: coefficient by the names, sorted; () is the constant.
Polynomial = dict[tuple[str, ...], int]
#: Dimensions that one subscript may hold, and widths that are tried for each.
MOST_DIMENSIONS, MOST_WIDTHS = 4, 4
#: Products that one subscript may be the sum of.
MOST_STEPS = 40


@dataclass(frozen=True)
class Use:
    """One subscript of an array, and the statement that it is in."""

    statement: Statement
    subscript: Expression


def unfolded(scop: Scop) -> Scop:
    """The region with its folded subscripts taken apart.

    An array of which one subscript is not linear gets as many dimensions as it was folded from.
    Raises NotAffine where no widths fit all subscripts of an array.
    """
    for name, array in scop.arrays.items():
        if array.dimensions - array.within == 1 and not array.local:
            uses = list(_uses(scop, name))
            if not all(_is_affine(use.subscript) for use in uses):
                try:
                    scop = _apart(scop, array, uses)
                except NotAffine:
                    scop = _with_products(scop, array, uses)
    return scop


def _with_products(scop: Scop, array: Array, uses: Sequence[Use]) -> Scop:
    """The region with products of parameters, `y * w` of a row y, as parameters themselves.

    Raises NotAffine where a loop's variable is multiplied with something.
    """
    names = {n.name: n for use in uses for n in use.subscript.walk() if isinstance(n, Name)}
    computed, index = dict(scop.computed), {}
    for use in uses:
        form: Polynomial = {}
        for key, value in polynomial(use.subscript).items():
            if len(key) > 1:
                key = (_product_name(scop, key, names, computed, use),)
            form = _sum(form, {key: value})
        known = names | {n: Name("long", n) for n in computed}
        index[use.statement.name, use.subscript] = (_expression(form, known),)
    statements = tuple(_rewritten(s, array.name, index) for s in scop.statements)
    new = {name: kind for name, (kind, _) in computed.items() if name not in scop.computed}
    return replace(
        scop,
        statements=statements,
        computed=computed,
        parameters=tuple(sorted({*scop.parameters, *new})),
        parameter_types={**scop.parameter_types, **new},
    )


def _product_name(
    scop: Scop,
    key: tuple[str, ...],
    names: Mapping[str, Name],
    computed: dict[str, tuple[str, str]],
    use: Use,
) -> str:
    """What a product of parameters is called, which is noted."""
    name = "_by_".join(key)
    plain = all(each in scop.parameter_types and each not in computed for each in key)
    if not plain or any(is_iterator(each) or names[each].type not in COUNTS for each in key):
        raise NotAffine(f"{show(use.subscript)} is not affine")
    value = "long", " * ".join([f"(long){key[0]}", *key[1:]])
    if name in scop.words or computed.setdefault(name, value) != value:
        raise NotAffine(f"{show(use.subscript)} is not affine")
    return name


def _uses(scop: Scop, array: str) -> Iterator[Use]:
    for s in scop.statements:
        yield from (Use(s, e.indices[0]) for e in s.elements() if e.array == array)


def _is_affine(node: Expression) -> bool:
    try:
        affine(node)
    except NotAffine:
        return False
    return True


def _apart(scop: Scop, array: Array, uses: Sequence[Use]) -> Scop:
    names = {n.name: n for use in uses for n in use.subscript.walk() if isinstance(n, Name)}
    whole = [polynomial(use.subscript) for use in uses]
    parts, widths = _dimensions(scop, uses, [[form] for form in whole], [])
    index = {
        (use.statement.name, use.subscript): tuple(_expression(form, names) for form in forms)
        for use, forms in zip(uses, parts, strict=True)
    }
    statements = tuple(_rewritten(s, array.name, index) for s in scop.statements)
    known = replace(array, dimensions=len(widths) + 1 + array.within, folded=True)
    arrays = {**scop.arrays, array.name: known}
    within = scop.extents.get(array.name, ())  # of a member, which has no others
    extents = {**scop.extents, array.name: (*map(_affine, widths), *within)}
    return replace(scop, statements=statements, arrays=arrays, extents=extents)


def _dimensions(
    scop: Scop, uses: Sequence[Use], parts: list[list[Polynomial]], widths: list[Polynomial]
) -> tuple[list[list[Polynomial]], list[Polynomial]]:
    """The subscripts with the first of each taken apart until all are linear, and the widths."""
    firsts = [forms[0] for forms in parts]
    if all(_is_linear(form) for form in firsts):
        return parts, widths
    if len(widths) + 1 < MOST_DIMENSIONS:
        for width in _candidates(firsts):
            split = [
                _split(scop, use.statement, form, width)
                for use, form in zip(uses, firsts, strict=True)
            ]
            if all(split):
                rests = [
                    [*pair, *forms[1:]] for pair, forms in zip(split, parts, strict=True) if pair
                ]
                try:
                    return _dimensions(scop, uses, rests, [width, *widths])
                except NotAffine:
                    continue
    worst = next(u for u, form in zip(uses, firsts, strict=True) if not _is_linear(form))
    raise NotAffine(f"{show(worst.subscript)} is not affine")


def _candidates(forms: Iterable[Polynomial]) -> list[Polynomial]:
    """Linear widths that some variable of a loop is multiplied with, the commonest first."""
    found: Counter[tuple[tuple[tuple[str, ...], int], ...]] = Counter()
    for form in forms:
        for variable in {name for names in form for name in names if is_iterator(name)}:
            factor = {_without(n, variable): v for n, v in form.items() if variable in n}
            while any(len(n) > 1 for n in factor):  # n * m: m is the width, or n is
                divisor = sorted(n for names in factor for n in names)[-1]
                if not all(divisor in n for n in factor):
                    break
                found[(((divisor,), 1),)] += 1
                factor = {_without(n, divisor): v for n, v in factor.items()}
            if all(len(n) < 2 for n in factor) and any(factor):
                common = gcd(*factor.values())
                both = min(factor.values()) < 0 < max(factor.values())  # which one is the width
                for sign in (1, -1) if both else (1 if min(factor.values()) > 0 else -1,):
                    by = common * sign
                    found[tuple(sorted((n, v // by) for n, v in factor.items()))] += 1
    ordered = sorted(found, key=lambda width: (-found[width], len(width), width))
    return [dict(width) for width in ordered[:MOST_WIDTHS]]


def _split(
    scop: Scop, s: Statement, form: Polynomial, width: Polynomial
) -> tuple[Polynomial, Polynomial] | None:
    """A subscript divided by a width: quotient and rest; None if the rest never lies within."""
    added = [names for names, value in width.items() if value > 0]
    lead = max(added, key=lambda names: (len(names), names), default=())
    if not lead:
        return None
    quotient: Polynomial = {}
    rest = form
    for _ in range(MOST_STEPS):  # of a long division, the largest products first
        names = max((n for n in rest if _divides(lead, width, n, rest[n])), key=len, default=None)
        if names is None:
            break
        step = {_without(names, lead[0]): rest[names] // width[lead]}
        quotient = _sum(quotient, step)
        rest = _sum(rest, _product(step, _scaled(width, -1)))
    for fewer in (0, 1):  # n - 1 - j is a rest, not one more width and a negative one
        last = _sum(quotient, {(): -fewer})
        left = _sum(rest, _scaled(width, fewer))
        if _is_linear(left) and _fits(scop, s, left, width):
            return last, left
    return None


def _divides(lead: tuple[str, ...], width: Polynomial, names: tuple[str, ...], value: int) -> bool:
    return lead[0] in names and value % width[lead] == 0


def _fits(scop: Scop, s: Statement, rest: Polynomial, width: Polynomial) -> bool:
    runs = scop.domain_of(s).params()
    bad = outside(scop, s, _affine(rest), _affine(width))
    return bool(runs.is_empty() or not runs.subtract(bad).is_empty())


def _rewritten(
    s: Statement, array: str, index: Mapping[tuple[str, Expression], tuple[Expression, ...]]
) -> Statement:
    def change(node: Element) -> Element:
        if node.array != array:
            return node
        first, *within = node.indices
        return Element(node.type, array, (*index[s.name, first], *within))

    return s.with_elements(change)


def is_polynomial(node: Expression) -> bool:
    """Whether the expression is one of numbers, loops' variables and parameters alone."""
    try:
        polynomial(address(node, _nothing))
    except NotAffine:
        return False
    return True


def _nothing(_node: Expression, _low: int, _high: int | None) -> None:
    """What must hold is noted where the number is used."""


# --- polynomials ---------------------------------------------------------------------------


def polynomial(node: Expression) -> Polynomial:
    """The polynomial that an expression of whole numbers is. Raises NotAffine."""
    if isinstance(node, Operation) and node.operator in ("+", "-", "*"):
        if node.type not in WIDE:
            raise NotAffine(f"{show(node)} is computed as {node.type}")
        parts = [polynomial(operand) for operand in node.operands]
        if node.operator == "*":
            return _product(*parts)
        if node.operator == "-":
            parts[-1] = _scaled(parts[-1], -1)
        return reduce(_sum, parts)
    if isinstance(node, Cast):
        form = polynomial(node.operand)
        affine(Cast(node.type, Name(node.operand.type, "x")))  # keeps every value
        return form
    return {(name,) if name else (): value for name, value in affine(node).items()}


def _sum(left: Polynomial, right: Polynomial) -> Polynomial:
    total = {k: left.get(k, 0) + right.get(k, 0) for k in left | right}
    return {k: v for k, v in total.items() if v}


def _scaled(form: Polynomial, by: int) -> Polynomial:
    return {k: v * by for k, v in form.items()}


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for a, x in left.items():
        for b, y in right.items():
            total = _sum(total, {tuple(sorted((*a, *b))): x * y})
    return total


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    at = names.index(name)
    return names[:at] + names[at + 1 :]


def _is_linear(form: Polynomial) -> bool:
    return all(len(names) < 2 for names in form)


def _affine(form: Polynomial) -> Affine:
    return {"": 0} | {names[0] if names else "": value for names, value in form.items()}


def _expression(form: Polynomial, names: Mapping[str, Expression]) -> Expression:
    """A linear form as a tree that `affine` reads back."""
    terms: list[Expression] = [
        Operation("long", "*", (Number("long", f"{value}L"), names[key[0]]))
        for key, value in sorted(form.items())
        if key
    ]
    constant = form.get((), 0)
    if constant or not terms:
        terms.append(Number("long", f"{constant}L"))
    return reduce(lambda total, term: Operation("long", "+", (total, term)), terms)
