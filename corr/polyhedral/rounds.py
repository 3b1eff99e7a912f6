"""Nests that update a matrix in rounds, by one of its own rows and columns in each.

    for (k …) for (i …) for (j …) p[i][j] = f(p[i][j], p[i][k], p[k][j])

Shortest paths, transitive closures and eliminations are of this form.
"""

from __future__ import annotations

from dataclasses import dataclass

from corr.polyhedral.expressions import Element, Expression, NotAffine, affine
from corr.polyhedral.scop import Scop, Statement


@dataclass(frozen=True)
class Matrix:
    """Which subscripts of a matrix walk along the outer and the inner loop, and all subscripts."""

    outer: int
    inner: int
    indices: tuple[Expression, ...]


@dataclass(frozen=True)
class Rounds:
    """A loop over rounds.

    `first` is what a round computes for each iteration of the outer loop, `updates` what it does
    in the inner one. The row that round k reads is that of the outer loop's iteration k + `row`;
    the column that of the inner loop's k + `column`, None if there is none.
    """

    loops: tuple[str, str, str]
    first: tuple[Statement, ...]
    updates: tuple[Statement, ...]
    matrices: dict[str, Matrix]
    row: int
    column: int | None

    def kind(self, element: Element) -> str:
        """`row`, `column` or `corner` of a matrix; empty for every other element."""
        matrix = self.matrices.get(element.array)
        return _kind(element, matrix, self.loops) if matrix else ""


def _kind(element: Element, matrix: Matrix, loops: tuple[str, str, str]) -> str:
    row, column = (loops[0] in affine(element.indices[at]) for at in (matrix.outer, matrix.inner))
    return "corner" if row and column else "row" if row else "column" if column else ""


def rounds(scop: Scop) -> Rounds:
    """The rounds that a region consists of. Raises NotAffine if it is anything else."""
    first = tuple(s for s in scop.statements if len(s.loops) == 2)
    updates = tuple(s for s in scop.statements if len(s.loops) == 3)
    if not updates or len(first) + len(updates) < len(scop.statements):
        raise NotAffine("not three loops")
    loops = _loops(first, updates)
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
    for s in scop.statements:
        for element in s.elements():
            if element.array in matrices:
                row, column = _distances(element, matrices[element.array], loops)
                rows |= row
                columns |= column
            elif element.array in written and not _of_iteration(element, loops):
                raise NotAffine("a value of another iteration")
    if len(rows) != 1 or len(columns) > 1:
        raise NotAffine("not one row, and one column")
    return Rounds(loops, first, updates, matrices, rows.pop(), min(columns, default=None))


def _loops(first: tuple[Statement, ...], updates: tuple[Statement, ...]) -> tuple[str, str, str]:
    """The three loops, if they run up and all updates are in them, behind all else."""
    one, two, three = updates[0].loops
    place = updates[0].position[:3]
    for s in (*first, *updates):
        if s.loops != (one, two, three)[: len(s.loops)] or min(s.directions) < 0:
            raise NotAffine("not three loops in one another that run up")
        behind = s.position[2] >= place[2] if len(s.loops) == 2 else s.position[2] != place[2]
        if behind or s.position[:2] != place[:2]:
            raise NotAffine("something stands beside the updates")
    return one, two, three


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
