"""Elements that stay the same while the innermost loop runs are kept in registers round it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from corr.polyhedral.emit import Emitter, Jam, instances_of
from corr.polyhedral.registers import Block, Separation
from corr.polyhedral.scop import Statement
from corr.polyhedral.syntax import Step
from corr.polyhedral.vectors import Instance, Reference


class Promotion:
    """Keeps elements in registers over one innermost loop round some statements."""

    def __init__(self, emitter: Emitter, steps: Sequence[Step], jams: Sequence[Jam], inner: str):
        self.to = emitter
        self.steps = steps
        self.jams = jams
        self.inner = inner

    @contextmanager
    def registers(self, start: str, end: str) -> Iterator[tuple[dict[Reference, str], set[str]]]:
        """Within the block these references are in registers; some arrays do not change.

        The block is only run if `start <= end`: then every iteration makes each access.
        """
        written = {step.statement.target.array for step in self.steps}
        fixed = {a for a in self.to.scop.arrays if a not in written}
        fixed |= {a for a in written if self._may_stay(a)}
        fixed -= self.to.contracted
        kept = self._kept(fixed)
        if not kept:
            yield {}, fixed
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
            yield held, fixed
            for reference, (instance, stores) in kept.items():
                if stores:
                    self._store(reference, instance, held[reference])

    def _kept(self, fixed: set[str]) -> dict[Reference, tuple[Instance, bool]]:
        """References that do not depend on the loop, each with an instance, and if it is stored."""
        kept: dict[Reference, tuple[Instance, bool]] = {}
        for step, instance in instances_of(self.steps, self.jams):
            target = instance.reference(step.statement.target)
            found = [(r, False) for r in self.to.reads(step.statement, instance)]
            for reference, stores in [*found, (target, True)]:
                if not reference.index or reference.mentions(self.inner):
                    continue
                if reference.array in fixed:
                    known = kept.get(reference)
                    kept[reference] = (instance, stores or (known is not None and known[1]))
        return kept

    def _store(self, reference: Reference, instance: Instance, name: str) -> None:
        if reference.mode != "gather":
            self.to.line(f"{self.to.address(reference, instance)} = {name};")
            return
        for lane in range(reference.lanes):
            self.to.line(f"{self.to.element(reference, instance, lane)} = {name}[{lane}];")

    def _may_stay(self, array: str) -> bool:
        """Elements of a written array may stay in registers while the innermost loop runs."""
        block = self._block()
        if block is None or not self.to.scop.arrays[array].dimensions:
            return False
        if not all(map(self.to.speculation.writable, self._writers(array))):
            return False
        asked = Separation(self.to.scop, block)
        bases = {step.statement.name: Instance(step.arguments) for step in self.steps}
        statements = [step.statement for step in self.steps]
        for s in statements:
            for a in s.accesses:
                if a.array != array or not a.write:
                    continue
                mine = bases[s.name].forms(a.index)
                if any(self.inner in key for form in mine for key in form):
                    return False
                rows = tuple(
                    self.to.row_of(self.steps, jam.variable)
                    for jam in self.jams
                    if any(jam.variable in form for form in mine)
                )
                if not asked.injective(s, a, rows):
                    return False
                for t in statements:
                    for b in t.accesses:
                        if b.array != array or bases[t.name].forms(b.index) == mine:
                            continue
                        if not asked.separate(s, a, t, b):
                            return False
        return True

    def _writers(self, array: str) -> Iterator[Statement]:
        for step in self.steps:
            if step.statement.target.array == array:
                yield step.statement

    def _block(self) -> Block | None:
        rows = {step.statement.name: self.to.rows[step.statement.name] for step in self.steps}
        if len({len(r) for r in rows.values()}) != 1 or self.to.row_of(self.steps, self.inner) < 0:
            return None
        spans = tuple((self.to.row_of(self.steps, jam.variable), jam.count) for jam in self.jams)
        return Block(rows, spans, self.to.row_of(self.steps, self.inner))
