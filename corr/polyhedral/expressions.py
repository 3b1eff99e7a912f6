"""Expressions of C as small immutable trees: affine forms, substitution, printing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


class NotAffine(Exception):
    """An expression, loop or statement that the polyhedral model cannot take; says which."""


@dataclass(frozen=True)
class Expression:
    """A node; `type` is the C type of its value."""

    type: str

    def children(self) -> tuple[Expression, ...]:
        return ()

    def rebuilt(self, _change: Callable[[Expression], Expression]) -> Expression:
        """This node with its children changed; a node without any is as it was."""
        return self

    def walk(self) -> Iterator[Expression]:
        """This node and all below it, parents first."""
        yield self
        for child in self.children():
            yield from child.walk()

    def certain(self) -> Iterator[Expression]:
        """What is evaluated whenever this node is: not the sides of a choice."""
        yield self
        for child in self.children():
            yield from child.certain()


@dataclass(frozen=True)
class Number(Expression):
    """A literal, as it was written."""

    text: str


@dataclass(frozen=True)
class Name(Expression):
    """A scalar that the nest only reads, or a loop's variable."""

    name: str


@dataclass(frozen=True)
class Element(Expression):
    """An array element, or with no index a scalar that the nest writes."""

    array: str
    indices: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        return self.indices

    def rebuilt(self, change: Callable[[Expression], Expression]) -> Expression:
        return Element(self.type, self.array, tuple(change(i) for i in self.indices))


@dataclass(frozen=True)
class Operation(Expression):
    """A unary, binary or ternary (`?`) operator."""

    operator: str
    operands: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        return self.operands

    def certain(self) -> Iterator[Expression]:
        yield self
        sure = self.operands[:1] if self.operator in ("?", "&&", "||") else self.operands
        for child in sure:
            yield from child.certain()

    def rebuilt(self, change: Callable[[Expression], Expression]) -> Expression:
        return Operation(self.type, self.operator, tuple(change(o) for o in self.operands))


