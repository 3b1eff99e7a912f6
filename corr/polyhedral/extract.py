"""From clang's syntax tree to the model: regions of a function whose loops are affine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from corr.polyhedral.assumptions import assumed
from corr.polyhedral.clang_ast import Functions, Node, body_of, extent, walk
from corr.polyhedral.convert import Converter, element_type, unwrapped
from corr.polyhedral.declarations import Variables
from corr.polyhedral.expressions import (
    WIDE,
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
from corr.polyhedral.limits import limited
from corr.polyhedral.scop import PARAMETER, Array, Constraint, Scop, Statement

_COMPARISONS = {"<", "<=", ">", ">=", "=="}
_FLIPPED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_LOOPS = {"ForStmt", "WhileStmt", "DoStmt", "CXXForRangeStmt"}
#: Flags under which whole numbers wrap round, or `long` is not of 64 bits.
_OTHER_LANGUAGE = re.compile(
    r"^(?:-fwrapv|-ftrapv|-fno-strict-overflow|-fno-delete-null.*|-m(?:x?32|16)|--?target.*)$"
)
#: What the preprocessor may do in a text: it would be lost with the text.
_DIRECTIVE = re.compile(rb"#|%:|\?\?[=/]|\\\r?\n|\b_Pragma\b|\b__pragma\b|\basm\b")
_SCOP = re.compile(rb"^[ \t]*#[ \t]*pragma[ \t]+(?:end)?scop[ \t]*\r?$", re.MULTILINE)
#: Sibling statements that one region may have.
LONGEST_RUN = 64
_WORD = re.compile(rb"[A-Za-z_]\w*")


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
        return [], [f"{name}: no definition, or several, that clang shows by this name"]
    reasons: list[str] = []
    try:
        return list(_Finder(functions, node, reasons).all()), reasons
    except (NotAffine, RecursionError) as reason:
        return [], [f"{name}: {reason}"]


class _Finder:
    """Finds the regions of one function."""

    def __init__(self, functions: Functions, function: Node, reasons: list[str]) -> None:
        self.functions = functions
        self.function = function
        self.reasons = reasons
        self.variables = Variables(function)

    def all(self) -> Iterator[Scop]:
        """Every region. Raises NotAffine where the function cannot be looked at."""
        for flag in self.functions.unit.flags:
            if _OTHER_LANGUAGE.match(flag):
                raise NotAffine(f"{flag} makes numbers other than the model's")
        name = self.function["name"]
        where = self.function.get("loc", {})
        text = self.functions.text
        at = where.get("offset")
        if at is None or "includedFrom" in where or not text[at:].startswith(name.encode()):
            raise NotAffine("it is not written in the unit's own file")
        kinds = {node.get("kind") for node in walk(self.function)}
        if kinds & {"LambdaExpr", "BlockExpr", "CXXTryStmt", "StmtExpr"}:
            raise NotAffine("it holds another function")
        self.again = bool(kinds & {"LabelStmt", "IndirectGotoStmt"})
        body = body_of(self.function)
        assert body is not None
        yield from self._within(body, self.again)

    def _within(self, body: Node, again: bool) -> Iterator[Scop]:
        """The largest modelled runs of a block, or of the loops in it.

        `again`: the block may run more than once in one call.
        """
        kind = body["kind"]
        again = again or kind in _LOOPS
        children = [n for n in body.get("inner", ()) if n.get("kind")]
        longest = LONGEST_RUN
        if kind != "CompoundStmt":  # its children are alternatives, not one after another
            longest = 1
            children = [n for n in children if _has_loop(n)]
        if kind == "AttributedStmt":  # the attribute wants the loop that it is at
            yield from (s for n in children for s in self._within(n, again))
            return
        start = 0
        while start < len(children):
            found = self._run(children[start : start + longest], again)
            if found is not None:
                scop, length = found
                yield scop
                start += length
                continue
            if _has_loop(children[start]):
                yield from self._within(children[start], again)
            start += 1

    def _run(self, children: list[Node], again: bool) -> tuple[Scop, int] | None:
        """The longest region that begins with the first of some siblings, and its length."""
        why = ""
        for length in range(len(children), 0, -1):
            run = children[:length]
            if not any(_has_loop(n) for n in run) or run[0]["kind"] == "CompoundStmt":
                break
            try:
                region = _Region(self.functions, self.function, self.variables, again)
                return region.scop(run), length
            except NotAffine as reason:
                why = why or str(reason)
        if why and _has_loop(children[0]):
            self.reasons.append(f"{self.function['name']}: {why}")
        return None


def _has_loop(node: Node) -> bool:
    return any(n.get("kind") == "ForStmt" for n in walk(node))


@dataclass
class _Region:
    """Builds one Scop from a run of statements."""

    functions: Functions
    function: Node
    variables: Variables
    again: bool
    statements: list[Statement] = field(default_factory=list)
    loops: int = 0

    @limited("the region")
    def scop(self, run: list[Node]) -> Scop:
        """The region. Raises NotAffine."""
        span = self._span(run)
        self.converter = Converter(self.functions, self.variables)
        for node in run:
            self.converter.find_writes(node)
        self.inside = {id(n) for node in run for n in walk(node)}
        self._block(run, Place(position=(0,)))
        if not self.statements:
            raise NotAffine("nothing is assigned")
        arrays = self._arrays()
        names = set(self.converter.parameters)
        for name in names & set(arrays):
            raise NotAffine(f"{name} is both read as a size and written")
        words = frozenset(word.decode() for word in _WORD.findall(self.functions.text))
        for name in names:
            if PARAMETER + name in words:
                raise NotAffine(f"{PARAMETER + name} is a name of the program's")
        result = Scop(
            self.function["name"],
            span,
            tuple(sorted(names)),
            tuple(self.statements),
            arrays,
            parameter_types=dict(self.converter.parameters),
            variables=dict(self.converter.variables),
            scalars=frozenset(self.converter.scalars),
            extents=dict(self.converter.extents),
            text=self.functions.text[slice(*span)].decode("utf-8", "surrogateescape"),
            words=words,
        )
        return replace(result, assumption=assumed(result))

    def _span(self, run: list[Node]) -> tuple[int, int]:
        """Where the statements stand, with the semicolon that ends the last."""
        spans = [extent(n) for n in run]
        first, last = spans[0], spans[-1]
        if first is None or last is None or None in spans:
            raise NotAffine("the loop comes out of a macro")
        text = self.functions.text
        start, end = first[0], last[1]
        if not text[start:end].rstrip().endswith((b"}", b";")):
            rest = re.match(rb"\s*;", text[end:])
            if rest is None:
                raise NotAffine("the last statement does not end in the text")
            end += rest.end()
        if _DIRECTIVE.search(_SCOP.sub(b"", text[start:end])):
            raise NotAffine("the text has a directive of the preprocessor")
        return start, end

    def _arrays(self) -> dict[str, Array]:
        """What the region reads and writes. Raises NotAffine if a declaration is wanted after."""
        outside = self._names_outside()
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

    def _names_outside(self) -> set[str]:
        """Names of variables that are mentioned where they may be run after the region."""
        found: set[str] = set()
        own = {
            n["id"]
            for n in walk(self.function)
            if n.get("kind") == "VarDecl" and id(n) in self.inside
        }
        reached = self.again
        for node in walk(self.function):
            if id(node) in self.inside:
                reached = True
            elif reached and node.get("kind") == "DeclRefExpr":
                if node["referencedDecl"]["id"] in own:
                    raise NotAffine(f"{node['referencedDecl']['name']} is used after the region")
                found.add(node["referencedDecl"]["name"])
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
        result, compute = element.type, element_type(node["computeResultType"])
        if result != compute:
            raise NotAffine(f"{node['opcode']} computes in another type than it stores")
        operator = node["opcode"].removesuffix("=")
        right = self.converter.expression(value)
        self._add(element, Operation(result, operator, (element, right)), place)

    def _declaration(self, node: Node, place: Place) -> int:
        at = place.position[-1]
        for variable in node.get("inner", ()):
            plain = variable.get("kind") == "VarDecl" and not variable.get("storageClass")
            if not plain or variable.get("tls") or variable.get("init", "c") != "c":
                raise NotAffine("a declaration is not of a plain variable")
            if place.guard is not None:
                raise NotAffine("a declaration in a condition on data")
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
        init, declared, condition, increment, body = node["inner"]
        if declared or not condition or not increment or not init:
            raise NotAffine("a loop without a start, a condition or a step, or with more")
        if place.guard is not None:
            raise NotAffine("a condition on data guards a loop")
        variable, value = self._start(init)
        if variable["type"] not in WIDE:
            raise NotAffine(f"a loop's variable is of type {variable['type']}")
        first = affine(self.converter.expression(value))
        if not variable["declared"]:
            self._check_only_loops(variable["id"])
        name = Name(variable["type"], f"x{self.loops}'")
        self.loops += 1
        step = self._step(increment, variable["id"])
        if abs(step) != 1:
            raise NotAffine("a loop's step is not 1")
        with self.converter.iterator(variable["id"], name):
            start = added({name.name: 1, "": 0}, scaled(first, -1))
            limits = self._constraints(condition)
            if any(c.equal or c.form.get(name.name, 0) * step > 0 for c in limits):
                raise NotAffine("a loop's condition may become true after it was false")
            inner = Place(
                (*place.loops, name.name),
                (*place.directions, step),
                (*place.position, 0),
                (*place.constraints, Constraint(scaled(start, step)), *limits),
            )
            self._statement(body, inner)

    def _start(self, node: Node) -> tuple[dict[str, str], Node]:
        """A loop's variable (id, type, whether it is declared here) and its first value."""
        if node.get("kind") == "DeclStmt" and len(node["inner"]) == 1:
            variable = node["inner"][0]
            values = [n for n in variable.get("inner", ()) if n.get("kind")]
            if values and variable.get("init") == "c" and not variable.get("storageClass"):
                kind = element_type(variable["type"])
                return {"id": variable["id"], "type": kind, "declared": "here"}, values[0]
        if node.get("kind") == "BinaryOperator" and node["opcode"] == "=":
            target = unwrapped(node["inner"][0])
            if target.get("kind") == "DeclRefExpr":
                kind = element_type(target["type"])
                identity = target["referencedDecl"]["id"]
                if not self.variables.get(target).own:
                    raise NotAffine("a loop's variable can be changed by others")
                return {"id": identity, "type": kind, "declared": ""}, node["inner"][1]
        raise NotAffine("a loop's start is not a plain assignment")

    def _check_only_loops(self, identity: str) -> None:
        """A loop's variable from outside is only used in loops that begin by setting it.

        Its value after a loop is then of no interest. Raises NotAffine.
        """
        waiting = [self.function]
        while waiting:
            node = waiting.pop()
            if _names_variable(node, identity):
                raise NotAffine(f"{node['referencedDecl']['name']} is used outside its loops")
            value = _first_value(node, identity)
            if value is None:
                waiting += [n for n in node.get("inner", ()) if n]
                continue
            if sum(_first_value(n, identity) is not None for n in walk(node)) > 1:
                raise NotAffine("a loop's variable is changed in the loop")
            waiting.append(value)

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


def _names_variable(node: Node, identity: str) -> bool:
    """The node is a mention of this variable."""
    return (
        node.get("kind") == "DeclRefExpr" and node["referencedDecl"]["id"] == identity
    )


def _first_value(node: Node, identity: str) -> Node | None:
    """What a loop sets this variable to at its start; None for anything else."""
    if node.get("kind") != "ForStmt" or not node["inner"][0]:
        return None
    init = node["inner"][0]
    if init.get("kind") != "BinaryOperator" or init["opcode"] != "=":
        return None
    target, value = init["inner"]
    found: Node = value
    return found if _names_variable(unwrapped(target), identity) else None


def _constraint(operator: str, left: Affine, right: Affine) -> Constraint:
    if operator == "==":
        return Constraint(added(left, scaled(right, -1)), equal=True)
    if operator in ("<", "<="):
        left, right = right, left
    form = added(left, scaled(right, -1))
    return Constraint(added(form, {"": -1}) if operator in ("<", ">") else form)
