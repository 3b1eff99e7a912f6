"""An `if` without a branch: what it would write goes nowhere where its condition does not hold.

    if (a[j] < p) o[k++] = a[j];

becomes

    const int taken = a[j] < p;
    *(taken ? &o[k] : &nowhere) = a[j];
    k = taken ? k + 1 : k;

A processor guesses which way a branch goes, and loses some twenty cycles where the data decide it;
a choice between two addresses, or two values, costs one. No place is read or written that the
branch would not have read or written, but for a variable of its own, `nowhere`. That one's address
is given away, or the compiler would make a branch of the choice again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corr.irregular.edits import Edits, place, source, statement_place
from corr.irregular.effects import Observer, Unsuitable, is_scalar
from corr.irregular.lane_text import comment, indented
from corr.irregular.macros import with_values_in_place
from corr.irregular.names import Names
from corr.irregular.swaps import Exchanged, swapped
from corr.irregular.syntax import (
    COMPARISONS,
    LOOPS,
    STEPS,
    bare,
    changes,
    is_comparison,
    is_memory,
)
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.declarations import type_of

#: Statements of a branch.
MOST_STATEMENTS = 8


_KINDS = {"DeclStmt", "BinaryOperator", "CompoundAssignOperator", "UnaryOperator", "CallExpr"}


@dataclass(frozen=True)
class Branch:
    """An `if` of a function. `within`: the loop it is in."""

    function: Node
    node: Node
    within: Node

    @property
    def condition(self) -> Node:
        found: Node = self.node["inner"][0]
        return found


def branches(functions: Functions, function: Node) -> list[Branch]:
    """The `if`s in a function's loops whose branches are a few plain statements."""
    with_values_in_place(functions, function)
    found: list[Branch] = []

    def look(node: Node, loop: Node | None) -> None:
        kind = node.get("kind")
        if kind == "LambdaExpr":
            return
        inside = node if kind in LOOPS else loop
        if kind == "IfStmt" and inside is not None and _plain_if(node):
            found.append(Branch(function, node, inside))
        for inner in node.get("inner", ()):
            if inner:
                look(inner, inside)

    look(function, None)
    return found


def _plain_if(node: Node) -> bool:
    if node.get("hasVar") or node.get("hasInit") or node.get("isConstexpr"):
        return False
    parts = [s for part in node["inner"][1:] for s in _statements(part)]
    fitting = all(
        _plain_if(s) if s["kind"] == "IfStmt" else bare(s)["kind"] in _KINDS for s in parts
    )
    return 0 < len(parts) <= MOST_STATEMENTS and fitting


