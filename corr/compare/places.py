"""Time outside loops: a function, a library's function, a kind of work of the kernel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from corr.compare.judged import Hypothesis, TimeRatio, time_json
from corr.timing.verdict import Verdict

Kind = Literal["function", "library", "kernel"]


@dataclass(frozen=True)
class PlaceSide:
    """What one run spent there. `called`: who calls it most often, in words."""

    share: float | None = None
    samples: int | None = None
    called: str | None = None


@dataclass(frozen=True)
class PlaceDiff:
    """A place of two runs; `name` is a linkage name, or what the kernel did.

    Samples that moved between it and functions that it calls (`with_callees`) count as its own.
    """

    key: str
    kind: Kind
    name: str
    place: str | None
    a: PlaceSide
    b: PlaceSide
    time: TimeRatio | None = None
    cost: float | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    with_callees: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[PlaceSide, PlaceSide]:
        return self.a, self.b

    @property
    def verdict(self) -> Verdict | None:
        return self.time.verdict if self.time else None

    @property
    def share(self) -> float:
        """The larger of its shares of the samples."""
        return max(side.share or 0.0 for side in self.sides)

    @property
    def changed(self) -> bool:
        return self.verdict in (Verdict.faster, Verdict.slower)

    def to_json(self) -> dict[str, Any]:
        return {
            **{"key": self.key, "kind": self.kind, "name": self.name, "place": self.place},
            **{"a": asdict(self.a), "b": asdict(self.b), **time_json(self.time)},
            **{"cost": self.cost, "with_callees": list(self.with_callees)},
            **{"hypotheses": [h.to_json() for h in self.hypotheses]},
        }
