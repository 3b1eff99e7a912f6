"""Arrays that a nest reads down their columns, copied with rows and columns exchanged.

    for (j …) for (k …) a[i][j] -= b[i][k] * c[j][k];   →   … b[i][k] * c_turned[k][j]

The vector runs along j, where the elements of `c` lie a row apart and would be gathered one by one.
What the nest only reads is copied before it; what it computes itself, where it is computed: a
statement's own value, right behind it. So the copy is what the array was when it was read.
(Packing, as in matrix products: Goto and van de Geijn, TOMS 34, 2008.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import islpy as isl

from corr.polyhedral.expand import extent_of
from corr.polyhedral.expressions import Affine, Element, Name, NotAffine
from corr.polyhedral.limits import limited
from corr.polyhedral.scop import PARAMETER, Access, Array, Constraint, Scop, Statement, access_to

T = TypeVar("T")


@dataclass(frozen=True)
class Turn:
    """A dimension of an array that is exchanged with its last."""

    array: str
    dimension: int

    def of(self, indices: tuple[T, ...]) -> tuple[T, ...]:
        """What stands for each dimension, exchanged."""
        order = list(indices)
        order[self.dimension], order[-1] = order[-1], order[self.dimension]
        return tuple(order)


def turned(scop: Scop) -> Iterator[Scop]:
    """The region with such copies of all arrays that are read so; nothing where none is."""
    turns: dict[Turn, list[tuple[Statement, Access]]] = {}
    for s in scop.statements:
        for access in s.accesses[:-1]:
            if (turn := _turn(scop, s, access)) is not None:
                turns.setdefault(turn, []).append((s, access))
    before = scop
    for turn, reads in turns.items():
        try:
            scop = _copied(scop, turn, [(scop.statement(s.name), access) for s, access in reads])
        except NotAffine:
            continue
    if scop is not before:
        yield scop


def _turn(scop: Scop, s: Statement, access: Access) -> Turn | None:
    """Which dimension of an access walks where what the nest computes are neighbours."""
    array = scop.arrays[access.array]
    if array.dimensions < 2 or array.local or len(s.loops) <= array.dimensions:
        return None
    for loop in _lanes(scop, s):
        walked = [at for at, form in enumerate(access.index) if form.get(loop, 0)]
        last = len(access.index) - 1
        down = len(walked) == 1 and walked[0] < last and access.index[walked[0]][loop] == 1
        if down and set(access.index[last]) & set(s.loops):
            return Turn(access.array, walked[0])
    return None


def _lanes(scop: Scop, s: Statement) -> Iterator[str]:
    """The loops along which the loop body of a statement gives neighbours their values."""
    for other in scop.statements:
        target = other.accesses[-1]
        if other.loops == s.loops and target.array not in scop.transient and target.index:
            form = target.index[-1]
            along = [x for x in s.loops if form.get(x, 0)]
            if len(along) == 1 and abs(form[along[0]]) == 1:
                yield along[0]


@limited("copies of columns")
def _copied(scop: Scop, turn: Turn, reads: list[tuple[Statement, Access]]) -> Scop:
    """The region with a copy for these reads. Raises NotAffine where it would not pay."""
    writers, unwritten = _sources(scop, reads)
    least = min(len(s.loops) for s, _ in reads)
    if any(s.guard is not None or len(s.loops) >= least for s in writers):
        raise NotAffine("the array is computed as often as it is read")
    name = f"{turn.array}_turned"
    while name in scop.arrays or name in scop.words:
        name += "_"
    array = scop.arrays[turn.array]
    held = unwritten
    for s, access in [*reads, *((s, s.accesses[-1]) for s in writers)]:
        held = held.union(_elements(scop, s, access))
    extents = tuple(extent_of(scop, _along(held, at)) for at in range(array.dimensions))
    copy = Array(
        name, array.element, array.dimensions, local=True, outside=False, folded=True,
        extents=turn.of(extents),
    )  # fmt: skip
    found: list[Statement] = []
    wanted = {(s.name, access) for s, access in reads}
    for s in scop.statements:
        found.append(_reading(s, turn, name, wanted))
        if s in writers:
            found.append(_copy(s, turn, name))
    if not unwritten.is_empty():
        if any(access not in s.certain for s, access in reads):
            raise NotAffine("an element may not be read")
        found.insert(0, _before(scop, turn, name, reads[0], unwritten))
    return scop.with_statements(tuple(found), scop.arrays | {name: copy})


def _sources(scop: Scop, reads: list[tuple[Statement, Access]]) -> tuple[list[Statement], isl.Set]:
    """The statements that compute what is read, and the elements that none of them does."""
    sink = isl.UnionMap("{}")
    for s, access in reads:
        sink = sink.union(isl.UnionMap.from_map(scop.touched(s, access)))
    sure = scop.accesses(write=True, sure=True)
    info = isl.UnionAccessInfo.from_sink(sink).set_must_source(sure)
    info = info.set_may_source(scop.accesses(write=True).subtract(sure))
    flow = info.set_schedule_map(scop.order.intersect_domain(scop.domain)).compute_flow()
    names: list[str] = []
    flow.get_may_dependence().domain().foreach_set(lambda s: names.append(s.get_tuple_name()))
    left = flow.get_may_no_source().range()
    empty = _elements(scop, *reads[0]).subtract(_elements(scop, *reads[0]))
    unwritten = empty if left.is_empty() else isl.Set.from_union_set(left)
    return [s for s in scop.statements if s.name in names], unwritten


def _elements(scop: Scop, s: Statement, access: Access) -> isl.Set:
    return scop.touched(s, access).range()


def _along(elements: isl.Set, at: int) -> isl.Set:
    """One coordinate of a set of elements."""
    count = elements.dim(isl.dim_type.set)
    one = elements.project_out(isl.dim_type.set, at + 1, count - at - 1)
    return one.project_out(isl.dim_type.set, 0, at).reset_tuple_id()


def _reading(s: Statement, turn: Turn, name: str, wanted: set[tuple[str, Access]]) -> Statement:
    """The statement with these reads from the copy. Positions leave room behind each."""

    def change(element: Element) -> Element:
        if element.array != turn.array or (s.name, access_to(element)) not in wanted:
            return element
        return Element(element.type, name, turn.of(element.indices))

    target = s.target
    s = replace(s.with_elements(change), target=target)
    return replace(s, position=tuple(2 * at for at in s.position))


def _copy(s: Statement, turn: Turn, name: str) -> Statement:
    """What copies a statement's value right behind it."""
    target = Element(s.target.type, name, turn.of(s.target.indices))
    position = (*(2 * at for at in s.position[:-1]), 2 * s.position[-1] + 1)
    return replace(s, name=f"{s.name}_{name}", position=position, target=target, value=s.target)


