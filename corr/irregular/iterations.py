"""What an iteration of a loop leaves behind: variables that are its own, ends of the loop."""

from __future__ import annotations

from collections.abc import Iterable

from corr.irregular.effects import Observer
from corr.irregular.syntax import LOOPS, identity_of, is_memory, plain
from corr.polyhedral.clang_ast import Node, walk

#: What may end a loop, or more: what is made may throw.
_LEAVES = frozenset(
    {"ReturnStmt", "GotoStmt", "CXXThrowExpr", "GCCAsmStmt", "CXXNewExpr", "CXXConstructExpr"}
    | {"CXXTemporaryObjectExpr"}
)


def own_of(observer: Observer, function: Node, loop: Node) -> set[str]:
    """The variables that no iteration of a loop needs from the one before, nor what follows it.

    Those that its body declares, and those that elsewhere are counters of loops only.
    """
    body = loop["inner"][-1]
    inside = {n["id"] for n in walk(body) if n.get("kind") == "VarDecl"}
    counters = {name for inner in walk(body) for name in _counted(inner)}
    within = {id(n) for n in walk(loop)}
    for identity in counters - inside:
        mentions = (
            n
            for n in walk(function)
            if n.get("kind") == "DeclRefExpr" and n["referencedDecl"].get("id") == identity
        )
        safe = {id(n) for other in walk(function) for n in _part_of(other, identity)}
        declared = observer.variables.declaration(identity)
        known = declared is not None and observer.own(identity)
        if known and all(id(n) in within or id(n) in safe for n in mentions):
            inside.add(identity)
    return inside


def _counted(node: Node) -> Iterable[str]:
    """The variables that a `for` gives a value before anything else."""
    if node.get("kind") != "ForStmt" or not node["inner"][0]:
        return ()
    first = plain(node["inner"][0])
    if first.get("opcode") != "=":
        return ()
    identity = identity_of(first["inner"][0])
    return (identity,) if identity else ()


def _part_of(node: Node, identity: str) -> Iterable[Node]:
    return walk(node) if identity in _counted(node) else ()


def is_left(loop: Node) -> bool:
    """A loop's body may end it, or more: `return`, `break`, or a call of what may not return."""
    body = loop["inner"][-1]
    return _breaks(body) or any(
        n.get("kind") in _LEAVES or ("Call" in n.get("kind", "") and not is_memory(n))
        for n in walk(body)
    )


def _breaks(node: Node) -> bool:
    if node.get("kind") == "BreakStmt":
        return True
    if node.get("kind") in LOOPS or node.get("kind") == "SwitchStmt":
        return False
    return any(_breaks(n) for n in node.get("inner", ()) if n)
