"""Other sizes of what a nest was rewritten to, for where these are told apart: the asked size.

the moves of a variant → the plan that each nest's edit was made from → plans of another size
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from corr.optimize.rules.nests import Plan, Region
from corr.optimize.variant import Move
from corr.polyhedral.expressions import NotAffine


@dataclass
class Finer:
    """The plans of all edits that were proposed."""

    plans: dict[Move, tuple[Region, Plan]] = field(default_factory=dict)

    def edit(self, region: Region, plan: Plan) -> Move:
        """The plan as an edit, noted. Raises NotAffine if it is illegal."""
        move = region.edit(plan)
        self.plans[move] = region, plan
        return move

    def near(self, moves: Sequence[Move]) -> Iterator[tuple[Move, ...]]:
        """The same moves but for one nest's, whose blocks or tiles are of another size.

        Nests take turns, those with the larger share of the time first.
        """
        known = [(at, *self.plans[move]) for at, move in enumerate(moves) if move in self.plans]
        known.sort(key=lambda each: -each[1].nest.share)
        streams = [(at, region, plan, region.near(plan)) for at, region, plan in known]
        while streams:
            for stream in list(streams):
                at, region, plan, others = stream
                other = next(others, None)
                if other is None:
                    streams.remove(stream)
                elif set(other.flags) <= set(plan.flags) and (move := self._legal(region, other)):
                    yield (*moves[:at], move, *moves[at + 1 :])

    def _legal(self, region: Region, plan: Plan) -> Move | None:
        try:
            return self.edit(region, plan)
        except NotAffine:
            return None
