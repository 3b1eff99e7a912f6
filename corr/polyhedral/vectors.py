"""Statements as C, one instance or a whole vector of them, by clang's vector extensions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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

_BITS = {
    "double": 64, "float": 32, "int": 32, "long": 64, "short": 16, "char": 8, "signed char": 8,
    "unsigned char": 8, "unsigned short": 16, "unsigned int": 32, "unsigned long": 64,
}  # fmt: skip
_SHORT = {
    "double": "f64", "float": "f32", "int": "i32", "long": "i64", "short": "i16", "char": "i8",
    "signed char": "s8", "unsigned char": "u8", "unsigned short": "u16", "unsigned int": "u32",
    "unsigned long": "u64",
}  # fmt: skip
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
#: What joins conditions, and the masks that they become: neither side has an effect.
_JOINED = {"&&": "&", "||": "|"}
#: What the number of a condition may be converted to.
_COUNTED = ("int", "long", "float", "double")


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
            return self._numbers(node.type, form), True
        return f"(({node.type})({linear(form)}))", False

    def _numbers(self, kind: str, form: Affine) -> str:
        """What a loop's variable is in each lane."""
        if any(self.instance.variable in key and key != self.instance.variable for key in form):
            raise NotAffine("a loop's variable is no linear number in the lanes")
        step = form[self.instance.variable]
        lanes = range(self.instance.lanes)
        values = (f"({kind})({linear(added(form, {'': step * lane}))})" for lane in lanes)
        return f"({self._vector(kind)}){{{', '.join(values)}}}"

    def _cast(self, node: Cast) -> tuple[str, bool]:
        if _is_test(node.operand) and self._varies(node.operand) and node.type in _COUNTED:
            return self._as_number(node.operand, node.type), True
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
        if _is_test(node) and self._varies(node):
            return self._as_number(node, node.type), True
        parts = [self.value(o) for o in node.operands]
        if not any(varies for _, varies in parts):
            return operation(node.operator, [text for text, _ in parts]), False
        if node.operator in ("%", "<<", ">>"):
            raise NotAffine(f"the operator {node.operator} is not used on vectors")
        self._check(node)
        if node.operator in ("+", "-"):
            pairs = zip(node.operands, parts, strict=True)
            return operation(node.operator, [self._summand(o, *part) for o, part in pairs]), True
        return operation(node.operator, [text for text, _ in parts]), True

    def _summand(self, node: Expression, text: str, varies: bool) -> str:
        """An operand of a sum. clang contracts a product in it, so a product stays one in lanes.

        (With `-ffp-contract=on`, which is the default, `a * b + c` is rounded once; of a product
        that was first copied to all lanes that would no longer be true.)
        """
        if varies or node.type not in ("float", "double") or not isinstance(node, Operation):
            return text
        if node.operator == "*":
            left, right = (self.splat(self.value(o)[0], node.type) for o in node.operands)
            return f"({left} * {right})"
        if node.operator == "-" and len(node.operands) == 1:
            (inner,) = node.operands
            return f"(-{self._summand(inner, *self.value(inner))})"
        return text

    def _conditional(self, node: Operation) -> tuple[str, bool]:
        condition, yes, no = node.operands
        if self._varies(condition):
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

    def _select(self, condition: Expression, yes: Expression, no: Expression) -> str:
        """`condition ? yes : no`, lane by lane, without a branch."""
        kind = yes.type
        extreme = self._extreme(condition, yes, no)
        if extreme is not None:
            return extreme
        if no.type != kind or kind not in _BITS:
            raise NotAffine("a choice between numbers of other types")
        test = self._mask(condition, _BITS[kind])
        mask = self.types.name(_MASK[_BITS[kind]], self.instance.lanes)
        vector = self._vector(kind)
        chosen, other = self._as_vector(yes), self._as_vector(no)
        return f"({vector})((({test}) & ({mask}){chosen}) | (~({test}) & ({mask}){other}))"

    def _mask(self, condition: Expression, bits: int) -> str:
        """All bits, of that width, of the lanes for which a condition holds."""
        mask = self.types.name(_MASK[bits], self.instance.lanes)
        if not self._varies(condition):
            return self.splat(f"-({_MASK[bits]})!!({self.value(condition)[0]})", _MASK[bits])
        if not _is_test(condition):
            raise NotAffine("a choice between lanes by something that is no comparison")
        assert isinstance(condition, Operation)
        if condition.operator == "!":
            return f"(~{self._mask(condition.operands[0], bits)})"
        if condition.operator in _JOINED:
            left, right = (self._mask(o, bits) for o in condition.operands)
            return f"({left} {_JOINED[condition.operator]} {right})"
        widths = {_BITS.get(o.type, 0) for o in condition.operands}
        if len(widths) != 1 or 0 in widths:
            raise NotAffine("a choice by numbers of several widths")
        left, right = (self._as_vector(o) for o in condition.operands)
        if widths == {bits}:
            return f"({mask})({left} {condition.operator} {right})"
        own = self.types.name(_MASK[widths.pop()], self.instance.lanes)
        test = f"({own})({left} {condition.operator} {right})"
        return f"__builtin_convertvector({test}, {mask})"

    def _as_number(self, test: Expression, kind: str) -> str:
        """1 in the lanes where a condition holds, else 0."""
        operands = {o.type for node in _comparisons(test) for o in node.operands}
        widths = {_BITS.get(operand, 0) for operand in operands}
        if len(widths) != 1 or 0 in widths or _BITS.get(kind) is None:
            raise NotAffine("a comparison of numbers of several widths is used as a number")
        mask = self._mask(test, *widths)
        return f"(-__builtin_convertvector({mask}, {self._vector(kind)}))"

    def _as_vector(self, node: Expression) -> str:
        text, varies = self.value(node)
        return f"({text})" if varies else self.splat(text, node.type)

    def _extreme(self, condition: Expression, yes: Expression, no: Expression) -> str | None:
        """A minimum or maximum of whole numbers, for which clang has one operation."""
        if yes.type not in ("int", "long") or not isinstance(condition, Operation):
            return None
        if condition.operator not in ("<", "<=", ">", ">="):
            return None
        if condition.operands == (yes, no):
            smaller = condition.operator in ("<", "<=")
        elif condition.operands == (no, yes):
            smaller = condition.operator in (">", ">=")
        else:
            return None
        name = "min" if smaller else "max"
        return f"__builtin_elementwise_{name}({self._as_vector(yes)}, {self._as_vector(no)})"


def _is_test(node: Expression) -> bool:
    """A condition, of one comparison or of several."""
    if not isinstance(node, Operation):
        return False
    if node.operator in _JOINED or node.operator == "!":
        return all(map(_is_test, node.operands))
    return node.operator in _COMPARISONS


def _comparisons(test: Expression) -> Iterator[Operation]:
    assert isinstance(test, Operation)
    if test.operator in _COMPARISONS:
        yield test
        return
    for operand in test.operands:
        yield from _comparisons(operand)
