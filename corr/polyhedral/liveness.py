"""Values of variables beyond a region: which are wanted after it, which are there before it."""

from __future__ import annotations

from corr.polyhedral.ast_forms import unwrapped
from corr.polyhedral.clang_ast import Node, begin_of, body_of, walk
from corr.polyhedral.declarations import Variable, in_lambdas
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.starts import start_of


def names_outside(function: Node, inside: set[int], *, again: bool) -> set[str]:
    """Names of variables that are mentioned where it may be run after the region.

    `inside` are the identities of the region's nodes; `again`: it may run more than once in a call.
    A lambda may be called later, wherever it stands. Raises NotAffine if the region declares one of
    them.
    """
    found: set[str] = set()
    own = {n["id"] for n in walk(function) if n.get("kind") == "VarDecl" and id(n) in inside}
    reached, later = again, in_lambdas(function)
    for node in walk(function):
        if id(node) in inside:
            reached = True
        elif (reached or id(node) in later) and node.get("kind") == "DeclRefExpr":
            if node["referencedDecl"]["id"] in own:
                raise NotAffine(f"{node['referencedDecl']['name']} is used after the region")
            found.add(node["referencedDecl"]["name"])
    return found


def check_has_value(function: Node, inside: set[int], variable: Variable, start: int) -> None:
    """A variable that is looked at before anything else runs has a value by then.

    It has one from its declaration, from a loop round the region or from an assignment that
    the function makes in any case. Raises NotAffine.
    """
    name = variable.name
    if variable.kind != "local" or variable.array or variable.valued:
        return
    body = body_of(function) or {}
    for node in walk(function):
        is_loop = node.get("kind") == "ForStmt" and _sets(node, name)
        if is_loop and any(id(n) in inside for n in walk(node)):
            return
    for node in body.get("inner", ()):
        begin = begin_of(node)
        if _sets(node, name) and begin is not None and begin < start:
            return
    raise NotAffine(f"{name} may have no value yet")


def check_only_loops(function: Node, identity: str) -> None:
    """A loop's variable from outside is only used in loops that begin by setting it.

    Its value after a loop is then of no interest. Raises NotAffine.
    """
    waiting = [function]
    while waiting:
        node = waiting.pop()
        if _names_variable(node, identity):
            raise NotAffine(f"{node['referencedDecl']['name']} is used outside its loops")
        value = _first_value(node, identity)
        if value is None:
            waiting += [n for n in node.get("inner", ()) if n]
            continue
        if sum(_first_value(n, identity) is not None for n in walk(node)) > 1:
            raise NotAffine("a loop's variable is changed in the loop")
        waiting.append(value)


def _names_variable(node: Node, identity: str) -> bool:
    """The node is a mention of this variable."""
    return node.get("kind") == "DeclRefExpr" and node["referencedDecl"]["id"] == identity


def _first_value(node: Node, identity: str) -> Node | None:
    """What a loop sets this variable to at its start; None for anything else."""
    if node.get("kind") != "ForStmt" or not node["inner"][0]:
        return None
    init = start_of(node)[1]
    if init.get("kind") != "BinaryOperator" or init["opcode"] != "=":
        return None
    target, value = init["inner"]
    found: Node = value
    return found if _names_variable(unwrapped(target), identity) else None


def _sets(node: Node, name: str) -> bool:
    """An assignment to a variable of this name, or a loop that begins with one."""
    if node.get("kind") == "ForStmt":
        before, start = start_of(node)
        return any(_sets(part, name) for part in (*before, start))
    if node.get("kind") != "BinaryOperator" or node.get("opcode") != "=":
        return False
    target = unwrapped(node["inner"][0]).get("referencedDecl", {})
    return bool(target.get("name") == name)
