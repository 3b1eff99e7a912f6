"""What expressions of whole numbers are: sums of variables, of counters and of numbers that stay.

A sum that is wrong where a type is too small for it needs something: sums that are not below 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from corr.irregular.borders.facts import WRAPPERS, Found, Value, assigned_in, of_this, spelled
from corr.irregular.borders.linear import Linear, Range, range_of
from corr.irregular.edits import Edits
from corr.irregular.effects import CONTAINER, Access, Observer, Unsuitable, distinct
from corr.irregular.syntax import bare, plain
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import Variable, type_of

#: What is guessed for numbers of iterations, and for other numbers.
MANY, FEW = 1000, 3
_CASTS = frozenset({"CStyleCastExpr", "CXXStaticCastExpr", "CXXFunctionalCastExpr"})
_WORD = re.compile(r"\w+")


class Sums:
    """Expressions in the body of one `for` loop."""

    def __init__(
        self, functions: Functions, observer: Observer, loop: Node, large: frozenset[str]
    ) -> None:
        self.functions, self.observer, self.loop = functions, observer, loop
        flags = " ".join(functions.unit.flags)
        if "-fwrapv" in flags or "-ftrapv" in flags:
            raise Unsuitable("sums that are too large are given a meaning")
        self.typed = "-fno-strict-aliasing" not in flags
        self.assigned = assigned_in(loop)
        self.declared = {n["id"] for n in walk(loop) if n.get("kind") == "VarDecl"}
        #: texts, types, ranges and guessed values of what sums are of
        self.names: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.ranges: dict[str, Range] = {}
        self.guesses: dict[str, int] = {}
        #: numbers that are guessed to be as large as numbers of iterations
        self.large = large
        #: numbers in memory, which are taken to stay what they are
        self.memory: list[Node] = []
        #: the loop's counter, and the most that it is
        self.counter = ""
        self.bound: Linear | None = None
        self.found = Found()
        #: the least and the most of counters of loops within; counters of loops round it
        self.limits: dict[str, tuple[Linear, Linear]] = {}
        self.counters: set[str] = set()
        #: variables with their values
        self.known: dict[str, Value] = {}
        #: what parameters of functions that are looked into are given, and how deep that is
        self.given: dict[str, Node] = {}
        self.depth = 0
        #: what stands before members of the object whose method that is
        self.prefix = ""
        self._writes: list[Access] | None = None

    def simpler(self, node: Node) -> Value | None:
        """What is written as more than a sum, and is one inside."""
        raise NotImplementedError

    def holds(self, node: Node) -> bool | None:
        """Whether a condition holds inside; None if that is not known. What it needs is noted."""
        raise NotImplementedError

    # --- what must hold --------------------------------------------------------------------

    def least(self, need: Linear) -> Linear | None:
        """The least that a sum is in the loops within; None if that is not known."""
        for _ in range(len(self.limits) + 1):
            inner = next((key for key in need.keys if key in self.limits), None)
            if inner is None:
                break
            low, high = self.limits[inner]
            need = need.put(inner, low if need[inner] > 0 else high)
        known = all(key in self.guesses for key in need.keys)
        return need if known and not any(key in self.limits for key in need.keys) else None

    def tells(self, need: Linear) -> bool:
        """A condition is about where the loop is, or one loop round it; not about both."""
        least = self.least(need)
        if least is None:
            return False
        about = least.keys & (self.counters | {self.counter})
        return len(about) == 1

    def adoptable(self, needs: Iterable[Linear]) -> bool:
        for need in needs:
            least = self.least(need)
            if least is None or least.value(self.guesses) < 0:
                return False
        return True

    def adopt(self, needs: Iterable[Linear]) -> None:
        for need in needs:
            self._need(need)

    def _need(self, need: Linear) -> None:
        least = self.least(need)
        if least is not None and not self._is_sure(least):
            self.found.needs[least] = None

    def _is_sure(self, need: Linear) -> bool:
        """Types alone, and the loop's bound, say that it is not below 0."""
        ways = [need]
        if need[self.counter] < 0 and self.bound is not None:
            ways.append(need.put(self.counter, self.bound))
        return any(way.least(self.ranges) >= 0 for way in ways)

    # --- values ----------------------------------------------------------------------------

    def value(self, node: Node) -> Value | None:
        """What an expression is inside; None if that is not known."""
        kind = node.get("kind", "")
        inner = [n for n in node.get("inner", ()) if n]
        if kind in WRAPPERS:
            return self.value(inner[0])
        type_ = type_of(node.get("type", {}))
        if kind == "IntegerLiteral":
            return Value(Linear((), int(node["value"])))
        if kind == "CharacterLiteral":
            return Value(Linear((), int(node["value"])))
        if kind == "ImplicitCastExpr" and node.get("castKind") in ("LValueToRValue", "NoOp"):
            return self.value(inner[0])
        if kind in ("ImplicitCastExpr", *_CASTS):
            if node.get("castKind") not in ("IntegralCast", "NoOp"):
                return None
            found = self.value(inner[-1])
            return found and self.converted(found, type_of(inner[-1]["type"]), type_)
        if range_of(type_) is None:
            return None
        for way in (self._named, self._sum, self.simpler, self._steady):
            found = way(node)
            if found is not None:
                return found
        return None

    def converted(self, value: Value, before: str, after: str) -> Value | None:
        """The same as a number of another type."""
        one, other = range_of(before), range_of(after)
        if one is None or other is None:
            return None
        return Value(value.sum, value.needs | self._fits(value.sum, one, other), value.node)

    @staticmethod
    def _fits(sum_: Linear, one: Range | None, other: Range) -> frozenset[Linear]:
        """What must hold for a sum to be a number of a type, if it is one of another."""
        needs = set()
        if one is None or one.least < other.least:
            needs.add(sum_ - other.least)
        if (one is None or one.most > other.most) and other.most < (1 << 63) - 1:
            needs.add(-sum_ + other.most)
        return frozenset(needs)

    def _named(self, node: Node) -> Value | None:
        if node.get("kind") != "DeclRefExpr":
            return None
        declared = node["referencedDecl"]
        identity = declared.get("id", "")
        if identity in self.known:
            return self.known[identity]
        if identity == self.counter or identity in self.limits:
            return Value(Linear(((identity, 1),)))
        if declared.get("kind") not in ("VarDecl", "ParmVarDecl"):
            return None
        if identity in self.declared or identity in self.assigned:
            return None
        if not self.observer.own(identity) or not self.observer.variable(node).own:
            return None  # a number in memory
        self.atom_of(identity)
        return Value(Linear(((identity, 1),)))

    def atom_of(self, identity: str) -> None:
        declared = self.observer.variables.declaration(identity)
        assert declared is not None
        self._atom(identity, declared["name"], type_of(declared["type"]))

    def type_of(self, key: str) -> str:
        """The type of what a sum is of."""
        return " ".join(word for word in self.types[key].split() if word != "const")

    def _atom(self, key: str, text: str, type_: str) -> None:
        found = range_of(type_)
        if found is None:
            raise Unsuitable(f"{text} is no whole number")
        self.names[key], self.types[key], self.ranges[key] = text, type_, found
        if key not in self.declared:
            self.guesses.setdefault(key, MANY if key in self.large else FEW)

    def _sum(self, node: Node) -> Value | None:
        """Sums, differences, and products with a number."""
        operator, inner = node.get("opcode", ""), node.get("inner", [])
        found: Value | None = None
        if node.get("kind") == "UnaryOperator" and operator in ("-", "+"):
            found = self.value(inner[0])
            found = found and Value(found.sum * (-1 if operator == "-" else 1), found.needs)
        elif node.get("kind") == "BinaryOperator" and operator in ("+", "-", "*"):
            one, other = self.value(inner[0]), self.value(inner[1])
            if one is None or other is None:
                return None
            needs = one.needs | other.needs
            if operator == "+":
                found = Value(one.sum + other.sum, needs)
            elif operator == "-":
                found = Value(one.sum - other.sum, needs)
            elif not one.sum.terms or not other.sum.terms:
                by, of = (one, other) if not one.sum.terms else (other, one)
                found = Value(of.sum * by.sum.number, needs)
        if found is None:
            return None
        type_ = range_of(type_of(node["type"]))
        if type_ is None:
            return None
        wraps = frozenset() if type_.signed else self._fits(found.sum, None, type_)
        return Value(found.sum, found.needs | wraps)

    # --- numbers that stay what they are ---------------------------------------------------

    def _steady(self, node: Node) -> Value | None:
        """A number that is computed the same in every iteration, whatever it is."""
        type_ = type_of(node["type"])
        if any(_asks_more(n) for n in walk(node)):
            return None
        try:
            text = self.text(node)
            read = self.observer.of(
                [node] if node.get("valueCategory") != "lvalue" else [_read(node)]
            )
            steady = not (read.writes or read.assigned) and self._stays(node, read.reads)
        except Unsuitable:
            return None
        if not steady:
            return None
        text = text if _WORD.fullmatch(text) else f"({text})" if " " in text else text
        self._atom(text, text, type_)
        return Value(Linear(((text, 1),)))

    def text(self, node: Node) -> str:
        """What is the same all the time, as text where the loop begins. Raises Unsuitable."""
        moving = self.declared | set(self.assigned) | {self.counter}
        start, end = spelled(node)
        edits = Edits(self.functions.text)
        for mention in walk(node):
            if of_this(mention) and self.prefix:
                edits.put(*spelled(mention), self.prefix + mention["name"])
            if mention.get("kind") != "DeclRefExpr":
                continue
            declared = mention["referencedDecl"]
            identity = declared.get("id", "")
            if identity in moving and identity not in self.given:
                raise Unsuitable("it changes")
            if identity in self.given:
                given = plain(self.given[identity])
                if given.get("kind") != "DeclRefExpr":
                    raise Unsuitable("it is computed")
                edits.put(*spelled(mention), self.text(given))
            elif (
                self.depth
                and not self.observer.own(identity)
                and declared.get("name") in self.observer.variables.names
            ):
                raise Unsuitable("a name is used for two variables")
        return edits.within(start, end)

    def _stays(self, node: Node, reads: list[Access]) -> bool:
        """The loop writes nothing of what is read.

        Elements are not taken to be members of objects that are not elements, nor bytes to be
        parts of other numbers; what is taken so is noted.
        """
        member = plain(node).get("name") if plain(node).get("kind") == "MemberExpr" else None
        if not reads or (node.get("kind") == "DeclRefExpr" and "const" in _words(node)):
            return True
        for read in reads:
            if self.depth:  # a promise of a parameter is one of that function
                read = replace(read, variable=Variable("", "*", "global"), alone=False)
            for write in self._written():
                if not distinct(read, write, typed=self.typed):
                    bytes_ = "char" in write.type.split() and "char" not in read.type.split()
                    if not bytes_ and (member is None or not _is_element(write, member)):
                        return False
                    self.memory.append(node)
        return True

    def _written(self) -> list[Access]:
        """What the loop writes. Raises Unsuitable where it may do more."""
        if self._writes is None:
            self._writes = self.observer.of([self.loop["inner"][-1]]).writes
        return self._writes


