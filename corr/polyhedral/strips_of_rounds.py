"""Several rounds over a matrix put together, so that a row goes through all of them at once.

What a round k does to a row depends on that row and on row k alone, as it was before the round (for
the rows above it) or after it (for those below). So the rounds of a strip are first run on the
strip's own rows, of which each is kept as it was before and after its round; then each other row
goes through all of these rounds while it is in registers or a cache. Every element is computed from
the same numbers in the same order: nothing is assumed of what the updates compute.
(Blocked Floyd and Warshall needs minima, and no negative cycle: Venkataraman, Sahni and
Mukhopadhyaya, JEA 8, 2003. Copies of rows and columns take the place of that here; renaming, as in
array expansion: Feautrier, ICS 1988.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from corr.polyhedral.expand import extents_of
from corr.polyhedral.expressions import (
    Affine,
    Element,
    Name,
    NotAffine,
    Number,
    Operation,
    added,
    scaled,
)
from corr.polyhedral.rounds import Group, Rounds, rounds
from corr.polyhedral.scop import Array, Constraint, Scop, Statement, access_to
from corr.polyhedral.speculation import Speculation

#: The name of the loop over strips.
STRIP = "x999'"

Constraints = tuple[Constraint, ...]
Change = Callable[[Element], Element]


def in_strips(scop: Scop, size: int) -> Iterator[Scop]:
    """The region with so many rounds at a time, in each nest that is such; nothing if none is."""
    made: list[Statement] = []
    arrays = scop.arrays
    for nest in dict.fromkeys(s.position[0] for s in scop.statements):
        own = tuple(s for s in scop.statements if s.position[0] == nest)
        others = {e.array for s in scop.statements if s not in own for e in s.elements()}
        try:
            part = scop.with_statements(own, arrays)
            found = rounds(part)
            strips = _Strips(part, found, size, extents_of(part, list(found.updates), 3), nest)
            strips.build()
        except NotAffine:
            made += own
            continue
        if strips.new.keys() & others:
            made += own
            continue
        made += strips.made
        arrays = arrays | strips.new
    if len(made) > len(scop.statements):
        used = {e.array for s in made for e in s.elements()}
        kept = {name: array for name, array in arrays.items() if name in used}
        written = scop.written | {STRIP: "strip"}
        yield replace(scop, statements=tuple(made), arrays=kept, written=written)


@dataclass
class _Strips:
    """The new statements, one after another. `extents`: of each of the three loops, as C.

    `nest` is the place of all of them in the region.
    """

    scop: Scop
    rounds: Rounds
    size: int
    extents: tuple[str, ...]
    nest: int
    made: list[Statement] = field(default_factory=list)
    new: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.speculation = Speculation(self.scop)
        self.round, self.outer, self.inner = self.rounds.loops
        #: How far a row, or a column, is from the first of its strip.
        self.row = self._from_strip(self.outer, self.rounds.row)
        self.column = self._from_strip(self.inner, self.rounds.column or 0)
        end = {STRIP: self.size, "": self.size - 1}
        self.in_strip = (
            Constraint(self._from_strip(self.round, 0)),
            Constraint(added(end, {self.round: -1})),
        )
        self.within = Operation(
            "int",
            "-",
            (
                Name("int", self.round),
                Operation("int", "*", (Number("int", str(self.size)), Name("int", STRIP))),
            ),
        )

    def _from_strip(self, loop: str, distance: int) -> Affine:
        return {loop: 1, STRIP: -self.size, "": -distance}

    def _before(self, form: Affine) -> Constraints:
        return (Constraint(added(scaled(form, -1), {"": -1})),)

    def _inside(self, form: Affine) -> Constraints:
        return (Constraint(form), Constraint(added(scaled(form, -1), {"": self.size - 1})))

    def _behind(self, form: Affine) -> Constraints:
        return (Constraint(added(form, {"": -self.size})),)

    # --- the order -------------------------------------------------------------------------

    def build(self) -> None:
        """The strip's own rows; then all rows above it, and all below."""
        self._own_rows()
        self._other_rows("old", self.rounds.above, self._before(self.row), 1)
        self._other_rows("new", self.rounds.below, self._behind(self.row), 4)

    def _own_rows(self) -> None:
        at = self._keep_rows("old", self.rounds.above, self._beyond(-1), 0)
        rows = self._inside(self.row)
        loops = (STRIP, self.round, self.outer)
        parts: Sequence[Constraints] = [()]
        if self.rounds.column is not None:
            ahead = {self.inner: 1, self.round: -1, "": -self.rounds.column}
            parts = [
                (Constraint(added(scaled(ahead, -1), {"": -1})),),
                (Constraint(ahead, equal=True),),
                (Constraint(added(ahead, {"": -1})),),
            ]
        place = 0
        for group in self.rounds.groups:
            for s in group.first:
                self._copy(s, "own", loops, (0, at, place), rows, lambda element: element)
                place += 1
            for number, part in enumerate(parts):
                there, where = (0, at, place), (*rows, *part)
                self._updates(group, f"own{number}", (*loops, self.inner), there, where, {})
                place += 1
        self._keep_rows("new", self.rounds.below, self._beyond(1), at + 1)

    def _other_rows(self, version: str, group: Group | None, rows: Constraints, at: int) -> None:
        """All rounds of a strip for the rows of one side, which see its rows in one version."""
        if group is None:
            return
        seen = {"row": version, "corner": version}
        loops = (STRIP, self.outer, self.round)
        whole = (STRIP, self.outer, self.inner, self.round)
        for number, s in enumerate(group.first):
            self._copy(s, version, loops, (at, 0, number), rows, self._seen(seen))
        if not self._read(group, "column"):
            self._updates(group, version, whole, (at + 1, 0, 0), rows, seen)
            return
        count = len(group.first)
        count = self._keep_columns(group, "left", (at, 0, count), rows)
        strip = (*rows, *self._inside(self.column))
        self._updates(group, f"{version}0", (*loops, self.inner), (at, 0, count), strip, seen)
        self._keep_columns(group, "right", (at, 0, count + 1), rows)
        sides = (("left", self._before(self.column)), ("right", self._behind(self.column)))
        for number, (side, part) in enumerate(sides, 1):
            there = (at + number, 0, 0)
            by_side = seen | {"column": side}
            self._updates(group, f"{version}{number}", whole, there, (*rows, *part), by_side)

    # --- statements ------------------------------------------------------------------------

    def _updates(
        self,
        group: Group,
        tag: str,
        loops: tuple[str, ...],
        position: tuple[int, ...],
        constraints: Constraints,
        seen: dict[str, str],
    ) -> None:
        for at, s in enumerate(group.updates):
            change = self._private(tag, loops, self._seen(seen))
            self._copy(s, tag, loops, (*position, at), constraints, change)

    def _copy(
        self,
        s: Statement,
        tag: str,
        loops: tuple[str, ...],
        position: tuple[int, ...],
        constraints: Constraints,
        change: Change,
    ) -> None:
        """A statement in other loops, of the domain that it had and these constraints."""
        s = s.with_elements(change).with_elements(self._in_round)
        self.made.append(
            replace(
                s,
                name=f"{s.name}_{tag}",
                loops=loops,
                directions=(1,) * len(loops),
                position=(self.nest, *position),
                constraints=(*s.constraints, *self.in_strip, *constraints),
            )
        )

    def _seen(self, versions: dict[str, str]) -> Change:
        """Elements of rows and columns, read where they are kept."""

        def change(element: Element) -> Element:
            kind = self.rounds.kind(element)
            return self._kept(element, versions[kind]) if kind in versions else element

        return change

    def _in_round(self, element: Element) -> Element:
        """What a round computes for each row is kept for the rounds of one strip only."""
        targets = {s.target.array for s in self.rounds.first}
        if element.array not in targets:
            return element
        array = self.scop.arrays[element.array]
        self.new[element.array] = replace(array, extents=(str(self.size), *array.extents[1:]))
        return replace(element, indices=(self.within, *element.indices[1:]))

    def _private(self, tag: str, loops: tuple[str, ...], change: Change) -> Change:
        """The same, and each nest has its own of what an iteration computes for itself."""
        own = {s.target.array for s in self.rounds.updates} - set(self.rounds.matrices)

        def changed(element: Element) -> Element:
            if element.array not in own:
                return change(element)
            name = self._name(f"{element.array}_{tag}")
            array = self.scop.arrays[element.array]
            sizes = dict(zip(self.rounds.loops, self.extents, strict=True))
            extents = tuple(sizes.get(loop, self.extents[0]) for loop in loops)
            self.new[name] = replace(
                array, name=name, dimensions=len(loops), extents=extents, folded=True
            )
            return Element(element.type, name, tuple(Name("int", loop) for loop in loops))

        return changed

    # --- what is kept ----------------------------------------------------------------------

    def _read(self, group: Group, *kinds: str) -> list[Element]:
        """The elements of these kinds, one of each matrix, that a group reads.

        Raises NotAffine if it might not read one: it is copied in any case.
        """
        found: dict[tuple[str, str], Element] = {}
        for s in (*group.first, *group.updates):
            for element in s.elements(read=True):
                if (kind := self.rounds.kind(element)) in kinds:
                    found.setdefault((element.array, kind), element)
                    if not self.speculation.readable(s, access_to(element)):
                        raise NotAffine("an element may not be read")
        return list(found.values())

    def _domains(self, group: Group, side: Constraints, *gone: str) -> list[Constraints]:
        """Where there are updates of a group, for whichever iterations of the loops `gone`."""
        found: list[Constraints] = []
        for s in group.updates:
            domain = (*s.constraints, *side)
            for loop in gone:
                domain = without(domain, loop)
            if domain not in found:
                found.append(domain)
        return found

    def _beyond(self, sign: int) -> Constraints:
        """Rows on one side of the row that a round reads."""
        form = {self.outer: sign, self.round: -sign, "": -sign * self.rounds.row - 1}
        return (Constraint(form),)

    def _keep_rows(self, version: str, group: Group | None, side: Constraints, at: int) -> int:
        """The row of each round, or its corner, as it is before or after the round.

        Returns the next place among the siblings.
        """
        if group is None:
            return at
        for element in self._read(group, "row", "corner"):
            row = self.rounds.kind(element) == "row"
            loops = (STRIP, self.round, self.inner) if row else (STRIP, self.round)
            gone = (self.outer,) if row else (self.outer, self.inner)
            for domain in self._domains(group, side, *gone):
                position = (0, at, 0)[: len(loops)]
                self._keeps(element, version, loops, position, domain)
                at += 1
        return at

    def _keep_columns(
        self,
        group: Group,
        side: str,
        position: tuple[int, ...],
        rows: Constraints,
    ) -> int:
        """A row's elements in the column of each round, as they are before or after the round.

        Returns the next place among the siblings.
        """
        *outer, at = position
        loops = (STRIP, self.outer, self.round)
        for element in self._read(group, "column"):
            for domain in self._domains(group, rows, self.inner):
                self._keeps(element, side, loops, (*outer, at), domain)
                at += 1
        return at

    def _keeps(
        self,
        element: Element,
        version: str,
        loops: tuple[str, ...],
        position: tuple[int, ...],
        domain: Constraints,
    ) -> None:
        kept = self._kept(element, version)
        name = f"{kept.array}_{len(self.made)}"
        constraints = (*domain, *self.in_strip)
        steps = (1,) * len(loops)
        place = (self.nest, *position)
        self.made.append(Statement(name, loops, steps, place, constraints, kept, element))

    def _kept(self, element: Element, version: str) -> Element:
        """Where such an element is kept."""
        kind = self.rounds.kind(element)
        name = self._name(f"{element.array}_{kind}_{version}")
        size, outer, inner = str(self.size), *self.extents[1:]
        extents, indices = {
            "row": ((size, inner), (self.within, Name("int", self.inner))),
            "column": ((outer, size), (Name("int", self.outer), self.within)),
            "corner": ((size,), (self.within,)),
        }[kind]
        self.new[name] = Array(
            name,
            self.scop.arrays[element.array].element,
            len(extents),
            local=True,
            outside=False,
            folded=len(extents) > 1,
            extents=extents,
        )
        return Element(element.type, name, indices)

    def _name(self, wanted: str) -> str:
        """A name that the source does not have."""
        name = re.sub(r"\W+", "_", wanted)
        while name in self.scop.arrays or name in self.scop.words:
            name += "_"
        return name


def without(constraints: Constraints, loop: str) -> Constraints:
    """Where there is an iteration of a loop that fulfils them: exact, as all factors are 1.

    (Fourier-Motzkin elimination.) Raises NotAffine if one is not.
    """
    rest = [c for c in constraints if not c.form.get(loop, 0)]
    about = [c for c in constraints if c.form.get(loop, 0)]
    if any(c.equal or abs(c.form[loop]) != 1 for c in about):
        raise NotAffine("a loop's limits are not of its own variable")
    low = [c.form for c in about if c.form[loop] > 0]
    high = [c.form for c in about if c.form[loop] < 0]
    return (*rest, *(Constraint(added(one, other)) for one in low for other in high))
