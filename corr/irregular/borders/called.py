"""Functions and methods that are called in a loop: their bodies, and what these return."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from corr.irregular.borders.facts import Found, Value, argument
from corr.irregular.borders.linear import range_of
from corr.irregular.borders.sums import Sums
from corr.irregular.effects import Unsuitable
from corr.irregular.syntax import (
    bare,
    block,
    declared_in,
    identity_of,
    may_define,
    parameters,
    plain,
)
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of

CALLS = frozenset({"CallExpr", "CXXMemberCallExpr"})
#: Functions in functions that are looked into.
DEEPEST = 3


class Called(Sums):
    """Looks into functions as if they stood where they are called."""

    def called(self, node: Node) -> Node | None:
        """The function or method of the text that a call is of."""
        if node["kind"] == "CallExpr":
            name = plain(node["inner"][0]).get("referencedDecl", {}).get("name", "")
            return self.functions.get(name) if may_define(self.functions.text, name) else None
        member = bare(node["inner"][0])
        name = member.get("name", "")
        type_ = type_of(bare(member["inner"][0]).get("type", {})) if member.get("inner") else ""
        owner = re.sub(r"\b(?:const|struct|class)\b|[*&\s]", "", type_).rpartition("::")[2]
        asked = owner and "<" not in owner and may_define(self.functions.text, name)
        if not asked or self.functions.may_be_overridden(owner):
            return None
        known = self.functions.methods(owner, name)
        return known[0] if len(known) == 1 else None

    @contextmanager
    def within(self, node: Node) -> Iterator[Node | None]:
        """The body of a function that is called, its parameters known; None where there is none.

        What is found in it is found apart, until this is left.
        """
        function, arguments = self.called(node), node["inner"][1:]
        given = parameters(function) if function is not None else []
        if function is None or len(given) != len(arguments) or self.depth >= DEEPEST:
            yield None
            return
        try:
            prefix = self._prefix(node)
        except Unsuitable:
            yield None
            return
        kept = self.found, dict(self.known), dict(self.given), self.prefix
        values = [self.value(argument(each)) for each in arguments]
        self.found, self.prefix = Found(), prefix
        self.depth += 1
        self.declared |= declared_in([function]).keys() | {n["id"] for n in given}
        try:
            for parameter, each, value in zip(given, arguments, values, strict=True):
                type_ = type_of(parameter["type"]).removesuffix(" &")
                one = argument(each)
                self.given[parameter["id"]] = one
                passed = value and self.converted(value, type_of(one["type"]), type_)
                if passed is not None and self.adoptable(passed.needs):
                    self.adopt(passed.needs)
                    self.known[parameter["id"]] = Value(passed.sum)
            yield next((n for n in function["inner"] if n.get("kind") == "CompoundStmt"), None)
        finally:
            self.depth -= 1
            self.found, self.known, self.given, self.prefix = kept

    def _prefix(self, node: Node) -> str:
        """What stands before the members of the object that a method is called for."""
        if node["kind"] == "CallExpr":
            return ""
        member = bare(node["inner"][0])
        target = plain(member["inner"][0])
        if target.get("kind") == "CXXThisExpr":
            return self.prefix
        return self.text(target) + ("->" if member.get("isArrow") else ".")

    def way(self, statements: list[Node]) -> Node | None:
        """The expression that some statements return: all of them choose, or set what is known."""
        for at, statement in enumerate(statements):
            kind = statement.get("kind")
            if kind == "ReturnStmt" and statement.get("inner"):
                found: Node = statement["inner"][0]
                return found
            if kind == "IfStmt" and not statement.get("hasVar"):
                condition, *ways = statement["inner"]
                held = self.holds(condition)
                taken = ways[0] if held else (ways[1] if len(ways) > 1 else None)
                if held is None:
                    return None
                if taken:
                    return self.way([*block(taken), *statements[at + 1 :]])
            elif not self._sets(statement):
                return None
        return None

    def _sets(self, statement: Node) -> bool:
        """Whether it gives variables of the function known values, and does nothing else."""
        if statement.get("kind") == "DeclStmt":
            variables = statement["inner"]
            plain_ = all(n.get("kind") == "VarDecl" and n.get("inner") for n in variables)
            return plain_ and all(
                not n.get("storageClass") and self._given_to(n["id"], n, n["inner"][-1])
                for n in variables
            )
        statement = plain(statement)
        if statement.get("kind") != "BinaryOperator" or statement.get("opcode") != "=":
            return False
        target, value = statement["inner"]
        identity = identity_of(target)
        local = identity in self.known or identity in self.given
        return identity is not None and local and self._given_to(identity, target, value)

    def _given_to(self, identity: str, target: Node, node: Node) -> bool:
        type_ = type_of(target["type"])
        if range_of(type_) is None:
            return False
        value = self.value(node)
        value = value and self.converted(value, type_of(node["type"]), type_)
        if value is None or not self.adoptable(value.needs):
            return False
        self.adopt(value.needs)
        self.known[identity] = Value(value.sum)
        return True
