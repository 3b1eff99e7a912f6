"""What a piece of a program makes of each bit, as sums (exclusive or) of the bits it began with.

    crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1;     bit 0 of crc is then bit 1 of what it was, and
                                                    bit 0 as well, if POLY has bit 0

The statements are followed as they would run. What is no such sum for every input is refused, and
so is whatever might be undefined; so what comes out is what the piece computes, whatever comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from corr.irregular.effects import Unsuitable
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of

#: A bit: the inputs that are added up in it, a bit of the number for each; the lowest is a 1.
Bit = int
_ONE: Bit = 1
#: Whole numbers by their names: bits, and whether they have a sign. (`char` has one or not.)
TYPES = {
    "bool": (1, False), "_Bool": (1, False), "unsigned char": (8, False), "signed char": (8, True),
    "short": (16, True), "unsigned short": (16, False), "int": (32, True),
    "unsigned int": (32, False), "long": (64, True), "unsigned long": (64, False),
    "long long": (64, True), "unsigned long long": (64, False),
}  # fmt: skip
#: Statements that are followed at most.
MOST_STEPS = 1000
_WRAPPERS = ("ParenExpr", "ExprWithCleanups", "ConstantExpr", "SubstNonTypeTemplateParmExpr")
_LITERALS = ("IntegerLiteral", "CharacterLiteral")


@dataclass(frozen=True)
class Value:
    """A whole number, its lowest bit first."""

    bits: tuple[Bit, ...]
    signed: bool

    @property
    def number(self) -> int | None:
        """What it is, if that hangs on no input."""
        if any(bit > _ONE for bit in self.bits):
            return None
        number = sum(bit << at for at, bit in enumerate(self.bits))
        return number - (1 << len(self.bits)) if self.signed and self.bits[-1] else number

    def as_type(self, width: int, signed: bool) -> Value:
        more = width - len(self.bits)
        sign = self.bits[-1] if self.signed else 0
        return Value((*self.bits[:width], *([sign] * more)), signed)

    def with_bits(self, bits: Sequence[Bit]) -> Value:
        return Value(tuple(bits), self.signed)


def number(value: int, width: int, signed: bool) -> Value:
    """A number that hangs on nothing. Raises Unsuitable where it does not fit a signed type."""
    if signed and not -(1 << width - 1) <= value < 1 << width - 1:
        raise Unsuitable("a number with a sign overflows")
    return Value(tuple(value >> at & 1 for at in range(width)), signed)


@dataclass
class Follower:
    """Follows statements. `inputs` are the variables whose values at the beginning matter.

    They are known by clang's identities; each has the place of its lowest bit among all inputs.
    """

    values: dict[str, Value] = field(default_factory=dict)
    inputs: dict[str, tuple[int, Node]] = field(default_factory=dict)
    #: Variables that were declared on the way, and those that were assigned.
    declared: set[str] = field(default_factory=set)
    assigned: dict[str, Node] = field(default_factory=dict)
    steps: int = 0

    # --- statements ------------------------------------------------------------------------

    def run(self, node: Node) -> None:
        """Follow a statement. Raises Unsuitable."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unsuitable("it takes many steps")
        kind = node["kind"]
        if kind == "CompoundStmt":
            for statement in node.get("inner", ()):
                self.run(statement)
        elif kind == "DeclStmt":
            for variable in node["inner"]:
                self._declare(variable)
        elif kind == "IfStmt" and not node.get("hasInit") and not node.get("hasVar"):
            self._choice(node)
        elif kind == "ForStmt":
            self._loop(node)
        elif kind != "NullStmt":
            self._effect(node)

    def _declare(self, variable: Node) -> None:
        if variable["kind"] != "VarDecl" or variable.get("storageClass"):
            raise Unsuitable("it declares more than a variable")
        self.declared.add(variable["id"])
        self.values.pop(variable["id"], None)
        if variable.get("init") == "c":
            self.values[variable["id"]] = self.value(variable["inner"][0])
        elif "init" in variable:
            raise Unsuitable("a variable is declared in another way")

    def _loop(self, node: Node) -> None:
        start, variable, condition, step, body = node["inner"]
        if variable or not condition:
            raise Unsuitable("a loop's end is not told by its condition")
        if start:
            self.run(start)
        while True:
            holds = self.truth(condition)
            if holds > _ONE:
                raise Unsuitable("how often the loop turns depends on its values")
            if not holds:
                return
            self.run(body)
            if step:
                self._effect(step)

    def _choice(self, node: Node) -> None:
        condition, *branches = node["inner"]
        holds = self.truth(condition)
        if holds <= _ONE:
            for branch in branches[0:1] if holds else branches[1:2]:
                self.run(branch)
            return
        before = dict(self.values)
        ends = []
        for branch in (*branches, *([None] * (2 - len(branches)))):
            self.values = dict(before)
            if branch is not None:
                self.run(branch)
            ends.append(self.values)
        yes, no = ends
        # what only one of them knows is unknown, if it is no input that the other one left alone
        self.values = {}
        for name in yes.keys() | no.keys():
            known = [end.get(name) or self._begun(name) for end in ends]
            if known[0] is not None and known[1] is not None:
                self.values[name] = _chosen(holds, known[0], known[1])

    def _begun(self, name: str) -> Value | None:
        """What an input is at the beginning."""
        if name not in self.inputs or name in self.declared:
            return None
        at, declared = self.inputs[name]
        width, signed = _type(declared)
        return Value(tuple(1 << at + k for k in range(width)), signed)

    def _effect(self, node: Node) -> None:
        """An expression that is there for what it does."""
        while node["kind"] in _WRAPPERS:
            node = node["inner"][0]
        kind, operator = node["kind"], node.get("opcode")
        if kind == "BinaryOperator" and operator == ",":
            for part in node["inner"]:
                self._effect(part)
        elif kind == "BinaryOperator" and operator == "=":
            self._assign(node["inner"][0], self.value(node["inner"][1]))
        elif kind == "CompoundAssignOperator":
            left, right = node["inner"]
            one = self._variable(left).as_type(*_type({"type": node["computeLHSType"]}))
            result = _type({"type": node["computeResultType"]})
            found = _operation(node["opcode"].removesuffix("="), one, self.value(right), result)
            self._assign(left, found)
        elif kind == "UnaryOperator" and operator in ("++", "--"):
            target = node["inner"][0]
            before = self._variable(target)
            known = before.number
            if known is None:
                raise Unsuitable("a value that is not known counts")
            width, signed = len(before.bits), before.signed
            self._assign(target, number(known + (1 if operator == "++" else -1), width, signed))
        else:
            raise Unsuitable(f"it holds a {kind}")

    def _assign(self, target: Node, value: Value) -> None:
        declared = _named(target)
        self.values[declared["id"]] = value.as_type(*_type(target))
        self.assigned.setdefault(declared["id"], declared)

    # --- expressions -----------------------------------------------------------------------

    def truth(self, node: Node) -> Bit:
        """Whether an expression is not 0. Raises Unsuitable where that is no sum."""
        value = self.value(node)
        unknown = [bit for bit in value.bits if bit > _ONE]
        if _ONE in value.bits or not unknown:
            return int(_ONE in value.bits)
        if len(set(unknown)) > 1:
            raise Unsuitable("a condition asks for several bits at once")
        return unknown[0]

    def value(self, node: Node) -> Value:
        """What an expression without effects is."""
        kind = node["kind"]
        if kind in _WRAPPERS:
            return self.value(node["inner"][-1])
        if kind in _LITERALS or kind == "CXXBoolLiteralExpr":
            return number(int(node["value"]), *_type(node))
        if kind in (
            "ImplicitCastExpr",
            "CStyleCastExpr",
            "CXXStaticCastExpr",
            "CXXFunctionalCastExpr",
        ):
            return self._cast(node)
        if kind == "UnaryOperator":
            return self._unary(node)
        if kind == "BinaryOperator":
            return self._binary(node)
        if kind == "ConditionalOperator":
            condition, yes, no = node["inner"]
            return _chosen(self.truth(condition), self.value(yes), self.value(no))
        raise Unsuitable(f"it holds a {kind}")

    def _cast(self, node: Node) -> Value:
        how, inner = node.get("castKind"), node["inner"][0]
        if how == "LValueToRValue":
            return self._variable(inner)
        if how in ("IntegralCast", "NoOp"):
            return self.value(inner).as_type(*_type(node))
        if how == "IntegralToBoolean":
            return Value((self.truth(inner),), False)
        raise Unsuitable("a number is converted to something else")

    def _variable(self, node: Node) -> Value:
        """A variable's value; an input, if nothing was assigned to it."""
        declared = _named(node)
        name = declared["id"]
        if name not in self.values:
            width, signed = _type(node)
            if signed or name in self.declared:
                raise Unsuitable("a number with a sign, or none at all, goes into it")
            at = 1 + sum(_type(known)[0] for _, known in self.inputs.values())
            self.inputs.setdefault(name, (at, declared))
            begun = self._begun(name)
            assert begun is not None and len(begun.bits) == width
            self.values[name] = begun
        return self.values[name]

    def _unary(self, node: Node) -> Value:
        operator, inner = node.get("opcode"), node["inner"][0]
        if operator == "!":
            return number(0, *_type(node)).with_bits(
                (self.truth(inner) ^ _ONE, *([0] * (_type(node)[0] - 1)))
            )
        if operator not in ("~", "-", "+"):
            raise Unsuitable(f"the operator {operator}")
        value = self.value(inner)
        if operator == "~":
            return value.with_bits([bit ^ _ONE for bit in value.bits])
        zero = number(0, len(value.bits), value.signed)
        return _operation(operator, zero, value, (len(value.bits), value.signed))

    def _binary(self, node: Node) -> Value:
        operator = node["opcode"]
        if operator in ("&&", "||"):
            one, other = (self.truth(part) for part in node["inner"])
            bit = _and(one, other) if operator == "&&" else _or(one, other)
            return number(0, *_type(node)).with_bits((bit, *([0] * (_type(node)[0] - 1))))
        left, right = (self.value(part) for part in node["inner"])
        if operator in ("==", "!=", "<", ">", "<=", ">="):
            bit = _compared(operator, left, right)
            return number(0, *_type(node)).with_bits((bit, *([0] * (_type(node)[0] - 1))))
        return _operation(operator, left, right, _type(node))