def _is_element(write: Access, member: str) -> bool:
    """What is written is an element, and no member of that name."""
    if write.node is None or write.direct:
        return write.direct
    parts = [n for n in walk(write.node) if n.get("kind") == "MemberExpr"]
    return bare(write.node).get("kind") != "MemberExpr" and not any(
        n.get("name") == member for n in parts[:1]
    )


def _asks_more(node: Node) -> bool:
    """It is a call, or may fail: a division by what may be 0."""
    kind = node.get("kind", "")
    if kind == "CXXMemberCallExpr":
        member = node["inner"][0]
        held = type_of(plain(member["inner"][0]).get("type", {})) if member.get("inner") else ""
        return not (member.get("name") in ("size", "length") and CONTAINER.fullmatch(held))
    if node.get("opcode") in ("/", "%"):
        by = plain(node["inner"][1])
        return by.get("kind") != "IntegerLiteral" or by["value"] == "0"
    return "Call" in kind


def _read(node: Node) -> Node:
    """The node as a value that is read."""
    cast = {"kind": "ImplicitCastExpr", "castKind": "LValueToRValue", "inner": [node]}
    return {**cast, "type": node["type"], "range": node.get("range", {})}


def _words(node: Node) -> list[str]:
    found: list[str] = node["type"]["qualType"].split()
    return found
