"""Expressions of clang's syntax tree as trees of ours; calls of small functions written out."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from corr.polyhedral.ast_forms import element_type, unwrapped
from corr.polyhedral.clang_ast import Functions, Node, begin_of, body_of
from corr.polyhedral.containers import check_unchecked, container, rows
from corr.polyhedral.declarations import Variables, type_of
from corr.polyhedral.expressions import (
    COUNTS,
    LONG_UNSIGNED,
    UNSIGNED,
    WIDE,
    Call,
    Cast,
    Element,
    Expression,
    Name,
    NotAffine,
    Number,
    Operation,
    is_iterator,
    is_product,
    show,
)
from corr.polyhedral.library import of_library, type_of_call
from corr.polyhedral.macro_sizes import by_name
from corr.polyhedral.pure_functions import EXTREMES, returned, value_of
from corr.polyhedral.scop import Array
from corr.polyhedral.structure_calls import StructureCalls
from corr.polyhedral.structures import is_structure
from corr.polyhedral.wrapping import Note, address

_CONVERSIONS = {
    "IntegralToFloating",
    "FloatingCast",
    "IntegralCast",
    "FloatingToIntegral",
    "IntegralToBoolean",
}
_TESTS = {"<", "<=", ">", ">=", "==", "!=", "&&", "||"}
_BINARY = _TESTS | {"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^"}
_SUFFIXES = {
    "int": "",
    "unsigned int": "u",
    "long": "L",
    "unsigned long": "UL",
    "long long": "LL",
    "unsigned long long": "ULL",
}
_UNARY = {"-", "+", "!", "~"}


class Converter(StructureCalls):
    """Turns expressions of one region into ours, and notes its parameters and arrays."""

    def __init__(self, functions: Functions, variables: Variables, note: Note) -> None:
        super().__init__(functions, variables, note)
        self._products = self._perhaps = 0

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
        kind = element_type(node["type"])
        if kind not in _SUFFIXES:
            raise NotAffine(f"a number of type {kind} is not modelled")
        macro = by_name(self.functions, node)
        if macro is not None:
            return self.computed_size(f"{macro}_", kind, macro)
        self.held.add(int(node["value"]))
        return Number(kind, node["value"] + _SUFFIXES[kind])

    def _FloatingLiteral(self, node: Node) -> Expression:
        kind = element_type(node["type"])
        text = node["value"]
        if not re.fullmatch(r"[-+0-9.eE]+", text):
            raise NotAffine(f"the number {text} is not modelled")
        if not re.search(r"[.eE]", text):
            text += ".0"
        if kind == "double":
            text = repr(float(text))  # the shortest that is the same number
        return Number(kind, text + ("f" if kind == "float" else ""))

    def _CharacterLiteral(self, node: Node) -> Expression:
        number = Number("int", str(node["value"]))
        kind = element_type(node["type"])
        return number if kind == "int" else Cast(kind, number)

    def _DeclRefExpr(self, node: Node) -> Expression:
        identity = node["referencedDecl"]["id"]
        if node["referencedDecl"]["kind"] == "EnumConstantDecl":
            return self._constant(node)
        if self._frames:
            return self._argument(identity)
        if identity in self._iterators:
            return self._iterators[identity]
        kind = element_type(node["type"])
        if self._is_declared_here(identity):
            name = self._names[identity]
            return Element(kind, name, ())
        name = self._outer(node)
        if identity in self._written:
            self._note(Array(name, kind, 0))
            return Element(kind, name, ())
        self.scalars.add(name)
        if kind in COUNTS | LONG_UNSIGNED:
            self.parameters[name] = kind
        return Name(kind, name)

    def _constant(self, node: Node) -> Expression:
        """A constant of an enum: of the function's, or of the file's where no other hides it."""
        name, kind = node["referencedDecl"]["name"], element_type(node["type"])
        if self._frames and name in self._declared.names:
            raise NotAffine(f"{name} is something else where it would be written out")
        if self._unique(f"enum {name}", name) != name:
            raise NotAffine(f"two things are called {name}")
        if kind in COUNTS | LONG_UNSIGNED:
            self.parameters[name] = kind
        return Name(kind, name)

    def _is_declared_here(self, identity: str) -> bool:
        name = self._names.get(identity)
        return name is not None and name in self.arrays and self.arrays[name].local

    def _argument(self, identity: str) -> Expression:
        """What a function that is written out is given for one of its parameters."""
        if identity not in self._frames[-1]:
            raise NotAffine("a function that is called uses more than its arguments")
        frame = self._frames.pop()
        try:
            given = frame[identity]
            if given is None:
                raise NotAffine("a function that is called may look at a variable without a value")
            return self.expression(given) if isinstance(given, dict) else given
        finally:
            self._frames.append(frame)

    def _CXXOperatorCallExpr(self, node: Node) -> Expression:
        """An element of a container, `v[i]`, or of one in one, `m[i][j]`."""
        operator, base, *indices = node["inner"]
        row = self._row_names.get(unwrapped(base).get("referencedDecl", {}).get("id", ""))
        row = row or unwrapped(base)
        if row.get("kind") == "CXXOperatorCallExpr" and not self._frames:
            return self._of_row(node, row, indices)
        base, held = unwrapped(base), container(unwrapped(base))
        called = unwrapped(operator).get("referencedDecl", {}).get("name")
        if called != "operator[]" or held is None or len(indices) != 1 or self._frames:
            raise NotAffine(f"a call of {called or 'an operator'} is not modelled")
        check_unchecked(self.functions)
        subscript = address(self.expression(indices[0]), self.note)
        name = self._outer(base)
        kind = element_type(node["type"])
        self._note(Array(name, kind, 1, start=held.start))
        return Element(kind, name, (subscript,))

    def row_named(self, variable: Node, value: Node) -> bool:
        """Note a reference to a row, `std::vector<double> &r = m[i]`, whose elements are m's.

        Or to a structure.
        """
        if self.structure_named(variable, value):
            return True
        row = unwrapped(value)
        named = type_of(variable["type"]).endswith("&") and row.get("kind") == "CXXOperatorCallExpr"
        if not named or rows(unwrapped(row["inner"][1])) is None:
            return False
        self._row_names[variable["id"]] = row
        return True

    def _of_row(self, node: Node, row: Node, indices: list[Node]) -> Expression:
        calls = [
            unwrapped(n["inner"][0]).get("referencedDecl", {}).get("name") for n in (node, row)
        ]
        base = unwrapped(row["inner"][1])
        held = rows(base)
        if calls != ["operator[]"] * 2 or held is None or len(indices) != 1:
            raise NotAffine(f"a call of {calls[0] or 'an operator'} is not modelled")
        check_unchecked(self.functions)
        places = (row["inner"][2], *indices)
        subscripts = tuple(address(self.expression(place), self.note) for place in places)
        name = self._outer(base)
        kind = element_type(node["type"])
        self._note(Array(name, kind, 2, start=held.start, rows=True))
        return Element(kind, name, subscripts)

    def _CXXMemberCallExpr(self, node: Node) -> Expression:
        """A container's size, which no element that is written changes."""
        member = node["inner"][0]
        base = unwrapped(member.get("inner", [{}])[0])
        held = container(base)
        if held is None and member.get("kind") == "MemberExpr" and is_structure(base["type"]):
            return self._written_out(node)
        if member.get("name") not in ("size", "length") or held is None or self._frames:
            raise NotAffine(f"a call of {member.get('name')} is not modelled")
        self.scalars.add(self._outer(base))
        return self.computed_size(f"{held.name}_size", "unsigned long", f"{held.name}.size()")

    def sizes(self, node: Expression) -> Expression:
        """A number with each product of sizes, `w * h`, put in as a size of its own."""
        if isinstance(node, Operation) and node.type in WIDE | UNSIGNED and node.operator == "*":
            names = [n.name for n in node.walk() if isinstance(n, Name)]
            plain = all(isinstance(n, Name | Number | Cast | Operation) for n in node.walk())
            known = all(
                o.operator in ("+", "-", "*") for o in node.walk() if isinstance(o, Operation)
            )
            if len(names) > 1 and plain and known and not any(map(is_iterator, names)):
                return self.computed_size("_by_".join(names), node.type, show(node))
        return node.rebuilt(self.sizes)

    def computed_size(self, name: str, kind: str, value: str) -> Expression:
        """A parameter that is no variable."""
        name = self.fresh(name)
        if self.computed.setdefault(name, (kind, value)) != (kind, value):
            raise NotAffine(f"{value} and another are both called {name}")
        self.parameters[name] = kind
        return Name(kind, name)

    def _BinaryOperator(self, node: Node) -> Expression:
        if node["opcode"] not in _BINARY:
            raise NotAffine(f"the operator {node['opcode']} is not modelled")
        left = self.expression(node["inner"][0])
        with self._sometimes() if node["opcode"] in ("&&", "||") else contextlib.nullcontext():
            right = self.expression(node["inner"][1])
        return Operation(element_type(node["type"]), node["opcode"], (left, right))

    def _UnaryOperator(self, node: Node) -> Expression:
        if node["opcode"] == "*":
            return self._element(node, *self._place(node["inner"][0]))
        if node["opcode"] not in _UNARY:
            raise NotAffine(f"the operator {node['opcode']} is not modelled")
        operand = self.expression(node["inner"][0])
        return Operation(element_type(node["type"]), node["opcode"], (operand,))

    def _ConditionalOperator(self, node: Node) -> Expression:
        test = self.expression(node["inner"][0])
        with self._sometimes():
            parts = (test, *map(self.expression, node["inner"][1:]))
        return Operation(element_type(node["type"]), "?", parts)

    def _ImplicitCastExpr(self, node: Node) -> Expression:
        if node["castKind"] not in _CONVERSIONS:
            raise NotAffine(f"a {node['castKind']} is not modelled")
        return Cast(element_type(node["type"]), self.expression(node["inner"][0]))

    def _CStyleCastExpr(self, node: Node) -> Expression:
        if node["castKind"] in ("NoOp", "LValueToRValue"):
            return self.expression(node["inner"][0])
        return self._ImplicitCastExpr(node)

    _CXXStaticCastExpr = _CStyleCastExpr

    def _CallExpr(self, node: Node) -> Expression:
        callee, *arguments = node["inner"]
        callee = unwrapped(callee)
        if callee.get("kind") == "ImplicitCastExpr":  # of a builtin, to a pointer
            callee = unwrapped(callee["inner"][0])
        if callee.get("kind") != "DeclRefExpr":
            raise NotAffine("a call through a pointer")
        name = callee["referencedDecl"]["name"]
        if extreme := self._extreme(callee, arguments):
            return extreme
        if function := of_library(self.functions, callee, len(arguments)):
            values = tuple(map(self.expression, arguments))
            kind = element_type(node["type"])
            if {value.type for value in values} != {kind} or kind != type_of_call(function):
                raise NotAffine(f"{name} is not the C library's")
            return Call(kind, function, values)
        return self._written_out(node)

    def _written_out(self, node: Node) -> Expression:
        """The value that a function which only computes gives for its arguments."""
        definition, arguments, this = self.called(node)
        name, body = definition["name"], body_of(definition)
        if body is None:
            raise NotAffine(f"the call of {name} cannot be written out")
        with self.bound(definition, arguments, this) as frame:
            result = returned(self.expression, self._rounded, self._sometimes, frame, body, name)
        return self._rounded(result)

    def _argument_of(self, node: Node) -> Node | Expression:
        """An argument as it is looked at where it is used; a product is rounded before."""
        value = self.expression(node)
        return self._rounded(value) if is_product(value) else node

    def _check_always(self) -> None:
        if self._perhaps:
            raise NotAffine("a structure in a choice is not modelled")

    def _rounded(self, value: Expression) -> Expression:
        """A value that is in no expression with what uses it: a product has a variable."""
        if not is_product(value):
            return value
        if self._perhaps:
            raise NotAffine("a product in a choice could be contracted with what is round it")
        for known, product in self.products:
            if product == value:
                return known
        self._products += 1
        self.products.append((self.variable(value.type, f"product{self._products}"), value))
        return self.products[-1][0]

    def variable(self, kind: str, name: str) -> Element:
        """A variable that the text does not have."""
        name = self.fresh(name)
        while name in self._names.values():
            name += "_"
        self._names[f"own {name}"] = name
        self._note(Array(name, kind, 0, local=True))
        return Element(kind, name, ())

    @contextlib.contextmanager
    def _sometimes(self) -> Iterator[None]:
        self._perhaps += 1
        try:
            yield
        finally:
            self._perhaps -= 1

    def taken_products(self) -> list[tuple[Element, Expression]]:
        """The products that what was converted since the last time wants to have before it."""
        taken, self.products = self.products, []
        return taken

    def _extreme(self, callee: Node, arguments: list[Node]) -> Expression | None:
        """`std::max(a, b)` or `std::min(a, b)` of two numbers, as the library defines it."""
        name = callee["referencedDecl"]["name"]
        begin = begin_of(callee)
        if name not in EXTREMES or begin is None or len(arguments) != 2:
            return None
        said = self.functions.text[begin : begin + len(name) + 5]
        if not self.functions.unit.cxx or said != f"std::{name}".encode():
            return None
        first, second = (self.expression(value_of(a)) for a in arguments)
        if first.type != second.type:
            return None
        asked = (first, second) if name == "max" else (second, first)
        test = Operation("bool", "<", asked)
        return Operation(first.type, "?", (test, second, first))
