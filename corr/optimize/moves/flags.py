"""A move that changes compiler options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from corr.optimize.gate.of_flags import flags
from corr.optimize.gate.refusal import Refused
from corr.optimize.variant import Move, Variant


@dataclass(frozen=True)
class Flags(Move):
    """Compiler options: `add` come last on every unit's command line, `remove` are taken away."""

    add: tuple[str, ...]
    remove: tuple[str, ...] = ()
    kind: ClassVar[str] = "flags"

    def changed(self, variant: Variant) -> Variant:
        refusals = flags(self.add, allow_reassociation=variant.allow_reassociation)
        if refusals:
            raise Refused(refusals[0].what)
        kept = tuple(f for f in variant.flags if f not in self.remove)
        return replace(variant, flags=(*kept, *self.add))

    def describe(self) -> str:
        return " ".join(self.add + tuple(f"without {f}" for f in self.remove))

    def called(self) -> str:
        return self.describe()
