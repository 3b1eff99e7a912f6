"""Whether a number divides another, asked of many at once: vectors divide floating-point numbers.

`n % i == 0` is asked as `(double)(int)(n / (double)i) * i == n`. For |n| < 2^53 that is the same:
where i divides n the quotient is a whole number, and is rounded to none other; where a whole number
times i is n, i divides n. Numbers of 64 bits are asked so below 2^53 only.
"""

from __future__ import annotations

from collections.abc import Callable

from corr.irregular.syntax import plain
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of

#: The types of remainders, and what their quotients are cut off as.
_NARROW = {"int": "int", "unsigned int": "unsigned int"}
_WIDE = {
    "long": "long", "long long": "long", "unsigned long": "long", "unsigned long long": "long",
}  # fmt: skip
_EXACT = 2**53


def divides(node: Node, text: Callable[[Node], str], ahead: str) -> tuple[str, list[str]] | None:
    """A question about a remainder as one about a quotient, and what has to hold for it.

    `ahead`: what the texts have in them that are about iterations ahead. None for other questions,
    and for those that are not the same for all numbers.
    """
    node = plain(node)
    wanted = False
    if node.get("kind") == "BinaryOperator" and node.get("opcode") in ("==", "!="):
        one, other = (plain(part) for part in node["inner"])
        if other.get("opcode") == "%":
            one, other = other, one
        if other.get("kind") != "IntegerLiteral" or int(other["value"]) != 0:
            return None
        node, wanted = one, node["opcode"] == "=="
    if node.get("kind") != "BinaryOperator" or node.get("opcode") != "%":
        return None
    type_ = type_of(node["type"])
    number, by = (text(part) for part in node["inner"])
    needed: list[str] = []
    if ahead not in by and ahead not in number:
        return None
    if type_ in _WIDE:
        if ahead in number:
            return None
        needed.append(f"({number}) < {_EXACT}")
        if not type_.startswith("unsigned"):
            needed.append(f"({number}) >= 0")
    elif type_ not in _NARROW:
        return None
    cut = _NARROW.get(type_) or _WIDE[type_]
    divisor = f"(double)(({by}) < 1 ? 1 : ({by}))"
    whole = f"(double)({cut})((double)({number}) / {divisor})"
    return f"({whole} * {divisor} {'==' if wanted else '!='} (double)({number}))", needed