def _before(
    scop: Scop, turn: Turn, name: str, read: tuple[Statement, Access], elements: isl.Set
) -> Statement:
    """What copies the elements that are only read, before everything else."""
    element = next(e for e in read[0].elements(read=True) if e.array == turn.array)
    loops = tuple(f"x{900 + 10 * len(scop.arrays) + at}'" for at in range(len(element.indices)))
    constraints = _constraints(elements, loops)
    indices = tuple(Name("int", loop) for loop in loops)
    first = min(2 * s.position[0] for s in scop.statements) - 1
    return Statement(
        f"{name}_before",
        loops,
        (1,) * len(loops),
        (first, *(0 for _ in loops)),
        constraints,
        Element(element.type, name, turn.of(indices)),
        Element(element.type, turn.array, indices),
    )


def _constraints(elements: isl.Set, loops: tuple[str, ...]) -> tuple[Constraint, ...]:
    """A set of elements as constraints on loops over them. Raises NotAffine if it has gaps."""
    parts = elements.coalesce().remove_redundancies().get_basic_sets()
    if len(parts) != 1 or parts[0].dim(isl.dim_type.div):
        raise NotAffine("what is read has gaps")
    found = []
    for constraint in parts[0].get_constraints():
        form: Affine = {"": constraint.get_constant_val().to_python()}
        for at, loop in enumerate(loops):
            form[loop] = constraint.get_coefficient_val(isl.dim_type.set, at).to_python()
        for at in range(constraint.dim(isl.dim_type.param)):
            named = str(constraint.get_dim_name(isl.dim_type.param, at)).removeprefix(PARAMETER)
            form[named] = constraint.get_coefficient_val(isl.dim_type.param, at).to_python()
        form = {k: v for k, v in form.items() if v or k == ""}
        found.append(Constraint(form, equal=constraint.is_equality()))
    return tuple(found)
