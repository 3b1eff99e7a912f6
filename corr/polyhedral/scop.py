"""What a region of a function computes: statements, their domains, order and accesses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import islpy as isl

from corr.polyhedral.declarations import Variable
from corr.polyhedral.expressions import Affine, Element, Expression, affine, linear

#: Parameters are spelt with this in isl, so that none is a word of its language.
PARAMETER = "p_"


@dataclass(frozen=True)
class Constraint:
    """`form >= 0`, or `form == 0`."""

    form: Affine
    equal: bool = False


@dataclass(frozen=True)
class Access:
    """An element read or written by each instance of a statement; `index` in its iterators.

    `maybe`: the write may not happen (a condition on data).
    """

    array: str
    index: tuple[Affine, ...]
    write: bool = False
    maybe: bool = False

    def __hash__(self) -> int:
        return hash((self.array, repr(self.index), self.write, self.maybe))


def access_to(element: Element) -> Access:
    """The read of an element. Raises NotAffine for an indirect one."""
    return Access(element.array, tuple(affine(i) for i in element.indices))


@dataclass(frozen=True, eq=False)
class Statement:
    """One assignment: `target = value`, where `guard` holds.

    `loops` are the unique names of the loops round it, outermost first; `position` its place
    among its siblings at each depth (one more entry than loops).
    """

    name: str
    loops: tuple[str, ...]
    directions: tuple[int, ...]
    position: tuple[int, ...]
    constraints: tuple[Constraint, ...]
    target: Element
    value: Expression
    guard: Expression | None = None

    def elements(self, *, read: bool = False) -> Iterator[Element]:
        """Every element that it names, its target too unless those `read` are asked for."""
        roots = [*(self.target.indices if read else [self.target]), self.value]
        for root in [*roots, *([self.guard] if self.guard is not None else [])]:
            yield from (node for node in root.walk() if isinstance(node, Element))

    def with_elements(self, change: Callable[[Element], Element]) -> Statement:
        """The statement with each element changed; one in a subscript stays."""

        def changed(node: Expression) -> Expression:
            return change(node) if isinstance(node, Element) else node.rebuilt(changed)

        guard = changed(self.guard) if self.guard is not None else None
        return replace(self, target=change(self.target), value=changed(self.value), guard=guard)

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """Every access, the write last. Raises NotAffine for an indirect one."""
        found = list(dict.fromkeys(map(access_to, self.elements(read=True))))
        target = access_to(self.target)
        found.append(replace(target, write=True, maybe=self.guard is not None))
        return tuple(found)

    @cached_property
    def certain(self) -> tuple[Access, ...]:
        """The reads that every instance makes: none that hang on a condition."""
        root = self.value if self.guard is None else self.guard
        return tuple({access_to(n): 0 for n in root.certain() if isinstance(n, Element)})


@dataclass(frozen=True)
class Place:
    """Where in the nest a statement is met."""

    loops: tuple[str, ...] = ()
    directions: tuple[int, ...] = ()
    position: tuple[int, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    guard: Expression | None = None


@dataclass(frozen=True)
class Member:
    """A member of the elements of an array of structures: of which variable, and which, as C.

    `dimensions`: those of the member itself, 0 for one number.
    """

    of: str
    path: str
    dimensions: int = 0

    @property
    def within(self) -> int:
        """Subscripts that lie in the structure."""
        return max(self.dimensions, 1)


@dataclass(frozen=True)
class Array:
    """An array, or with no dimension a scalar, that the region reads or writes.

    `declaration` is given for what the region declares itself; `outside` says that its value
    may be used after the region; `folded`, that its subscripts are written as one;
    `start` is the C++ that points to the elements of a container; `rows`, that these are
    containers or pointers, whose elements are meant; `member`, that it is a member of each element.
    """

    name: str
    element: str
    dimensions: int
    local: bool = False
    outside: bool = True
    folded: bool = False
    start: str = ""
    rows: bool = False
    member: Member | None = None
    #: Text of the extents of an expanded scalar, by dimension.
    extents: tuple[str, ...] = ()

    @property
    def pointer(self) -> str:
        """The name by which the generated code has its elements."""
        return PARAMETER + self.variable if self.start else self.variable

    @property
    def variable(self) -> str:
        """The variable that it is, or that it is a part of."""
        return self.name if self.member is None else self.member.of

    @property
    def within(self) -> int:
        """Its last subscripts, which lie in a structure."""
        return 0 if self.member is None else self.member.within

    @property
    def sizes(self) -> list[str]:
        """Names of the extents of an expanded scalar in the generated code."""
        return [f"{self.name}_{at}" for at in range(len(self.extents))]


@dataclass(frozen=True)
class Obligation:
    """`form >= 0` wherever the constraints hold, or the text does something else."""

    loops: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    form: Affine


@dataclass(frozen=True, eq=False)
class Scop:
    """A region whose loops and subscripts are affine. `span` are byte offsets in the source.

    `scalars` are the variables that it only reads; `extents` those of arrays' dimensions but the
    first; `text` is how it is written, `words` all words of the source; `assumption` is what the
    parameters must fulfil (a set of isl's) if the model is to hold, None for nothing: what the
    `obligations` ask among other things. `numbers` are macros of the text, which the model holds as
    the numbers that they are here; `computed` parameters that are no variables: type and C; `sized`
    what must be true, as C, of extents that are such parameters; `instance` what is true of a
    template's parameters in the only instance, which the model is of.
    """

    function: str
    span: tuple[int, int]
    parameters: tuple[str, ...]
    statements: tuple[Statement, ...]
    arrays: dict[str, Array] = field(default_factory=dict)
    parameter_types: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    scalars: frozenset[str] = frozenset()
    extents: dict[str, tuple[Affine, ...]] = field(default_factory=dict)
    text: str = ""
    words: frozenset[str] = frozenset()
    assumption: isl.Set | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    instance: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    computed: dict[str, tuple[str, str]] = field(default_factory=dict)
    sized: tuple[str, ...] = ()
    #: what is written as one type is not read as another, which the flags may not promise
    typed: bool = True
    #: what the new code has to be compiled with
    flags: tuple[str, ...] = ()
    #: members of structures by the names that they have here, and their declarations
    members: tuple[tuple[str, str], ...] = ()
    #: what the text calls the loops' variables
    written: dict[str, str] = field(default_factory=dict)

    def statement(self, name: str) -> Statement:
        return next(s for s in self.statements if s.name == name)

    @property
    def depth(self) -> int:
        return max(len(s.loops) for s in self.statements)

    def spelling(self) -> dict[str, str]:
        """Parameter names as isl is told them."""
        return {p: PARAMETER + p for p in self.parameters}

    @property
    def header(self) -> str:
        return "[" + ", ".join(PARAMETER + p for p in self.parameters) + "] -> "

    @cached_property
    def transient(self) -> frozenset[str]:
        """Expanded scalars whose elements are each used in one iteration of the innermost loop."""
        loops: dict[str, set[tuple[str, ...]]] = {}
        for s in self.statements:
            for a in s.accesses:
                loops.setdefault(a.array, set()).add(s.loops)
        return frozenset(
            name
            for name, found in loops.items()
            if self.arrays[name].extents
            and len(found) == 1
            and len(next(iter(found))) == self.arrays[name].dimensions
        )

    @cached_property
    def mark(self) -> str:
        """What to end generated names with, so that none is a word of the source."""
        mark = ""
        while any(re.fullmatch(rf"(?:c|t|v|r|low|high|end|each)\d+{mark}", w) for w in self.words):
            mark += "_"
        return mark

    @cached_property
    def domain(self) -> isl.UnionSet:
        """All instances of all statements."""
        return _union([isl.UnionSet.from_set(self.domain_of(s)) for s in self.statements])

    def domain_of(self, s: Statement) -> isl.Set:
        return self.points(s.loops, s.constraints, s.name)

    def points(
        self, loops: tuple[str, ...], constraints: tuple[Constraint, ...], name: str = ""
    ) -> isl.Set:
        """Where the constraints hold, in the space of these loops."""
        spell = self.spelling()
        terms = [f"{linear(c.form, spell)} {'=' if c.equal else '>='} 0" for c in constraints]
        inside = " and ".join(terms) or "true"
        return isl.Set(f"{self.header}{{ {name}[{', '.join(loops)}] : {inside} }}")

    @cached_property
    def order(self) -> isl.UnionMap:
        """The original order: instance → time, all times of one length."""
        return _union_map(
            [isl.UnionMap.from_map(isl.Map(self._order_of(s))) for s in self.statements]
        )

    def _order_of(self, s: Statement) -> str:
        time: list[str] = []
        for depth in range(self.depth + 1):
            time.append(str(s.position[depth]) if depth < len(s.position) else "0")
            if depth < self.depth:
                inside = depth < len(s.loops)
                sign = "-" if inside and s.directions[depth] < 0 else ""
                time.append(sign + s.loops[depth] if inside else "0")
        return f"{self.header}{{ {s.name}[{', '.join(s.loops)}] -> [{', '.join(time)}] }}"

    def accesses(self, *, write: bool, sure: bool = False) -> isl.UnionMap:
        """instance → element, of all reads or of all writes (of the `sure` ones only)."""
        maps = []
        for s in self.statements:
            for a in s.accesses:
                if a.write == write and not (sure and a.maybe):
                    maps.append(isl.UnionMap.from_map(self.touched(s, a)))
        return _union_map(maps) if maps else isl.UnionMap("{}")

    def touched(self, s: Statement, a: Access) -> isl.Map:
        """instance → element, of one access."""
        spell = self.spelling()
        index = ", ".join(linear(form, spell) for form in a.index)
        text = f"{s.name}[{', '.join(s.loops)}] -> A_{a.array}[{index}]"
        return isl.Map(f"{self.header}{{ {text} }}").intersect_domain(self.domain_of(s))

    def with_statements(self, statements: tuple[Statement, ...], arrays: dict[str, Array]) -> Scop:
        return replace(self, statements=statements, arrays=arrays)


def _union(sets: list[isl.UnionSet]) -> isl.UnionSet:
    total = sets[0]
    for other in sets[1:]:
        total = total.union(other)
    return total


def _union_map(maps: list[isl.UnionMap]) -> isl.UnionMap:
    total = maps[0]
    for other in maps[1:]:
        total = total.union(other)
    return total
