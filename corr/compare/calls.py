"""Calls that the inliner decided otherwise in one build than in the other."""

from __future__ import annotations

from dataclasses import dataclass

from corr.compare.judged import Json, flat


@dataclass(frozen=True)
class CallSide:
    """A call as one build has it: `decided` inlined, called, or in part; `share` of the time.

    `seconds` that its callee took for it, None where the program was not timed; what LLVM thought
    that inlining it costs, and would allow.
    """

    place: str
    decided: str
    share: float
    seconds: float | None = None
    cost: int | None = None
    threshold: int | None = None

    @property
    def words(self) -> str:
        """As a reader is told: called, 29.6 % of the time, cost 420 of 250."""
        parts = [self.decided if self.decided != "in part" else "inlined in part"]
        time = f" ({self.seconds:.3g} s)" if self.seconds is not None else ""
        parts.append(f"{100 * self.share:.1f} % of the time{time}")
        if self.cost is not None and self.threshold is not None:
            parts.append(f"cost {self.cost} of {self.threshold}")
        return ", ".join(parts)


@dataclass(frozen=True)
class CallChange:
    """A call of both builds; `callee` is a linkage name, `name` as one reads it."""

    callee: str
    name: str
    a: CallSide
    b: CallSide

    @property
    def share(self) -> float:
        return max(self.a.share, self.b.share)

    def to_json(self) -> Json:
        return {"callee": self.callee, "name": self.name, "a": flat(self.a), "b": flat(self.b)}
