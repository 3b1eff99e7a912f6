"""What statements and expressions read and write, from clang's syntax tree.

Anything that is not known to do no more than that is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from corr.polyhedral.clang_ast import Node, walk
from corr.polyhedral.declarations import Variable, Variables, type_of
from corr.polyhedral.expressions import NotAffine


class Unsuitable(Exception):
    """Why a loop is left as it is."""


#: Nodes that only compute, or say what happens next.
_PLAIN = frozenset(
    "IntegerLiteral FloatingLiteral CharacterLiteral CXXBoolLiteralExpr CXXNullPtrLiteralExpr"
    " GNUNullExpr UnaryExprOrTypeTraitExpr ParenExpr ConstantExpr ImplicitCastExpr CStyleCastExpr"
    " CXXStaticCastExpr CXXFunctionalCastExpr ConditionalOperator BinaryOperator UnaryOperator"
    " CompoundAssignOperator ArraySubscriptExpr MemberExpr DeclRefExpr CompoundStmt DeclStmt IfStmt"
    " WhileStmt DoStmt ForStmt SwitchStmt CaseStmt DefaultStmt BreakStmt ContinueStmt NullStmt"
    " VarDecl ReturnStmt ExprWithCleanups MaterializeTemporaryExpr AttributedStmt FullComment".split()
)
#: Functions of the library that only compute.
_PURE = frozenset(
    f"{name}{kind}"
    for name in "sqrt fabs fmin fmax floor ceil trunc round sin cos tan exp log pow fmod".split()
    for kind in ("", "f")
) | {"abs", "labs", "llabs"}
_OF_CONTAINERS = frozenset({"size", "length", "empty"})
_CONTAINER = re.compile(r"(?:const )?std::(?:\w+::)?(?:vector|array|basic_string|span)<.*>(?: ?&)?")
_VOLATILE = re.compile(r"\b(?:volatile|_Atomic|atomic)\b")
_SCALAR = re.compile(
    r"(?:const )*(?:(?:(?:un)?signed )?(?:char|short|int|long|long long|__int128)|bool|_Bool|float"
    r"|double|long double|enum [\w:]+|wchar_t|char\d+_t)(?: const)?|.*\*(?: ?(?:const|restrict|__restrict))*"
)


@dataclass(frozen=True)
class Access:
    """A place in memory that is read or written, and the variable that its address begins with.

    `direct`: it lies in that variable itself, not where it points to. `alone`: nothing else leads
    there. `node`: its text; None in a function that is called.
    """

    type: str
    variable: Variable
    direct: bool
    alone: bool
    node: Node | None


@dataclass
class Effects:
    """What some statements do. Variables of the function's own by their identities."""

    reads: list[Access] = field(default_factory=list)
    writes: list[Access] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)


#: Gives a function that is defined in the text, by its name.
Definition = Callable[[str], Node | None]


