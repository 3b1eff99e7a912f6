"""When an iteration of a loop does something: a condition that holds whenever it does.

    for (i = 0; i < n; i++) {
        int j = 0;
        while (j < m && text[i + j] == word[j])
            j++;
        if (j == m)
            count++;
    }

does nothing unless `text[i] == word[0]` and `text[i + 1] == word[1]`, if m > 1. The statements are
followed with what variables of the iteration's own stand for, and loops in them for a few turns.
What cannot be followed counts as something that is done: the condition may hold too often, and
never too seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from corr.irregular.edits import Edits, place, source
from corr.irregular.effects import Observer, Unsuitable, is_scalar
from corr.irregular.questions import (
    AHEAD,
    ALWAYS,
    NEVER,
    Any,
    Event,
    Known,
    Leaf,
    Read,
    Sum,
    Value,
    all_of,
    any_of,
)
from corr.irregular.remainders import divides
from corr.irregular.syntax import bare, block, changes, identity_of, is_memory, plain
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

#: Turns of a loop within that are followed, and questions that are asked at most.
TURNS, MOST_LEAVES = 2, 40
_OPPOSITE = {"&&": "||", "||": "&&"}
_CHECKS = ("_GLIBCXX_ASSERTIONS", "_GLIBCXX_DEBUG", "_LIBCPP_HARDENING_MODE", "-fhardened")
_CHOICES = frozenset({"ConditionalOperator", "BinaryConditionalOperator"})


@dataclass(frozen=True)
class _Mark:
    """In a list of statements: where a loop within is asked again, steps, or ends."""

    what: str
    loop: Node
    turns: int = 0


_Step = Node | _Mark


class Follower:
    """Follows the statements of a loop's iteration. `index`: its variable, `step` by step.

    `own`: variables that nothing outside of an iteration needs.
    """

    def __init__(
        self, functions: Functions, observer: Observer, index: str, step: int, own: set[str]
    ) -> None:
        self.text = functions.text
        self.observer = observer
        self.own = own
        self.index = index
        self.step = step
        self.count = 0
        #: what stands for a place in memory
        self.references: set[str] = set()
        #: containers look whether an element is there
        self.checked = any(word in flag for flag in functions.unit.flags for word in _CHECKS)
        #: what is read in any case
        self.sure: list[Read] = []
        self._asked = False

    def event(self, conditions: Sequence[Node], statements: Sequence[Node]) -> Event:
        """When an iteration does something, or the loop ends by one of these conditions."""
        ends: list[Event] = []
        for condition in conditions:  # in the iteration that is begun they held
            asked = self._condition(condition, {}, negated=True)
            parts = asked.parts if isinstance(asked, Any) else (asked,)
            self.sure += [r for leaf in parts if isinstance(leaf, Leaf) for r in leaf.reads]
            ends.append(asked)
            self._asked = False
        return any_of(*ends, self._effect(list(statements), {}))

    # --- statements ------------------------------------------------------------------------

    def _effect(self, steps: list[_Step], known: Known) -> Event:
        if self.count > MOST_LEAVES:
            return ALWAYS
        if not steps:
            return NEVER
        first, rest = steps[0], steps[1:]
        if isinstance(first, _Mark):
            return self._marked(first, rest, known)
        node = bare(first)
        kind = node.get("kind")
        if kind in (None, "NullStmt", "FullComment"):
            return self._effect(rest, known)
        if kind == "CompoundStmt":
            return self._effect([*block(node), *rest], known)
        if kind == "DeclStmt":
            declared = self._declared(node, known)
            return ALWAYS if declared is None else self._effect(rest, declared)
        if kind == "IfStmt" and not (node.get("hasVar") or node.get("hasInit")):
            return self._choice(node, rest, known)
        if kind in ("BreakStmt", "ContinueStmt"):
            return self._jump(kind, rest, known)
        if kind in ("ForStmt", "WhileStmt") and not node.get("hasVar"):
            begin = [node["inner"][0]] if kind == "ForStmt" else []
            marks = [_Mark("ask", node, TURNS), _Mark("end", node)]
            return self._effect([*begin, *marks, *rest], known)
        if changes(node):
            assigned = self._assigned(node, known)
            return ALWAYS if assigned is None else self._effect(rest, assigned)
        return ALWAYS

    def _marked(self, mark: _Mark, rest: list[_Step], known: Known) -> Event:
        if mark.what == "end":
            return self._effect(rest, known)
        inner = mark.loop["inner"]
        is_for = mark.loop["kind"] == "ForStmt"
        if mark.what == "step":
            steps = [inner[3]] if is_for and inner[3] else []
            return self._effect([*steps, *rest], known)
        if not mark.turns:
            return ALWAYS
        test, body = (inner[2], inner[4]) if is_for else (inner[-2], inner[-1])
        again = [_Mark("step", mark.loop), _Mark("ask", mark.loop, mark.turns - 1)]
        goes_on = [body, *again, *rest]
        if not test:
            return self._effect(goes_on, known)
        left = rest[next(n for n, s in enumerate(rest) if isinstance(s, _Mark)) :]
        return self._either(test, goes_on, left, known, guard=True)

    def _choice(self, node: Node, rest: list[_Step], known: Known) -> Event:
        condition, then, *other = node["inner"]
        return self._either(condition, [then, *rest], [*other, *rest], known)

    def _either(
        self,
        condition: Node,
        then: list[_Step],
        other: list[_Step],
        known: Known,
        guard: bool = False,
    ) -> Event:
        yes = self._condition(condition, known, guard=guard)
        if yes == ALWAYS:
            return any_of(self._effect(then, known), self._effect(other, known))
        done, else_done = self._effect(then, known), self._effect(other, known)
        if done == ALWAYS and else_done in (ALWAYS, NEVER):
            return yes if else_done == NEVER else ALWAYS
        no = self._condition(condition, known, negated=True, guard=guard)
        return any_of(all_of(yes, done), all_of(no, else_done))

    def _jump(self, kind: str, rest: list[_Step], known: Known) -> Event:
        """Out of the loop within that this is in, to its next turn, or of the iteration."""
        wanted = "end" if kind == "BreakStmt" else "step"
        for number, step in enumerate(rest):
            if isinstance(step, _Mark) and step.what == wanted:
                return self._effect(rest[number:], known)
        within = any(isinstance(step, _Mark) for step in rest)
        return NEVER if kind == "ContinueStmt" and not within else ALWAYS

    def _declared(self, node: Node, known: Known) -> Known | None:
        found = dict(known)
        for declared in node["inner"]:
            if declared.get("kind") != "VarDecl" or declared.get("storageClass"):
                return None
            given = [n for n in declared.get("inner", ()) if n.get("kind")]
            full = type_of(declared["type"])
            if full.endswith("&") and given:  # clang keeps names of types in those of references
                full = f"{type_of(given[0].get('type', {}))} &"
            reference = full.endswith("&") and is_scalar(full.rstrip(" &"))
            if not (is_scalar(full) or reference) or len(given) > 1:
                return None
            if not given:
                found.pop(declared["id"], None)
                continue
            value = self._value(given[0], found)
            if value is None or (reference and not is_memory(bare(given[0]))):
                return None
            if reference:
                self.references.add(declared["id"])
                value = replace(value, reads=(*value.reads, self._read(bare(given[0]), found)))
            found[declared["id"]] = value if reference else _converted(value, full)
        return found

    def _assigned(self, node: Node, known: Known) -> Known | None:
        target = bare(node["inner"][0])
        identity = identity_of(target)
        type_ = type_of(node.get("type", {}))
        if target.get("kind") != "DeclRefExpr" or not is_scalar(type_):
            return None
        if identity not in self.own or identity in self.references:
            return None
        operator = node["opcode"]
        if operator in ("++", "--"):
            old = known.get(identity)
            if old is None:
                return None
            total = old.total.plus(Sum((), 1 if operator == "++" else -1), 1) if old.total else None
            value = Value(f"{old.text} {operator[0]} 1", total, old.reads)
            return {**known, identity: _converted(value, type_)}
        given = self._value(node["inner"][1], known) if operator == "=" else None
        return None if given is None else {**known, identity: _converted(given, type_)}

    # --- expressions -----------------------------------------------------------------------

    def _value(self, node: Node, known: Known) -> Value | None:
        """What an expression stands for; None where it does more."""
        seen = self._seen(node, known)
        if seen is None:
            return None
        text, reads = seen
        if not self._asked:
            self.sure += reads
        return Value(text, self._sum(node, known), tuple(reads))

    def _condition(
        self, node: Node, known: Known, *, negated: bool = False, guard: bool = False
    ) -> Event:
        node = bare(node)
        operator = node.get("opcode")
        if operator == "!":
            return self._condition(node["inner"][0], known, negated=not negated, guard=guard)
        if operator in _OPPOSITE:
            parts = [self._condition(n, known, negated=negated, guard=guard) for n in node["inner"]]
            both = (operator == "&&") != negated
            return all_of(*parts) if both else any_of(*parts)
        if node.get("castKind") in ("IntegralToBoolean", "PointerToBoolean"):
            return self._condition(node["inner"][0], known, negated=negated, guard=guard)
        seen = self._seen(node, known)
        self.count += 1
        if seen is None or self.count > MOST_LEAVES:
            self._asked = True
            return ALWAYS
        text, reads = seen
        steady = AHEAD not in text and not reads
        if not self._asked and not (guard and steady):
            self._asked = True
            self.sure += reads
        divided = divides(node, lambda part: self._text(part, known), AHEAD)
        text, needs = divided or (text, [])
        return Leaf(text, negated, tuple(reads), node, guard and steady, tuple(needs))

    def _seen(self, node: Node, known: Known) -> tuple[str, list[Read]] | None:
        """An expression's text in an iteration ahead, and what it reads; None if it does more."""
        try:
            found = self.observer.of([node])
        except Unsuitable:
            return None
        if found.writes or found.assigned:
            return None
        if any("Call" in n.get("kind", "") and not is_memory(n) for n in walk(node)):
            return None
        if any(n.get("opcode") in _OPPOSITE or n.get("kind") in _CHOICES for n in walk(node)):
            return None  # part of it may not be asked
        if self.checked and any(n.get("kind") == "CXXOperatorCallExpr" for n in walk(node)):
            return None
        reads: list[Read] = []
        for inner in walk(node):
            identity = inner.get("referencedDecl", {}).get("id")
            if inner.get("kind") == "DeclRefExpr" and identity in known:
                reads += known[identity].reads
            elif inner.get("kind") == "DeclRefExpr" and identity in self.own:
                return None  # nothing is known of it
            if inner.get("castKind") == "LValueToRValue" and is_memory(bare(inner["inner"][0])):
                reads.append(self._read(bare(inner["inner"][0]), known))
        if any(read.moves and (read.row is None or self.step != 1) for read in reads):
            return None  # no neighbours: vectors of them cost more than they save
        return self._text(node, known), reads

    def _text(self, node: Node, known: Known) -> str:
        edits = Edits(self.text)
        for inner in walk(node):
            if inner.get("kind") != "DeclRefExpr":
                continue
            identity = inner["referencedDecl"].get("id")
            if identity in known:
                edits.replace(inner, known[identity].text)
            elif identity == self.index:
                times = "" if self.step == 1 else f"{self.step} * "
                edits.replace(inner, f"({source(self.text, inner)} + {times}{AHEAD})")
        return edits.within(*place(node))

    def _read(self, node: Node, known: Known) -> Read:
        text = self._text(node, known)
        if node["kind"] in ("ArraySubscriptExpr", "CXXOperatorCallExpr"):
            parts = [self._sum(part, known) for part in node["inner"][-2:]]
        elif node["kind"] == "UnaryOperator":
            parts = [self._sum(node["inner"][0], known), Sum()]
        else:
            return Read(text)
        if parts[0] is None or parts[1] is None:
            return Read(text)
        return Read(text, parts[0].plus(parts[1], 1))

    def _sum(self, node: Node, known: Known) -> Sum | None:
        node = plain(node)
        kind, operator = node.get("kind"), node.get("opcode")
        if kind == "IntegerLiteral":
            return Sum((), int(node["value"]))
        if kind == "DeclRefExpr":
            identity = node["referencedDecl"].get("id")
            if identity == self.index:
                return Sum(((AHEAD, 1),))
            if identity in known:
                return known[identity].total
            return Sum(((source(self.text, node), 1),))
        if kind == "BinaryOperator" and operator in ("+", "-"):
            left, right = (self._sum(part, known) for part in node["inner"])
            if left is None or right is None:
                return None
            return left.plus(right, 1 if operator == "+" else -1)
        if any(identity_of(n) == self.index or identity_of(n) in known for n in walk(node)):
            return None
        if any("Call" in n.get("kind", "") for n in walk(node)):
            return None
        return Sum(((source(self.text, node), 1),))


def _converted(value: Value, type_: str) -> Value:
    """A value in a variable of that type."""
    if value.number is not None and type_ == "int":
        return replace(value, text=str(value.number))
    whole = is_scalar(type_) and not any(
        word in type_ for word in ("float", "double", "bool", "char")
    )
    text = f"(({type_})({value.text}))"
    return replace(value, text=text, total=value.total if whole else None)
