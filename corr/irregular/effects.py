"""What statements and expressions read and write, from clang's syntax tree.

Anything that is not known to do no more than that is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from corr.irregular.macros import with_values_in_place
from corr.irregular.syntax import bare, changes, may_define
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import Variable, Variables, type_of
from corr.polyhedral.expressions import NotAffine


class Unsuitable(Exception):
    """Why a loop is left as it is."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Nodes that only compute, or say what happens next.
_PLAIN = _words(
    """
    IntegerLiteral FloatingLiteral CharacterLiteral StringLiteral CXXBoolLiteralExpr
    CXXNullPtrLiteralExpr GNUNullExpr UnaryExprOrTypeTraitExpr ParenExpr ConstantExpr
    ImplicitCastExpr CStyleCastExpr CXXStaticCastExpr CXXFunctionalCastExpr ConditionalOperator
    BinaryOperator UnaryOperator
    CompoundAssignOperator ArraySubscriptExpr MemberExpr DeclRefExpr CompoundStmt DeclStmt IfStmt
    WhileStmt DoStmt ForStmt SwitchStmt CaseStmt DefaultStmt BreakStmt ContinueStmt NullStmt
    VarDecl ReturnStmt CXXThisExpr CXXForRangeStmt ExprWithCleanups MaterializeTemporaryExpr
    AttributedStmt FullComment
    """
)
#: Functions of the library that only compute.
_OF_NUMBERS = (
    "sqrt", "fabs", "fmin", "fmax", "floor", "ceil", "trunc", "round", "sin", "cos", "tan", "exp",
    "log", "pow", "fmod",
)  # fmt: skip
_PURE = frozenset(
    {"abs", "labs", "llabs", *(f"{name}{of}" for name in _OF_NUMBERS for of in ("", "f", "l"))}
)
#: std::min and the like, of two numbers.
_CHOICES = frozenset({"min", "max", "clamp"})
_CHOOSES = re.compile(r"const [\w ]+ &\(const ")
_SIZES = frozenset({"size", "length", "empty"})
CONTAINER = re.compile(r"(?:const )?std::(?:\w+::)?(?:vector|array|basic_string|span)<.*>(?: ?&)?")
#: What has a pointer to give.
_OWNER = re.compile(r"(?:const )?std::(?:unique|shared)_ptr<.*>")
#: Functions in functions that are looked into.
DEEPEST = 3
#: Variables that are gone when a function returns.
_ITS_OWN = frozenset({"parameter", "local"})
_VOLATILE = re.compile(r"\b(?:volatile|_Atomic|atomic)\b")
_SCALAR = re.compile(
    r"(?:const )*(?:(?:(?:un)?signed )?(?:char|short|int|long|long long|__int128)|bool|_Bool|float"
    r"|double|long double|enum [\w:]+|wchar_t|char\d+_t)(?: const)?"
    r"|.*\*(?: ?(?:const|restrict|__restrict))*"
)


#: What stands for the type of a reference.
_REFERENCE = "* &"


@dataclass(frozen=True)
class Access:
    """A place in memory that is read or written, and the variable that its address begins with.

    `direct`: it lies in that variable itself, not where it points to. `alone`: nothing else leads
    there. `node`: its text; None in a function that is called. `identity`: the variable's, in its
    own function.
    """

    type: str
    variable: Variable
    direct: bool
    alone: bool
    node: Node | None
    identity: str = ""


@dataclass
class Effects:
    """What some statements do. Variables of the function's own by their identities."""

    reads: list[Access] = field(default_factory=list)
    writes: list[Access] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)

    def without(self, private: set[str]) -> Effects:
        """The same, but for elements of arrays that are among these variables."""

        def others(accesses: list[Access]) -> list[Access]:
            return [a for a in accesses if not (a.alone and a.identity in private)]

        return Effects(others(self.reads), others(self.writes), self.used, self.assigned)


