"""Questions to clang's syntax tree that all of this room asks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from corr.polyhedral.clang_ast import Node, walk

LOOPS = frozenset({"ForStmt", "WhileStmt", "DoStmt", "CXXForRangeStmt"})
STEPS = {"++": "+", "--": "-"}
COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
_TRUTHS = COMPARISONS | {"&&", "||"}
_WRAPPERS = frozenset({"ParenExpr", "ExprWithCleanups", "ConstantExpr"})
_SAME_PLACE = frozenset({"NoOp", "FunctionToPointerDecay", "BuiltinFnToFnPtr"})


def bare(node: Node) -> Node:
    """The node without brackets and conversions that leave a place what it is."""
    while node.get("kind") in _WRAPPERS or (
        node.get("kind") == "ImplicitCastExpr" and node.get("castKind") in _SAME_PLACE
    ):
        node = node["inner"][0]
    return node


def plain(node: Node) -> Node:
    """The node without brackets and any conversions that are not written."""
    while node.get("kind") in _WRAPPERS or node.get("kind") == "ImplicitCastExpr":
        node = node["inner"][0]
    return node


def changes(node: Node) -> bool:
    """It is an assignment, or a step of one."""
    kind, operator = node.get("kind"), node.get("opcode")
    return (
        kind == "CompoundAssignOperator"
        or (kind == "BinaryOperator" and operator == "=")
        or (kind == "UnaryOperator" and operator in STEPS)
    )


def is_memory(node: Node) -> bool:
    """It is an element, a member, or what a pointer points to."""
    return node.get("kind") in ("ArraySubscriptExpr", "MemberExpr", "CXXOperatorCallExpr") or (
        node.get("kind") == "UnaryOperator" and node.get("opcode") == "*"
    )


def is_comparison(node: Node) -> bool:
    """Its value is 0 or 1, as its operator says."""
    operator = node.get("opcode")
    return operator == "!" or (node.get("kind") == "BinaryOperator" and operator in _TRUTHS)


def may_define(text: bytes, name: str) -> bool:
    """A text may hold the definition of a function or method of that name: clang need be asked."""
    pattern = rb"\b" + re.escape(name.encode()) + rb"\s*\([^;{}]*\)[\w\s]*\{"
    return bool(name) and re.search(pattern, text) is not None


def identity_of(node: Node) -> str | None:
    """The variable that a node is a mention of, conversions aside."""
    found: str | None = plain(node).get("referencedDecl", {}).get("id")
    return found


def set_by(statement: Node) -> set[str]:
    """The variables that a plain assignment sets: `a = b = 0;`."""
    node, found = plain(statement), set()
    while node.get("kind") == "BinaryOperator" and node.get("opcode") in ("=", ","):
        left, right = node["inner"]
        if node["opcode"] == ",":
            return set_by(left) | set_by(right)
        target = plain(left)
        if target.get("kind") == "DeclRefExpr":
            found.add(target["referencedDecl"]["id"])
        node = plain(right)
    return found


def leaves(node: Node, kind: str) -> bool:
    """There is a `break` (or `continue`) in it that belongs to what is round it."""
    if node.get("kind") == kind:
        return True
    if node.get("kind") in LOOPS or (node.get("kind") == "SwitchStmt" and kind == "BreakStmt"):
        return False
    return any(leaves(n, kind) for n in node.get("inner", ()) if n)


def always(node: Node, wanted: Node) -> bool:
    """It is evaluated wherever the statement runs, once."""
    if node is wanted:
        return True
    kind, inner = node.get("kind"), [n for n in node.get("inner", ()) if n]
    if kind in LOOPS or kind in ("SwitchStmt", "CompoundStmt"):
        return False
    first_only = kind in ("IfStmt", "ConditionalOperator") or node.get("opcode") in ("&&", "||")
    return any(always(n, wanted) for n in (inner[:1] if first_only else inner))


def directed(function: Node) -> set[int]:
    """The loops that directives are at: nothing may come between."""
    kinds = ("AttributedStmt", "OMP")
    directives = (n for n in walk(function) if n.get("kind", "").startswith(kinds))
    firsts = (next((n for n in walk(d) if n.get("kind") in LOOPS), None) for d in directives)
    return {id(loop) for loop in firsts if loop is not None}


def declared_in(nodes: Iterable[Node]) -> dict[str, Node]:
    """The variables that are declared anywhere in some nodes, by their identities."""
    every = (inner for node in nodes for inner in walk(node))
    return {n["id"]: n for n in every if n.get("kind") == "VarDecl"}


def parameters(function: Node) -> list[Node]:
    """The parameters of a function."""
    return [n for n in function.get("inner", ()) if n.get("kind") == "ParmVarDecl"]


def block(body: Node) -> list[Node]:
    """The statements of a block; or the one that stands for it."""
    if body.get("kind") != "CompoundStmt":
        return [body]
    return [n for n in body.get("inner", ()) if n.get("kind") not in (None, "NullStmt")]
