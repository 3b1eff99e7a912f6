"""Checks that find nothing inside: conditions, minima and maxima, remainders, small functions."""

from __future__ import annotations

import re

from corr.irregular.borders.called import CALLS, Called
from corr.irregular.borders.facts import Value, argument, unwrapped
from corr.irregular.borders.linear import Linear, range_of
from corr.irregular.syntax import block, plain
from corr.polyhedral.clang_ast import Node
from corr.polyhedral.declarations import type_of

_EXTREMES = {"max": 1, "min": -1}
_OF_NUMBERS = re.compile(r"const [\w ]+ &\(const ")
_TESTS = frozenset({"<", "<=", ">", ">=", "==", "!="})


class Checks(Called):
    """What checks in a loop's body come to, with what must hold for that."""

    @staticmethod
    def is_test(node: Node) -> bool:
        return node.get("kind") == "BinaryOperator" and node.get("opcode") in _TESTS

    def holds(self, node: Node) -> bool | None:
        """Whether a condition holds inside; None if that is not known. What it needs is noted."""
        inner = unwrapped(node)
        operator = inner.get("opcode", "")
        if operator == "!":
            held = self.holds(inner["inner"][0])
            return None if held is None else self._note(inner, not held)
        if operator in ("&&", "||") and inner.get("kind") == "BinaryOperator":
            ways = [self.holds(part) for part in inner["inner"]]
            if (operator == "||") in ways:
                return self._note(inner, operator == "||")
            if None not in ways:
                return self._note(inner, operator == "&&")
            return None
        if not self.is_test(inner):
            return None
        one, other = (self.value(part) for part in inner["inner"])
        if one is None or other is None:
            return None
        apart, needs = one.sum - other.sum, one.needs | other.needs
        for held, sums in _ways(operator, apart):
            for sum_ in sums:
                wanted = needs | {sum_}
                if self.tells(sum_) and self.adoptable(wanted):
                    self.adopt(wanted)
                    return self._note(inner, held)
        return None

    def _note(self, node: Node, held: bool) -> bool:
        self.found.tests[id(node)] = (node, held)
        return held

    def simpler(self, node: Node) -> Value | None:
        """What is written as more than a sum, and is one inside: minima, remainders, choices."""
        kind = node.get("kind", "")
        if range_of(type_of(node.get("type", {}))) is None:
            return None
        if kind == "ConditionalOperator":
            return self._choice(node["inner"])
        if kind == "BinaryOperator" and node.get("opcode") == "%":
            return self._remainder(*node["inner"])
        if kind in CALLS:
            return self._call(node)
        return None

    def _choice(self, parts: list[Node]) -> Value | None:
        condition, one, other = parts
        before = dict(self.found.tests), dict(self.found.needs)
        held = self.holds(condition)
        needs = frozenset(self.found.needs)
        self.found.tests, self.found.needs = before
        if held is None:
            return None
        way = one if held else other
        value = self.value(way)
        return value and Value(value.sum, value.needs | needs, value.node or way)

    def _remainder(self, left: Node, right: Node) -> Value | None:
        one, other = self.value(left), self.value(right)
        if one is None or other is None:
            return None
        by = other.sum.value(self.guesses) if other.sum.keys <= self.guesses.keys() else 0
        least = self.least(one.sum)
        if by <= 0 or least is None:
            return None
        times = least.value(self.guesses) // by
        rest = one.sum - other.sum * times
        needs = one.needs | other.needs | {rest, other.sum - rest - 1}
        if not (self.tells(rest) and self.adoptable(needs)):
            return None
        return Value(rest, needs, left if times == 0 else None)

    # --- functions -------------------------------------------------------------------------

    def _call(self, node: Node) -> Value | None:
        if self.called(node) is not None:
            return self._returned(node)
        callee, *arguments = node["inner"]
        declared = plain(callee).get("referencedDecl", {})
        name = declared.get("name", "")
        values = [self.value(argument(each)) for each in arguments]
        if not values or None in values:
            return None
        known = [value for value in values if value is not None]
        if not _OF_NUMBERS.match(type_of(declared.get("type", {}))):
            return None  # not std::min, std::max and std::clamp
        if name in _EXTREMES and len(known) == 2:
            return self._extreme(_EXTREMES[name], arguments, known)
        if name == "clamp" and len(known) == 3:
            value, low, high = known
            needs = {need for one in known for need in one.needs}
            needs |= {value.sum - low.sum, high.sum - value.sum}
            if self.adoptable(needs) and self.tells(value.sum):
                return Value(value.sum, frozenset(needs), argument(arguments[0]))
        return None

    def _returned(self, node: Node) -> Value | None:
        """What a function of the text returns that only chooses."""
        with self.within(node) as body:
            way = self.way(block(body)) if body is not None else None
            result = self.value(way) if way is not None else None
            needs = frozenset(self.found.needs)
        if result is None:
            return None
        values = ((argument(each), self.value(argument(each))) for each in node["inner"][1:])
        same = (each for each, value in values if value is not None and value.sum == result.sum)
        return Value(result.sum, needs | result.needs, next(same, None))

    def _extreme(self, sign: int, arguments: list[Node], values: list[Value]) -> Value | None:
        needs = values[0].needs | values[1].needs
        for this, that, node in ((0, 1, arguments[0]), (1, 0, arguments[1])):
            larger = (values[this].sum - values[that].sum) * sign
            if self.tells(larger) and self.adoptable(needs | {larger}):
                return Value(values[this].sum, needs | {larger}, argument(node))
        return None


def _ways(operator: str, apart: Linear) -> list[tuple[bool, list[Linear]]]:
    """What is not below 0 where a comparison with 0 holds, and where it does not."""
    if operator in ("==", "!="):
        return [(operator == "!=", [apart - 1, -apart - 1])]
    not_below = {"<": -apart - 1, "<=": -apart, ">": apart - 1, ">=": apart}[operator]
    return [(True, [not_below]), (False, [-not_below - 1])]
