"""Statements as C, one instance or a whole vector of them, by clang's vector extensions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from corr.polyhedral.expressions import (
    Affine,
    Call,
    Cast,
    Element,
    Expression,
    Name,
    NotAffine,
    Number,
    Operation,
    added,
    linear,
    operation,
    scaled,
)
from corr.polyhedral.expressions import affine as affine_of
from corr.polyhedral.scop import PARAMETER

_BITS = {"double": 64, "float": 32, "int": 32, "long": 64, "short": 16, "char": 8}
_SHORT = {
    "double": "f64",
    "float": "f32",
    "int": "i32",
    "long": "i64",
    "short": "i16",
    "char": "i8",
}
_MASK = {64: "long", 32: "int", 16: "short", 8: "char"}
#: Functions that clang has for whole vectors, with the same result for each element.
_ELEMENTWISE = {
    "sqrt": "sqrt",
    "sqrtf": "sqrt",
    "fabs": "abs",
    "fabsf": "abs",
    "fma": "fma",
    "floor": "floor",
    "ceil": "ceil",
}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass(frozen=True)
class Reference:
    """An element as it is met in a body: its subscripts in the loops' variables, and its lanes.

    `mode`: `scalar` (the same for all lanes), `vector` (neighbours), `gather` (neither).
    """

    array: str
    type: str
    index: tuple[tuple[tuple[str, int], ...], ...]
    mode: str
    lanes: int

    def forms(self) -> list[Affine]:
        return [dict(form) for form in self.index]

    def mentions(self, variable: str) -> bool:
        """Whether the element depends on a variable of the loops."""
        word = re.compile(rf"\b{variable}\b")
        return any(word.search(name) for form in self.index for name, _ in form if name)


@dataclass
class Types:
    """The vector types that the code uses; they are declared once, before it."""

    used: dict[str, str] = field(default_factory=dict)

    def name(self, element: str, lanes: int) -> str:
        if element not in _SHORT:
            raise NotAffine(f"no vector of {element}")
        name = f"corr_{_SHORT[element]}x{lanes}"
        size = _BITS[element] // 8
        self.used[name] = (
            f"typedef {element} {name} "
            f"__attribute__((vector_size({size * lanes}), aligned({size}), may_alias));"
        )
        return name


@dataclass(frozen=True)
class Instance:
    """A statement's instance in a body: its iterators, and the variable that its lanes run in."""

    arguments: dict[str, Affine]
    lanes: int = 1
    variable: str = ""

    def reference(self, element: Element) -> Reference:
        """The element with its subscripts written in the loops' variables."""
        forms = self.forms(tuple(affine_of(subscript) for subscript in element.indices))
        index = tuple(tuple(sorted((k, v) for k, v in f.items() if v or not k)) for f in forms)
        return Reference(element.array, element.type, index, self._mode(forms), self.lanes)

    def forms(self, index: tuple[Affine, ...]) -> list[Affine]:
        """Subscripts written in the loops' variables, and the parameters by their own names."""
        forms = []
        for subscript in index:
            form: Affine = {"": 0}
            for name, factor in subscript.items():
                other = {PARAMETER + name: 1} if name else {"": 1}
                form = added(form, scaled(self.arguments.get(name, other), factor))
            forms.append(form)
        return forms

    def _mode(self, forms: list[Affine]) -> str:
        if self.lanes == 1 or not forms:
            return "scalar"
        for form in forms:
            if any(self.variable in key and key != self.variable for key in form):
                raise NotAffine("a subscript is not linear in the lanes")
        steps = [form.get(self.variable, 0) for form in forms]
        if not any(steps):
            return "scalar"
        return "vector" if not any(steps[:-1]) and steps[-1] == 1 else "gather"

    def lane(self, forms: list[Affine], lane: int) -> list[Affine]:
        """Subscripts at one lane."""
        return [added(f, {"": f.get(self.variable, 0) * lane}) for f in forms]