@dataclass
class BranchFree:
    """Writes one `if` without a branch."""

    functions: Functions
    branch: Branch
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.text = self.functions.text
        self.names = Names(self.functions)
        self.observer = Observer(self.branch.function, self.functions)
        self.taken = self.names.fresh("taken")
        #: places of no meaning, by type
        self.sinks: dict[str, str] = {}
        #: what the condition reads in any case, and variables that were changed since
        self.known: set[str] = set()
        self.changed: set[str] = set()

    def span(self) -> tuple[int, int]:
        """What is replaced: the whole `if`."""
        node = self.branch.node
        return place(node)[0], statement_place(self.text, node)[1]

    def code(self, says: str) -> str:
        """The new text. Raises Unsuitable."""
        node = self.branch.node
        if b"#" in self.text[slice(*self.span())]:
            raise Unsuitable("it has a directive of the preprocessor")
        self._check(node)
        self.known = {source(self.text, n) for n in self._read_in_any_case(node["inner"][0])}
        lines = self._choice(node, self._marked(node["inner"][0]), self.taken)
        sinks = []
        for type_, name in self.sinks.items():
            away = self.names.fresh(f"{name}_is")
            blank = "" if type_.endswith("*") else " "
            sinks += [
                f"{type_}{blank}{name} = 0;",
                f"{type_}{blank}*volatile {away} __attribute__((unused)) = &{name};",
            ]
        body = [
            *comment(says),
            *sinks,
            *lines,
        ]
        return "\n".join(["{", *(f"    {line}" for line in body), "}"])

    # --- what it does ----------------------------------------------------------------------

    def _check(self, node: Node) -> None:
        """Raise Unsuitable for what is more than numbers that are moved."""
        condition, *parts = node["inner"]
        asked = self.observer.of([condition])
        if asked.writes or asked.assigned:
            raise Unsuitable("its condition does more than ask")
        for statement in (s for part in parts for s in _statements(part)):
            if statement["kind"] == "IfStmt":
                self._check(statement)
            elif swapped(self.functions, statement) is None:
                self.observer.of([statement])

    def _read_in_any_case(self, node: Node) -> list[Node]:
        """The places that a condition reads whatever comes of it."""
        if node.get("castKind") == "LValueToRValue":
            inner = node["inner"][0]
            return [
                inner,
                *(n for part in inner.get("inner", ()) for n in self._read_in_any_case(part)),
            ]
        parts = [n for n in node.get("inner", ()) if n]
        if node.get("opcode") in ("&&", "||") or node.get("kind") == "ConditionalOperator":
            parts = parts[:1]
        return [n for part in parts for n in self._read_in_any_case(part)]

    def _marked(self, condition: Node) -> str:
        """The condition as a number; each part that data decide is said to be unpredictable."""
        edits = Edits(self.text)

        def mark(node: Node) -> str:
            inner = bare(node)
            if inner.get("opcode") in ("&&", "||"):
                left, right = inner["inner"]
                return f"({mark(left)} {inner['opcode']} {mark(right)})"
            text = edits.of(inner)
            if not is_comparison(inner) and type_of(inner["type"]) not in ("bool", "_Bool"):
                text = f"({text}) != 0"
            reads = any(
                n.get("castKind") == "LValueToRValue" and is_memory(n["inner"][0])
                for n in walk(inner)
            )
            return f"__builtin_unpredictable({text})" if reads else f"({text})"

        return mark(condition)

    def _choice(self, node: Node, test: str, taken: str) -> list[str]:
        """An `if` whose condition is this text; `taken` becomes the name of what came of it."""
        lines = [f"const int {taken} = {test};"]
        for part, under in zip(node["inner"][1:], (taken, f"!{taken}"), strict=False):
            lines += self._part(part, under)
        return lines

    def _part(self, part: Node, under: str) -> list[str]:
        """A block, or a statement; in braces where it declares something."""
        if part.get("kind") != "CompoundStmt":
            return [] if part.get("kind") in (None, "NullStmt") else self._statement(part, under)
        lines = [line for inner in part.get("inner", ()) for line in self._part(inner, under)]
        if any(inner.get("kind") == "DeclStmt" for inner in part.get("inner", ())):
            return ["{", *indented(lines, 4), "}"]
        return lines

    def _inner_choice(self, node: Node, under: str) -> list[str]:
        """An `if` in a branch: both of its ways are within that one."""
        condition = node["inner"][0]
        test = self._edited(condition, under, []).of(condition)
        then, other = self.names.fresh("taken"), self.names.fresh("taken")
        careful = any(n.get("opcode") in _TRAPS or n.get("kind") in _CALLS for n in walk(condition))
        join = "&&" if careful else "&"
        lines = [f"const int {then} = {under} {join} (({test}) != 0);"]
        lines += self._part(node["inner"][1], then)
        if len(node["inner"]) > 2:
            lines.append(f"const int {other} = {under} & !{then};")
            lines += self._part(node["inner"][2], other)
        return lines

    def _statement(self, node: Node, taken: str) -> list[str]:
        exchanged = swapped(self.functions, node)
        if exchanged is not None:
            return self._swap(*exchanged, taken)
        if node["kind"] == "IfStmt":
            return self._inner_choice(node, taken)
        inner = bare(node)
        kind, lines = inner["kind"], []
        steps = self._steps(inner)
        if kind == "DeclStmt":
            for declared in inner["inner"]:
                lines.append(self._declared(declared, taken, steps))
        elif kind == "UnaryOperator" and inner["opcode"] in STEPS:
            lines.append(
                self._assigned(inner["inner"][0], None, STEPS[inner["opcode"]], taken, steps)
            )
        elif kind in ("BinaryOperator", "CompoundAssignOperator") and inner["opcode"].endswith("="):
            operator = inner["opcode"][:-1]
            if inner["opcode"] in COMPARISONS:
                raise Unsuitable("a statement has no effect")
            target, value = inner["inner"]
            lines.append(self._assigned(target, value, operator, taken, steps))
        else:
            raise Unsuitable(f"it has a {kind}")
        for step in steps:
            target, sign = step["inner"][0], STEPS[step["opcode"]]
            lines.append(self._assigned(target, None, sign, taken, []))
        return lines

    def _steps(self, statement: Node) -> list[Node]:
        """`k++` within a statement: it is done after it."""
        found = []
        for node in walk(statement):
            if node is statement:
                continue
            if node.get("kind") in ("BinaryOperator", "CompoundAssignOperator") and changes(node):
                raise Unsuitable("a statement assigns twice")
            if not changes(node):
                continue
            target = bare(node["inner"][0])
            if not node.get("isPostfix") or target.get("kind") != "DeclRefExpr":
                raise Unsuitable("a statement assigns twice")
            name = target["referencedDecl"]["id"]
            if sum(_names(n, name) for n in walk(statement)) > 1:
                raise Unsuitable("a statement assigns twice")
            found.append(node)
        return found

    def _declared(self, node: Node, taken: str, steps: list[Node]) -> str:
        given = [n for n in node.get("inner", ()) if n.get("kind")]
        type_ = node["type"]["qualType"]
        if node.get("kind") != "VarDecl" or node.get("init", "c") != "c" or not given:
            raise Unsuitable("it declares what is no plain number")
        if not is_scalar(type_of(node["type"])) or node.get("storageClass"):
            raise Unsuitable("it declares what is no plain number")
        self.changed.add(node["name"])
        blank = "" if type_.endswith("*") else " "
        return f"{type_}{blank}{node['name']} = {self._value(given[0], taken, steps)};"

    def _assigned(
        self, target: Node, value: Node | None, operator: str, taken: str, steps: list[Node]
    ) -> str:
        target = bare(target)
        name = source(self.text, target)
        if target["kind"] != "DeclRefExpr" or not self.observer.variable(target).own:
            where = self._where(target, taken, steps)
            self.changed.add(name)
            if value is None:
                return f"{where} {operator}= 1;"
            given = self._edited(value, taken, steps).of(value)
            if operator:  # what is nowhere may be nothing to divide by
                return f"{where} {operator}= {taken} ? {given} : 1;"
            return f"{where} = {self._value(value, taken, steps)};"
        self.changed.add(name)
        whole = not any(word in type_of(target["type"]) for word in ("float", "double"))
        if value is None and whole:
            return f"{name} {operator}= {taken};"
        given = self._edited(value, taken, steps).of(value) if value is not None else "1"
        new = f"{name} {operator} ({given})" if operator else given
        return f"{name} = {taken} ? {new} : {name};"

    def _value(self, node: Node, taken: str, steps: list[Node]) -> str:
        """A value as it is if the branch is taken; nothing is computed if not."""
        text = self._edited(node, taken, steps).of(node)
        computes = any(n.get("kind") in _COMPUTES for n in _above_places(node))
        return f"({taken} ? {text} : 0)" if computes else text

    def _edited(self, node: Node, taken: str, steps: list[Node]) -> Edits:
        edits = self._stepped(node, steps)
        for inner in walk(node):
            if inner.get("castKind") != "LValueToRValue":
                continue
            target = bare(inner["inner"][0])
            if is_memory(target) and not self._surely_read(target, steps):
                edits.replace(target, self._where(target, taken, steps))
        return edits

    def _surely_read(self, node: Node, steps: list[Node]) -> bool:
        """The condition read it, and its subscripts are the same still."""
        mentions = (n for n in walk(node) if n.get("kind") == "DeclRefExpr")
        names = {n["referencedDecl"].get("name") for n in mentions}
        return self._stepped(node, steps).of(node) in self.known and not names & self.changed

    def _stepped(self, node: Node, steps: list[Node]) -> Edits:
        """The text with `k` for `k++`."""
        edits = Edits(self.text)
        for step in steps:
            if _inside(step, node):
                edits.replace(step, source(self.text, step["inner"][0]))
        return edits

    def _where(self, node: Node, taken: str, steps: list[Node]) -> str:
        """A place if the branch is taken, else nowhere."""
        edits = self._stepped(node, steps)
        sink = self._sink(_unqualified(type_of(node["type"])))
        return f"*({taken} ? &{edits.of(node)} : &{sink})"

    def _swap(self, one: Exchanged, other: Exchanged, taken: str) -> list[str]:
        held = self.names.fresh("held")
        type_ = _unqualified(one.type)
        first, second = (self._exchanged(place_, type_, taken) for place_ in (one, other))
        blank = "" if type_.endswith("*") else " "
        return [
            f"{type_}{blank}{held} = {first};",
            f"{first} = {second};",
            f"{second} = {held};",
        ]

    def _exchanged(self, one: Exchanged, type_: str, taken: str) -> str:
        if not one.pointed:
            return self._where(one.node, taken, [])
        found = self.observer.of([one.node])
        if found.assigned or found.writes:
            raise Unsuitable("what it exchanges is changed in the same statement")
        return f"*({taken} ? {source(self.text, one.node)} : &{self._sink(type_)})"

    def _sink(self, type_: str) -> str:
        """A place of no meaning of that type."""
        if not is_scalar(type_) or type_.startswith("enum "):
            raise Unsuitable("it moves more than numbers")
        if type_ not in self.sinks:
            self.sinks[type_] = self.names.fresh("nowhere")
        return self.sinks[type_]


_TRAPS = {"/", "%", "<<", ">>"}
_CALLS = {"CallExpr", "CXXMemberCallExpr"}
_COMPUTES = _CALLS | {"BinaryOperator", "ConditionalOperator", "UnaryOperator"}


def _above_places(node: Node) -> list[Node]:
    """A node and those below it, but for what is in the address of a place."""
    found, waiting = [], [node]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if node.get("castKind") == "LValueToRValue":
            continue
        waiting += [n for n in node.get("inner", ()) if n]
    return found


def _statements(part: Node) -> list[Node]:
    if part.get("kind") == "CompoundStmt":
        return [s for n in part.get("inner", ()) for s in _statements(n)]
    return [] if part.get("kind") in (None, "NullStmt") else [part]


def _unqualified(type_: str) -> str:
    """The type of what can be set."""
    if "*" in type_:
        return type_.rstrip().removesuffix("const").rstrip()
    return " ".join(w for w in type_.split() if w != "const")


def _names(node: Node, identity: str) -> bool:
    return bool(node.get("referencedDecl", {}).get("id") == identity)


def _inside(node: Node, whole: Node) -> bool:
    return any(n is node for n in walk(whole))
