"""Searches that are functions or methods: their bodies, as if they stood where they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from corr.irregular.effects import Access, Effects, Observer, Unsuitable
from corr.irregular.syntax import (
    LOOPS,
    always,
    bare,
    declared_in,
    identity_of,
    may_define,
    parameters,
    plain,
)
from corr.polyhedral.accessors import NO_ACCESS_CONTROL
from corr.polyhedral.clang_ast import Functions, Node, body_of, walk
from corr.polyhedral.declarations import Variable, type_of


@dataclass(frozen=True)
class Call:
    """A search that is a function: the call, its definition, and what its parameters stand for.

    `same`: parameters that are variables of the caller's, by identity; `given`: those that get a
    value of their own. `before` and `after` are its statements round the loop. `of` is the object
    of a method, with the dot or arrow behind it; nothing where that is the caller's own.
    """

    node: Node
    function: Node
    loop: Node
    same: dict[str, str]
    given: tuple[tuple[Node, Node], ...]
    before: tuple[Node, ...]
    after: tuple[Node, ...]
    of: str = ""
    #: what types of the method's class are called outside of it
    types: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def calls_in(statement: Node) -> list[Node]:
    """The calls of functions and methods in a statement."""
    return [n for n in walk(statement) if n.get("kind") in ("CallExpr", "CXXMemberCallExpr")]


def definition(functions: Functions, call: Node) -> Node | None:
    """The function or method that a call is of, if it can be no other."""
    name = name_of(call)
    if not may_define(functions.text, name):
        return None
    if call["kind"] == "CallExpr":
        return functions.get(name)
    member = bare(call["inner"][0])
    if member.get("kind") != "MemberExpr" or not member.get("inner"):
        return None
    owner = class_of(member["inner"][0])
    if not owner or functions.may_be_overridden(owner):
        return None
    found = functions.methods(owner, member.get("name", ""))
    return found[0] if len(found) == 1 else None


def name_of(call: Node) -> str:
    """The name of the function or method that is called; empty where it has none."""
    callee = plain(call["inner"][0])
    name: str = callee.get("referencedDecl", callee).get("name", "")
    return name


def class_of(node: Node) -> str:
    """The name of the class that an object, or a pointer to one, is of; none of the library's."""
    words = type_of(node.get("type", {}))
    if "<" in words or words.startswith(("std::", "const std::")):
        return ""
    return re.sub(r"\b(?:const|struct|class)\b|[*&\s]", "", words).rpartition("::")[2]


def written_out(
    functions: Functions,
    observer: Observer,
    call: Node,
    statement: Node,
    outer: list[Node],
    own: set[str],
) -> tuple[Call, Effects]:
    """A call as a search, and what it does. `own`: variables that each search has for itself.

    Raises Unsuitable.
    """
    if not always(statement, call):
        raise Unsuitable("the function is not called in any case")
    function = definition(functions, call)
    assert function is not None
    loop = loop_of(function)
    statements = (body_of(function) or {})["inner"]
    at = next(n for n, s in enumerate(statements) if s is loop)
    before, after = statements[:at], statements[at + 1 :]
    inside = Observer(function, functions)
    found = inside.of([*before, loop, *after]).without(set(declared_in(statements)))
    if found.writes or found.assigned - {
        *declared_in(statements),
        *(p["id"] for p in parameters(function)),
    }:
        raise Unsuitable("a search writes to memory")
    if any(n.get("kind") in LOOPS for part in (*before, *after) for n in walk(part)):
        raise Unsuitable(f"{function['name']} has more than one loop")
    passed = observer.of(call["inner"][1:])
    if passed.writes or passed.assigned:
        raise Unsuitable("an argument does more than give a value")
    changed = observer.of(outer).assigned
    same: dict[str, str] = {}
    given, variables = [], {}
    for parameter, argument in zip(parameters(function), call["inner"][1:], strict=True):
        named = plain(argument)
        identity = identity_of(named)
        steady = named.get("kind") == "DeclRefExpr" and identity not in {*changed, *own}
        fixed = parameter["id"] not in found.assigned and inside.unchanged(parameter)
        if steady and fixed and _unqualified(parameter) == _unqualified(named):
            same[parameter["id"]] = named["referencedDecl"]["name"]
            variables[parameter["name"]] = observer.variable(named)
        else:
            given.append((parameter, argument))
    of, flags = _object(observer, call, {*changed, *own})
    _check_names(observer, function, {*same.values(), of.rstrip(".->")})
    reads = [_seen_from_outside(a, variables) for a in found.reads]
    used = {*passed.used, *(i for i in found.used if not inside.own(i))}
    types = _types_of(functions, call) if of else {}
    around = tuple(before), tuple(after)
    result = Call(call, function, loop, same, tuple(given), *around, of, types, flags)
    return result, Effects([*passed.reads, *reads], [], used, set())


def loop_of(function: Node) -> Node:
    """The one loop at the top of a function. Raises Unsuitable."""
    loops = [n for n in (body_of(function) or {}).get("inner", ()) if n.get("kind") in LOOPS]
    if len(loops) != 1 or loops[0]["kind"] == "CXXForRangeStmt":
        raise Unsuitable(f"{function['name']} has no loop of its own, or several")
    only: Node = loops[0]
    return only


def _object(observer: Observer, call: Node, changed: set[str]) -> tuple[str, tuple[str, ...]]:
    """What stands before the members of a method's object, and the flags that this needs."""
    if call["kind"] == "CallExpr":
        return "", ()
    member = bare(call["inner"][0])
    named = plain(member["inner"][0])
    if named.get("kind") == "CXXThisExpr":
        return "", ()
    if named.get("kind") != "DeclRefExpr" or identity_of(named) in changed:
        raise Unsuitable("a method is called of what is no variable")
    observer.variable(named)
    name = named["referencedDecl"]["name"]
    return name + ("->" if member.get("isArrow") else "."), (NO_ACCESS_CONTROL,)


def _types_of(functions: Functions, call: Node) -> dict[str, str]:
    """The types that the class of a method declares, by the names that they have in it."""
    owner = class_of(bare(call["inner"][0])["inner"][0])
    kinds = {"CXXRecordDecl", "TypedefDecl", "TypeAliasDecl", "EnumDecl"}
    found = (n for n in functions.members(f"{owner}::") if n.get("kind") in kinds)
    return {n["name"]: f"{owner}::{n['name']}" for n in found if n.get("name") not in (None, owner)}


def _check_names(observer: Observer, function: Node, outside: set[str]) -> None:
    """Raise Unsuitable where a name would mean something else where the call is."""
    inside = {n["name"] for n in declared_in([function]).values() if "name" in n}
    if inside & outside:
        raise Unsuitable("a name of the function's is another's where it is called")
    inside |= {p["name"] for p in parameters(function) if "name" in p}
    for node in walk(function):
        name = node.get("referencedDecl", {}).get("name")
        elsewhere = node.get("kind") == "DeclRefExpr" and name not in inside
        if elsewhere and name in observer.variables.names:
            raise Unsuitable(f"{name} is another variable where the function is called")


def _seen_from_outside(access: Access, variables: dict[str, Variable]) -> Access:
    """A place that a function reads, by the variables of its caller."""
    if access.direct:
        return access
    variable = variables.get(access.variable.name, Variable("", "*", "global"))
    return replace(access, variable=variable, alone=False)


def _unqualified(node: Node) -> str:
    text = type_of(node["type"])
    return " ".join(w for w in re.findall(r"\w+|\S", text) if w not in ("const", "restrict", "&"))