class Writer:
    """Writes values of one instance. `read` gives the C of a reference, perhaps a register."""

    def __init__(
        self, types: Types, instance: Instance, read: Callable[[Reference, Instance], str]
    ) -> None:
        self.types = types
        self.instance = instance
        self.read = read

    def value(self, node: Expression) -> tuple[str, bool]:
        """The expression as C, and whether it differs between lanes."""
        if isinstance(node, Number):
            return node.text, False
        if isinstance(node, Name):
            return self._name(node)
        if isinstance(node, Element):
            reference = self.instance.reference(node)
            return self.read(reference, self.instance), reference.mode != "scalar"
        if isinstance(node, Cast):
            return self._cast(node)
        if isinstance(node, Call):
            return self._call(node)
        assert isinstance(node, Operation)
        return self._operation(node)

    def _name(self, node: Name) -> tuple[str, bool]:
        if node.name not in self.instance.arguments:
            return node.name, False
        form = self.instance.arguments[node.name]
        if self.instance.lanes > 1 and any(self.instance.variable in key for key in form):
            raise NotAffine("a loop's variable is used as a number across lanes")
        return f"(({node.type})({linear(form)}))", False

    def _cast(self, node: Cast) -> tuple[str, bool]:
        inner, varies = self.value(node.operand)
        if not varies:
            return f"(({node.type})({inner}))", False
        if _BITS.get(node.type) is None or node.type == "bool":
            raise NotAffine(f"no vector conversion to {node.type}")
        return f"__builtin_convertvector({inner}, {self._vector(node.type)})", True

    def _vector(self, element: str) -> str:
        return self.types.name(element, self.instance.lanes)

    def _call(self, node: Call) -> tuple[str, bool]:
        arguments = [self.value(a) for a in node.arguments]
        if not any(varies for _, varies in arguments):
            return f"{node.function}({', '.join(text for text, _ in arguments)})", False
        name = _ELEMENTWISE.get(node.function.removeprefix("__builtin_"))
        if name is None:
            raise NotAffine(f"{node.function} is not known for vectors")
        texts = [t if varies else self.splat(t, node.type) for t, varies in arguments]
        return f"__builtin_elementwise_{name}({', '.join(texts)})", True

    def splat(self, text: str, element: str) -> str:
        """A vector with one value in all lanes."""
        lanes = ", ".join([f"({text})"] * self.instance.lanes)
        return f"({self._vector(element)}){{{lanes}}}"

    def _operation(self, node: Operation) -> tuple[str, bool]:
        if node.operator == "?":
            return self._conditional(node)
        parts = [self.value(o) for o in node.operands]
        if not any(varies for _, varies in parts):
            return operation(node.operator, [text for text, _ in parts]), False
        if node.operator in ("&&", "||", "!", "%", "<<", ">>"):
            raise NotAffine(f"the operator {node.operator} is not used on vectors")
        if node.operator in _COMPARISONS:
            raise NotAffine("a comparison across lanes is used as a number")
        self._check(node)
        if node.operator in ("+", "-"):
            return operation(node.operator, [self._summand(o) for o in node.operands]), True
        return operation(node.operator, [text for text, _ in parts]), True

    def _summand(self, node: Expression) -> str:
        """An operand of a sum. clang contracts a product in it, so a product stays one in lanes.

        (With `-ffp-contract=on`, which is the default, `a * b + c` is rounded once; of a product
        that was first copied to all lanes that would no longer be true.)
        """
        text, varies = self.value(node)
        if varies or node.type not in ("float", "double") or not isinstance(node, Operation):
            return text
        if node.operator == "*":
            left, right = (self.splat(self.value(o)[0], node.type) for o in node.operands)
            return f"({left} * {right})"
        if node.operator == "-" and len(node.operands) == 1:
            return f"(-{self._summand(node.operands[0])})"
        return text

    def _conditional(self, node: Operation) -> tuple[str, bool]:
        condition, yes, no = node.operands
        if self._varies(condition):
            if not isinstance(condition, Operation) or condition.operator not in _COMPARISONS:
                raise NotAffine("a choice between lanes by more than one comparison")
            return self._select(condition, yes, no), True
        test = self.value(condition)[0]
        parts = [self.value(o) for o in (yes, no)]
        if not any(varies for _, varies in parts):
            return operation("?", [test, *(text for text, _ in parts)]), False
        texts = [t if varies else self.splat(t, node.type) for t, varies in parts]
        return operation("?", [test, *texts]), True

    def _varies(self, node: Expression) -> bool:
        """Whether an expression differs between lanes."""
        if isinstance(node, Element):
            return self.instance.reference(node).mode != "scalar"
        return any(self._varies(child) for child in node.children())

    def _check(self, node: Operation) -> None:
        kinds = {o.type for o in node.operands} | {node.type}
        if len(kinds) > 1:
            raise NotAffine(f"types {sorted(kinds)} are mixed across lanes")

    def _select(self, condition: Operation, yes: Expression, no: Expression) -> str:
        """`condition ? yes : no`, lane by lane, without a branch."""
        kind = yes.type
        extreme = self._extreme(condition, yes, no)
        if extreme is not None:
            return extreme
        left, right = (self._as_vector(o) for o in condition.operands)
        widths = {_BITS.get(o.type, 0) for o in (*condition.operands, yes, no)}
        if len(widths) != 1 or 0 in widths:
            raise NotAffine("a choice by numbers of another width")
        mask = self.types.name(_MASK[_BITS[kind]], self.instance.lanes)
        vector = self._vector(kind)
        chosen, other = self._as_vector(yes), self._as_vector(no)
        test = f"({mask})({left} {condition.operator} {right})"
        return f"({vector})((({test}) & ({mask}){chosen}) | (~({test}) & ({mask}){other}))"

    def _as_vector(self, node: Expression) -> str:
        text, varies = self.value(node)
        return f"({text})" if varies else self.splat(text, node.type)

    def _extreme(self, condition: Operation, yes: Expression, no: Expression) -> str | None:
        """A minimum or maximum of whole numbers, for which clang has one operation."""
        if yes.type not in ("int", "long") or condition.operator not in ("<", "<=", ">", ">="):
            return None
        if condition.operands == (yes, no):
            smaller = condition.operator in ("<", "<=")
        elif condition.operands == (no, yes):
            smaller = condition.operator in (">", ">=")
        else:
            return None
        name = "min" if smaller else "max"
        return f"__builtin_elementwise_{name}({self._as_vector(yes)}, {self._as_vector(no)})"
