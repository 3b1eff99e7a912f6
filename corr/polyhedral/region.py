"""From a run of statements in clang's syntax tree to the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from corr.polyhedral.accessors import NO_ACCESS_CONTROL
from corr.polyhedral.assumptions import assumed
from corr.polyhedral.ast_forms import element_type, is_address, unwrapped
from corr.polyhedral.clang_ast import Functions, Node, walk
from corr.polyhedral.comparisons import Way, ways
from corr.polyhedral.conditions import rows_apart
from corr.polyhedral.convert import Converter
from corr.polyhedral.declarations import Variables
from corr.polyhedral.expressions import (
    UNSIGNED,
    WIDE,
    Affine,
    Cast,
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
from corr.polyhedral.folded import is_polynomial, unfolded
from corr.polyhedral.guards import always, both, chosen, negated, read_by, remembered, straight
from corr.polyhedral.limits import limited
from corr.polyhedral.liveness import check_has_value, check_only_loops, names_outside
from corr.polyhedral.macro_sizes import in_numbers, literals
from corr.polyhedral.members import reached
from corr.polyhedral.names import words_of
from corr.polyhedral.scop import Array, Constraint, Obligation, Place, Scop
from corr.polyhedral.span import bounds, confirmed
from corr.polyhedral.starts import first_value, start_of
from corr.polyhedral.statements import Statements
from corr.polyhedral.structure_values import Copied
from corr.polyhedral.structures import is_structure
from corr.polyhedral.useful import useful
from corr.polyhedral.wrapping import plain


@dataclass
class Region:
    """Builds one Scop from a run of statements."""

    functions: Functions
    function: Node
    variables: Variables
    again: bool
    statements: Statements = field(default_factory=Statements)
    obligations: list[Obligation] = field(default_factory=list)
    #: Where the statement is that is being taken.
    place: Place = field(default_factory=Place)
    #: Variables whose values begin with the guard that they are under.
    asked: set[str] = field(default_factory=set)
    #: So many loops were taken.
    loops: int = 0
    #: What the text calls the loops' variables.
    written: dict[str, str] = field(default_factory=dict)

    def scop(self, run: list[Node]) -> Scop:
        """The region. Raises NotAffine."""
        try:
            return self._scop(run)
        except NotAffine as error:
            says = re.sub(r"x\d+'", lambda found: self.written.get(found[0], found[0]), str(error))
            raise NotAffine(says) from error

    @limited("the region")
    def _scop(self, run: list[Node]) -> Scop:
        start, ends = bounds(self.functions, run)
        self.converter = Converter(self.functions, self.variables, self._note)
        self.converter.held |= literals(self.functions, run)
        self.converter.reached = reached(self.function, run, self.variables)
        for node in run:
            self.converter.find_writes(node)
        self.inside = {id(n) for node in run for n in walk(node)}
        self._block(run, Place(position=(0,)))
        arrays = self._arrays()
        statements, arrays = useful(self.statements.taken, arrays)
        names = set(self.converter.parameters)
        for name in names & set(arrays):
            raise NotAffine(f"{name} is both read as a size and written")
        for name in {*names, *(n for n, a in arrays.items() if a.dimensions)}:
            if name in self.converter.variables:
                variable = self.converter.variables[name]
                check_has_value(self.function, self.inside, variable, start)
        words = words_of(self.functions, names, arrays, self.converter.scalars)
        span = confirmed(self.functions, self.function["name"], run, start, ends)
        result = Scop(
            self.function["name"],
            span,
            tuple(sorted(names)),
            tuple(statements),
            arrays,
            parameter_types=dict(self.converter.parameters),
            variables=dict(self.converter.variables),
            scalars=frozenset(self.converter.scalars),
            extents=dict(self.converter.extents),
            text=self.functions.text[slice(*span)].decode("utf-8", "surrogateescape"),
            words=words,
            numbers=in_numbers(
                self.functions, self.functions.text[slice(*span)], self.converter.held
            ),
            instance=tuple(self.function.get("asked", ())),
            obligations=tuple(self.obligations),
            computed=dict(self.converter.computed),
            sized=tuple(self.converter.sized),
            typed="-fno-strict-aliasing" not in self.functions.unit.flags,
            flags=(NO_ACCESS_CONTROL,) if self.converter.private else (),
            members=tuple(self.converter.members.items()),
            written={
                x: n for x, n in self.written.items() if n.encode() not in self.functions.macros
            },
        )
        result = unfolded(result)
        rows_apart(result)
        return replace(result, assumption=assumed(result))

    def _arrays(self) -> dict[str, Array]:
        """What the region reads and writes. Raises NotAffine if a declaration is wanted after."""
        outside = names_outside(self.function, self.inside, again=self.again)
        arrays = {}
        for name, array in self.converter.arrays.items():
            variable = self.converter.variables.get(name)
            if array.local:
                arrays[name] = replace(array, outside=False)
                continue
            assert variable is not None
            seen = array.dimensions > 0 or not variable.own or name in outside
            arrays[name] = replace(array, outside=seen)
        return arrays

    # --- statements ------------------------------------------------------------------------

    def _block(self, nodes: list[Node], place: Place) -> None:
        at = place.position[-1]
        for node in nodes:
            here = replace(place, position=(*place.position[:-1], at))
            at = self._statement(node, here) + 1

    def _statement(self, node: Node, place: Place) -> int:
        """Take a statement at a place; the last place it used among its siblings."""
        self.place = place
        node = unwrapped(node)
        kind = node.get("kind")
        at = place.position[-1]
        if kind == "CompoundStmt":
            with self.converter.block():
                for child in node.get("inner", ()):
                    here = replace(place, position=(*place.position[:-1], at))
                    at = self._statement(child, here) + 1
            return at
        if kind == "ForStmt":
            with self.converter.block():
                before, start = start_of(node)
                for child in before:
                    here = replace(place, position=(*place.position[:-1], at))
                    at = self._statement(child, here) + 1
                here = replace(place, position=(*place.position[:-1], at))
                self._loop(node, start, here)
        elif kind == "DeclStmt":
            return self._declaration(node, place)
        elif kind == "IfStmt":
            with self.converter.block():
                return self._condition(node, place)
        elif (pairs := self.converter.copied(node) or self.converter.changed(node)) is not None:
            return self._add_all(pairs, place)
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
        reference = unwrapped(target)
        if element.type not in WIDE | UNSIGNED or element.indices or place.guard is not None:
            return
        once = self.converter.assigned[reference["referencedDecl"]["id"]] == 1
        if once and self.variables.get(reference).own and is_polynomial(value):
            self.converter.put_in_place(reference["referencedDecl"]["id"], value)

    def _add(self, target: Element, value: Expression, place: Place) -> None:
        self.statements.add((target, value), place, self.converter.taken_products())

    def _add_all(self, pairs: Copied, place: Place) -> int:
        return self.statements.add_all(pairs, place, self.converter.taken_products())

    def _compound(self, node: Node, place: Place) -> None:
        target, value = node["inner"]
        element = self.converter.target(target)
        result, compute = element.type, element_type(node["computeResultType"])
        operator = node["opcode"].removesuffix("=")
        right = self.converter.expression(value)
        if result == compute:
            self._add(element, Operation(result, operator, (element, right)), place)
        elif right.type == compute:
            wide = Operation(compute, operator, (Cast(compute, element), right))
            self._add(element, Cast(result, wide), place)
        else:
            raise NotAffine(f"{node['opcode']} computes in another type than it stores")

    def _declaration(self, node: Node, place: Place) -> int:
        at = place.position[-1]
        for variable in node.get("inner", ()):
            plain = variable.get("kind") == "VarDecl" and not variable.get("storageClass")
            known = variable.get("init", "c") == "c" or is_structure(variable["type"])
            if not plain or variable.get("tls") or not known:
                raise NotAffine("a declaration is not of a plain variable")
            if self._is_named(variable):
                continue
            if place.guard is not None and is_structure(variable["type"]):
                raise NotAffine("a structure in a condition on data")
            if (pairs := self.converter.declared_structure(variable)) is not None:
                here = replace(place, position=(*place.position[:-1], at))
                at = self._add_all(pairs, here) + 1
                continue
            element = self.converter.declare(variable)
            values = [n for n in variable.get("inner", ()) if n.get("kind")]
            if values:
                here = replace(place, position=(*place.position[:-1], at))
                self._add(element, self.converter.expression(values[0]), here)
                if place.guard is not None:
                    self.statements.taken[-1] = always(self.statements.taken[-1])
                    self.asked.add(element.array)
                at += 1
        return at

    def _is_named(self, variable: Node) -> bool:
        """A variable that only names a number or a place, `int k = i * n + j`, `r = a + i * n`.

        What it names is put in its place.
        """
        values = [n for n in variable.get("inner", ()) if n.get("kind")]
        if len(values) == 1 and self.converter.row_named(variable, values[0]):
            return True
        if len(values) != 1 or is_structure(variable["type"]):
            return False
        if not self.variables.constant(variable):
            return False
        if is_address(variable):
            return self.converter.row(variable, values[0])
        if element_type(variable["type"]) not in WIDE | UNSIGNED:
            return False
        value = self.converter.expression(values[0])
        if not is_polynomial(value):
            return False
        self.converter.put_in_place(variable["id"], value)
        return True

    def _condition(self, node: Node, place: Place) -> int:
        parts = node["inner"]
        if node.get("hasVar") or node.get("hasInit"):
            raise NotAffine("an if with a declaration is not modelled")
        try:
            branches = [(parts[1], way) for way in self._ways(parts[0], place)]
            if len(parts) > 2:
                no = self._ways(parts[0], place, holds=False)
                branches += [(parts[2], way) for way in no]
        except NotAffine:
            self.converter.taken_products()  # which belong to what it is not
            return self._guarded(parts, place)
        at = place.position[-1] - 1
        for branch, way in branches:
            position = (*place.position[:-1], at + 1)
            within = replace(place, constraints=place.constraints + way, position=position)
            with self.converter.block():
                at = self._statement(branch, within)
        return at

    def _guarded(self, parts: list[Node], place: Place) -> int:
        """A condition on data: kept with each of the assignments that it guards."""
        condition = self.converter.expression(parts[0])
        self.statements.compute(self.converter.taken_products(), place)
        taken = self.statements.taken
        first = len(taken)
        at = place.position[-1]
        for branch, holds in zip(parts[1:], (condition, negated(condition)), strict=False):
            guard = holds if place.guard is None else both(place.guard, holds)
            here = replace(place, guard=guard, position=(*place.position[:-1], at + 1))
            with self.converter.block():
                at = self._statement(branch, here)
        guarded = taken[first:] = chosen(condition, taken[first:], place.guard)
        if len(parts) > 2 and len(guarded) == 1 and guarded[0].guard is place.guard:
            return at  # one element becomes one thing or the other
        # the last one may change what the condition was about: nobody asks it again
        changed = read_by(condition) & {s.target.array for s in guarded[:-1]}
        deepest = max((len(s.loops) - len(place.loops) for s in guarded), default=0)
        if deepest > 1 or (deepest and not (place.loops and read_by(condition))):
            raise NotAffine("a condition on data guards loops")  # each is a region of its own
        if changed or deepest:
            self._remember(condition, place, first)
        return max(at, place.position[-1])

    def _remember(self, condition: Expression, place: Place, first: int) -> None:
        """Keep how a condition came out, for all statements from the first that it guards."""
        guards = (condition, negated(condition))
        if place.guard is not None:
            guards = (both(place.guard, guards[0]), both(place.guard, guards[1]))
        element = self.converter.variable("int", "holds")
        taken = self.statements.taken
        taken[first:] = remembered(taken[first:], guards, element, self.asked)
        self.asked.add(element.array)
        value = Operation("int", "?", (guards[0], Number("int", "1"), Number("int", "0")))
        self.statements.put_before(first, (element, value), replace(place, guard=None))

    # --- loops -----------------------------------------------------------------------------

    def _loop(self, node: Node, init: Node, place: Place) -> None:
        _, declared, condition, increment, body = node["inner"]
        if declared or not condition or not increment or not init:
            raise NotAffine("a loop without a start, a condition or a step, or with more")
        variable, value = first_value(init, self.variables)
        if variable["type"] not in WIDE | UNSIGNED:
            raise NotAffine(f"a loop's variable is of type {variable['type']}")
        first = self._whole(value, place)
        if not variable["declared"]:
            check_only_loops(self.function, variable["id"])
        name = Name(variable["type"], f"x{self.loops}'")
        self.written[name.name] = variable["name"]
        self.loops += 1
        step = self._step(increment, variable["id"])
        if abs(step) != 1:
            raise NotAffine("a loop's step is not 1")
        if variable["type"] in UNSIGNED and step < 0:
            raise NotAffine(f"a loop of type {variable['type']} runs down")
        with self.converter.iterator(variable["id"], name):
            start = Constraint(scaled(added({name.name: 1, "": 0}, scaled(first, -1)), step))
            inner = Place(
                (*place.loops, name.name),
                (*place.directions, step),
                (*place.position, 0),
                (*place.constraints, start),
                place.guard,
            )
            limits, *others = self._ways(condition, inner)
            if others:
                limits = self._until(condition, (limits, *others), step, name.name)
                reached = added(limits[0].form, {name.name: step, "": 1})
                self._oblige(added(reached, scaled(first, -step)), place)
            if any(c.equal or c.form.get(name.name, 0) * step > 0 for c in limits):
                raise NotAffine("a loop's condition may become true after it was false")
            inner = replace(inner, constraints=(*inner.constraints, *limits))
            if variable["type"] == "unsigned int":  # it goes on to a number of its type
                self._oblige(added({name.name: -1}, {"": (1 << 32) - 2}), inner)
            self._statement(straight(body), inner)

    def _until(self, condition: Node, found: Sequence[Way], step: int, name: str) -> Way:
        """What `i != n` means for a loop that gets there. Raises NotAffine for other choices."""
        node = unwrapped(condition)
        limits = found[0 if step > 0 else 1]
        if node.get("opcode") != "!=" or limits[0].form.get(name) != -step:
            raise NotAffine("a loop's condition is a choice")
        return limits

    def _whole(self, node: Node, place: Place) -> Affine:
        """The linear form of a whole number that is looked at there; what it takes is noted."""
        self.place = place
        return affine(plain(self.converter.sizes(self.converter.expression(node)), self._note))

    def _note(self, inner: Expression, low: int, high: int | None) -> None:
        form = affine(inner)
        self._oblige(added(form, {"": -low}), self.place)
        if high is not None:
            self._oblige(added(scaled(form, -1), {"": high}), self.place)

    def _oblige(self, form: Affine, place: Place) -> None:
        if any(form.keys() - {""}) or form.get("", 0) < 0:
            self.obligations.append(Obligation(place.loops, place.constraints, form))

    def _step(self, node: Node, identity: str) -> int:
        target = unwrapped(node["inner"][0]) if node.get("inner") else {}
        if target.get("referencedDecl", {}).get("id") == identity:
            if node["kind"] == "UnaryOperator" and node["opcode"] in ("++", "--"):
                return 1 if node["opcode"] == "++" else -1
            if node["kind"] == "CompoundAssignOperator" and node["opcode"] in ("+=", "-="):
                form = affine(plain(self.converter.expression(node["inner"][1]), self._note))
                if set(form) <= {""}:
                    return form.get("", 0) * (1 if node["opcode"] == "+=" else -1)
        raise NotAffine("a loop's step is not constant")

    def _ways(self, node: Node, place: Place, *, holds: bool = True) -> list[Way]:
        return ways(node, lambda part: self._whole(part, place), holds=holds)
