"""What nodes of clang's syntax tree stand for, brackets and conversions aside."""

from __future__ import annotations

import re

from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of
from corr.polyhedral.expressions import NotAffine

_TRANSPARENT = {"LValueToRValue", "ArrayToPointerDecay", "NoOp", "FunctionToPointerDecay"}
_WRAPPERS = {"ParenExpr", "ConstantExpr", "ExprWithCleanups", "MaterializeTemporaryExpr"}
SCALAR = re.compile(
    r"^(?:(?:unsigned )?(?:char|short|int|long|long long)|signed char|float|double|bool)$"
)


def unwrapped(node: Node) -> Node:
    """The node without the brackets and conversions that do not change it."""
    while node.get("kind") in _WRAPPERS or (
        node.get("kind") == "ImplicitCastExpr" and node.get("castKind") in _TRANSPARENT
    ):
        node = node["inner"][0]
    return node


def element_type(type_: dict[str, str]) -> str:
    """The scalar type that clang names, without const. Raises NotAffine for any other."""
    text = type_of(type_)
    name = " ".join(word for word in text.split() if word != "const")
    if not SCALAR.match(name):
        raise NotAffine(f"type {text} is not modelled")
    return name


def pointed(node: Node) -> tuple[Node, str]:
    """What a pointer comes from, and whether by loading it or from an array."""
    while node.get("kind") == "ParenExpr":
        node = node["inner"][0]
    how = ""
    if node.get("kind") == "ImplicitCastExpr" and node["castKind"] in _TRANSPARENT:
        how, node = node["castKind"], node["inner"][0]
        if how == "NoOp":  # to const
            return pointed(node)
    return unwrapped(node), how


def is_address(node: Node) -> bool:
    """An argument that is a pointer: it is looked at where it is subscripted."""
    return type_of(node["type"]).endswith(("*", "]", "*const", "*restrict")) or "(*" in type_of(
        node["type"]
    )
