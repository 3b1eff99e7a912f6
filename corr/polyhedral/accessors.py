"""Calls of small methods written out: `m(i, j)`, `v[i]` and `grid.at(i, j)` of the program's own.

A method that does nothing but return a member or an element is what it returns, with the call's
arguments for its parameters and the object for `this`. Of several that might be meant (one for a
const object, one for others; instantiations of a template) all return the same.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping

from corr.polyhedral.clang_ast import Functions, Node, body_of, shape, walk
from corr.polyhedral.containers import element_of, is_container
from corr.polyhedral.declarations import type_of

#: What code needs that names an object's private members outside of its class.
NO_ACCESS_CONTROL = "-fno-access-control"
_ARGUMENTS = re.compile(r"\w<(.*)>")
_NAME = re.compile(r"[A-Za-z_]\w*")
#: How deep methods that call methods are written out.
DEEPEST = 3
#: What a method may return: a place, which no arithmetic is contracted with.
_PLACES = {"ArraySubscriptExpr", "MemberExpr", "CXXOperatorCallExpr", "CXXMemberCallExpr"}
_WRAPPERS = {"ImplicitCastExpr", "ParenExpr", "ExprWithCleanups", "MaterializeTemporaryExpr"}
_CLASS = re.compile(r"(?:const )?(?:struct |class )?([\w:]+)(?:<.*>)?(?: \*| &)?(?:const)?")


def with_accessors_written_out(functions: Functions, function: Node) -> Node:
    """The function, calls of small methods in it replaced by what they return."""
    body = body_of(function)
    if functions.unit.cxx and body is not None:
        _Writer(functions).replace_in(body, 0)
    return function


class _Whole(Exception):
    """A method hands its whole object on."""


class _Writer:
    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    def replace_in(self, node: Node, depth: int) -> None:
        """Write out the calls below a node, the innermost first."""
        for child in node.get("inner", ()):
            if child:
                self.replace_in(child, depth)
                self._replace(child, depth)

    def _replace(self, node: Node, depth: int) -> None:
        call = _call(node) if depth < DEEPEST else None
        if call is None:
            return
        name, target, pointed, arguments = call
        returned = self._returned(node, name, target, len(arguments))
        if returned is None:
            return
        parameters, value = returned
        given = dict(zip(parameters, arguments, strict=True))
        try:
            new = _with(copy.deepcopy(value), given, target, pointed)
        except _Whole:
            return
        kept: Node = {key: node[key] for key in ("id", "range") if key in node}
        node.clear()
        node.update(new)
        node.update(kept)
        self.replace_in(node, depth + 1)
        self._replace(node, depth + 1)

    def _returned(
        self, node: Node, name: str, target: Node, count: int
    ) -> tuple[list[str], Node] | None:
        """The parameters, by identity, and the returned place; None where that is not clear."""
        found = _CLASS.fullmatch(type_of(target["type"]))
        if found is None or is_container(type_of(target["type"])):
            return None
        of_class = found[1].rpartition("::")[2]
        wanted = _plain(node)
        places = []
        for method in self.functions.methods(of_class, name):
            parameters = [n for n in method["inner"] if n.get("kind") == "ParmVarDecl"]
            place = _instance(_place(method), type_of(target["type"]))
            if len(parameters) != count:
                continue
            if place is None:
                if _gives(method) == wanted:
                    return None
                continue
            if wanted in (_plain(place), _gives(method)):
                ids = [p["id"] for p in parameters]
                places.append((ids, place, _numbered(place, ids)))
        if not places or self.functions.may_be_overridden(of_class):
            return None
        if any(places[0][2] != other for _, _, other in places[1:]):
            return None
        return places[0][:2]


def _call(node: Node) -> tuple[str, Node, bool, list[Node]] | None:
    """A method's name, its object, whether that is a pointer, and the arguments."""
    kind = node.get("kind")
    if kind == "CXXOperatorCallExpr" and len(node["inner"]) > 1:
        operator, target, *arguments = node["inner"]
        name = _unwrapped(operator).get("referencedDecl", {}).get("name", "")
        return (name, target, False, arguments) if name in ("operator()", "operator[]") else None
    if kind == "CXXMemberCallExpr":
        member, *arguments = node["inner"]
        if member.get("kind") == "MemberExpr" and member.get("inner"):
            target = member["inner"][0]
            return member.get("name", ""), target, bool(member.get("isArrow")), arguments
    return None