class Observer:
    """Looks at nodes of one function."""

    def __init__(self, function: Node, definition: Definition, depth: int = 0) -> None:
        self.variables = Variables(function)
        self.definition = definition
        self.depth = depth
        #: arrays whose address is taken by more than a subscript
        self.leaked = _leaked(function)

    def of(self, nodes: Iterable[Node]) -> Effects:
        """What the nodes do. Raises Unsuitable for what may do anything else."""
        found = Effects()
        for node in nodes:
            self._see(node, found, "read")
        return found

    def variable(self, reference: Node) -> Variable:
        """The variable that a node names; a reference to something is like a pointer."""
        try:
            return self.variables.get(reference)
        except NotAffine as why:
            declared = reference["referencedDecl"]
            if "&" in type_of(declared.get("type", {})):
                return Variable(declared["name"], "* &", "parameter", addressed=True)
            raise Unsuitable(str(why)) from why

    def unchanged(self, parameter: Node) -> bool:
        """Nothing but an assignment can change a parameter: nobody has its address."""
        if "&" in type_of(parameter["type"]):
            return True  # what it stands for is a place in memory
        return self.variables.get({"referencedDecl": parameter}).own

    def own(self, identity: str) -> bool:
        """The function declares it."""
        return self.variables.declaration(identity) is not None

    # --- one node --------------------------------------------------------------------------

    def _see(self, node: Node, found: Effects, how: str) -> None:
        kind = node.get("kind", "")
        if not kind:
            return
        if _VOLATILE.search(type_of(node.get("type", {}))):
            raise Unsuitable("something is volatile or atomic")
        if kind == "VarDecl" and node.get("storageClass"):
            raise Unsuitable(f"{node.get('name')} is kept from one iteration to the next")
        if kind in ("CallExpr", "CXXMemberCallExpr", "CXXOperatorCallExpr"):
            self._call(node, found, how)
        elif kind not in _PLAIN and not (kind == "CXXThisExpr" and not self.depth):
            raise Unsuitable(f"it has a {kind}")
        elif _assigns(node):
            target, *values = node["inner"]
            self._place(target, found, "both" if node.get("opcode") != "=" else "write")
            for value in values:
                self._see(value, found, "read")
        elif kind == "ImplicitCastExpr" and node.get("castKind") == "LValueToRValue":
            self._place(node["inner"][0], found, "read")
        elif kind == "UnaryOperator" and node.get("opcode") == "&":
            self._address(node["inner"][0], found)
        elif kind == "DeclRefExpr":
            self._named(node, found)
        elif kind == "ForStmt":
            for part in node["inner"]:
                self._see(part, found, how)
        else:
            for part in node.get("inner", ()):
                self._see(part, found, how)

    def _named(self, node: Node, found: Effects) -> None:
        declared = node["referencedDecl"]
        if declared["kind"] in ("VarDecl", "ParmVarDecl"):
            found.used.add(declared["id"])
        elif declared["kind"] not in ("EnumConstantDecl",):
            raise Unsuitable(f"{declared.get('name')} is no variable")

    def _address(self, node: Node, found: Effects) -> None:
        """What an address is made of: nothing is read there."""
        node = _bare(node)
        if node["kind"] == "DeclRefExpr":
            self._named(node, found)
            return
        for part in node.get("inner", ()):
            self._see(part, found, "read")

    def _place(self, node: Node, found: Effects, how: str) -> None:
        """A variable, or a place in memory, that is read, written, or both."""
        node = _bare(node)
        kind = node["kind"]
        if kind == "ConditionalOperator":
            self._see(node["inner"][0], found, "read")
            for part in node["inner"][1:]:
                self._place(part, found, how)
            return
        if kind == "DeclRefExpr" and node["referencedDecl"]["kind"] == "EnumConstantDecl":
            return
        access = self._access(node, found)
        if access is None:
            identity = node["referencedDecl"]["id"]
            if how != "write":
                found.used.add(identity)
            if how != "read":
                found.assigned.add(identity)
            return
        if not _SCALAR.fullmatch(access.type):
            raise Unsuitable(f"a whole {access.type} is copied")
        if how != "write":
            found.reads.append(access)
        if how != "read":
            found.writes.append(access)

    def _access(self, node: Node, found: Effects) -> Access | None:
        """The place that an lvalue stands for; None for a variable that nothing else leads to."""
        type_ = " ".join(w for w in type_of(node["type"]).split() if w != "const")
        reference, direct = self._root(node, found)
        if reference is None:
            return Access(type_, Variable("", "*", "global"), False, False, node)
        variable = self.variable(reference)
        identity = reference["referencedDecl"]["id"]
        own = variable.own and self.own(identity) and identity not in self.leaked
        if direct and own and reference is node:
            return None
        found.used.add(identity)
        return Access(type_, variable, direct, direct and own, node)

    def _root(self, node: Node, found: Effects) -> tuple[Node | None, bool]:
        """The mention of the variable that an lvalue begins with, and whether it lies in it."""
        node = _bare(node)
        kind, inner = node["kind"], node.get("inner", ())
        if kind == "DeclRefExpr":
            return node, True
        if kind == "ArraySubscriptExpr":
            base, index = inner
            self._see(index, found, "read")
            base = _bare(base)
            if base.get("castKind") == "ArrayToPointerDecay":
                return self._root(base["inner"][0], found)
            return self._through(base, found)
        if kind == "MemberExpr":
            if node.get("isBitfield"):
                raise Unsuitable("a bit-field has no address")
            step = self._through if node.get("isArrow") else self._root
            return step(inner[0], found)
        if kind == "UnaryOperator" and node.get("opcode") == "*":
            return self._through(inner[0], found)
        if kind == "CXXOperatorCallExpr":
            container, index = self._subscript(node)
            self._see(index, found, "read")
            return self._root(container, found)[0], False
        self._see(node, found, "read")
        return None, False

    def _through(self, pointer: Node, found: Effects) -> tuple[Node | None, bool]:
        """The variable that holds a pointer, if one does; what it is computed from is read."""
        self._see(pointer, found, "read")
        while True:
            pointer = _bare(pointer)
            kind = pointer.get("kind", "")
            if kind == "BinaryOperator" and pointer.get("opcode") in ("+", "-"):
                pointer = next(n for n in pointer["inner"] if "*" in type_of(n["type"]))
            elif kind == "ImplicitCastExpr" and pointer["castKind"] == "LValueToRValue":
                inner = _bare(pointer["inner"][0])
                return (inner if inner["kind"] == "DeclRefExpr" else None), False
            else:
                return None, False

    def _subscript(self, node: Node) -> tuple[Node, Node]:
        """The container and the subscript of `v[i]`."""
        callee, *arguments = node["inner"]
        named = _bare(callee).get("referencedDecl", {})
        container = _bare(arguments[0])
        if named.get("name") != "operator[]" or not _CONTAINER.fullmatch(
            type_of(container.get("type", {}))
        ):
            raise Unsuitable("it calls an operator of a class")
        if "bool" in type_of(container["type"]).partition("<")[2].partition(",")[0].split():
            raise Unsuitable("bits of a vector are no places in memory")
        return container, arguments[1]

    def _call(self, node: Node, found: Effects, how: str) -> None:
        kind = node["kind"]
        if kind == "CXXOperatorCallExpr":
            self._subscript(node)
            self._address(node["inner"][1], found)
            self._see(node["inner"][2], found, "read")
            return
        callee, *arguments = node["inner"]
        if kind == "CXXMemberCallExpr":
            container = _bare(callee["inner"][0]) if callee.get("inner") else {}
            plain = callee.get("name") in _OF_CONTAINERS and not arguments
            if not plain or not _CONTAINER.fullmatch(type_of(container.get("type", {}))):
                raise Unsuitable(f"it calls {callee.get('name')}")
            variable = self.variable(container) if container["kind"] == "DeclRefExpr" else None
            if variable is None:
                raise Unsuitable("it calls a method of what is not a variable")
            found.reads.append(Access("void *", variable, False, False, None))
            return
        name = _bare(callee).get("referencedDecl", {}).get("name", "")
        for argument in arguments:
            self._see(argument, found, "read")
        if name in _PURE or name.startswith("__builtin_"):
            if name.startswith("__builtin_") and not _KNOWN_BUILTIN.fullmatch(name):
                raise Unsuitable(f"it calls {name}")
            return
        self._written_out(name, found)

    def _written_out(self, name: str, found: Effects) -> None:
        """What a function of the text reads: it may write nothing but variables of its own."""
        function = self.definition(name) if self.depth < 3 else None
        if function is None:
            raise Unsuitable(f"it calls {name or 'something'}")
        inside = Observer(function, self.definition, self.depth + 1)
        seen = inside.of(n for n in function["inner"] if n.get("kind") == "CompoundStmt")
        if seen.writes or any(not inside.own(identity) for identity in seen.assigned):
            raise Unsuitable(f"{name}, which it calls, writes to memory")
        found.reads += [
            Access(a.type, Variable("", "*", "global"), False, False, None) for a in seen.reads
        ]


