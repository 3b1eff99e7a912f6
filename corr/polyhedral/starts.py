"""What the start of a `for` does: it sets the loop's variable, and perhaps others before.

`for (s = i = 0; …)`, `for (s = 0, i = 1; …)` and `for (int i = 0, n = size; …)` are the loop with
statements before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from corr.polyhedral.ast_forms import element_type, unwrapped
from corr.polyhedral.clang_ast import Node, walk
from corr.polyhedral.declarations import Variables
from corr.polyhedral.expressions import NotAffine


def start_of(loop: Node) -> tuple[list[Node], Node]:
    """The statements before a `for`, and what sets its variable: a declaration or an assignment.

    A start that is nothing of this kind is returned as it is. Raises NotAffine where what is set
    is looked at in the start, too.
    """
    init = loop["inner"][0] or {}
    variable = _stepped(loop["inner"][3] or {})
    if init.get("kind") == "DeclStmt" and len(init["inner"]) > 1:
        return _declared(init, variable)
    if init.get("kind") != "BinaryOperator" or init.get("opcode") not in ("=", ","):
        return [], init
    parts = list(_assignments(init))
    if len(parts) == 1:
        return [], init
    own = [part for part in parts if _target(part) == variable]
    if len(own) != 1 or None in map(_target, parts):
        return [], init
    _independent(parts)
    return [part for part in parts if part is not own[0]], own[0]


def first_value(node: Node, variables: Variables) -> tuple[dict[str, str], Node]:
    """A loop's variable (id, type, whether it is declared here) and its first value."""
    if node.get("kind") == "DeclStmt" and len(node["inner"]) == 1:
        variable = node["inner"][0]
        values = [n for n in variable.get("inner", ()) if n.get("kind")]
        if values and variable.get("init") == "c" and not variable.get("storageClass"):
            kind = element_type(variable["type"])
            known = {"id": variable["id"], "name": variable["name"], "type": kind}
            return {**known, "declared": "here"}, values[0]
    if node.get("kind") == "BinaryOperator" and node["opcode"] == "=":
        target = unwrapped(node["inner"][0])
        if target.get("kind") == "DeclRefExpr":
            kind = element_type(target["type"])
            declared = target["referencedDecl"]
            known = {"id": declared["id"], "name": declared["name"], "type": kind}
            if not variables.get(target).own:
                raise NotAffine("a loop's variable can be changed by others")
            return {**known, "declared": ""}, node["inner"][1]
    raise NotAffine("a loop's start is not a plain assignment")


def _stepped(increment: Node) -> str | None:
    """The variable, by its identity, that a loop counts."""
    inner = increment.get("inner") or [{}]
    found: str | None = unwrapped(inner[0]).get("referencedDecl", {}).get("id")
    return found


def _declared(init: Node, variable: str | None) -> tuple[list[Node], Node]:
    own = [node for node in init["inner"] if node.get("id") == variable]
    others = [node for node in init["inner"] if node.get("id") != variable]
    if len(own) != 1:
        return [], init
    ids = {node.get("id") for node in init["inner"]}
    if any(_mentions(node, ids) for node in init["inner"]):
        raise NotAffine("a loop's start looks at what it sets")
    return [{**init, "inner": others}], {**init, "inner": own}


def _assignments(node: Node) -> Iterator[Node]:
    """The assignments of a start, each with its value; of `a = b = 0` those of b and of a."""
    if node.get("kind") == "BinaryOperator" and node.get("opcode") == ",":
        for part in node["inner"]:
            yield from _assignments(part)
        return
    target, value = node["inner"] if node.get("opcode") == "=" else (node, {})
    inner = _assigned(value)
    if inner is None:
        yield node
        return
    *_, last = chain = list(_assignments(inner))
    yield from chain
    yield {**node, "inner": [target, _with_value(value, last["inner"][1])]}


def _assigned(value: Node) -> Node | None:
    """The assignment whose value is meant, conversions aside."""
    while value.get("kind") in ("ImplicitCastExpr", "ParenExpr"):
        value = value["inner"][0]
    is_one = value.get("kind") == "BinaryOperator" and value.get("opcode") == "="
    return value if is_one else None


def _with_value(value: Node, new: Node) -> Node:
    """The conversions of an assignment's value, round what was assigned."""
    if value.get("kind") in ("ImplicitCastExpr", "ParenExpr"):
        if value.get("castKind") == "LValueToRValue":  # of the variable, in C++
            return _with_value(value["inner"][0], new)
        return {**value, "inner": [_with_value(value["inner"][0], new)]}
    return new


def _target(assignment: Node) -> str | None:
    if assignment.get("kind") != "BinaryOperator" or assignment.get("opcode") != "=":
        return None
    found: str | None = unwrapped(assignment["inner"][0]).get("referencedDecl", {}).get("id")
    return found


def _independent(parts: list[Node]) -> None:
    """Raise NotAffine where the order of the assignments matters."""
    targets = {_target(part) for part in parts}
    if len(targets) < len(parts) or any(_mentions(part["inner"][1], targets) for part in parts):
        raise NotAffine("a loop's start looks at what it sets")


def _mentions(node: Node, identities: set[str | None]) -> bool:
    return any(
        n.get("kind") == "DeclRefExpr" and n["referencedDecl"]["id"] in identities
        for n in walk(node)
    )
