"""Structures that are given a value as a whole, `Vec d = {x, y}`, `a[i] = d`: each member of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from corr.polyhedral.ast_forms import element_type, unwrapped
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of
from corr.polyhedral.expressions import Element, Expression, NotAffine, Number
from corr.polyhedral.structures import StructureAccesses, Way, is_structure

Copied = list[tuple[Element, Expression]]
TEMPORARY = {
    "MaterializeTemporaryExpr",
    "ExprWithCleanups",
    "CXXFunctionalCastExpr",
    "CXXBindTemporaryExpr",
    "CompoundLiteralExpr",
    "ParenExpr",
}


class StructureValues(StructureAccesses):
    """Assignments of structures."""

    def copied(self, node: Node) -> Copied | None:
        """The members that an assignment of a structure writes, and what; None for any other."""
        while node.get("kind") in TEMPORARY:
            node = node["inner"][0]
        kind = node.get("kind")
        if kind == "BinaryOperator" and node["opcode"] == "=":
            target, value = node["inner"]
        elif kind == "CXXOperatorCallExpr" and len(node["inner"]) == 3:
            operator, target, value = node["inner"]
            if unwrapped(operator).get("referencedDecl", {}).get("name") != "operator=":
                return None
        else:
            return None
        target = unwrapped(target)
        if not is_structure(target["type"]):
            return None
        return self._given(self._structure(target), target["type"], value)

    def declared_structure(self, variable: Node) -> Copied | None:
        """The members that the declaration of a structure gives a value; None for any other."""
        if not is_structure(variable["type"]):
            return None
        self._check_plain(variable["type"])
        values = [n for n in variable.get("inner", ()) if n.get("kind")]
        self._own[variable["id"]] = variable["name"]
        mention = {"kind": "DeclRefExpr", "referencedDecl": variable, "type": variable["type"]}
        if not values or (values[0].get("kind") == "CXXConstructExpr" and not _inner(values[0])):
            self._fields(variable["type"])
            if not values or self._is_plain(variable["type"], made=True):
                return []
        return self._given(Way(mention), variable["type"], values[0])

    def _given(self, target: Way, type_: dict[str, str], value: Node) -> Copied:
        pairs = list(self._members(target, type_, value))
        written: set[str] = set()
        for element, given in pairs if self._list(value) is not None else ():
            if written & {n.array for n in given.walk() if isinstance(n, Element)}:
                raise NotAffine("a structure is made of members that it has just been given")
            written.add(element.array)
        return pairs

    def _members(
        self, target: Way, type_: dict[str, str], value: Node
    ) -> Iterator[tuple[Element, Expression]]:
        fields = self._fields(type_)
        constructed = self._constructed(target, type_, value)
        if constructed is not None:
            yield from constructed
            return
        values = self._list(value)
        if values is None:
            source = self._structure(self._copied_from(value, type_))
            yield from self._copies(target, source, type_)
            return
        if len(values) != len(fields):
            raise NotAffine(f"not each member of {type_of(type_)} is given a value")
        for field, given in zip(fields, values, strict=True):
            yield from self._member_given(target.to(field["name"]), field["type"], given)

    def _member_given(self, place: Way, type_: dict[str, str], given: Node) -> Copied:
        """What one member is given."""
        none = given.get("kind") == "ImplicitValueInitExpr"
        if is_structure(type_):
            if none:
                given = {"kind": "InitListExpr", "inner": [given] * len(self._fields(type_))}
            return list(self._members(place, type_, given))
        kind = element_type(type_)
        value = Number(kind, _zero(kind)) if none else self.expression(given)
        return [(self._at(place, type_), value)]

    @abstractmethod
    def _constructed(self, target: Way, type_: dict[str, str], value: Node) -> Copied | None:
        """The members that a constructor of the program's own gives a value; None for none."""

    def _copies(
        self, target: Way, source: Way, type_: dict[str, str]
    ) -> Iterator[tuple[Element, Expression]]:
        for field in self._fields(type_):
            to, of = target.to(field["name"]), source.to(field["name"])
            if is_structure(field["type"]):
                yield from self._copies(to, of, field["type"])
            else:
                yield self._at(to, field["type"]), self._at(of, field["type"])

    def _list(self, value: Node) -> list[Node] | None:
        """The values that a structure is made of; None where it is copied."""
        while value.get("kind") in TEMPORARY or value.get("kind") == "ImplicitCastExpr":
            value = value["inner"][0]
        return _inner(value) if value.get("kind") == "InitListExpr" else None

    def _check_plain(self, type_: dict[str, str]) -> None:
        """Raise NotAffine where something of the class's own runs as one is copied or ends."""
        if self.functions.unit.cxx and not self._is_plain(type_):
            raise NotAffine(f"copies of {type_of(type_)} are not modelled: they may do more")

    def _copied_from(self, value: Node, type_: dict[str, str]) -> Node:
        """The structure that another one is a copy of, as no operator of its own makes it."""
        self._check_plain(type_)
        while value.get("kind") in TEMPORARY:
            value = value["inner"][0]
        if value.get("kind") == "CXXConstructExpr" and len(_inner(value)) == 1:
            value = _inner(value)[0]
        value = unwrapped(value)
        if "type" not in value or bare(value["type"]) != bare(type_):
            raise NotAffine(f"{type_of(type_)} is made of something else")
        return value


def _inner(node: Node) -> list[Node]:
    return [n for n in node.get("inner", ()) if n]


def bare(type_: dict[str, str]) -> str:
    return type_of(type_).removeprefix("const ").removeprefix("struct ").removeprefix("class ")


def _zero(kind: str) -> str:
    return {"float": "0.0f", "double": "0.0"}.get(kind, "0")
