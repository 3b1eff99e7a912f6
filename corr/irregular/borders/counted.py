"""Loops that count up by one: `for (i = first; i < bound; i++)`."""

from __future__ import annotations

from typing import NamedTuple

from corr.irregular.borders.facts import assigned_in
from corr.irregular.borders.linear import range_of
from corr.irregular.effects import Observer, Unsuitable
from corr.irregular.syntax import identity_of, plain
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of


class Counted(NamedTuple):
    """A loop's counter, by its identity, its first value, its bound and how it is compared."""

    identity: str
    first: Node
    bound: Node
    comparison: str

    @property
    def last(self) -> int:
        """What is to be added to the bound for the last value of the counter."""
        return 0 if self.comparison == "<=" else -1


def counted(observer: Observer, loop: Node) -> Counted:
    """Counter, first value, bound and comparison of a `for` that counts up by one."""
    if loop.get("kind") != "ForStmt":
        raise Unsuitable("it is no `for`")
    init, variable, condition, increment, body = loop["inner"]
    step, test = plain(increment), plain(condition)
    if variable or step.get("kind") != "UnaryOperator" or step.get("opcode") != "++":
        raise Unsuitable("it does not count up by one")
    identity = identity_of(step["inner"][0])
    if test.get("kind") != "BinaryOperator" or test.get("opcode") not in ("<", "<=", "!="):
        raise Unsuitable("it does not count up to a bound")
    left, right = test["inner"]
    if identity is None or identity_of(left) != identity or identity in assigned_in(body):
        raise Unsuitable("it does not count up to a bound")
    declared = observer.variables.declaration(identity)
    if declared is None or not observer.variable(plain(step["inner"][0])).own:
        raise Unsuitable("its variable is no plain whole number")
    if range_of(type_of(declared["type"])) is None:
        raise Unsuitable("its variable is no plain whole number")
    first: Node | None = None
    if init and init.get("kind") == "DeclStmt":
        (only,) = init["inner"] if len(init["inner"]) == 1 else ({},)
        if only.get("id") == identity and only.get("inner"):
            first = only["inner"][-1]
    elif init and plain(init).get("opcode") == "=":
        target, value = plain(init)["inner"]
        first = value if identity_of(target) == identity else None
    if first is None:
        raise Unsuitable("it does not begin with a value")
    return Counted(identity, first, right, test["opcode"])
