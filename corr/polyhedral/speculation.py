"""What may be read or written although the text does it only on a condition.

An element that the region touches in any case is there: to read it once more does no harm. To write
back its own value is only allowed where the text writes it, or reads it, in any case.
"""

from __future__ import annotations

from collections.abc import Iterator

import islpy as isl

from corr.polyhedral.expressions import Cast, Expression, NotAffine, Operation
from corr.polyhedral.scop import Access, Scop, Statement

_FLOATING = ("float", "double")


class Speculation:
    """Answers for the statements of one region."""

    def __init__(self, scop: Scop) -> None:
        self.scop = scop
        self._readable: dict[tuple[str, Expression | None, Access], bool] = {}
        self._writable: dict[tuple[str, Expression], bool] = {}
        self._touched: dict[str, isl.UnionSet] = {}

    def readable(self, s: Statement, access: Access) -> bool:
        """Every instance of the statement may read the element."""
        key = (s.name, s.guard, access)
        if key not in self._readable:
            self._readable[key] = (
                access in s.certain
                or self.scop.arrays[access.array].local
                or self._within(s, access, self._always(access.array))
                or self._in_structure(s, access)
            )
        return self._readable[key]

    def writable(self, s: Statement) -> bool:
        """Every instance of the statement may write its target, if only what is there."""
        if s.guard is None or self.scop.arrays[s.target.array].local:
            return True
        key = (s.name, s.guard)
        if key not in self._writable:
            target = s.accesses[-1]
            plain = Access(target.array, target.index)
            known = self._always(target.array)
            self._writable[key] = plain in s.certain or self._within(s, plain, known)
        return self._writable[key]

    def check_lanes(self, s: Statement) -> None:
        """All lanes may compute the statement and then choose. Raises NotAffine if not."""
        for access in s.accesses:
            plain = Access(access.array, access.index)
            if not access.write and not self.readable(s, plain):
                raise NotAffine(f"a lane could read {access.array} where the text does not")
        if not self.writable(s):
            raise NotAffine(f"a lane could write {s.target.array} where the text does not")
        root = s.value if s.guard is None else s.guard
        certain = {id(node) for node in root.certain()}
        for node in [*s.value.walk(), *(s.guard.walk() if s.guard is not None else ())]:
            if id(node) not in certain and _may_fail(node):
                raise NotAffine("a lane could divide, or convert, what the text does not")

    def _within(self, s: Statement, access: Access, known: isl.UnionSet) -> bool:
        touched = isl.UnionSet.from_set(self.scop.touched(s, access).range())
        return bool(touched.is_subset(known))

    def _always(self, array: str) -> isl.UnionSet:
        """Elements that the region reads or writes in any case."""
        if array not in self._touched:
            total = isl.UnionSet("{}")
            for s, access in self._sure():
                if access.array == array:
                    found = self.scop.touched(s, access).range()
                    total = total.union(isl.UnionSet.from_set(found))
            self._touched[array] = total
        return self._touched[array]

    def _sure(self) -> Iterator[tuple[Statement, Access]]:
        for s in self.scop.statements:
            for access in (*s.certain, *([s.accesses[-1]] if s.guard is None else [])):
                yield s, access

    def _in_structure(self, s: Statement, access: Access) -> bool:
        """Another member of the same structure is read or written in any case."""
        of = self.scop.arrays[access.array]
        if of.member is None:
            return False
        key = f"structures {of.variable}"
        if key not in self._touched:
            total = isl.UnionSet("{}")
            for t, sure in self._sure():
                other = self.scop.arrays[sure.array]
                if other.member is not None and other.variable == of.variable:
                    total = total.union(self._structures(t, sure))
            self._touched[key] = total
        return bool(self._structures(s, access).is_subset(self._touched[key]))

    def _structures(self, s: Statement, access: Access) -> isl.UnionSet:
        """The structures that a member is in: its subscripts without those within."""
        within = self.scop.arrays[access.array].within
        touched = self.scop.touched(s, access).range()
        outer = touched.dim(isl.dim_type.set) - within
        found = touched.project_out(isl.dim_type.set, outer, within)
        return isl.UnionSet.from_set(found.set_tuple_name("structure"))


def _may_fail(node: Expression) -> bool:
    """An operation that is undefined for some values even if nobody looks at the result."""
    if isinstance(node, Operation) and node.operator in ("/", "%", "<<", ">>"):
        return node.type not in _FLOATING
    return isinstance(node, Cast) and (
        node.operand.type in _FLOATING and node.type not in _FLOATING
    )
