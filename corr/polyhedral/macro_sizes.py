"""Sizes that are macros: which of them the model holds as numbers, and which it knows by name.

Clang's tree has numbers where the text has macros. Where such a number is only the extent of an
array, as in `double A[N][N]` with loops up to a variable, the extent is a parameter that is the
macro. The new code then holds in a build where the macro is another number: PolyBench's data sets.
Where it is asked for, a loop that runs to a macro does so too (`Functions.sizes_by_name`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from corr.polyhedral.clang_ast import WORD, Functions, Node, begin_of, walk
from corr.polyhedral.declarations import Variable

#: What ends a declaration, outside of brackets.
_BOUND = re.compile(rb"[()\[\]{},;=]")
#: The largest number that a parameter of type int can be.
LARGEST_INT = (1 << 31) - 1


def literals(functions: Functions, run: Iterable[Node]) -> frozenset[int]:
    """The whole numbers that the model holds of some statements, those out of macros among them."""
    return frozenset(
        int(node["value"])
        for statement in run
        for node in walk(statement)
        if node.get("kind") == "IntegerLiteral" and by_name(functions, node) is None
    )


def by_name(functions: Functions, number: Node) -> str | None:
    """The macro that a number is in the text, where the model knows such by name."""
    start = begin_of(number) if functions.sizes_by_name else None
    if start is None or "expansionLoc" not in number["range"]["begin"]:
        return None
    word = WORD.match(functions.text, start)
    macro = functions.macros.get(word[0]) if word else None
    if word is None or macro is None or macro.number != int(number["value"]):
        return None
    return word[0].decode() if 0 < macro.number <= LARGEST_INT else None


def by_number(functions: Functions, declaration: Node, held: Iterable[int]) -> dict[int, str]:
    """The macros in an array's declaration by the number that each is.

    Not those that share one, nor numbers that the model holds anyway.
    """
    text = _text(functions, declaration)
    if text is None or _pastes(functions, text):
        return {}
    found: dict[int, list[str]] = {}
    for name, number in functions.numbers(text).items():
        found.setdefault(number, []).append(name)
    return {
        number: names[0]
        for number, names in found.items()
        if len(names) == 1 and number not in held and 0 < number <= LARGEST_INT
    }


def extent_is(variable: Variable, dimension: int, macro: str) -> str:
    """As C: a dimension of an array, counted from 0, has as many elements as a macro says."""
    row = variable.name + "[0]" * dimension
    return f"sizeof {row} == ({macro}) * sizeof {row}[0]"


def in_numbers(functions: Functions, text: bytes, held: Iterable[int]) -> dict[str, int]:
    """The macros of a region's text that the model holds as numbers.

    `held`: all numbers of the model. What a macro makes by pasting words together may be any.
    """
    found = functions.numbers(text)
    if _pastes(functions, text):
        return found
    return {name: number for name, number in found.items() if number in held}


def _pastes(functions: Functions, text: bytes) -> bool:
    words = functions.expanded(text) & functions.macros.keys()
    return any(functions.macros[word].pastes for word in words)


def _text(functions: Functions, declaration: Node) -> bytes | None:
    """A declaration as it is written, macros and all; None if it is not in the unit's own file."""
    start, depth = begin_of(declaration), 0
    if start is None:
        return None
    for token in _BOUND.finditer(functions.text, start):
        if token[0] in (b"(", b"["):
            depth += 1
        elif token[0] in (b")", b"]") and depth:
            depth -= 1
        elif not depth:
            return functions.text[start : token.start()]
    return None