def _place(method: Node) -> Node | None:
    """What the method returns, if that is a place and all that it does."""
    body = body_of(method)
    inner = [n for n in (body or {}).get("inner", ()) if n.get("kind") != "NullStmt"]
    if len(inner) != 1 or inner[0].get("kind") != "ReturnStmt" or not inner[0].get("inner"):
        return None
    value: Node = inner[0]["inner"][0]
    plain = _unwrapped(value)
    row = type_of(value["type"]).endswith("*") and plain.get("opcode") in ("&", "+")
    return value if row or plain.get("kind") in _PLACES else None


def _instance(place: Node | None, of_class: str) -> Node | None:
    """A place of a template's method, as it is in this class; any other as it is."""
    this = next((n for n in walk(place or {}) if n.get("kind") == "CXXThisExpr"), None)
    if place is None or this is None:
        return place
    names, given = _ARGUMENTS.search(type_of(this["type"])), _ARGUMENTS.search(of_class)
    if names is None or given is None or names[1] == given[1] or "<" in given[1]:
        return place
    pairs = zip(names[1].split(","), given[1].split(","), strict=False)
    types = {name.strip(): text.strip() for name, text in pairs}
    place = copy.deepcopy(place)
    for node in walk(place):
        if "type" in node:
            text = _NAME.sub(lambda word: types.get(word[0], word[0]), type_of(node["type"]))
            node["type"] = {"qualType": text}
    for node in walk(place):
        _resolve(node)
    return place


def _resolve(node: Node) -> None:
    """A subscript of which the template's text does not say what it calls."""
    if node.get("kind") == "ArraySubscriptExpr":
        held = element_of(type_of(_unwrapped(node["inner"][0])["type"]))
        if held is not None:
            operator = {"kind": "DeclRefExpr", "referencedDecl": {"id": "", "name": "operator[]"}}
            node["inner"] = [operator, *node["inner"]]
            node.update(kind="CXXOperatorCallExpr", type={"qualType": held})


def _unwrapped(node: Node) -> Node:
    while node.get("kind") in _WRAPPERS and node.get("inner"):
        if node.get("castKind") not in (None, "LValueToRValue", "NoOp", "FunctionToPointerDecay"):
            break
        node = node["inner"][0]
    return node


def _plain(node: Node) -> str:
    return _bare(type_of(node["type"]))


def _gives(method: Node) -> str:
    """The type that a method returns."""
    return _bare(type_of(method["type"]).partition("(")[0])


def _bare(text: str) -> str:
    return text.strip().removesuffix("&").strip().removeprefix("const ")


def _with(node: Node, given: Mapping[str, Node], target: Node, pointed: bool) -> Node:
    """A returned place with arguments for parameters, and the object for `this`."""
    if node.get("kind") == "DeclRefExpr" and node["referencedDecl"]["id"] in given:
        return copy.deepcopy(given[node["referencedDecl"]["id"]])
    if node.get("kind") == "CXXThisExpr":
        raise _Whole
    if node.get("kind") == "MemberExpr" and node.get("inner"):
        base = node["inner"][0]
        while base.get("kind") == "ImplicitCastExpr":
            base = base["inner"][0]
        if base.get("kind") == "CXXThisExpr":
            outside = _unwrapped(target).get("kind") != "CXXThisExpr"
            inner = [copy.deepcopy(target)]
            return {**node, "isArrow": pointed, "inner": inner, "maybePrivate": outside}
    if "inner" in node:
        node["inner"] = [_with(n, given, target, pointed) if n else n for n in node["inner"]]
    return node


def _numbered(place: Node, parameters: list[str]) -> object:
    """A returned place in a form that is the same for all methods that return the same."""
    numbers = {identity: str(number) for number, identity in enumerate(parameters)}

    def change(node: Node) -> Node:
        node = {k: v for k, v in node.items() if k not in ("type", "valueCategory", "name")} | {
            "called": node.get("name", "")
        }
        if "referencedDecl" in node:
            declared = node["referencedDecl"]
            known = numbers.get(declared["id"], declared.get("name", ""))
            node["referencedDecl"] = {"name": known}
        if "inner" in node:
            node["inner"] = [change(_unwrapped(n)) if n else n for n in node["inner"]]
        return node

    return shape(change(_unwrapped(copy.deepcopy(place))))
