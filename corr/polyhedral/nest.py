"""Loop nests as C text: register blocks by unroll-and-jam, vectors, registers kept over loops."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from corr.polyhedral.expressions import Expression, NotAffine, Operation, linear
from corr.polyhedral.registers import Block, Separation
from corr.polyhedral.schedules import Row, Tree
from corr.polyhedral.scop import Scop, Statement
from corr.polyhedral.syntax import Branch, Loop, Node, Step, extreme, put, replaced_word
from corr.polyhedral.times import Dimension, Layout, rows_of
from corr.polyhedral.vectors import Instance, Reference, Types, Writer

#: Lines of code of one region, from which it is not worth compiling.
LONGEST = 3000


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
        return f"{prefix}{self.count}"

    # --- plain loops -----------------------------------------------------------------------

    def nodes(self, nodes: Sequence[Node]) -> None:
        """Write a list of loops, branches and statements."""
        for node in nodes:
            if isinstance(node, Branch):
                with self.braces(f"if ({node.condition})"):
                    self.nodes(node.then)
                if node.otherwise:
                    with self.braces("else"):
                        self.nodes(node.otherwise)
            elif isinstance(node, Step):
                self.body([node], [], {}, set())
            else:
                self.loop(node)

    def loop(self, node: Loop) -> None:
        chain = [node]
        while len(chain[-1].body) == 1 and isinstance(chain[-1].body[0], Loop):
            chain.append(chain[-1].body[0])
        steps = [n for n in chain[-1].body if isinstance(n, Step)]
        if len(steps) == len(chain[-1].body):
            Nest(self, chain, steps).write()
            return
        start, end = node.start, _inclusive(node)
        name = node.variable
        with self.braces(f"for (long {name} = {start}; {name} <= {end}; {name} += {node.step})"):
            self.nodes(node.body)

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
            for reference in reads(step.statement, instance):
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
        target = instance.reference(s.target)
        if instance.lanes > 1 and target.mode == "scalar":
            raise NotAffine("all lanes write one element")
        value: Expression = s.value
        if s.guard is not None and instance.lanes > 1:
            value = Operation(value.type, "?", (s.guard, value, s.target))
        text, varies = writer.value(value)
        if instance.lanes > 1 and not varies:
            text = writer._splat(text, s.target.type)
        place = names.get(target)
        prefix = ""
        if s.guard is not None and instance.lanes == 1:
            prefix = f"if ({writer.value(s.guard)[0]}) "
        if place is not None or target.mode != "gather":
            self.line(f"{prefix}{place or self.address(target, instance)} = {text};")
            return
        vector = self.types.name(target.type, instance.lanes)
        name = self.fresh("v")
        self.line(f"const {vector} {name} = {text};")
        for lane in range(instance.lanes):
            self.line(f"{self.element(target, instance, lane)} = {name}[{lane}];")

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
        return reference.array + "".join(f"[{linear(form)}]" for form in forms)


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


def reads(s: Statement, instance: Instance) -> Iterator[Reference]:
    """The elements that an instance reads."""
    from corr.polyhedral.expressions import Element

    roots: list[Expression] = [s.value]
    if s.guard is not None:
        roots += [s.guard, *([s.target] if instance.lanes > 1 else [])]
    for root in roots:
        for node in root.walk():
            if isinstance(node, Element):
                yield instance.reference(node)


def _inclusive(loop: Loop) -> str:
    return loop.end if loop.relation == "<=" else f"({loop.end} - 1)"


class Nest:
    """A chain of loops that nest directly round statements, some of them in blocks."""

    def __init__(self, emitter: Emitter, chain: list[Loop], steps: list[Step]) -> None:
        self.to = emitter
        self.chain = chain
        self.steps = steps
        self.blocked = True

    def dimension(self, loop: Loop) -> Dimension:
        """What the first statement's time says of a loop, by the number in its variable."""
        dimensions = self.to.layout.dimensions[self.steps[0].statement.name]
        return dimensions[int(loop.variable[1:])]

    def write(self) -> None:
        self.level(0, ())

    def level(self, at: int, jams: tuple[Jam, ...]) -> None:
        """The loops from the `at`-th on, for a block of iterations of those before."""
        if at == len(self.chain):
            self.to.body(self.steps, jams, {}, set())
            return
        loop = self.chain[at]
        starts = self._bounds(loop.start, jams)
        ends = self._bounds(_inclusive(loop), jams)
        if len(starts) == 1 and len(ends) == 1:
            self._whole(at, jams, starts[0], ends[0])
            return
        if loop.step != "1":
            raise NotAffine("a block of iterations meets different steps")
        low, high = self.to.fresh("low"), self.to.fresh("high")
        with self.to.braces(""):
            self.to.line(f"const long {low} = {extreme('max', starts)};")
            self.to.line(f"const long {high} = {extreme('min', ends)};")
            if len(starts) > 1:
                self._fringe(at, jams, loop.start, f"({low} - 1)", first=True)
            self._whole(at, jams, low, high)
            tail = f"({low} > {high} ? {low} : {high} + 1)"
            self._fringe(at, jams, tail, _inclusive(loop), first=False)

    def _bounds(self, text: str, jams: tuple[Jam, ...]) -> list[str]:
        """The bound for each place of the block, once each."""
        found = [text]
        for jam in jams:
            found = [
                replaced_word(one, jam.variable, f"({jam.variable} + {k})") if k else one
                for one in found
                for k in range(jam.count)
            ]
            found = list(dict.fromkeys(found))
        return found

    def _fringe(self, at: int, jams: tuple[Jam, ...], start: str, end: str, *, first: bool) -> None:
        """Iterations that not all places of the block have: one place after another."""
        loop = self.chain[at]
        with self._places(list(jams)):
            name, limit = loop.variable, self.to.fresh("end")
            own = loop.end if loop.relation == "<=" else f"({loop.end} - 1)"
            bound = extreme("min", [own, end]) if first else own
            self.to.line(f"const long {limit} = {bound};")
            with self.to.braces(f"for (long {name} = {start}; {name} <= {limit}; {name}++)"):
                before, self.blocked = self.blocked, False
                self.level(at + 1, ())
                self.blocked = before

    @contextmanager
    def _places(self, jams: list[Jam]) -> Iterator[None]:
        """Loops over the places of a block, one iteration at a time."""
        if not jams:
            yield
            return
        jam = jams[0]
        each = self.to.fresh("each")
        until = f"{jam.variable} + {jam.count}"
        with self.to.braces(f"for (long {each} = {jam.variable}; {each} < {until}; {each}++)"):
            self.to.line(f"const long {jam.variable} = {each};")
            with self._places(jams[1:]):
                yield

    def _whole(self, at: int, jams: tuple[Jam, ...], start: str, end: str) -> None:
        """A loop that all places of the block run together."""
        loop = self.chain[at]
        name = loop.variable
        dimension = self.dimension(loop)
        sizes = [(1, 1)]
        if self.blocked and loop.step == "1" and dimension.factor > 1:
            sizes = _sizes(dimension)
        if len(sizes) == 1:
            with (
                self._registers(at, jams, None, start, end) as (held, fixed),
                self.to.braces(
                    f"for (long {name} = {start}; {name} <= {end}; {name} += {loop.step})"
                ),
            ):
                self._next(at, jams, held, fixed)
            return
        limit = self.to.fresh("end")
        with self.to.braces(""):
            self.to.line(f"long {name} = {start};")
            self.to.line(f"const long {limit} = {end};")
            for size, lanes in sizes:
                if size == 1:
                    with self.to.braces(f"for (; {name} <= {limit}; {name}++)"):
                        self._next(at, jams, {}, set())
                    continue
                inner = (*jams, Jam(name, size, lanes))
                reach = f"{name} + {size - 1}"
                with (
                    self._registers(at, inner, name, reach, limit) as (held, fixed),
                    self.to.braces(f"for (; {reach} <= {limit}; {name} += {size})"),
                ):
                    self._next(at, inner, held, fixed)

    def _next(
        self, at: int, jams: tuple[Jam, ...], held: dict[Reference, str], fixed: set[str]
    ) -> None:
        if at + 1 == len(self.chain):
            self.to.body(self.steps, jams, held, fixed)
        else:
            self.level(at + 1, jams)

    # --- registers -------------------------------------------------------------------------

    @contextmanager
    def _registers(
        self, at: int, jams: tuple[Jam, ...], own: str | None, start: str, end: str
    ) -> Iterator[tuple[dict[Reference, str], set[str]]]:
        """Round the innermost loop: what does not depend on it is kept in registers."""
        if at + 1 != len(self.chain):
            yield {}, set()
            return
        inner = self.chain[at].variable
        instances = list(instances_of(self.steps, jams))
        written = {step.statement.target.array for step in self.steps}
        fixed = {a for a in self.to.scop.arrays if a not in written}
        kept: dict[Reference, tuple[Instance, bool]] = {}
        safe = {a for a in written if self._may_stay(a, jams, inner)}
        for step, instance in instances:
            target = instance.reference(step.statement.target)
            for reference in [*reads(step.statement, instance), target]:
                stores = reference == target
                if not reference.index or reference.mentions(inner):
                    continue
                if reference.array in fixed or reference.array in safe:
                    known = kept.get(reference)
                    kept[reference] = (instance, stores or (known is not None and known[1]))
        if not kept:
            yield {}, fixed | safe
            return
        with self.to.braces(f"if ({start} <= {end})"):
            held = {}
            for reference, (instance, stores) in kept.items():
                held[reference] = self.to.fresh("r")
                const = "" if stores else "const "
                self.to.line(
                    f"{const}{self.to.type_of(reference)} {held[reference]} = "
                    f"{self.to.address(reference, instance)};"
                )
            yield held, fixed | safe
            for reference, (instance, stores) in kept.items():
                if stores:
                    self._store(reference, instance, held[reference])

    def _store(self, reference: Reference, instance: Instance, name: str) -> None:
        if reference.mode != "gather":
            self.to.line(f"{self.to.address(reference, instance)} = {name};")
            return
        for lane in range(reference.lanes):
            self.to.line(f"{self.to.element(reference, instance, lane)} = {name}[{lane}];")

    def _may_stay(self, array: str, jams: tuple[Jam, ...], inner: str) -> bool:
        """Elements of a written array may stay in registers while the innermost loop runs."""
        block = self._block(jams, inner)
        if block is None or not self.to.scop.arrays[array].dimensions:
            return False
        asked = Separation(self.to.scop, block)
        bases = {step.statement.name: Instance(step.arguments) for step in self.steps}
        statements = [step.statement for step in self.steps]
        for s in statements:
            for a in s.accesses:
                if a.array != array or not a.write:
                    continue
                mine = _forms(bases[s.name], a.index)
                if any(inner in key for form in mine for key in form):
                    return False
                rows = tuple(
                    self._row_of(jam.variable)
                    for jam in jams
                    if any(jam.variable in form for form in mine)
                )
                if not asked.injective(s, a, rows):
                    return False
                for t in statements:
                    for b in t.accesses:
                        if b.array != array or _forms(bases[t.name], b.index) == mine:
                            continue
                        if not asked.separate(s, a, t, b):
                            return False
        return True

    def _block(self, jams: tuple[Jam, ...], inner: str) -> Block | None:
        rows = {step.statement.name: self.to.rows[step.statement.name] for step in self.steps}
        if len({len(r) for r in rows.values()}) != 1 or self._row_of(inner) < 0:
            return None
        spans = tuple((self._row_of(jam.variable), jam.count) for jam in jams)
        return Block(rows, spans, self._row_of(inner))

    def _row_of(self, variable: str) -> int:
        """The number of the row that a loop's variable runs in; -1 if it is of another kind."""
        dimensions = self.to.layout.dimensions[self.steps[0].statement.name]
        at = int(variable[1:])
        if dimensions[at].kind != "loop":
            return -1
        return sum(d.kind == "loop" for d in dimensions[:at])


def _sizes(dimension: Dimension) -> list[tuple[int, int]]:
    """(iterations, lanes) of a blocked loop, then of the loops for what is left of it."""
    sizes = [(dimension.factor, dimension.vector)]
    if dimension.vector > 1:
        width = dimension.vector
        sizes.append((width, width))
        if width > 4:
            sizes.append((width // 2, width // 2))
    sizes.append((1, 1))
    return list(dict.fromkeys(sizes))


def _forms(instance: Instance, index: tuple[dict[str, int], ...]) -> list[dict[str, int]]:
    from corr.polyhedral.expressions import added, scaled

    forms = []
    for form in index:
        total: dict[str, int] = {"": 0}
        for name, factor in form.items():
            value = instance.arguments.get(name, {name: 1} if name else {"": 1})
            total = added(total, scaled(value, factor))
        forms.append(total)
    return forms
