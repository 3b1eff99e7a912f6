"""The move of the inliner's decisions: calls of one unit decided otherwise, or its threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from collectors.base import toolchain
from collectors.base.demangle import demangle
from collectors.decisions import replay
from collectors.decisions.replay import SiteDecision
from corr.console.short_names import short_name
from corr.optimize.gate.refusal import Refused
from corr.optimize.inlined import THRESHOLD, Inlined
from corr.optimize.variant import Move, Variant

#: Beyond it nearly all is inlined, and compiling may never end.
HIGHEST, LOWEST = 5000, -1000
#: Calls that one move may decide.
MOST_CALLS = 1000
_DRIVEN = ("-cgscc-inline-replay", "-inline-replay", "-enable-ml-inliner")


@dataclass(frozen=True)
class Inlining(Move):
    """Calls of one unit that are (not) inlined, whatever LLVM makes of them; or a threshold.

    `unit` is the unit's source, relative to the program's root or absolute. A plain clang replays
    the calls by their inline chains; those that are not listed stay LLVM's, by the threshold where
    one is given.
    """

    unit: str
    calls: tuple[SiteDecision, ...] = ()
    threshold: int | None = None
    kind: ClassVar[str] = "decisions"

    def changed(self, variant: Variant) -> Variant:
        unit = variant.unit_named(self.unit)
        self._check()
        if unit.source in variant.ir:
            raise Refused(f"{self.unit} is built from a module, in which all is inlined already")
        given = [*unit.flags, *variant.flags]
        if any(name in flag for flag in given for name in _DRIVEN):
            raise Refused(f"the decisions of {self.unit} are given by its own flags already")
        if self.threshold is not None and any(THRESHOLD in flag for flag in given):
            raise Refused(f"{self.unit} is compiled with {THRESHOLD} of its own")
        before = variant.inlined.get(unit.source, Inlined())
        after = before.with_decisions(self.calls)
        if self.threshold is not None:
            after = replace(after, threshold=self.threshold)
        if after == before:
            raise Refused("these calls are decided so already")
        return replace(variant, inlined={**variant.inlined, unit.source: after})

    def _check(self) -> None:
        if not self.calls and self.threshold is None:
            raise Refused("it decides nothing")
        if len(self.calls) > MOST_CALLS:
            raise Refused(f"it decides more than {MOST_CALLS} calls")
        if self.threshold is not None and not LOWEST <= self.threshold <= HIGHEST:
            raise Refused(f"a threshold is a number from {LOWEST} to {HIGHEST}")
        if not all(site.sound for site in self.calls):
            raise Refused("a call has a name that a table of decisions cannot hold")
        if replay.contradictions(self.calls):
            raise Refused("it decides a call both ways")

    def describe(self) -> str:
        told = [] if self.threshold is None else [f"{THRESHOLD}={self.threshold}"]
        linked = {site.callee for site in self.calls}
        readable = demangle(linked, toolchain.find())
        named = {name: short_name(readable.get(name, name)) for name in linked}
        for inlined in (True, False):
            callees = [named[s.callee] for s in self.calls if s.inlined == inlined]
            verb = "inlined" if inlined else "not inlined"
            for callee in dict.fromkeys(callees):
                count = callees.count(callee)
                told.append(f"{callee} {verb}" + (f" at {count} calls" if count > 1 else ""))
        return f"{self.unit}: {', '.join(told)}"

    def record(self) -> dict[str, Any]:
        calls = [[s.caller, s.callee, s.chain, s.inlined] for s in self.calls]
        return {
            "kind": self.kind,
            "unit": self.unit,
            "calls": calls,
            "threshold": self.threshold,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        calls = tuple(SiteDecision(*site) for site in fields.get("calls", ()))
        return cls(**{**fields, "calls": calls})