_KNOWN_BUILTIN = re.compile(
    r"__builtin_(?:(?:clz|ctz|popcount|parity|ffs)(?:l|ll|g)?|bswap\d+|expect|unpredictable|abs"
    r"|(?:sqrt|fabs|fmin|fmax|floor|ceil)f?)"
)


def distinct(one: Access, other: Access, *, typed: bool) -> bool:
    """Two places cannot be the same. `typed`: objects are of the types they are accessed by."""
    if one.alone or other.alone:
        return one.variable.name != other.variable.name or one.direct != other.direct
    if one.direct and other.direct and one.variable.name != other.variable.name:
        return True
    for this, that in ((one, other), (other, one)):
        if this.variable.restricted and not this.direct and that.variable.name:
            if this.variable.name != that.variable.name:
                return True
    kinds = {_kind(one.type), _kind(other.type)}
    return typed and len(kinds) == 2 and "char" not in kinds


def _kind(type_: str) -> str:
    """What is the same for types that may name one object."""
    if "*" in type_:
        return "*"
    words = [w for w in type_.split() if w not in ("const", "unsigned", "signed", "int")]
    if not words or words[0] == "enum":
        return "int"
    return "bool" if words == ["_Bool"] else " ".join(words)


def is_scalar(type_: str) -> bool:
    """A number or a pointer."""
    return _SCALAR.fullmatch(type_) is not None and "(" not in type_


def declared_in(nodes: Iterable[Node]) -> dict[str, Node]:
    """The variables that are declared anywhere in some nodes, by their identities."""
    every = (inner for node in nodes for inner in walk(node))
    return {n["id"]: n for n in every if n.get("kind") == "VarDecl"}


def _leaked(function: Node) -> set[str]:
    """Arrays of which a pointer is made by other means than a subscript, by their identities."""
    found, subscripted = set(), set()
    for node in walk(function):
        if node.get("kind") == "ArraySubscriptExpr":
            subscripted.add(id(_bare(node["inner"][0])))
        elif node.get("castKind") == "ArrayToPointerDecay" and id(node) not in subscripted:
            inner = _bare(node["inner"][0])
            if inner.get("kind") == "DeclRefExpr":
                found.add(inner["referencedDecl"]["id"])
    return found


def _assigns(node: Node) -> bool:
    kind, operator = node["kind"], node.get("opcode")
    return (
        kind == "CompoundAssignOperator"
        or (kind == "BinaryOperator" and operator == "=")
        or (kind == "UnaryOperator" and operator in ("++", "--"))
    )


def _bare(node: Node) -> Node:
    """The node without brackets and conversions that leave the place what it is."""
    while node.get("kind") in ("ParenExpr", "ExprWithCleanups", "ConstantExpr") or (
        node.get("kind") == "ImplicitCastExpr"
        and node.get("castKind") in ("NoOp", "FunctionToPointerDecay", "BuiltinFnToFnPtr")
    ):
        node = node["inner"][0]
    return node
