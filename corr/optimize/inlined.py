"""How the calls of a unit are decided, and what tells a plain clang so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.decisions import replay
from collectors.decisions.replay import SiteDecision
from corr.program.model import Unit

THRESHOLD = "-inline-threshold"


@dataclass(frozen=True)
class Inlined:
    """Calls of a unit that are decided otherwise than LLVM would, and the threshold of the rest.

    `threshold` None: LLVM's own.
    """

    decisions: tuple[SiteDecision, ...] = ()
    threshold: int | None = None

    def with_decisions(self, more: Iterable[SiteDecision]) -> Inlined:
        """These decisions too; of one call the last one counts."""
        known = {(site.callee, site.chain): site for site in (*self.decisions, *more)}
        return replace(self, decisions=tuple(sorted(known.values())))

    @property
    def table(self) -> str:
        """The table that is replayed; empty where there is none."""
        return replay.text(self.decisions)

    def flags(self, unit: Unit, table: Path) -> tuple[str, ...]:
        """Flags of the unit's compiler, its table being in this file."""
        words: list[str] = []
        if self.threshold is not None:
            words += ["-mllvm", f"{THRESHOLD}={self.threshold}"]
        if self.decisions:
            places = any(flag.startswith("-g") and flag != "-g0" for flag in unit.flags)
            words += [*(() if places else (replay.DEBUG,)), *replay.flags(table)]
        return tuple(words)
