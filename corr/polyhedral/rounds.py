"""Nests that update a matrix in rounds, by one of its own rows and columns in each.

    for (k …) for (i …) for (j …) p[i][j] = f(p[i][j], p[i][k], p[k][j])

Shortest paths, transitive closures and eliminations are of this form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from corr.polyhedral.expressions import Element, Expression, Name, NotAffine, affine
from corr.polyhedral.scop import Constraint, Scop, Statement


@dataclass(frozen=True)
class Matrix:
    """Which subscripts of a matrix walk along the outer and the inner loop, and all subscripts."""

    outer: int
    inner: int
    indices: tuple[Expression, ...]


@dataclass(frozen=True)
class Group:
    """What a round does to some of the rows: for each of them `first`, for each element `updates`.

    A text has several where it leaves out a row, `if (i != k)`: one above it and one below.
    """

    first: tuple[Statement, ...]
    updates: tuple[Statement, ...]


@dataclass(frozen=True)
class Rounds:
    """A loop over rounds.

    The row that round k reads is that of the outer loop's iteration k + `row`; the column that of
    the inner loop's k + `column`, None if there is none. `above` is what is done to rows above
    that, `below` to those below.
    """

    loops: tuple[str, str, str]
    groups: tuple[Group, ...]
    matrices: dict[str, Matrix]
    row: int
    column: int | None
    above: Group | None = None
    below: Group | None = None

    @property
    def first(self) -> tuple[Statement, ...]:
        return tuple(s for group in self.groups for s in group.first)

    @property
    def updates(self) -> tuple[Statement, ...]:
        return tuple(s for group in self.groups for s in group.updates)

    def kind(self, element: Element) -> str:
        """`row`, `column` or `corner` of a matrix; empty for every other element."""
        matrix = self.matrices.get(element.array)
        return _kind(element, matrix, self.loops) if matrix else ""


def _kind(element: Element, matrix: Matrix, loops: tuple[str, str, str]) -> str:
    row, column = (loops[0] in affine(element.indices[at]) for at in (matrix.outer, matrix.inner))
    return "corner" if row and column else "row" if row else "column" if column else ""


def rounds(scop: Scop) -> Rounds:
    """The rounds that a region consists of. Raises NotAffine if it is anything else."""
    loops, groups = _grouped(scop)
    first = [s for group in groups for s in group.first]
    updates = [s for group in groups for s in group.updates]
    own = {name for name, array in scop.arrays.items() if array.extents}
    written = {s.target.array for s in scop.statements}
    if any(s.target.array not in own for s in first):
        raise NotAffine("more than an element is updated")
    matrices: dict[str, Matrix] = {}
    for s in updates:
        if s.target.array not in own:
            found = _matrix(s.target, loops)
            if matrices.setdefault(s.target.array, found) != found:
                raise NotAffine("two places are updated")
    rows: set[int] = set()
    columns: set[int] = set()
    for s in (*first, *updates):
        for element in s.elements():
            if element.array in matrices:
                row, column = _distances(element, matrices[element.array], loops)
                rows |= row
                columns |= column
            elif element.array in written and not _of_iteration(element, loops):
                raise NotAffine("a value of another iteration")
    if len(rows) != 1 or len(columns) > 1:
        raise NotAffine("not one row, and one column")
    made = Rounds(loops, groups, matrices, rows.pop(), min(columns, default=None))
    return replace(made, above=_side(scop, made, -1), below=_side(scop, made, 1))


def _side(scop: Scop, made: Rounds, sign: int) -> Group | None:
    """The only group that has rows on one side of the row that a round reads."""
    beyond = {made.loops[1]: sign, made.loops[0]: -sign, "": -sign * made.row - 1}
    found = []
    for group in made.groups:
        domains = [(s.loops, (*s.constraints, Constraint(beyond))) for s in group.updates]
        if not all(scop.points(*domain).is_empty() for domain in domains):
            found.append(group)
    if len(found) > 1:
        raise NotAffine("several things are done to a row")
    return found[0] if found else None


def _grouped(scop: Scop) -> tuple[tuple[str, str, str], tuple[Group, ...]]:
    """The three loops, if they run up and nothing stands behind the updates; the groups."""
    ordered = sorted(scop.statements, key=lambda s: s.position)
    deep = [s for s in ordered if len(s.loops) == 3]
    if not deep:
        raise NotAffine("not three loops")
    one, two, three = deep[0].loops
    groups: list[Group] = []
    first: list[Statement] = []
    last = None
    for s in ordered:
        shape = (len(s.loops), s.loops[:2], s.position[:2], min(s.directions, default=-1))
        if shape not in [(depth, (one, two), deep[0].position[:2], 1) for depth in (2, 3)]:
            raise NotAffine("not three loops in one another that run up")
        if len(s.loops) == 2:
            first.append(s)
            continue
        s = _along(s, three)
        if s.position[2] == last and not first:
            groups[-1] = replace(groups[-1], updates=(*groups[-1].updates, s))
        else:
            groups.append(Group(tuple(first), (s,)))
        first, last = [], s.position[2]
    if first:
        raise NotAffine("something stands behind the updates")
    return (one, two, three), tuple(groups)


def _along(s: Statement, name: str) -> Statement:
    """The statement with its innermost loop under another name."""
    *outer, old = s.loops
    if old == name:
        return s

    def changed(node: Expression) -> Expression:
        if isinstance(node, Name) and node.name == old:
            return replace(node, name=name)
        return node.rebuilt(changed)

    target = changed(s.target)
    assert isinstance(target, Element)
    return replace(
        s,
        loops=(*outer, name),
        constraints=tuple(
            replace(c, form={name if k == old else k: v for k, v in c.form.items()})
            for c in s.constraints
        ),
        target=target,
        value=changed(s.value),
        guard=None if s.guard is None else changed(s.guard),
    )


def _matrix(target: Element, loops: tuple[str, str, str]) -> Matrix:
    at: dict[str, int] = {}
    for number, index in enumerate(target.indices):
        walked = set(affine(index)) & set(loops)
        if walked:
            (loop,) = walked if len(walked) == 1 else (loops[0],)
            if loop == loops[0] or loop in at or _distance(index, index, loop, loop) is None:
                raise NotAffine("an update is not of one element")
            at[loop] = number
    if len(at) != 2:
        raise NotAffine("an update is not of one element")
    return Matrix(at[loops[1]], at[loops[2]], target.indices)


def _distance(index: Expression, own: Expression, loop: str, instead: str) -> int | None:
    """d, if one subscript with `instead` is the other with `loop` + d; both have a factor of 1."""
    form, other = affine(index), affine(own)
    if form.get(instead, 0) != 1 or other.get(loop, 0) != 1:
        return None
    names = {k for k in form | other if k not in ("", loop, instead)}
    if any(form.get(k, 0) != other.get(k, 0) for k in names):
        return None
    if loop != instead and (form.get(loop, 0) or other.get(instead, 0)):
        return None
    return form.get("", 0) - other.get("", 0)


def _distances(
    element: Element, matrix: Matrix, loops: tuple[str, str, str]
) -> tuple[set[int], set[int]]:
    """How far the row and the column are from the round, of an element that is in these."""
    found: tuple[set[int], set[int]] = (set(), set())
    for at, (index, own) in enumerate(zip(element.indices, matrix.indices, strict=True)):
        if at not in (matrix.outer, matrix.inner):
            if affine(index) != affine(own):
                raise NotAffine("another part of the matrix is read")
            continue
        outer = at == matrix.outer
        loop = loops[1] if outer else loops[2]
        if affine(index) == affine(own):
            continue
        distance = _distance(index, own, loop, loops[0])
        if distance is None:
            raise NotAffine("another row or column is read")
        found[0 if outer else 1].add(distance)
    return found


def _of_iteration(element: Element, loops: tuple[str, str, str]) -> bool:
    """It belongs to the iteration that names it."""
    forms = [affine(index) for index in element.indices]
    return len(forms) > 1 and all(
        {k: v for k, v in form.items() if v} == {loop: 1}
        for form, loop in zip(forms, loops, strict=False)
    )
