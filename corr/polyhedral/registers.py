"""Which elements may stay in a register while the innermost loop of a register block runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import islpy as isl

from corr.polyhedral.expressions import linear
from corr.polyhedral.schedules import Row
from corr.polyhedral.scop import Access, Scop, Statement


@dataclass(frozen=True)
class Block:
    """A register block: all rows, the numbers of rows that it spans and how far, the inner row."""

    rows: dict[str, tuple[Row, ...]]
    spans: tuple[tuple[int, int], ...]
    inner: int


class Separation:
    """Answers whether two accesses in one run of the innermost loop can touch one element."""

    def __init__(self, scop: Scop, block: Block) -> None:
        self.scop = scop
        self.block = block
        self._known: dict[tuple[str, Access, str, Access], bool] = {}

    def separate(self, s: Statement, a: Access, t: Statement, b: Access) -> bool:
        """No instance of `s` in the block touches by `a` what one of `t` touches by `b`."""
        key = (s.name, a, t.name, b) if a != b or s is not t else None
        if key is None:
            return False
        found = self._known.get(key) if _hashable(key) else None
        if found is None:
            both = self._touching(s, a).apply_range(self._touching(t, b).reverse())
            found = both.intersect(self._together(s, t)).is_empty()
        return found

    def injective(self, s: Statement, a: Access, wanted: tuple[int, ...]) -> bool:
        """Instances of one block that touch one element by `a` agree in the wanted rows."""
        touching = self._touching(s, a)
        pairs = touching.apply_range(touching.reverse()).intersect(self._together(s, s))
        for row in wanted:
            time = self._row(s, row)
            pairs = pairs.intersect(time.apply_range(time.reverse()))
        other = touching.apply_range(touching.reverse()).intersect(self._together(s, s))
        return other.is_subset(pairs)

    def _touching(self, s: Statement, a: Access) -> isl.Map:
        index = ", ".join(linear(form, self.scop.spelling()) for form in a.index)
        text = f"{s.name}[{', '.join(s.loops)}] -> A_{a.array}[{index}]"
        relation = isl.Map(f"{self.scop.header}{{ {text} }}")
        return relation.intersect_domain(self.scop.domain_of(s))

    def _row(self, s: Statement, row: int) -> isl.Map:
        form = linear(self.block.rows[s.name][row][s.name], self.scop.spelling())
        return isl.Map(f"{self.scop.header}{{ {s.name}[{', '.join(s.loops)}] -> [{form}] }}")

    def _together(self, s: Statement, t: Statement) -> isl.Map:
        """Pairs of instances that one run of the innermost loop of one block may hold."""
        first = [f"a{k}" for k in range(len(s.loops))]
        second = [f"b{k}" for k in range(len(t.loops))]
        here = dict(zip(s.loops, first, strict=True)) | self.scop.spelling()
        there = dict(zip(t.loops, second, strict=True)) | self.scop.spelling()
        spans = dict(self.block.spans)
        terms = []
        pairs = zip(self.block.rows[s.name], self.block.rows[t.name], strict=True)
        for at, (one, other) in enumerate(pairs):
            if at == self.block.inner:
                continue
            gap = f"({linear(one[s.name], here)}) - ({linear(other[t.name], there)})"
            reach = spans.get(at, 1) - 1
            terms.append(f"-{reach} <= {gap} <= {reach}")
        inside = " and ".join(terms) or "true"
        return isl.Map(
            f"{self.scop.header}{{ {s.name}[{', '.join(first)}] -> "
            f"{t.name}[{', '.join(second)}] : {inside} }}"
        )


def _hashable(key: object) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


def steps_of(s: Statement, rows: Sequence[Row], wanted: int) -> dict[str, int] | None:
    """The step through a statement's domain that moves one row by one and the others not at all.

    By loop; None where there is no whole step.
    """
    matrix = [
        [*(Fraction(row[s.name].get(loop, 0)) for loop in s.loops), Fraction(at == wanted)]
        for at, row in enumerate(rows)
    ]
    solution = _solved(matrix, len(s.loops))
    if solution is None or any(value.denominator != 1 for value in solution):
        return None
    return {k: int(v) for k, v in zip(s.loops, solution, strict=True) if v} or None


def _solved(matrix: list[list[Fraction]], unknowns: int) -> list[Fraction] | None:
    """Gauss-Jordan; the one solution of a linear system, None if there is none or many."""
    rows = [list(row) for row in matrix]
    done = 0
    for column in range(unknowns):
        pivot = next((r for r in range(done, len(rows)) if rows[r][column]), None)
        if pivot is None:
            return None
        rows[done], rows[pivot] = rows[pivot], rows[done]
        scale = rows[done][column]
        rows[done] = [value / scale for value in rows[done]]
        for r in range(len(rows)):
            if r != done and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[done], strict=True)]
        done += 1
    if any(row[-1] for row in rows[done:]):
        return None
    return [rows[at][-1] for at in range(unknowns)]