def _named(node: Node) -> Node:
    """The variable of the function's own that an expression names. Raises Unsuitable."""
    while node["kind"] == "ParenExpr":
        node = node["inner"][0]
    declared: Node = node.get("referencedDecl", {})
    if node["kind"] != "DeclRefExpr" or declared.get("kind") not in ("VarDecl", "ParmVarDecl"):
        raise Unsuitable("something other than variables")
    if type_of(declared["type"]).endswith("&"):
        raise Unsuitable("a reference")
    return declared


def _type(node: Node) -> tuple[int, bool]:
    """Bits and sign of a type. Raises Unsuitable for any other than those of whole numbers."""
    text = type_of(node["type"]).removeprefix("const ")
    if text not in TYPES:
        raise Unsuitable(f"a value of type {text}")
    return TYPES[text]


# --- what operations make of bits -----------------------------------------------------------


def _and(one: Bit, other: Bit) -> Bit:
    if 0 in (one, other):
        return 0
    if one in (_ONE, other):
        return other
    if other == _ONE:
        return one
    if one ^ other == _ONE:
        return 0
    raise Unsuitable("a product of bits")


def _or(one: Bit, other: Bit) -> Bit:
    return _and(one ^ _ONE, other ^ _ONE) ^ _ONE


def _chosen(condition: Bit, yes: Value, no: Value) -> Value:
    if len(yes.bits) != len(no.bits) or yes.signed != no.signed:
        raise Unsuitable("a choice between numbers of other types")
    pairs = zip(yes.bits, no.bits, strict=True)
    return no.with_bits([other ^ _and(condition, one ^ other) for one, other in pairs])


