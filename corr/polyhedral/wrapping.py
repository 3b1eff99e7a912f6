"""Whole numbers that wrap round or are cut: what must hold if they are to be plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from corr.polyhedral.expressions import (
    LONG_UNSIGNED,
    UNSIGNED,
    Cast,
    Expression,
    Name,
    Number,
    Operation,
    limits,
)

#: Told what must lie between two numbers, both included; no upper one: the model's own limit.
Note = Callable[[Expression, int, int | None], None]
_ARITHMETIC = ("+", "-", "*")
_LONG = LONG_UNSIGNED | {"long", "long long"}


def plain(node: Expression, note: Note) -> Expression:
    """An expression of whole numbers in which nothing wraps round or is cut, if all is as noted."""
    if isinstance(node, Number) and node.type in UNSIGNED:
        return Number("long", node.text.rstrip("uUlL") + "L")
    if isinstance(node, Name) and node.type in LONG_UNSIGNED:
        return Name("long", node.name)
    if isinstance(node, Operation) and node.type in UNSIGNED and node.operator in _ARITHMETIC:
        operands = tuple(plain(operand, note) for operand in node.operands)
        whole = Operation("long", node.operator, operands)
        note(whole, *_range(node.type))
        return whole
    if isinstance(node, Cast):
        return _converted(node, note)
    return node.rebuilt(lambda child: plain(child, note))


def _converted(node: Cast, note: Note) -> Expression:
    inner = plain(node.operand, note)
    if node.type not in UNSIGNED | {"int", "long", "long long"}:
        return replace(node, operand=inner)
    low, high = _range(node.type)
    least, most = _range(node.operand.type)
    if least < low or (high is not None and (most is None or most > high)):
        note(inner, low, high)
    return Cast("long", inner)


def _range(type_: str) -> tuple[int, int | None]:
    """The numbers of a type; the upper end is None where it is beyond what the model takes."""
    low, high = limits(type_)
    return low, high if high < 1 << 62 else None


def address(node: Expression, note: Note) -> Expression:
    """A subscript without the signs of 64-bit numbers: addresses are the same modulo 2^64.

    What of it is computed in 32 bits is as `plain` has it.
    """
    if isinstance(node, Number) and node.type in LONG_UNSIGNED:
        return Number("long", node.text.rstrip("uUlL") + "L")
    if isinstance(node, Name) and node.type in LONG_UNSIGNED:
        return Name("long", node.name)
    if isinstance(node, Operation) and node.type in _LONG and node.operator in _ARITHMETIC:
        operands = tuple(address(operand, note) for operand in node.operands)
        return Operation("long", node.operator, operands)
    if isinstance(node, Cast) and node.type in _LONG:
        return Cast("long", address(node.operand, note))
    if isinstance(node, Operation | Cast):
        return plain(node, note)
    return node