class Observer:
    """Looks at nodes of one function."""

    def __init__(self, function: Node, functions: Functions, depth: int = 0) -> None:
        with_values_in_place(functions, function)
        self.variables = Variables(function)
        self.functions = functions
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
                return Variable(declared["name"], _REFERENCE, "local", addressed=True)
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
            self._call(node, found)
        elif kind not in _PLAIN:
            raise Unsuitable(f"it has a {kind}")
        elif changes(node):
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
        node = bare(node)
        if node["kind"] == "DeclRefExpr":
            self._named(node, found)
            return
        for part in node.get("inner", ()):
            self._see(part, found, "read")

    def _place(self, node: Node, found: Effects, how: str) -> None:
        """A variable, or a place in memory, that is read, written, or both."""
        node = bare(node)
        kind = node["kind"]
        if _VOLATILE.search(type_of(node.get("type", {}))):
            raise Unsuitable("something is volatile or atomic")
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
        direct = direct and variable.type != _REFERENCE  # which may be of anything
        own = variable.own and self.own(identity) and identity not in self.leaked
        if direct and own and reference is node:
            return None
        found.used.add(identity)
        return Access(type_, variable, direct, direct and own, node, identity)

    def _root(self, node: Node, found: Effects) -> tuple[Node | None, bool]:
        """The mention of the variable that an lvalue begins with, and whether it lies in it."""
        node = bare(node)
        kind, inner = node["kind"], node.get("inner", ())
        if kind == "DeclRefExpr":
            return node, True
        if kind == "ArraySubscriptExpr":
            base, index = inner
            self._see(index, found, "read")
            base = bare(base)
            if base.get("castKind") == "ArrayToPointerDecay":
                return self._root(base["inner"][0], found)
            return self._through(base, found)
        if kind == "MemberExpr":
            if node.get("isBitfield"):
                raise Unsuitable("a bit-field has no address")
            if "union" in type_of(inner[0].get("type", {})):
                raise Unsuitable("a member of a union is looked at")
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
            pointer = bare(pointer)
            kind = pointer.get("kind", "")
            if kind == "BinaryOperator" and pointer.get("opcode") in ("+", "-"):
                pointer = next(n for n in pointer["inner"] if "*" in type_of(n["type"]))
            elif kind == "ImplicitCastExpr" and pointer["castKind"] == "LValueToRValue":
                inner = bare(pointer["inner"][0])
                return (inner if inner["kind"] == "DeclRefExpr" else None), False
            else:
                return None, False

    def _subscript(self, node: Node) -> tuple[Node, Node]:
        """The container and the subscript of `v[i]`."""
        callee, *arguments = node["inner"]
        named = bare(callee).get("referencedDecl", {})
        container = bare(arguments[0])
        if named.get("name") != "operator[]" or not CONTAINER.fullmatch(
            type_of(container.get("type", {}))
        ):
            raise Unsuitable("it calls an operator of a class")
        if "bool" in type_of(container["type"]).partition("<")[2].partition(",")[0].split():
            raise Unsuitable("bits of a vector are no places in memory")
        return container, arguments[1]

    def _call(self, node: Node, found: Effects) -> None:
        kind = node["kind"]
        if kind == "CXXOperatorCallExpr":
            self._subscript(node)
            self._address(node["inner"][1], found)
            self._see(node["inner"][2], found, "read")
            return
        callee, *arguments = node["inner"]
        if kind == "CXXMemberCallExpr":
            self._method(bare(callee), arguments, found)
            return
        name = bare(callee).get("referencedDecl", {}).get("name", "")
        for argument in arguments:
            self._see(argument, found, "read")
        chosen = name in _CHOICES and _CHOOSES.match(type_of(bare(callee).get("type", {})))
        if name in _PURE or chosen or _KNOWN_BUILTIN.fullmatch(name):
            return
        known = may_define(self.functions.text, name)
        self._written_out(self.functions.get(name) if known else None, name, found)

    def _method(self, member: Node, arguments: list[Node], found: Effects) -> None:
        """The size of a container, what a smart pointer holds, or a method of the text's."""
        name, target = member.get("name", ""), bare(member["inner"][0])
        for argument in arguments:
            self._see(argument, found, "read")
        type_ = type_of(target.get("type", {}))
        sized = name in _SIZES and CONTAINER.fullmatch(type_)
        if (sized or (name == "get" and _OWNER.fullmatch(type_))) and not arguments:
            reference, _ = self._root(target, found)
            variable = self.variable(reference) if reference else Variable("", "*", "global")
            found.reads.append(Access("void *", variable, False, False, None))
            return
        self._address(target, found)
        owner = re.sub(r"\b(?:const|struct|class)\b|[*&\s]", "", type_).rpartition("::")[2]
        known: list[Node] = []
        asked = owner and "<" not in owner and may_define(self.functions.text, name)
        if asked and not self.functions.may_be_overridden(owner):
            known = self.functions.methods(owner, name)
        self._written_out(known[0] if len(known) == 1 else None, name, found)

    def _written_out(self, function: Node | None, name: str, found: Effects) -> None:
        """What a function of the text reads: it may write nothing but variables of its own."""
        if function is None or self.depth >= DEEPEST:
            raise Unsuitable(f"it calls {name or 'something'}")
        inside = Observer(function, self.functions, self.depth + 1)
        seen = inside.of(n for n in function["inner"] if n.get("kind") == "CompoundStmt")
        kept = [a for a in seen.writes if not (a.direct and a.variable.kind in _ITS_OWN)]
        if kept or any(not inside.own(identity) for identity in seen.assigned):
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
        # a pointer that is no parameter, or was set, may come from the one that promises
        given = that.variable.kind == "parameter" and not that.variable.assigned
        apart = that.variable.name != this.variable.name and (that.direct or given)
        if this.variable.restricted and not this.direct and apart:
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


def _leaked(function: Node) -> set[str]:
    """Arrays of which a pointer is made by other means than a subscript, by their identities."""
    found, subscripted = set(), set()
    for node in walk(function):
        if node.get("kind") == "ArraySubscriptExpr":
            subscripted.add(id(bare(node["inner"][0])))
        elif node.get("castKind") == "ArrayToPointerDecay" and id(node) not in subscripted:
            inner = bare(node["inner"][0])
            if inner.get("kind") == "DeclRefExpr":
                found.add(inner["referencedDecl"]["id"])
    return found
