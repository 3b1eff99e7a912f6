"""What is the same for all iterations of a loop but those near its ends, whose checks find nothing.

In a filter of radius r, `clamp(x + d, 0, w - 1)` is `x + d` wherever r <= x < w - r. This tells,
for conditions, minima and maxima, small functions of these, and remainders in a loop's body, what
they are inside, and what must hold for that: sums that are not below 0. Which of two ways is the
one inside is guessed, as if the loop had a thousand iterations; that it is so is asked at run time.
"""

from __future__ import annotations

from collections.abc import Iterable

from corr.irregular.borders.called import CALLS
from corr.irregular.borders.checks import Checks
from corr.irregular.borders.counted import counted
from corr.irregular.borders.facts import Call, Found, Value, acts, returns_more
from corr.irregular.borders.linear import Linear, range_of
from corr.irregular.borders.sums import FEW, MANY
from corr.irregular.effects import Observer, Unsuitable
from corr.irregular.syntax import block, changes, identity_of, plain
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

#: Numbers of which it is tried whether they are large.
MOST_UNKNOWN = 6
#: Rounds until what is assumed of variables holds.
MOST_ROUNDS = 4
_JUMPS = frozenset(
    {"SwitchStmt", "GotoStmt", "IndirectGotoStmt", "LabelStmt", "StmtExpr", "LambdaExpr"}
)


def inside_of(functions: Functions, observer: Observer, outer: list[Node], loop: Node) -> Inside:
    """What is known of a loop inside. Raises Unsuitable where nothing is.

    Whether a number is a size or a radius is not known: taken is what makes most checks find
    nothing, and leaves most values moving.
    """
    best = Inside(functions, observer, outer, loop, frozenset())
    for key in list(best.unknown)[:MOST_UNKNOWN]:
        other = Inside(functions, observer, outer, loop, best.large | {key})
        if other.score > best.score:
            best = other
    if not best.settled:
        raise Unsuitable("nothing is known away from its ends")
    return best


class Inside(Checks):
    """Looks at one `for` loop of a function, away from its ends.

    `settled`: something is known there. Raises Unsuitable where it cannot be.
    """

    def __init__(
        self,
        functions: Functions,
        observer: Observer,
        outer: list[Node],
        loop: Node,
        large: frozenset[str],
    ) -> None:
        super().__init__(functions, observer, loop, large)
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
        self.settled = self._settle()

    @property
    def unknown(self) -> list[str]:
        """Numbers of which nothing tells whether they are large."""
        counters = self.counters | {self.counter}
        return [k for k, guess in self.guesses.items() if guess == FEW and k not in counters]

    @property
    def score(self) -> int:
        """How many checks find nothing, and how many values go with the loop."""
        if not self.settled:
            return -MANY
        moving = {self.counter} | self.declared
        values = [value.sum for _, value in self.found.values.values()]
        values += [sum_ for call in self.found.calls.values() for sum_ in call.sums.values()]
        return len(self.found) + sum(1 if sum_.keys & moving else -2 for sum_ in values)

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

    def _settle(self) -> bool:
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
                asked = any(need[self.counter] for need in self.found.needs)
                return bool(self.found) and asked
            self._unsure |= wrong
        return False

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
        elif kind not in CALLS or not self._look_in_call(node):
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
            statement = plain(statement)
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
        try:
            identity, first, bound, comparison = counted(self.observer, loop)
        except Unsuitable:
            self._look_at(loop["inner"])
            return
        self._look_at((first, bound))
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
        if self.called(node) is None or any(map(acts, node["inner"][1:])):
            return False
        with self.within(node) as body:
            before = dict(self.known)
            way = self.way(block(body)) if body is not None else None
            if way is not None:
                self._look(way)
            sums = {k: v.sum for k, v in self.known.items() if before.get(k) != v}
            inside, given, prefix = self.found, dict(self.given), self.prefix
        if way is None or not (inside or inside.needs or sums) or returns_more(way):
            return False
        self.adopt(inside.needs)
        self.found.calls[id(node)] = Call(way, given, sums, prefix, inside)
        return True
