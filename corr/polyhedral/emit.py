"""Statements in the body of a loop as C text: instances of a block, registers, vectors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

from corr.polyhedral.expressions import Affine, Element, Expression, NotAffine, Operation, linear
from corr.polyhedral.schedules import Row, Tree
from corr.polyhedral.scop import Array, Scop, Statement, access_to
from corr.polyhedral.speculation import Speculation
from corr.polyhedral.syntax import Step, number_of, put
from corr.polyhedral.times import Layout, rows_of
from corr.polyhedral.vectors import Instance, Reference, Types, Writer

#: Lines of code of one region, from which it is not worth compiling.
LONGEST = 3000
#: The variable that the lanes run in, of a statement that is in no loop yet.
_LANE = "lane of a vector"


@dataclass(frozen=True)
class Jam:
    """A loop whose variable stands for `count` iterations at once, in vectors of `lanes`."""

    variable: str
    count: int
    lanes: int = 1


class Emitter:
    """Writes the loops of one region. Its tree must be legal; nothing is checked here."""

    def __init__(self, scop: Scop, tree: Tree, layout: Layout) -> None:
        self.scop = scop
        self.layout = layout
        self.types = Types()
        self.speculation = Speculation(scop)
        #: Arrays whose elements are variables of the bodies that use them.
        self.contracted: set[str] = set()
        self.lines: list[str] = []
        self.depth = 1
        self.count = 0
        self.rows: dict[str, tuple[Row, ...]] = {
            s.name: tuple(rows_of(tree, s.name)) for s in scop.statements
        }

    # --- text ------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        if len(self.lines) >= LONGEST:
            raise NotAffine(f"the code would have more than {LONGEST} lines")
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def braces(self, head: str) -> Iterator[None]:
        self.line(f"{head} {{" if head else "{")
        self.depth += 1
        yield
        self.depth -= 1
        self.line("}")

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}{self.scop.mark}"

    # --- bodies ----------------------------------------------------------------------------

    def body(
        self,
        steps: Sequence[Step],
        jams: Sequence[Jam],
        held: dict[Reference, str],
        fixed: set[str],
    ) -> None:
        """All instances of a block. `held` are in registers; arrays in `fixed` do not change."""
        names = dict(held)
        instances = list(instances_of(steps, jams))
        for step, instance in instances:
            for reference in self.reads(step.statement, instance):
                if reference.array in fixed and reference not in names and reference.index:
                    names[reference] = self.fresh("v")
                    self.line(
                        f"const {self.type_of(reference)} {names[reference]} = "
                        f"{self.address(reference, instance)};"
                    )
        for step, instance in instances:
            self.assignment(step.statement, instance, names)

    def assignment(self, s: Statement, instance: Instance, names: dict[Reference, str]) -> None:
        """One statement for one instance."""

        def read(reference: Reference, at: Instance) -> str:
            return names.get(reference) or self.address(reference, at)

        writer = Writer(self.types, instance, read)
        asked, s = _asked_once(s, writer)
        if instance.lanes > 1:
            self.speculation.check_lanes(s)
        target = instance.reference(s.target)
        if instance.lanes > 1 and target.mode == "scalar":
            raise NotAffine("all lanes write one element")
        text, varies = writer.value(_chosen(s))
        if instance.lanes > 1 and not varies:
            text = writer.splat(text, s.target.type)
        place = names.get(target)
        prefix = f"if ({writer.value(asked)[0]}) " if asked is not None else ""
        if place is None and target.array in self.contracted:
            names[target] = self.fresh("t")
            self.line(f"{self.type_of(target)} {names[target]} = {text};")
            return
        if place is not None or target.mode != "gather":
            self.line(f"{prefix}{place or self.address(target, instance)} = {text};")
            return
        vector = self.types.name(target.type, instance.lanes)
        name = self.fresh("v")
        with self.braces(prefix.rstrip()) if prefix else nullcontext():
            self.line(f"const {vector} {name} = {text};")
            for lane in range(instance.lanes):
                self.line(f"{self.element(target, instance, lane)} = {name}[{lane}];")

    def reads(self, s: Statement, instance: Instance) -> Iterator[Reference]:
        """The elements that an instance reads, or may read without harm."""
        roots: list[Expression] = [s.value]
        if s.guard is not None:
            roots += [s.guard, *([s.target] if instance.lanes > 1 else [])]
        for root in roots:
            for node in root.walk():
                if isinstance(node, Element) and self.speculation.readable(s, access_to(node)):
                    yield instance.reference(node)

    def row_of(self, steps: Sequence[Step], variable: str) -> int:
        """The number of the row that a loop's variable runs in; -1 if it is of another kind."""
        dimensions = self.layout.dimensions[steps[0].statement.name]
        at = number_of(variable)
        if dimensions[at].kind != "loop":
            return -1
        return sum(d.kind == "loop" for d in dimensions[:at])

    def type_of(self, reference: Reference) -> str:
        if reference.mode == "scalar":
            return reference.type
        return self.types.name(reference.type, reference.lanes)

    def address(self, reference: Reference, instance: Instance) -> str:
        """The C that reads, or but for a gather also writes, an element or a vector of them."""
        if reference.mode == "scalar":
            return self.element(reference, instance, 0)
        vector = self.types.name(reference.type, reference.lanes)
        if reference.mode == "vector":
            return f"*({vector} *)&{self.element(reference, instance, 0)}"
        lanes = [self.element(reference, instance, at) for at in range(reference.lanes)]
        return f"(({vector}){{{', '.join(lanes)}}})"

    def element(self, reference: Reference, instance: Instance, lane: int) -> str:
        forms = instance.lane(reference.forms(), lane) if lane else reference.forms()
        array = self.scop.arrays[reference.array]
        outer = forms[: len(forms) - array.within]
        text = array.pointer
        if array.folded:
            text += f"[{self._folded(array, outer)}]"
        else:
            text += "".join(f"[{linear(form)}]" for form in outer)
        if array.member is None:
            return text
        inner = forms[len(outer) : len(outer) + array.member.dimensions]
        return f"{text}.{array.member.path}" + "".join(f"[{linear(form)}]" for form in inner)

    def _folded(self, array: Array, forms: list[Affine]) -> str:
        """Subscripts as one: as the text has it, or in an expanded scalar."""
        spell = self.scop.spelling()
        extents = self.scop.extents.get(array.name, ())[: len(forms) - 1]
        widths = [linear(width, spell) for width in extents]
        index = linear(forms[0])
        for width, form in zip(widths or array.sizes[1:], forms[1:], strict=True):
            terms = [] if index == "0" else [f"{_factor(index)} * {_factor(width)}"]
            terms += [] if linear(form) == "0" and terms else [linear(form)]
            index = " + ".join(terms).replace("+ -", "- ")
        return index


