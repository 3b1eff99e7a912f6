"""What the compiler did by itself when it was measured: what is tried first of it, and what not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Proposal
from corr.optimize.request import Baseline
from corr.optimize.rules.flag_bases import HURTS
from corr.optimize.variant import Move
from corr.timing.verdict import MARGIN, Verdict

Flagged = tuple[str, ...]
#: Steps of time over the original's within which the plainest of several baselines comes first.
STEP = 0.02


@dataclass(frozen=True)
class ByItself:
    """The baselines of a session, by name."""

    known: Mapping[str, Baseline] = field(default_factory=dict)

    def won(self, pairs: Sequence[tuple[Flagged, Proposal]]) -> Iterator[tuple[Baseline, Proposal]]:
        """Those that are faster beyond doubt, the fastest first, as proposals.

        Flags that are proposed anyway are proposed as in `pairs`.
        """
        for one in sorted((b for b in self.known.values() if b.faster), key=_rank):
            flags = dict(pairs).get(one.flags) if len(one.moves) == 1 else None
            yield one, flags or _proposal(one)

    def hurts(self, flags: Flagged) -> bool:
        """These flags alone make the program clearly slower."""
        return any(
            one.moves == (Flags(flags),)
            and one.verdict == Verdict.slower
            and (one.ratio or 1.0) > HURTS
            for one in self.known.values()
        )

    def gains_nothing(self, moves: Collection[Move]) -> bool:
        """These moves for the build were measured alone, and are not faster."""
        return any(
            {move for move in one.moves if move.kind != "flags"} == set(moves)
            and one.verdict in (Verdict.slower, Verdict.same)
            for one in self.known.values()
        )

    def leaves_open(self, pair: tuple[Flagged, Proposal], time: float) -> bool:
        """These flags are worth a trial: to be the base of others unless they hurt, or to win.

        Against what takes so much of the original's time now.
        """
        flags, proposal = pair
        alike = [b for b in self.known.values() if b.moves == (Flags(flags),)]
        if proposal.base:
            return not self.hurts(flags)
        return not any(
            b.verdict in (Verdict.slower, Verdict.same)
            or (b.faster and (b.ratio or 1.0) > time * (1 - MARGIN))
            for b in alike
        )


def _rank(one: Baseline) -> tuple[int, int, int]:
    return round((one.ratio or 1.0) / STEP), len(one.moves), len(one.flags)


def _proposal(one: Baseline) -> Proposal:
    gain = 1 / one.ratio if one.ratio else 1.0
    return Proposal(
        one.moves,
        f"what the compiler does by itself: ×{gain:.2f} as a baseline",
        "rules",
        gain,
        from_original=True,
        trusted=True,
        rule="; ".join(move.called() for move in one.moves),
    )
