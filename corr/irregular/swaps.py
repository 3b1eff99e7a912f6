"""Calls that exchange two places: std::swap(a, b), or a function of the text's, swap(&a, &b)."""

from __future__ import annotations

from dataclasses import dataclass

from corr.irregular.effects import is_scalar
from corr.irregular.syntax import bare, identity_of, is_memory, may_define, parameters, plain
from corr.polyhedral.clang_ast import Functions, Node, body_of
from corr.polyhedral.declarations import type_of


@dataclass(frozen=True)
class Exchanged:
    """One of the places: a node for it, or, if `pointed`, for a pointer to it. And its type."""

    node: Node
    type: str
    pointed: bool


def swapped(functions: Functions, statement: Node) -> tuple[Exchanged, Exchanged] | None:
    """The two places that a statement exchanges by a call; None for any other statement."""
    call = bare(statement)
    if call.get("kind") != "CallExpr" or len(call["inner"]) != 3:
        return None
    callee, *places = call["inner"]
    declared = bare(callee).get("referencedDecl", {})
    if "&" in type_of(declared.get("type", {})):
        known = declared.get("name") == "swap" and is_scalar(type_of(places[0]["type"]))
        one, other = (Exchanged(bare(n), type_of(n["type"]), False) for n in places)
    else:
        name = declared.get("name") or ""
        function = functions.get(name) if may_define(functions.text, name) else None
        known = function is not None and _exchanges(function)
        one, other = (_behind(n) for n in places)
    sure = known and all(p.pointed or is_memory(p.node) for p in (one, other))
    return (one, other) if sure else None


def _behind(pointer: Node) -> Exchanged:
    node = plain(pointer)
    type_ = type_of(pointer["type"]).rstrip().removesuffix("*").rstrip()
    if node.get("kind") == "UnaryOperator" and node.get("opcode") == "&":
        return Exchanged(bare(node["inner"][0]), type_, False)
    return Exchanged(node, type_, True)


def _exchanges(function: Node) -> bool:
    """It is `T kept = *a; *a = *b; *b = kept;` and nothing else, of numbers."""
    statements = list((body_of(function) or {}).get("inner", ()))
    given = [p["id"] for p in parameters(function)]
    if len(statements) not in (3, 4) or len(given) != 2 or statements[0].get("kind") != "DeclStmt":
        return False
    kept = statements[0]["inner"][0]
    values = [n for n in kept.get("inner", ()) if n.get("kind")]
    if len(statements[0]["inner"]) != 1 or kept.get("storageClass"):
        return False
    moves = [plain(s) for s in statements[1:]]
    if any(m.get("kind") != "BinaryOperator" or m.get("opcode") != "=" for m in moves):
        return False
    if len(moves) == 3 and not values and identity_of(moves[0]["inner"][0]) == kept["id"]:
        values = [moves.pop(0)["inner"][1]]
    if len(moves) != 2 or len(values) != 1:
        return False
    places = [_pointed_to(values[0]), *(_pointed_to(n) for m in moves for n in m["inner"])]
    a, b = given
    fitting = places[:4] == [a, a, b, b] and identity_of(moves[1]["inner"][1]) == kept["id"]
    types = {type_of(kept["type"]), type_of(plain(moves[0]["inner"][0])["type"])}
    return fitting and len(types) == 1 and is_scalar(types.pop())


def _pointed_to(node: Node) -> str | None:
    """The parameter of which this is what it points to."""
    node = plain(node)
    if node.get("kind") != "UnaryOperator" or node.get("opcode") != "*":
        return None
    return identity_of(node["inner"][0])
