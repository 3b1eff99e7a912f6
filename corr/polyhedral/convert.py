"""Expressions of clang's syntax tree as trees of ours; calls of small functions written out."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from corr.polyhedral.ast import Functions, Node
from corr.polyhedral.expressions import (
    Call,
    Cast,
    Element,
    Expression,
    Name,
    NotAffine,
    Number,
    Operation,
)
from corr.polyhedral.scop import Array

#: Functions of the C library that only compute (errno, which sqrt may set, is not looked at).
PURE = {
    f"{name}{suffix}"
    for name in [
        "sqrt",
        "fabs",
        "exp",
        "log",
        "pow",
        "sin",
        "cos",
        "tan",
        "fmax",
        "fmin",
        "floor",
        "ceil",
        "fma",
        "cbrt",
        "exp2",
    ]
    for suffix in ("", "f")
}
_TRANSPARENT = {"LValueToRValue", "ArrayToPointerDecay", "NoOp", "FunctionToPointerDecay"}
_CONVERSIONS = {
    "IntegralToFloating",
    "FloatingCast",
    "IntegralCast",
    "FloatingToIntegral",
    "IntegralToBoolean",
}
_BINARY = set(
    [
        "+",
        "-",
        "*",
        "/",
        "%",
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "!=",
        "&&",
        "||",
        "&",
        "|",
        "^",
        "<<",
        ">>",
    ]
)
_UNARY = {"-", "+", "!", "~"}
_SCALAR = re.compile(r"^(?:unsigned |signed )?(?:char|short|int|long|long long|float|double|bool)$")
#: How deep calls are written out in place.
DEEPEST_CALL = 4


def unwrapped(node: Node) -> Node:
    """The node without the brackets and conversions that do not change it."""
    while node.get("kind") in ("ParenExpr", "ConstantExpr") or (
        node.get("kind") == "ImplicitCastExpr" and node.get("castKind") in _TRANSPARENT
    ):
        node = node["inner"][0]
    return node


def element_type(type_: dict[str, Any]) -> str:
    """The scalar type that clang names, without const. Raises NotAffine for any other."""
    text = type_.get("desugaredQualType", type_.get("qualType", ""))
    words = [w for w in text.split() if w not in ("const", "restrict")]
    name = " ".join(words)
    if not _SCALAR.match(name):
        raise NotAffine(f"type {text} is not modelled")
    return name


class Converter:
    """Turns expressions of one region into ours, and notes its parameters and arrays."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.parameters: set[str] = set()
        self.arrays: dict[str, Array] = {}
        self.own: set[str] = set()
        self._written: set[str] = set()
        self._iterators: dict[str, str] = {}
        self._bound: dict[str, Node] = {}
        self._frames: list[dict[str, Node]] = []
        self._names: dict[str, str] = {}

    # --- what is written -------------------------------------------------------------------

    def find_writes(self, node: Node) -> None:
        """Note every variable that the region assigns, other than a loop's own."""
        kind = node.get("kind")
        if kind in ("BinaryOperator", "CompoundAssignOperator", "UnaryOperator"):
            writes = kind == "CompoundAssignOperator" or node["opcode"] in ("=", "++", "--")
            target = unwrapped(node["inner"][0])
            if writes and target.get("kind") == "DeclRefExpr":
                self._written.add(target["referencedDecl"]["id"])
        if kind == "VarDecl":
            self._written.add(node["id"])
        inner = node.get("inner", ())
        if kind == "ForStmt":
            inner = [inner[4], *([] if not inner[2] else [])]
        for child in inner:
            self.find_writes(child)

    @contextlib.contextmanager
    def iterator(self, identity: str, name: str) -> Iterator[None]:
        """Within the block this variable is the loop's, by its unique name."""
        if identity in self._written:
            raise NotAffine("a loop's variable is changed in the loop")
        before = self._iterators.get(identity)
        self._iterators[identity] = name
        try:
            yield
        finally:
            if before is None:
                del self._iterators[identity]
            else:
                self._iterators[identity] = before

    def declare(self, variable: Node) -> Element:
        """A scalar that the region declares."""
        kind = element_type(variable["type"])
        name = self._unique(variable["id"], variable["name"])
        self._note(Array(name, kind, 0, local=True))
        return Element(kind, name, ())

    def _unique(self, identity: str, name: str) -> str:
        """Different variables of one name get different names."""
        if identity not in self._names:
            taken = set(self._names.values())
            fresh = name
            while fresh in taken:
                fresh += "_"
            self._names[identity] = fresh
        return self._names[identity]

    def _note(self, array: Array) -> None:
        known = self.arrays.get(array.name)
        if known and (known.element, known.dimensions) != (array.element, array.dimensions):
            raise NotAffine(f"{array.name} is used with different numbers of subscripts")
        if known is None:
            self.arrays[array.name] = array

    # --- expressions -----------------------------------------------------------------------

    def target(self, node: Node) -> Element:
        """What an assignment writes. Raises NotAffine unless it is an element or a variable."""
        found = self.expression(node)
        if not isinstance(found, Element):
            raise NotAffine("the target of an assignment is not modelled")
        return found

    def expression(self, node: Node) -> Expression:
        """The expression. Raises NotAffine for what the model does not know."""
        node = unwrapped(node)
        method = getattr(self, f"_{node.get('kind', 'nothing')}", None)
        if method is None:
            raise NotAffine(f"a {node.get('kind')} is not modelled")
        result: Expression = method(node)
        return result

    def _IntegerLiteral(self, node: Node) -> Expression:
        return Number(element_type(node["type"]), node["value"])

    def _FloatingLiteral(self, node: Node) -> Expression:
        kind = element_type(node["type"])
        text = node["value"]
        if not re.search(r"[.eE]", text):
            text += ".0"
        return Number(kind, text + ("f" if kind == "float" else ""))

    def _CharacterLiteral(self, node: Node) -> Expression:
        return Number("int", str(node["value"]))

    def _DeclRefExpr(self, node: Node) -> Expression:
        declared = node["referencedDecl"]
        identity = declared["id"]
        if self._frames and identity in self._frames[-1]:
            frame = self._frames.pop()
            try:
                return self.expression(frame[identity])
            finally:
                self._frames.append(frame)
        if identity in self._iterators:
            return Name("int", self._iterators[identity])
        kind = element_type(node["type"])
        if identity in self._written:
            name = self._unique(identity, declared["name"])
            if declared["kind"] in ("ParmVarDecl", "VarDecl"):
                self.own.add(name)
            self._note(Array(name, kind, 0))
            return Element(kind, name, ())
        name = self._unique(identity, declared["name"])
        if name != declared["name"]:
            raise NotAffine(f"two variables are called {declared['name']}")
        if kind in ("int", "long", "short", "long long", "char"):
            self.parameters.add(name)
        return Name(kind, name)

    def _ArraySubscriptExpr(self, node: Node) -> Expression:
        indices: list[Node] = []
        base = node
        while base.get("kind") == "ArraySubscriptExpr":
            indices.insert(0, base["inner"][1])
            base = unwrapped(base["inner"][0])
        frame = self._frames.pop() if self._frames else None
        try:
            if frame is not None and base.get("kind") == "DeclRefExpr":
                base = unwrapped(frame.get(base["referencedDecl"]["id"], base))
        finally:
            if frame is not None:
                self._frames.append(frame)
        if base.get("kind") != "DeclRefExpr":
            raise NotAffine("an array is not a plain variable")
        declared = base["referencedDecl"]
        if declared["id"] in self._written:
            raise NotAffine(f"the pointer {declared['name']} is changed in the region")
        name = self._unique(declared["id"], declared["name"])
        if name != declared["name"]:
            raise NotAffine(f"two arrays are called {declared['name']}")
        kind = element_type(node["type"])
        self._note(Array(name, kind, len(indices)))
        return Element(kind, name, tuple(self.expression(i) for i in indices))

    def _BinaryOperator(self, node: Node) -> Expression:
        if node["opcode"] not in _BINARY:
            raise NotAffine(f"the operator {node['opcode']} is not modelled")
        left, right = map(self.expression, node["inner"])
        return Operation(element_type(node["type"]), node["opcode"], (left, right))

    def _UnaryOperator(self, node: Node) -> Expression:
        if node["opcode"] not in _UNARY:
            raise NotAffine(f"the operator {node['opcode']} is not modelled")
        operand = self.expression(node["inner"][0])
        return Operation(element_type(node["type"]), node["opcode"], (operand,))

    def _ConditionalOperator(self, node: Node) -> Expression:
        parts = tuple(map(self.expression, node["inner"]))
        return Operation(element_type(node["type"]), "?", parts)

    def _ImplicitCastExpr(self, node: Node) -> Expression:
        if node["castKind"] not in _CONVERSIONS:
            raise NotAffine(f"a {node['castKind']} is not modelled")
        return Cast(element_type(node["type"]), self.expression(node["inner"][0]))

    def _CStyleCastExpr(self, node: Node) -> Expression:
        if node["castKind"] == "NoOp":
            return self.expression(node["inner"][0])
        return self._ImplicitCastExpr(node)

    _CXXStaticCastExpr = _CStyleCastExpr

    def _CallExpr(self, node: Node) -> Expression:
        callee, *arguments = node["inner"]
        callee = unwrapped(callee)
        if callee.get("kind") == "ImplicitCastExpr":
            callee = unwrapped(callee["inner"][0])
        if callee.get("kind") != "DeclRefExpr":
            raise NotAffine("a call through a pointer")
        name = callee["referencedDecl"]["name"]
        if name in PURE or name.removeprefix("__builtin_") in PURE:
            kind = element_type(node["type"])
            return Call(kind, name, tuple(map(self.expression, arguments)))
        return self._written_out(name, arguments)

    def _written_out(self, name: str, arguments: list[Node]) -> Expression:
        """The value that a function of one return statement gives for these arguments."""
        definition = self.functions.get(name)
        if definition is None or len(self._frames) >= DEEPEST_CALL:
            raise NotAffine(f"the call of {name} cannot be written out")
        parameters = [n for n in definition["inner"] if n.get("kind") == "ParmVarDecl"]
        body = next(n for n in definition["inner"] if n.get("kind") == "CompoundStmt")
        inner = body.get("inner", ())
        if len(inner) != 1 or inner[0]["kind"] != "ReturnStmt" or len(parameters) != len(arguments):
            raise NotAffine(f"the call of {name} cannot be written out")
        bound = {p["id"]: a for p, a in zip(parameters, arguments, strict=True)}
        if self._frames:
            raise NotAffine(f"{name} is called within a function that is written out")
        self._frames.append(bound)
        try:
            return self.expression(inner[0]["inner"][0])
        finally:
            self._frames.pop()
