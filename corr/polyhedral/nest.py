"""Loop nests as C text: register blocks by unroll-and-jam, vectors, registers kept over loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from corr.polyhedral.contraction import grouped
from corr.polyhedral.emit import Emitter, Jam
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.promotion import Promotion
from corr.polyhedral.registers import steps_of
from corr.polyhedral.syntax import (
    Branch,
    Loop,
    Node,
    Step,
    bare,
    extreme,
    inclusive,
    number_of,
    replaced_word,
)
from corr.polyhedral.times import Dimension
from corr.polyhedral.vectors import Reference


def write(to: Emitter, nodes: Sequence[Node]) -> None:
    """Write loops, branches and statements."""
    for node in grouped(nodes):
        if isinstance(node, Branch):
            with to.braces(f"if ({bare(node.condition)})"):
                write(to, node.then)
            if node.otherwise:
                with to.braces("else"):
                    write(to, node.otherwise)
        elif isinstance(node, Loop):
            _write_loop(to, node)
        elif any(step.statement.target.array in to.contracted for step in node):
            with to.braces(""):
                to.body(node, [], {}, set())
        else:
            to.body(node, [], {}, set())


def _write_loop(to: Emitter, node: Loop) -> None:
    chain = [node]
    while len(chain[-1].body) == 1 and isinstance(chain[-1].body[0], Loop):
        chain.append(chain[-1].body[0])
    steps = [n for n in chain[-1].body if isinstance(n, Step)]
    if len(steps) == len(chain[-1].body):
        Nest(to, chain, steps).write()
        return
    with to.braces(_head(node, node.start, inclusive(node))):
        write(to, node.body)


def _head(loop: Loop, start: str, end: str) -> str:
    name = loop.variable
    return f"for (long {name} = {start}; {name} <= {end}; {name} += {loop.step})"


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
        return dimensions[number_of(loop.variable)]

    def write(self) -> None:
        self.level(0, ())

    def level(self, at: int, jams: tuple[Jam, ...]) -> None:
        """The loops from the `at`-th on, for a block of iterations of those before."""
        if at == len(self.chain):
            self.to.body(self.steps, jams, {}, set())
            return
        loop = self.chain[at]
        starts = self._bounds(loop.start, jams)
        ends = self._bounds(inclusive(loop), jams)
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
            self._fringe(at, jams, tail, inclusive(loop), first=False)

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
            own = inclusive(loop)
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
        if self._may_block(loop, dimension):
            sizes = _sizes(dimension)
        if len(sizes) == 1:
            with (
                self._registers(at, jams, start, end) as (held, fixed),
                self.to.braces(_head(loop, start, end)),
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
                    self._registers(at, inner, reach, limit) as (held, fixed),
                    self.to.braces(f"for (; {reach} <= {limit}; {name} += {size})"),
                ):
                    self._next(at, inner, held, fixed)

    def _may_block(self, loop: Loop, dimension: Dimension) -> bool:
        """Iterations may stand together: every statement has a step along this row alone."""
        if not self.blocked or loop.step != "1" or dimension.factor == 1:
            return False
        row = self.to.row_of(self.steps, loop.variable)
        return row >= 0 and all(
            steps_of(step.statement, self.to.rows[step.statement.name], row) is not None
            for step in self.steps
        )

    def _next(
        self, at: int, jams: tuple[Jam, ...], held: dict[Reference, str], fixed: set[str]
    ) -> None:
        if at + 1 == len(self.chain):
            self.to.body(self.steps, jams, held, fixed)
        else:
            self.level(at + 1, jams)

    @contextmanager
    def _registers(
        self, at: int, jams: tuple[Jam, ...], start: str, end: str
    ) -> Iterator[tuple[dict[Reference, str], set[str]]]:
        """Round the innermost loop: what does not depend on it is kept in registers."""
        if at + 1 != len(self.chain):
            yield {}, set()
            return
        promotion = Promotion(self.to, self.steps, jams, self.chain[at].variable)
        with promotion.registers(start, end) as kept:
            yield kept


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
