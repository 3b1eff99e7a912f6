"""How a variant with foreign code in it is run where its layers are measured: in the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from collectors.base.invocation import Invocation
from collectors.sandbox.invocation import ConfinedInvocation
from corr.optimize.surroundings import Surroundings
from corr.program.model import Run


@dataclass(frozen=True)
class ConfinedRun(Run):
    """A way to run the program that runs no build of it outside of the sandbox."""

    around: Surroundings = field(default_factory=Surroundings)

    @classmethod
    def of(cls, run: Run, around: Surroundings) -> Self:
        """The same way, confined, with what the program finds there."""
        return cls(**{f.name: getattr(run, f.name) for f in fields(Run)}, around=around)

    def invocation(self, binary: Path) -> Invocation:
        return ConfinedInvocation(
            binary,
            self.args,
            self.stdin,
            self.env,
            self.around.cwd,
            self.time_limit,
            self.ok_status,
            readonly=self.around.readable,
            places=self.around.places,
        )
