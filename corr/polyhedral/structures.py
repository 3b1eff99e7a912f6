"""Members of the elements of arrays of structures: `p[i].x`, `grid[i][j].re`, `b->v[k]`.

Each member is an array of its own to the model. Its last subscripts lie in the structure; a member
that is one number has 0 there, so that its neighbours are nowhere taken to lie side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from corr.polyhedral.accesses import Accesses, Subscripts, leads_to_rows
from corr.polyhedral.ast_forms import SCALAR, element_type, unwrapped
from corr.polyhedral.clang_ast import Functions, Node
from corr.polyhedral.containers import check_unchecked, container
from corr.polyhedral.declarations import Variables, inner_extents, type_of
from corr.polyhedral.expressions import Element, Expression, NotAffine, Number
from corr.polyhedral.pure_functions import value_of
from corr.polyhedral.scop import Array, Member
from corr.polyhedral.wrapping import Note, address

#: A structure as clang names it, and its name. In C++ it may be any type that has a name.
_STRUCTURE = re.compile(r"(?:const )?(struct |class |)((?!std::)[A-Za-z_][\w:]*)(?:<[^&]*>)?")
_WITHOUT_NAME = re.compile(r"(?:const )?struct .*\((?:unnamed|anonymous)[^()]*\)")
_TO_BASE = ("UncheckedDerivedToBase", "DerivedToBase")
_FIRST = Number("long", "0L")


@dataclass(frozen=True)
class Way:
    """How a member is reached: an array's element, and the members from there.

    Without subscripts, from a structure that the region declares.
    """

    start: Node
    subscripts: Subscripts = ()
    path: tuple[str, ...] = ()

    def to(self, member: str) -> Way:
        return replace(self, path=(*self.path, member))


def is_structure(type_: dict[str, str]) -> bool:
    """Whether a type may be a structure's."""
    text = type_of(type_)
    if SCALAR.fullmatch(text.removeprefix("const ")):
        return False
    return bool(_STRUCTURE.fullmatch(text) or _WITHOUT_NAME.fullmatch(text))