def _factor(text: str) -> str:
    return text if text.isalnum() or text.isidentifier() else f"({text})"


def instances_of(steps: Sequence[Step], jams: Sequence[Jam]) -> Iterator[tuple[Step, Instance]]:
    """Every statement for every place in a block, in an order that is theirs."""
    lanes = max((jam.lanes for jam in jams), default=1)
    variable = next((jam.variable for jam in jams if jam.lanes > 1), "")
    places = [range(0, jam.count, jam.lanes) for jam in jams]
    for picked in itertools.product(*places):
        for step in steps:
            arguments = step.arguments
            for jam, at in zip(jams, picked, strict=True):
                if at:
                    arguments = {
                        k: put(v, jam.variable, {jam.variable: 1, "": at})
                        for k, v in arguments.items()
                    }
            yield step, Instance(arguments, lanes, variable)


def check_lanes(s: Statement, step: Mapping[str, int], lanes: int) -> None:
    """Raise NotAffine where clang has no form for vectors of what a statement does.

    `step`: how far the loops' variables go from one lane to the next.
    """
    arguments = {loop: {f"{loop}_": 1, _LANE: step.get(loop, 0)} for loop in s.loops}
    writer = Writer(
        Types(), Instance(arguments, lanes, _LANE), lambda reference, _: reference.array
    )
    asked, rest = _asked_once(s, writer)
    writer.value(_chosen(rest))
    if asked is not None:
        writer.value(asked)


def _asked_once(s: Statement, writer: Writer) -> tuple[Expression | None, Statement]:
    """What a statement's guard asks before it, and the statement with the rest of its guard."""
    if s.guard is None:
        return None, s
    asked, rest = (s.guard, None) if writer.instance.lanes == 1 else _for_all(s.guard, writer)
    return asked, replace(s, guard=rest)


def _chosen(s: Statement) -> Expression:
    """What a statement writes: its value, or what is there where its guard does not hold."""
    return (
        s.value if s.guard is None else Operation(s.value.type, "?", (s.guard, s.value, s.target))
    )


def _for_all(guard: Expression, writer: Writer) -> tuple[Expression | None, Expression | None]:
    """What a guard asks once for all lanes, and what it then asks each of them."""
    if not writer.value(guard)[1]:
        return guard, None
    if isinstance(guard, Operation) and guard.operator == "&&":
        first, last = guard.operands
        once, each = _for_all(first, writer)
        if each is None:
            return once, last
        return once, replace(guard, operands=(each, last))
    return None, guard