def _compared(operator: str, left: Value, right: Value) -> Bit:
    one, other = left.number, right.number
    if one is not None and other is not None:
        holds = {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}
        return int({**holds, "==": one == other, "!=": one != other}[operator])
    if operator in ("==", "!="):
        different = [a ^ b for a, b in zip(left.bits, right.bits, strict=True) if a ^ b]
        unknown = {bit for bit in different if bit != _ONE}
        if _ONE in different or not unknown:
            bit = int(_ONE in different)
        elif len(unknown) == 1:
            bit = unknown.pop()
        else:
            raise Unsuitable("a comparison of several bits")
        return bit if operator == "!=" else bit ^ _ONE
    if other == 0 and left.signed and operator in ("<", ">="):
        return left.bits[-1] ^ (0 if operator == "<" else _ONE)
    raise Unsuitable("a comparison of several bits")


def _operation(operator: str, left: Value, right: Value, type_: tuple[int, bool]) -> Value:
    """An operation on two numbers of the type that it gives; shifts have any on their right."""
    width, signed = type_
    if operator in ("<<", ">>"):
        return _shifted(operator, left, right)
    if len(left.bits) != width or len(right.bits) != width:
        raise Unsuitable("an operation on numbers of other types")
    one, other = left.number, right.number
    pairs = list(zip(left.bits, right.bits, strict=True))
    if operator == "^":
        return Value(tuple(a ^ b for a, b in pairs), signed)
    if operator in ("&", "|"):
        join = _and if operator == "&" else _or
        return Value(tuple(join(a, b) for a, b in pairs), signed)
    if one is not None and other is not None and operator in ("+", "-", "*"):
        known = {"+": one + other, "-": one - other, "*": one * other}[operator]
        return number(known, width, signed)
    if operator == "+" and all(0 in pair for pair in pairs):
        return Value(tuple(a | b for a, b in pairs), signed)
    if operator == "-" and one == 0 and not any(right.bits[1:]):
        return Value((right.bits[0],) * width, signed)
    if operator == "-" and other == 1 and not any(left.bits[1:]):
        return Value((left.bits[0] ^ _ONE,) * width, signed)
    if operator == "*":
        for factor, by in ((left, other), (right, one)):
            if by is not None and by >= 0 and not any(factor.bits[1:]):
                return Value(tuple(factor.bits[0] * (by >> at & 1) for at in range(width)), signed)
            if by is not None and by > 0 and by.bit_count() == 1:
                return _shifted("<<", factor, number(by.bit_length() - 1, 32, True))
    raise Unsuitable(f"{operator} on values that are not known")


def _shifted(operator: str, value: Value, by: Value) -> Value:
    width, count = len(value.bits), by.number
    if count is None or not 0 <= count < width:
        raise Unsuitable("a shift by what is not known")
    if operator == ">>":
        fill = value.bits[-1] if value.signed else 0
        return value.with_bits((*value.bits[count:], *([fill] * count)))
    if value.signed and any(value.bits[width - 1 - count :]):
        raise Unsuitable("a number with a sign may overflow")
    return value.with_bits((*([0] * count), *value.bits[: width - count]))
