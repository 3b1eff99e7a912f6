"""Macros that are single values, as if they were written where they stand: NULL, true, LIMIT.

Clang tells of a node out of a macro that it is in two places. Where the macro is a number, or one
of the headers' that are in brackets, its name is the node's text, whatever stands round it.
"""

from __future__ import annotations

from corr.polyhedral.clang_ast import Functions, Node, walk

_OF_HEADERS = frozenset(
    f"{kind}_{end}" for kind in ("INT", "UINT", "LONG", "ULONG", "LLONG", "SIZE", "INT32", "INT64")
    for end in ("MAX", "MIN")
) | {"NULL", "true", "false", "CHAR_BIT", "DBL_MAX", "FLT_MAX", "EOF"}  # fmt: skip


def with_values_in_place(functions: Functions, function: Node) -> None:
    """Give the nodes of such macros in a function the places of the macros' names."""
    if function.get("valuesInPlace"):
        return
    function["valuesInPlace"] = True
    for node in walk(function):
        span = node.get("range", {})
        for bound in ("begin", "end"):
            place = span.get(bound, {}).get("expansionLoc")
            if place is not None and "includedFrom" not in place and _is_value(functions, place):
                span[bound] = place


def _is_value(functions: Functions, place: Node) -> bool:
    start = place.get("offset", 0)
    name = functions.text[start : start + place.get("tokLen", 0)]
    known = functions.macros.get(name)
    return known is not None and (known.number is not None or name.decode() in _OF_HEADERS)