class StructureAccesses(Accesses):
    """Accesses that may be to members of the elements of arrays."""

    def __init__(self, functions: Functions, variables: Variables, note: Note) -> None:
        super().__init__(functions, variables, note)
        #: References to structures, by identity.
        self._objects: dict[str, Way] = {}
        #: Structures that the region declares: their names, by identity.
        self._own: dict[str, str] = {}

    def _MemberExpr(self, node: Node) -> Expression:
        return self.member_element(node, ())

    def member_element(self, member: Node, inner: Subscripts) -> Element:
        return self._at(self._way(member), member["type"], inner)

    def _at(self, way: Way, type_: dict[str, str], inner: Subscripts = ()) -> Element:
        """The element that a member of this type is, or with subscripts one of its elements."""
        start, path = way.start, ".".join(way.path)
        within = tuple(int(text) for text in re.findall(r"\[(\d+)\]", type_of(type_)))
        if len(within) != len(inner):
            raise NotAffine(f"{path} is used with another number of subscripts than it has")
        kind = element_type({"qualType": type_of(type_).partition("[")[0].strip()})
        if start.get("kind") != "DeclRefExpr":
            raise NotAffine("an array of structures is not a plain variable")
        if start["referencedDecl"]["id"] in self._own:
            if inner:
                raise NotAffine("an array in a structure that the loops declare")
            name = self._member_name(start, self._own[start["referencedDecl"]["id"]], path)
            self._note(Array(name, kind, 0, local=True))
            return Element(kind, name, ())
        if start["referencedDecl"]["id"] in self._written:
            raise NotAffine(f"{start['referencedDecl']['name']} is changed in the region")
        base = self._outer(start)
        variable = self.variables[base]
        held = container(start)
        if held is not None:
            check_unchecked(self.functions)
        depth = variable.type.count("*") + variable.type.count("[")
        if held is None and (depth != len(way.subscripts) or leads_to_rows(start)):
            raise NotAffine(f"the elements of {base} are no structures")
        name = self._member_name(start, base, path)
        found = Member(base, path, len(inner))
        dimensions = len(way.subscripts) + found.within
        start_of = held.start if held is not None else ""
        self._note(Array(name, kind, dimensions, start=start_of, member=found))
        self.variables[name] = variable
        if name not in self.extents:
            outer = () if held is not None else inner_extents(variable, self._declared)
            self.extents[name] = (*outer, *({"": size} for size in within or (1,)))
            for word in {word for form in outer for word in form if word}:
                self.parameters.setdefault(word, "long")
        return Element(kind, name, (*way.subscripts, *(inner or (_FIRST,))))

    def _member_name(self, start: Node, base: str, path: str) -> str:
        """A name for what the model takes for an array, that nothing in the source has."""
        name = self.fresh(f"{base}_{path}".replace(".", "_"))
        return self._unique(f"{start['referencedDecl']['id']}.{path}", name)

    def _way(self, member: Node) -> Way:
        """How a member is reached. Raises NotAffine."""
        self._check_field(member)
        self.private = self.private or member.get("maybePrivate", False)
        base = _as_declared(member["inner"][0])
        if member.get("isArrow") and unwrapped(base).get("kind") != "CXXThisExpr":
            return Way(*self._place(base), (member["name"],))
        found = self._structure(unwrapped(base))
        return found.to(member["name"])

    def _structure(self, node: Node) -> Way:
        """How an object that is a structure is reached."""
        kind = node.get("kind")
        if kind == "MemberExpr":
            return self._way(node)
        if kind == "ArraySubscriptExpr":
            return Way(*self._from_row(*self._subscripted(node)))
        if kind == "UnaryOperator" and node["opcode"] == "*":
            return Way(*self._place(node["inner"][0]))
        if kind == "DeclRefExpr":
            identity = node["referencedDecl"]["id"]
            if self._frames:
                with self.outside(identity) as given:
                    return self._structure(unwrapped(value_of(given)))
            if identity in self._objects:
                return self._objects[identity]
            if identity in self._own:
                return Way(node)
        if kind == "CXXOperatorCallExpr" and len(node["inner"]) == 3 and not self._frames:
            held = unwrapped(node["inner"][1])
            if container(held) is not None:
                return Way(held, (address(self.expression(node["inner"][2]), self.note),))
        raise NotAffine("a structure that is no element of an array is not modelled")

    def structure_named(self, variable: Node, value: Node) -> bool:
        """Note a reference to a structure, `Body &b = bodies[i]`."""
        node = unwrapped(value)
        if not type_of(variable["type"]).endswith("&") or not is_structure(node["type"]):
            return False
        self._objects[variable["id"]] = self._structure(node)
        return True

    def _check_field(self, member: Node) -> None:
        """Raise NotAffine for a member that shares its place, or is no place of its own."""
        name = member.get("name", "")
        if name not in [field["name"] for field in self._fields(member["inner"][0]["type"], name)]:
            raise NotAffine(f"{name or 'a member without a name'} may be no place of its own")

    def _fields(self, type_: dict[str, str], name: str = "") -> list[Node]:
        """The members of a structure that have places of their own, in their order.

        Those of this name alone, or all: then each has to have one. Raises NotAffine.
        """
        text = type_of(type_).removesuffix("const").removesuffix("*").strip()
        found = _STRUCTURE.fullmatch(text)
        of = found[2].rpartition("::")[2] if found else ""
        fields: list[Node] = []
        if found is not None:
            fields = self.functions.fields(of, known=bool(found[1]))
        elif name and _WITHOUT_NAME.fullmatch(text) and not self.functions.unit.cxx:
            fields = [n for n in self.functions.members(f"::{name}") if n["kind"] == "FieldDecl"]
        fields = [n for n in fields if not name or n.get("name") == name]
        if (
            not fields
            or any(map(_is_shared, fields))
            or len({f["name"] for f in fields}) != len(fields)
        ):
            raise NotAffine(f"{name or text} may be no place of its own")
        return fields

    def _is_plain(self, type_: dict[str, str], *, made: bool = False) -> bool:
        """Whether a class of C++ is copied as its members are, and `made` by leaving them alone."""
        found = _STRUCTURE.fullmatch(type_of(type_))
        if found is None:
            return False
        return self.functions.is_plain(found[2].rpartition("::")[2], made=made)


def _is_shared(field: Node) -> bool:
    return bool(field.get("isBitfield") or not field.get("name") or "&" in type_of(field["type"]))


def _as_declared(node: Node) -> Node:
    """The object that a member is looked for in, of the class that it was declared with."""
    while node.get("castKind") in _TO_BASE:
        node = node["inner"][0]
    return node
