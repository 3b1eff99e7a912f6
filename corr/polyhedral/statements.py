"""The statements of a region as they are taken from its text, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from corr.polyhedral.expressions import Element, Expression, NotAffine
from corr.polyhedral.scop import Place, Statement

#: What assigns a value to an element.
Pair = tuple[Element, Expression]
#: Places that are left before each statement for what has to be computed before it.
BETWEEN = 256


@dataclass
class Statements:
    """What was taken so far."""

    taken: list[Statement] = field(default_factory=list)
    _count: int = 0

    def add(self, pair: Pair, place: Place, before: Sequence[Pair] = ()) -> None:
        """Take an assignment, and those that have to come before it at the same place."""
        self.compute(before, place)
        self._append(pair, replace(place, position=_spread(place)))

    def put_before(self, first: int, pair: Pair, place: Place) -> None:
        """Take an assignment that comes before the one with this number, at a place left free."""
        self._append(pair, replace(place, position=_spread(place)))
        self.taken.insert(first, self.taken.pop())

    def add_all(self, pairs: Sequence[Pair], place: Place, before: Sequence[Pair] = ()) -> int:
        """Take several, one after another; the last place used among the siblings."""
        *round_, first = place.position
        for at, pair in enumerate(pairs, first):
            here = replace(place, position=(*round_, at))
            self.add(pair, here, before if at == first else ())
        return first + max(len(pairs) - 1, 0)

    def compute(self, before: Sequence[Pair], place: Place) -> None:
        """Take what has to be computed before a statement.

        Raises NotAffine in a condition on data, where it may not be computed at all.
        """
        if before and (place.guard is not None or len(before) >= BETWEEN):
            raise NotAffine("a product in a choice could be contracted with what is round it")
        *round_, last = _spread(place)
        for early, pair in enumerate(before, -len(before)):
            self._append(pair, replace(place, position=(*round_, last + early)))

    def _append(self, pair: Pair, place: Place) -> None:
        self.taken.append(
            Statement(
                f"S{self._count}",
                place.loops,
                place.directions,
                place.position,
                place.constraints,
                *pair,
                place.guard,
            )
        )
        self._count += 1


def _spread(place: Place) -> tuple[int, ...]:
    return tuple(BETWEEN * at for at in place.position)
