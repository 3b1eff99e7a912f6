"""From clang's syntax tree to the model: regions of a function whose loops are affine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from corr.polyhedral.ast import Functions, Node, extent
from corr.polyhedral.convert import Converter, element_type, unwrapped
from corr.polyhedral.expressions import (
    Affine,
    Element,
    Expression,
    Name,
    NotAffine,
    Number,
    Operation,
    added,
    affine,
    scaled,
)
from corr.polyhedral.scop import Array, Constraint, Scop, Statement

_COMPARISONS = {"<", "<=", ">", ">=", "=="}
_FLIPPED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Place:
    """Where in the nest a statement is met."""

    loops: tuple[str, ...] = ()
    directions: tuple[int, ...] = ()
    position: tuple[int, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    guard: Expression | None = None


def regions(functions: Functions, name: str) -> tuple[list[Scop], list[str]]:
    """The regions of a function that can be modelled, and why others cannot.

    A region is a run of sibling statements with a loop among them. Raises CompileError.
    """
    node = functions.get(name)
    if node is None:
        return [], [f"{name}: no definition that clang shows by this name"]
    body = next(n for n in node["inner"] if n.get("kind") == "CompoundStmt")
    reasons: list[str] = []
    found = list(_within(functions, node, body, reasons))
    return found, reasons


def _within(functions: Functions, function: Node, body: Node, reasons: list[str]) -> Iterator[Scop]:
    """The largest modelled runs of statements of a block, or of the loops in it."""
    children = [n for n in body.get("inner", ()) if n.get("kind")]
    if body["kind"] != "CompoundStmt":
        children = [n for n in children if n["kind"] in ("CompoundStmt", "ForStmt", "IfStmt")]
    start = 0
    while start < len(children):
        best, why = None, ""
        for end in range(len(children), start, -1):
            run = children[start:end]
            if not any(_has_loop(n) for n in run):
                break
            if run[0]["kind"] == "CompoundStmt" and len(run) == 1:
                break
            try:
                best = (_Region(functions, function).scop(run), end)
                break
            except NotAffine as reason:
                why = why or str(reason)
        if best is not None:
            yield best[0]
            start = best[1]
            continue
        if _has_loop(children[start]):
            if why:
                reasons.append(f"{function['name']}: {why}")
            yield from _within(functions, function, children[start], reasons)
        start += 1


def _has_loop(node: Node) -> bool:
    return node.get("kind") == "ForStmt" or any(_has_loop(n) for n in node.get("inner", ()))


@dataclass
class _Region:
    """Builds one Scop from a run of statements."""

    functions: Functions
    function: Node
    statements: list[Statement] = field(default_factory=list)
    loops: int = 0

    def scop(self, run: list[Node]) -> Scop:
        spans = [extent(n) for n in run]
        if None in spans:
            raise NotAffine("the loop comes out of a macro")
        self.converter = Converter(self.functions)
        for node in run:
            self.converter.find_writes(node)
        self._block(run, Place(position=(0,)))
        if not self.statements:
            raise NotAffine("nothing is assigned")
        first, last = spans[0], spans[-1]
        assert first is not None and last is not None
        span = (first[0], last[1])
        arrays = self._arrays(span)
        names = set(self.converter.parameters)
        if names & set(arrays):
            raise NotAffine(f"{sorted(names & set(arrays))[0]} is both read as a size and written")
        result = Scop(
            self.function["name"],
            span,
            tuple(sorted(names)),
            tuple(self.statements),
            arrays,
        )
        for statement in result.statements:
            _ = statement.accesses  # raises for what is not affine
        return result

    def _arrays(self, span: tuple[int, int]) -> dict[str, Array]:
        arrays = dict(self.converter.arrays)
        after = self._names_after(span[1])
        for name, array in arrays.items():
            outside = not array.local and (name in after or not self._is_own(name))
            arrays[name] = replace(array, outside=outside)
        return arrays

    def _is_own(self, name: str) -> bool:
        """A scalar of the function itself, whose value nobody sees when it has returned."""
        return self.converter.arrays[name].dimensions == 0 and name in self.converter.own

    def _names_after(self, offset: int) -> set[str]:
        found: set[str] = set()

        def visit(node: Node) -> None:
            begin = node.get("range", {}).get("begin", {})
            begin = begin.get("expansionLoc", begin)
            if node.get("kind") == "DeclRefExpr" and begin.get("offset", offset) >= offset:
                found.add(node["referencedDecl"]["name"])
            for child in node.get("inner", ()):
                visit(child)

        visit(self.function)
        return found

    # --- statements ------------------------------------------------------------------------

    def _block(self, nodes: list[Node], place: Place) -> None:
        at = place.position[-1]
        for node in nodes:
            here = replace(place, position=(*place.position[:-1], at))
            at = self._statement(node, here) + 1

    def _statement(self, node: Node, place: Place) -> int:
        """Take a statement at a place; the last place it used among its siblings."""
        kind = node.get("kind")
        at = place.position[-1]
        if kind == "CompoundStmt":
            for child in node.get("inner", ()):
                at = self._statement(child, replace(place, position=(*place.position[:-1], at))) + 1
            return at
        if kind == "ForStmt":
            self._loop(node, place)
        elif kind == "DeclStmt":
            return self._declaration(node, place)
        elif kind == "IfStmt":
            return self._condition(node, place)
        elif kind == "BinaryOperator" and node["opcode"] == "=":
            target, value = node["inner"]
            self._assign(target, self.converter.expression(value), place)
        elif kind == "CompoundAssignOperator":
            self._compound(node, place)
        elif kind == "UnaryOperator" and node["opcode"] in ("++", "--"):
            target = node["inner"][0]
            old = self.converter.expression(target)
            one = Number("int", "1")
            self._assign(target, Operation(old.type, node["opcode"][0], (old, one)), place)
        elif kind != "NullStmt":
            raise NotAffine(f"a {kind} is not modelled")
        return at

    def _assign(self, target: Node, value: Expression, place: Place) -> None:
        element = self.converter.target(target)
        self._add(element, value, place)

    def _add(self, target: Element, value: Expression, place: Place) -> None:
        self.statements.append(
            Statement(
                f"S{len(self.statements)}",
                place.loops,
                place.directions,
                place.position,
                place.constraints,
                target,
                value,
                place.guard,
            )
        )

    def _compound(self, node: Node, place: Place) -> None:
        target, value = node["inner"]
        element = self.converter.target(target)
        result, compute = element.type, element_type(node.get("computeResultType", node["type"]))
        if result != compute:
            raise NotAffine(f"{node['opcode']} computes in another type than it stores")
        operator = node["opcode"].removesuffix("=")
        right = self.converter.expression(value)
        self._add(element, Operation(result, operator, (element, right)), place)

    def _declaration(self, node: Node, place: Place) -> int:
        at = place.position[-1]
        for variable in node.get("inner", ()):
            if variable.get("kind") != "VarDecl" or variable.get("storageClass"):
                raise NotAffine("a declaration is not of a plain variable")
            element = self.converter.declare(variable)
            values = [n for n in variable.get("inner", ()) if n.get("kind")]
            if values:
                here = replace(place, position=(*place.position[:-1], at))
                self._add(element, self.converter.expression(values[0]), here)
                at += 1
        return at

    def _condition(self, node: Node, place: Place) -> int:
        parts = node["inner"]
        if node.get("hasVar") or node.get("hasInit"):
            raise NotAffine("an if with a declaration is not modelled")
        try:
            inside = self._constraints(parts[0])
            outside = self._negated(parts[0]) if len(parts) > 2 else None
        except NotAffine:
            return self._guarded(parts, place)
        within = replace(place, constraints=place.constraints + inside)
        at = self._statement(parts[1], within)
        if len(parts) > 2 and outside is not None:
            other = replace(
                place,
                constraints=place.constraints + outside,
                position=(*place.position[:-1], at + 1),
            )
            at = self._statement(parts[2], other)
        return at

    def _guarded(self, parts: list[Node], place: Place) -> int:
        """A condition on data: kept with the one assignment that it guards."""
        if len(parts) > 2 or place.guard is not None:
            raise NotAffine("an else, or an if within an if, of a condition on data")
        before = len(self.statements)
        condition = self.converter.expression(parts[0])
        at = self._statement(parts[1], replace(place, guard=condition))
        if len(self.statements) != before + 1 or self.statements[-1].loops != place.loops:
            raise NotAffine("a condition on data guards more than one assignment")
        return at

    # --- loops -----------------------------------------------------------------------------

    def _loop(self, node: Node, place: Place) -> None:
        init, _, condition, increment, body = node["inner"]
        name = f"x{self.loops}"
        self.loops += 1
        identity, first = self._start(init)
        step = self._step(increment, identity)
        if abs(step) != 1:
            raise NotAffine("a loop's step is not 1")
        with self.converter.iterator(identity, name):
            start = added(affine(Name("int", name)), scaled(affine(first), -1))
            limits = [Constraint(start if step > 0 else scaled(start, -1))]
            limits += self._constraints(condition)
            inner = Place(
                (*place.loops, name),
                (*place.directions, step),
                (*place.position, 0),
                (*place.constraints, *limits),
                place.guard,
            )
            if place.guard is not None:
                raise NotAffine("a condition on data guards a loop")
            self._statement(body, inner)

    def _start(self, node: Node) -> tuple[str, Expression]:
        if node.get("kind") == "DeclStmt" and len(node["inner"]) == 1:
            variable = node["inner"][0]
            values = [n for n in variable.get("inner", ()) if n.get("kind")]
            if values:
                return variable["id"], self.converter.expression(values[0])
        if node.get("kind") == "BinaryOperator" and node["opcode"] == "=":
            target = unwrapped(node["inner"][0])
            if target.get("kind") == "DeclRefExpr":
                return target["referencedDecl"]["id"], self.converter.expression(node["inner"][1])
        raise NotAffine("a loop's start is not a plain assignment")

    def _step(self, node: Node, identity: str) -> int:
        target = unwrapped(node["inner"][0]) if node.get("inner") else {}
        if target.get("referencedDecl", {}).get("id") == identity:
            if node["kind"] == "UnaryOperator" and node["opcode"] in ("++", "--"):
                return 1 if node["opcode"] == "++" else -1
            if node["kind"] == "CompoundAssignOperator" and node["opcode"] in ("+=", "-="):
                form = affine(self.converter.expression(node["inner"][1]))
                if set(form) <= {""}:
                    return form.get("", 0) * (1 if node["opcode"] == "+=" else -1)
        raise NotAffine("a loop's step is not constant")

    def _constraints(self, node: Node) -> tuple[Constraint, ...]:
        node = unwrapped(node)
        if node.get("kind") == "BinaryOperator":
            operator = node["opcode"]
            if operator == "&&":
                return self._constraints(node["inner"][0]) + self._constraints(node["inner"][1])
            if operator in _COMPARISONS:
                left, right = (affine(self.converter.expression(n)) for n in node["inner"])
                return (_constraint(operator, left, right),)
        raise NotAffine("a condition is not affine")

    def _negated(self, node: Node) -> tuple[Constraint, ...]:
        node = unwrapped(node)
        if node.get("kind") == "BinaryOperator" and node["opcode"] in _FLIPPED:
            left, right = (affine(self.converter.expression(n)) for n in node["inner"])
            return (_constraint(_FLIPPED[node["opcode"]], left, right),)
        raise NotAffine("the else of this condition is not convex")


def _constraint(operator: str, left: Affine, right: Affine) -> Constraint:
    if operator == "==":
        return Constraint(added(left, scaled(right, -1)), equal=True)
    if operator in ("<", "<="):
        left, right = right, left
    form = added(left, scaled(right, -1))
    return Constraint(added(form, {"": -1}) if operator in ("<", ">") else form)