@dataclass(frozen=True)
class Cast(Expression):
    """A conversion to `type`."""

    operand: Expression

    def children(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def rebuilt(self, change: Callable[[Expression], Expression]) -> Expression:
        return Cast(self.type, change(self.operand))


@dataclass(frozen=True)
class Call(Expression):
    """A call of a function without side effects."""

    function: str
    arguments: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        return self.arguments

    def rebuilt(self, change: Callable[[Expression], Expression]) -> Expression:
        return Call(self.type, self.function, tuple(change(a) for a in self.arguments))


def is_iterator(name: str) -> bool:
    """Whether a name is that of a loop's variable, which no variable of C has."""
    return name.endswith("'")


def is_product(node: Expression) -> bool:
    """A floating-point product, which clang may contract with a sum in the same expression."""
    if node.type not in ("float", "double"):
        return False
    if isinstance(node, Operation) and node.operator in ("*", "-", "+", "?"):
        if node.operator == "*":
            return True
        if node.operator == "?":
            return any(map(is_product, node.operands[1:]))
        return len(node.operands) == 1 and is_product(node.operands[0])
    return False


def replaced(node: Expression, names: Mapping[str, Expression]) -> Expression:
    """The expression with names put in place of others."""
    if isinstance(node, Name) and node.name in names:
        return names[node.name]
    return node.rebuilt(lambda child: replaced(child, names))


#: A linear form: coefficient by name, and the constant under "".
Affine = dict[str, int]
#: Constants, and coefficients, may be this large: no sum of a few overflows 64 bits.
LARGEST = 1 << 40
LARGEST_FACTOR = 1 << 16

#: Bits of the integer types of C on a 64-bit system; negative ones are unsigned. `char` may be
#: either, and is taken for what is safe.
_BITS = {
    "bool": -1,
    "signed char": 8,
    "unsigned char": -8,
    "char": 8,
    "short": 16,
    "unsigned short": -16,
    "int": 32,
    "unsigned int": -32,
    "long": 64,
    "long long": 64,
    "unsigned long": -64,
    "unsigned long long": -64,
}
#: Types whose arithmetic is that of whole numbers: to overflow is undefined.
WIDE = frozenset({"int", "long", "long long"})
#: Types whose every value a `long` holds.
COUNTS = frozenset(name for name, bits in _BITS.items() if bits not in (-64, -1))
#: Types of which the model takes values up to a limit, which is asked at run time.
LONG_UNSIGNED = frozenset(name for name, bits in _BITS.items() if bits == -64)
#: Types whose arithmetic wraps round.
UNSIGNED = LONG_UNSIGNED | {"unsigned int"}


def affine(node: Expression) -> Affine:
    """The integer linear form of an expression. Raises NotAffine.

    Arithmetic of an unsigned type wraps round, and a narrowing conversion cuts: neither is linear.
    """
    if isinstance(node, Number):
        return {"": _whole(node)}
    if isinstance(node, Name):
        if node.type not in COUNTS | LONG_UNSIGNED:
            raise NotAffine(f"{node.name} is of type {node.type}")
        return {node.name: 1}
    if isinstance(node, Cast):
        form = affine(node.operand)
        if _holds(node.type, node.operand.type) or _is_within(node.type, form):
            return form
        raise NotAffine(f"{show(node)} may change the number")
    if isinstance(node, Operation):
        form = _affine_operation(node)
        if node.type not in WIDE:
            raise NotAffine(f"{show(node)} is computed as {node.type}")
        return form
    raise NotAffine(f"{show(node)} is not affine")


def _whole(node: Number) -> int:
    try:
        value = int(node.text.rstrip("uUlL"), 0) if node.type in _BITS else None
    except ValueError:
        value = None
    if value is None or abs(value) > LARGEST:
        raise NotAffine(f"{node.text} is no whole number, or too large")
    return value


def _holds(target: str, source: str) -> bool:
    """Every value of the source type is one of the target type."""
    if target not in _BITS or source not in _BITS or "char" in (target,):
        return False
    to, of = _BITS[target], _BITS[source]
    if source == "char":  # signed or not
        return to > 8
    return to >= of if of > 0 else (to > -of or to <= of)


def limits(type_: str) -> tuple[int, int]:
    """The least and the largest number of a type. Raises NotAffine for what is no whole number."""
    if type_ not in _BITS:
        raise NotAffine(f"{type_} is no type of whole numbers")
    bits = _BITS[type_]
    if type_ == "char":  # signed or not
        return -128, 255
    return (0, (1 << -bits) - 1) if bits < 0 else (-(1 << bits - 1), (1 << bits - 1) - 1)


def _is_within(target: str, form: Affine) -> bool:
    """A constant that the target type holds."""
    bits = _BITS.get(target, 0)
    value = form.get("", 0)
    if any(form.keys() - {""}) or bits in (0, -1):
        return False
    most = 1 << (-bits if bits < 0 else bits - 1)
    return (0 if bits < 0 else -most) <= value < most


def _affine_operation(node: Operation) -> Affine:
    if node.operator == "-" and len(node.operands) == 1:
        return scaled(affine(node.operands[0]), -1)
    if node.operator == "+" and len(node.operands) == 1:
        return affine(node.operands[0])
    if node.operator in ("+", "-") and len(node.operands) == 2:
        left, right = map(affine, node.operands)
        return added(left, right if node.operator == "+" else scaled(right, -1))
    if node.operator == "*":
        left, right = map(affine, node.operands)
        for one, other in ((left, right), (right, left)):
            if not any(one):
                return _small(scaled(other, one.get("", 0)))
    raise NotAffine(f"{show(node)} is not affine")


def _small(form: Affine) -> Affine:
    if any(abs(value) > LARGEST_FACTOR for name, value in form.items() if name):
        raise NotAffine("a coefficient is too large")
    return form


def added(left: Affine, right: Affine) -> Affine:
    total = {k: left.get(k, 0) + right.get(k, 0) for k in left | right}
    return {k: v for k, v in total.items() if v or k == ""}


def scaled(form: Affine, factor: int) -> Affine:
    return {k: v * factor for k, v in form.items() if v * factor or k == ""}


def linear(form: Affine, spell: Mapping[str, str] | None = None) -> str:
    """A linear form as text that C and isl both read."""
    spell = spell or {}
    terms = [
        f"{v}*{spell.get(k, k)}" if abs(v) != 1 else ("-" if v < 0 else "") + spell.get(k, k)
        for k, v in form.items()
        if k and v
    ]
    constant = form.get("", 0)
    if constant or not terms:
        terms.append(str(constant))
    return " + ".join(terms).replace("+ -", "- ")


def show(node: Expression) -> str:
    """The expression as C, with brackets round every operation."""
    if isinstance(node, Number):
        return node.text
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Element):
        return node.array + "".join(f"[{show(i)}]" for i in node.indices)
    if isinstance(node, Cast):
        return f"(({node.type})({show(node.operand)}))"
    if isinstance(node, Call):
        return f"{node.function}({', '.join(map(show, node.arguments))})"
    if isinstance(node, Operation):
        return operation(node.operator, [show(o) for o in node.operands])
    raise NotAffine(f"cannot print {type(node).__name__}")


def operation(operator: str, operands: list[str]) -> str:
    """An operator applied to operands that are already C."""
    if operator == "?":
        return f"({operands[0]} ? {operands[1]} : {operands[2]})"
    if len(operands) == 1:
        return f"({operator}{operands[0]})"
    return f"({operands[0]} {operator} {operands[1]})"
