"""The variables that a function names: where they live, who may change them, how arrays lie."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from corr.polyhedral.clang_ast import Node, walk
from corr.polyhedral.expressions import WIDE, Affine, NotAffine, added, scaled

_TERM = re.compile(r"^(?:(\d+)[uUlL]* \* )?([A-Za-z_]\w*|\d+[uUlL]*)(?: \* (\d+)[uUlL]*)?$")

_CONTAINER = re.compile(r"(?:const )?std::.*>")


@dataclass(frozen=True)
class Variable:
    """A variable as the function uses it.

    `kind` is parameter, local, static (in the function), global or constant (of an enum).
    `assigned` and `addressed` (its address may be kept by somebody) hold anywhere in the function.
    """

    name: str
    type: str
    kind: str
    assigned: bool = False
    addressed: bool = False
    #: It is declared with a value.
    valued: bool = False
    #: What it is in the program's text, where that is not its name: a member.
    text: str = ""

    @property
    def own(self) -> bool:
        """Nothing but a mention of its name reads or changes it."""
        return self.kind in ("parameter", "local") and not self.addressed

    @property
    def steady(self) -> bool:
        """Its value is the same all through the function, once it has one."""
        return self.kind == "constant" or (self.own and not self.assigned)

    @property
    def pointer(self) -> bool:
        return not self.array and "*" in self.type

    @property
    def array(self) -> bool:
        return self.type.endswith("]") and "(*" not in self.type

    @property
    def holds(self) -> bool:
        """Its elements lie in itself, not where it points to."""
        return self.array or re.match(r"(?:const )?std::(?:\w+::)?array<", self.type) is not None

    @property
    def in_structure(self) -> bool:
        """A member that is an array: no pointer leads to its elements."""
        return bool(self.text) and self.kind == "local"

    @property
    def restricted(self) -> bool:
        """A parameter that promises not to overlap what others are used for."""
        promise = re.search(r"\*\s*(?:const )?(?:__)?restrict\b", self.type)
        return self.kind == "parameter" and promise is not None and not self.assigned


class Variables:
    """All variables of a function, by clang's identity and by name."""

    def __init__(self, function: Node) -> None:
        self._declared: dict[str, tuple[str, Node]] = {}
        self._assigned: set[str] = set()
        self._addressed: set[str] = set()
        #: Names of whatever the function declares.
        self.names: set[str] = set()
        within = in_lambdas(function)
        for node in walk(function):
            kind = node.get("kind", "")
            if kind.endswith("Decl") and "name" in node:
                self.names.add(node["name"])
            if kind == "ParmVarDecl":
                self._declared[node["id"]] = ("parameter", node)
            elif kind == "VarDecl":
                where = {"static": "static", "extern": "global"}.get(node.get("storageClass", ""))
                self._declared[node["id"]] = (where or "local", node)
            self._note_uses(node)
            if id(node) in within and (named := _plain(node)) is not None:
                self._addressed.add(named)  # whoever calls the lambda may change it

    def _note_uses(self, node: Node) -> None:
        """A mention that is neither a plain read nor a plain assignment lets the address out."""
        for number, child in enumerate(node.get("inner", ())):
            named = _plain(child)
            if named is None:
                continue
            if _assigns(node) and number == 0:
                self._assigned.add(named)
            elif not (
                node.get("castKind") in ("LValueToRValue", "ArrayToPointerDecay")
                or node.get("kind") == "ParenExpr"
            ):
                self._addressed.add(named)

    def get(self, reference: Node) -> Variable:
        """The variable that a DeclRefExpr names. Raises NotAffine for what is no variable."""
        declared = reference["referencedDecl"]
        kind, node = self._declared.get(declared["id"], ("global", declared))
        if declared["kind"] == "EnumConstantDecl":
            kind = "constant"
        elif declared["kind"] not in ("VarDecl", "ParmVarDecl"):
            raise NotAffine(f"{declared.get('name')} is no variable")
        member = declared.get("member")
        if member is not None:  # an array in a structure has no pointer that could change
            found = self._variable("local" if member["array"] else "global", declared)
            return replace(found, text=member["text"], valued=True)
        seen = type_of(reference.get("type", {}))
        if _CONTAINER.fullmatch(seen):  # or a reference to one, which never changes
            return self._variable(kind, {**node, "type": {"qualType": seen}})
        return self._variable(kind, node)

    def _variable(self, kind: str, node: Node) -> Variable:
        name, text = node.get("name", ""), type_of(node["type"])
        if "&" in text:
            raise NotAffine(f"{name} is a reference")
        identity = node["id"]
        return Variable(
            name,
            text,
            kind,
            assigned=identity in self._assigned,
            addressed=identity in self._addressed,
            valued="init" in node,
        )

    def declaration(self, identity: str) -> Node | None:
        """Where a variable is declared; None if that is not in the function."""
        return self._declared[identity][1] if identity in self._declared else None

    def constant(self, declaration: Node) -> bool:
        """The variable has the value that it is declared with as long as it lives."""
        kind, node = self._declared[declaration["id"]]
        return self._variable(kind, node).steady

    def steady(self, name: str) -> bool:
        """Just one variable of the function has this name, and it never changes."""
        found = [
            self._variable(kind, node)
            for kind, node in self._declared.values()
            if node.get("name") == name
        ]
        return (
            len(found) == 1 and found[0].steady and (found[0].type.removeprefix("const ") in WIDE)
        )


def in_lambdas(function: Node) -> set[int]:
    """The identities of what is in the lambdas of a function."""
    every = (n for n in walk(function) if n.get("kind") == "LambdaExpr")
    return {id(node) for one in every for node in walk(one)}


def type_of(type_: dict[str, str]) -> str:
    """A type's text with no name for it left in."""
    return type_.get("desugaredQualType", type_.get("qualType", ""))


def _plain(node: Node) -> str | None:
    """The variable that the node is a mention of, brackets aside."""
    while node.get("kind") == "ParenExpr":
        node = node["inner"][0]
    if node.get("kind") == "DeclRefExpr":
        identity: str = node["referencedDecl"]["id"]
        return identity
    return None


def _assigns(node: Node) -> bool:
    kind, operator = node.get("kind"), node.get("opcode")
    if kind == "CompoundAssignOperator":
        return True
    return (kind, operator) == ("BinaryOperator", "=") or (
        kind == "UnaryOperator" and operator in ("++", "--")
    )


def inner_extents(variable: Variable, variables: Variables) -> tuple[Affine, ...]:
    """The extents of all dimensions of an array but the first.

    Raises NotAffine where one is not linear in numbers that never change.
    """
    text = variable.type
    found = re.findall(r"\[([^\[\]]*)\]", text)
    if variable.array:
        found = found[1:]
    return tuple(_extent(part, variable.name, variables) for part in found)


def _extent(text: str, name: str, variables: Variables) -> Affine:
    total: Affine = {"": 0}
    text = re.sub(r"^\((.*)\)$", r"\1", text.strip())
    for sign, term in re.findall(r"(^|[+-]) ?([^+-]+)", text):
        match = _TERM.match(term.strip())
        if match is None or (match[1] and match[3]):
            raise NotAffine(f"the extent [{text}] of {name} is not linear")
        factor = int(match[1] or match[3] or 1) * (-1 if sign == "-" else 1)
        word = match[2]
        if word[0].isdigit():
            total = added(total, {"": factor * int(word.rstrip("uUlL"))})
        elif variables.steady(word):
            total = added(total, scaled({word: 1}, factor))
        else:
            raise NotAffine(f"the extent [{text}] of {name} may have changed")
    return total
