"""What is the same for all iterations of a loop but those near its ends, whose checks find nothing.

In a filter of radius r, `clamp(x + d, 0, w - 1)` is `x + d` wherever r <= x < w - r. This tells,
for conditions, minima and maxima, small functions of these, and remainders in a loop's body, what
they are inside, and what must hold for that: sums that are not below 0. Which of two ways is the
one inside is guessed, as if the loop had a thousand iterations; that it is so is asked at run time.
"""

from __future__ import annotations

from collections.abc import Iterable

from corr.irregular.borders.checks import Checks
from corr.irregular.borders.counted import counted
from corr.irregular.borders.facts import Call, Found, Value, acts, returns_more
from corr.irregular.borders.linear import Linear, range_of
from corr.irregular.effects import Observer, Unsuitable
from corr.irregular.syntax import block, changes, identity_of, may_define, plain
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

#: What is guessed for numbers of iterations.
MANY = 1000
#: Rounds until what is assumed of variables holds.
MOST_ROUNDS = 4
_JUMPS = frozenset(
    {"SwitchStmt", "GotoStmt", "IndirectGotoStmt", "LabelStmt", "StmtExpr", "LambdaExpr"}
)


class Inside(Checks):
    """Looks at one `for` loop of a function, away from its ends.

    Raises Unsuitable where nothing is known there.
    """

    def __init__(self, functions: Functions, observer: Observer, outer: list[Node], loop: Node):
        super().__init__(functions, observer, loop)
        if any(n.get("kind") in _JUMPS for n in walk(loop["inner"][-1])):
            raise Unsuitable("its body jumps about")
        self._always: frozenset[Linear] = frozenset()
        #: what set a variable that is known, and the assignments that happen
        self._setters: dict[str, int] = {}
        self._live: set[int] = set()
        self._unsure: set[str] = set()
        for other in outer:
            self._guess(other)
        self.bound = self._head(loop)
        self._settle()

    def _guess(self, loop: Node) -> None:
        """A loop round it: its counter is somewhere in the middle."""
        try:
            identity, first, bound, _ = counted(self.observer, loop)
        except Unsuitable:
            return
        self.atom_of(identity)
        self.counters.add(identity)
        self.guesses[identity] = self._middle(first, bound)

    def _head(self, loop: Node) -> Linear:
        identity, first, bound, comparison = counted(self.observer, loop)
        self.atom_of(identity)
        self.guesses[identity] = self._middle(first, bound)
        self.counter = identity
        value = self.value(bound)
        if value is None or not self.adoptable(value.needs):
            raise Unsuitable("its bound may change")
        self._always = value.needs
        return value.sum + (0 if comparison == "<=" else -1)

    def _middle(self, first: Node, bound: Node) -> int:
        """Halfway through a loop, if it has a thousand iterations where nothing else is known."""
        value, low = self.value(bound), self.value(first)
        if value is None:
            return MANY // 2
        for key in value.sum.keys:
            if key not in self.counters:
                self.guesses[key] = MANY
        start = low.sum.value(self.guesses) if low is not None else 0
        return (start + value.sum.value(self.guesses)) // 2

    def _settle(self) -> None:
        """Find what is known, as if variables that are set only where a check finds something kept
        their values; again without those that are set elsewhere."""
        for _ in range(MOST_ROUNDS):
            self.found = Found()
            self.known, self._setters, self._live = {}, {}, set()
            self.adopt(self._always)
            self._look(self.loop["inner"][-1])
            wrong = {
                identity
                for identity, setter in self._setters.items()
                if any(id(n) in self._live - {setter} for n in self.assigned.get(identity, ()))
            }
            if not wrong:
                if self.found and any(need[self.counter] for need in self.found.needs):
                    return
                break
            self._unsure |= wrong
        raise Unsuitable("nothing is known away from its ends")

    def _look(self, node: Node) -> None:
        """Note what is known of a statement or an expression, and of all in it."""
        kind = node.get("kind", "")
        if kind == "VarDecl":
            for part in node.get("inner", ()):
                self._look(part)
            if node.get("inner") and not node.get("storageClass"):
                self._set(node["id"], type_of(node["type"]), node["inner"][-1], node)
            return
        if changes(node):
            self._live.add(id(node))
        if kind == "CompoundStmt":
            self._look_in_block(node)
        elif kind == "ForStmt":
            self._look_in_loop(node)
        elif node.get("opcode") in ("&&", "||") or self.is_test(node):
            if self.holds(node) is None:
                self._look_at(node["inner"])
        elif (value := self.simpler(node)) is not None:
            self.found.values[id(node)] = (node, value)
            self.adopt(value.needs)
        elif kind in ("IfStmt", "ConditionalOperator") and not node.get("hasVar"):
            condition, *ways = node["inner"]
            held = self.holds(condition)
            if held is None:
                self._look(condition)
            self._look_at(
                [w for n, w in enumerate(ways) if held is None or n == (0 if held else 1)]
            )
        elif kind != "CallExpr" or not self._look_in_call(node):
            self._look_at(node.get("inner", ()))

    def _look_at(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            if node:
                self._look(node)

    def _look_in_block(self, node: Node) -> None:
        """Statements one after another: what one sets is known in those that follow."""
        set_here = []
        for statement in node.get("inner", ()):
            self._look(statement)
            if statement.get("kind") == "BinaryOperator" and statement.get("opcode") == "=":
                target, value = statement["inner"]
                identity = identity_of(target)
                if identity is not None and self.observer.own(identity):
                    variable = self.observer.variable(plain(target))
                    if variable.own and identity != self.counter:
                        self.known.pop(identity, None)
                        self._set(identity, type_of(target["type"]), value, statement)
                        set_here.append(identity)
        for identity in set_here:
            self.known.pop(identity, None)

    def _look_in_loop(self, loop: Node) -> None:
        body = loop["inner"][-1]
        self._look_at(part for part in loop["inner"][:4] if part)
        try:
            identity, first, bound, comparison = counted(self.observer, loop)
        except Unsuitable:
            self._look(body)
            return
        low, high = self.value(first), self.value(bound)
        if low and high and self.adoptable(low.needs | high.needs) and comparison != "!=":
            self.adopt(low.needs | high.needs)
            self.atom_of(identity)
            if any(self.names[other] == self.names[identity] for other in self.limits):
                raise Unsuitable("two loops in one another count by one name")
            top = high.sum + (0 if comparison == "<=" else -1)
            self.limits[identity] = (low.sum, top)
        self._look(body)
        self.limits.pop(identity, None)

    def _set(self, identity: str, type_: str, node: Node, setter: Node) -> None:
        """A variable has a value from here on, and keeps it as far as is known."""
        if identity in self._unsure or range_of(type_) is None:
            return
        if self._setters.setdefault(identity, id(setter)) != id(setter):
            return  # it is set in two places
        value = self.value(node)
        value = value and self.converted(value, type_of(node["type"]), type_)
        if value is not None and self.adoptable(value.needs):
            self.adopt(value.needs)
            self.known[identity] = Value(value.sum)

    def _look_in_call(self, node: Node) -> bool:
        """Whether a call comes down to one expression, as what a function checks holds."""
        callee, *arguments = node["inner"]
        name = plain(callee).get("referencedDecl", {}).get("name", "")
        if not may_define(self.functions.text, name) or any(map(acts, arguments)):
            return False
        with self.within(name, arguments) as body:
            way = self.way(block(body)) if body is not None else None
            if way is not None:
                self._look(way)
            inside, given = self.found, dict(self.given)
        if way is None or not inside or returns_more(way):
            return False
        self.adopt(inside.needs)
        self.found.calls[id(node)] = Call(way, given, inside)
        return True
