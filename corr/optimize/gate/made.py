"""Names that stand before parentheses like functions, and are none: members, bases and types.

`cells(n)` in a constructor's list begins a member or a base with a value, and `Grid(3)` makes a
value of a class, whose definition may be in a header that the gate does not see. Only what the
language allows of nothing else is taken as a proof, and only the original is asked: a change could
arrange such a proof for the name of a function.
"""

from __future__ import annotations

from collections.abc import Iterator

from corr.optimize.gate.statements import TAGS, Statements
from corr.optimize.gate.steps import Steps

_REFERS = frozenset({"*", "&"})
_ACCESS = frozenset({"public", "private", "protected"})
_OUTSIDE = frozenset({"file", "namespace", "type"})


def not_called(shape: Statements, steps: Steps) -> set[int]:
    """Where such names stand, each before its parenthesis. C has neither."""
    if not shape.cxx:
        return set()
    steps.take(3 * shape.size)
    found = set(_initialised(shape, steps)) | set(_of_constructors(shape))
    types = set(_types(shape, steps))
    for index in range(shape.size - 1):
        if shape.text[index + 1] != "(" or not shape.named(index):
            continue
        if _key(shape, index) in types or (
            shape.at(index - 1) in _REFERS
            and shape.named(index - 2)
            and shape.start[index] == index - 2
            and _key(shape, index - 2) in types  # Grid &g(other);
        ):
            found.add(index)
    return found


def is_type_for_sure(shape: Statements, index: int) -> bool:
    """`const X &`, `new X`: no value could stand there, whatever the name is declared as."""
    before, after = shape.at(index - 1), shape.at(index + 1)
    return shape.cxx and (before == "new" or (before == "const" and after in _REFERS))


def _key(shape: Statements, index: int) -> tuple[str, str]:
    """A name with the one before its `::`, for one of that name elsewhere may be a function."""
    qualified = shape.at(index - 1) == "::"
    return shape.at(index - 2) if qualified else "", shape.text[index]


def _initialised(shape: Statements, steps: Steps) -> Iterator[int]:
    """Members and bases in the list between a constructor's parameters and its body."""
    for brace, opening in shape.head.items():
        if shape.kind[brace] != "block" or shape.kind.get(shape.around[brace]) not in _OUTSIDE:
            continue
        at = shape.partner[opening] + 1 if opening >= 0 else shape.start[brace]
        inside = False
        while 0 <= at < brace:
            steps.take()
            text = shape.text[at]
            if text in ("(", "[", "{"):
                at = shape.partner[at]
            elif text == ":":
                inside = True
            elif inside and shape.in_angle[at] < 0 and shape.at(at + 1) == "(" and shape.named(at):
                yield at
            at += 1


def _of_constructors(shape: Statements) -> Iterator[int]:
    """`X::X(`, `X::~X(`, `operator X(`."""
    for index in range(shape.size):
        if not shape.named(index):
            continue
        before = index - 2 if shape.at(index - 1) == "~" else index - 1
        of_class = shape.at(before) == "::" and shape.at(before - 1) == shape.text[index]
        if of_class or shape.at(index - 1) == "operator":
            yield index


def _of_parameters(shape: Statements, opening: int, steps: Steps) -> Iterator[tuple[str, str]]:
    """`Grid &g` among the parameters of a function that is defined."""
    at, closing = opening + 1, min(shape.partner[opening], shape.size)
    while at < closing:
        steps.take()
        if shape.text[at] in ("(", "[", "{"):
            at = shape.partner[at]
        elif shape.start[at] == at and shape.at(at + 1) in _REFERS and shape.named(at):
            yield _key(shape, at)
        at += 1


def _types(shape: Statements, steps: Steps) -> Iterator[tuple[str, str]]:
    """What the text uses as no value can be used."""
    for brace, opening in shape.head.items():
        outside = shape.kind.get(shape.around[brace]) in _OUTSIDE
        if opening >= 0 and (outside or shape.kind[brace] == "lambda"):
            yield from _of_parameters(shape, opening, steps)
    for index in range(shape.size):
        if not shape.named(index):
            continue
        first = index - 2 if shape.at(index - 1) == "::" else index
        before, word = shape.at(first - 1), shape.text[index]
        declares = shape.named(index + 1) and before not in TAGS
        of_class = shape.at(index + 1) == "::" and (
            shape.at(index + 2) == word or (shape.at(index + 2), shape.at(index + 3)) == ("~", word)
        )
        caught = before == "(" and shape.at(first - 2) == "catch"
        converted = before == "operator" and shape.at(index + 1) == "("
        if (
            declares
            or of_class
            or caught
            or converted
            or before in _ACCESS
            or is_type_for_sure(shape, index)
        ):
            yield _key(shape, index)
