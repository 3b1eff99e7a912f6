"""Derived features: arithmetic over the others, and nothing but arithmetic."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line

#: Characters of an expression, and the largest exponent: `9**9**9` would never end.
LONGEST, MOST_EXPONENT = 1000, 64
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARED: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "ceil": math.ceil,
    "floor": math.floor,
}


def names_in(expression: str) -> set[str]:
    """The features that an expression asks for; none where it is no expression."""
    try:
        nodes = ast.walk(_parsed(expression))
    except _Wrong:
        return set()
    return {node.id for node in nodes if isinstance(node, ast.Name)} - set(_FUNCTIONS)


def value_of(expression: str, names: Mapping[str, float | str]) -> float:
    """What an expression amounts to, all in floating point; a comparison is 0 or 1.

    Raises UsageError for what is no arithmetic, and for a name that there is not.
    """
    try:
        found = _value(_parsed(expression).body, names)
    except _Wrong as error:
        raise UsageError(f"{one_line(expression, 80)}: {error}") from error
    except (ArithmeticError, ValueError, TypeError) as error:
        raise UsageError(f"{one_line(expression, 80)}: {one_line(str(error), 80)}") from error
    if not isinstance(found, float | int):
        raise UsageError(f"{one_line(expression, 80)}: this is a word, no number")
    return float(found)


class _Wrong(Exception):
    """The expression says something that is not allowed."""


@cache
def _parsed(expression: str) -> ast.Expression:
    if len(expression) > LONGEST:
        raise _Wrong(f"longer than {LONGEST} characters")
    try:
        return ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _Wrong("not an expression") from error


def _value(node: ast.expr, names: Mapping[str, float | str]) -> float | str:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() | str() as value):
            return value if isinstance(value, str) else float(value)
        case ast.Name(id=name):
            if name not in names:
                raise _Wrong(f"there is no feature {name!r} (there are: {', '.join(names)})")
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, names)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, exponent = _number(left, names), _number(right, names)
            if abs(exponent) > MOST_EXPONENT:
                raise _Wrong(f"an exponent over {MOST_EXPONENT}")
            return float(base**exponent)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return float(_BINARY[type(op)](_number(left, names), _number(right, names)))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
            sides = _value(left, names), _value(right, names)
            return float(_COMPARED[type(op)](*sides))  # type: ignore[arg-type]
        case ast.BoolOp(op=op, values=values):
            found = [bool(_value(one, names)) for one in values]
            return float(all(found) if isinstance(op, ast.And) else any(found))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return float(_FUNCTIONS[name](*(_number(one, names) for one in args)))
        case _:
            pass
    raise _Wrong(f"only numbers, features, arithmetic and {', '.join(_FUNCTIONS)} are allowed")


def _number(node: ast.expr, names: Mapping[str, float | str]) -> float:
    found = _value(node, names)
    if isinstance(found, str):
        raise _Wrong(f"{found!r} is a word, no number")
    return found
