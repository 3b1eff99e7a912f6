"""What the original puts out, which is what is right."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from collectors.base.errors import CorrError
from collectors.base.invocation import failure
from collectors.sandbox.confined import Limits
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Input, Inputs
from corr.optimize.observed import Observed
from corr.optimize.variant import Variant

#: Seconds that the original may take with arguments that were drawn, and so many times as long as
#: with its own.
DRAWN_SECONDS, DRAWN_TIMES = 0.5, 2.0
#: So many times that under flags, where it ended without them: a busy machine takes longer.
DRAWN_FLAGS = 4.0
#: Bytes that it may have then: less than a variant, which may need some more.
DRAWN_MEMORY = 2 << 30


@dataclass(frozen=True)
class Reference:
    """What the original puts out for an input, its exit status, and its seconds of wall time."""

    observed: Observed
    status: int
    wall: float


@dataclass
class References:
    """What the original puts out for each input, under each set of flags that changes values."""

    builds: Builds
    inputs: Inputs
    original: Variant
    _known: dict[tuple[str, tuple[str, ...]], Reference] = field(default_factory=dict)

    def known(self, given: Input, reference: Reference) -> None:
        """Note what the original was seen to put out, under no other flags."""
        self._known[_key(given, ())] = reference

    def of(self, given: Input, flags: tuple[str, ...] = ()) -> Reference:
        """The reference. Raises CompileError, or CorrError where the original itself fails.

        Those of held-out inputs are not kept: no such input comes twice.
        """
        key = _key(given, flags)
        if key in self._known:
            return self._known[key]
        variant = replace(self.original, flags=(*self.original.flags, *flags))
        binary = self.builds.build(variant, given.flags)
        evidence, limits = self.inputs.evidence, None
        if given.drawn and not given.size:  # nobody knows how long it takes with such arguments
            wall = DRAWN_SECONDS + DRAWN_TIMES * self.of(self.inputs.timed).wall
            wall *= DRAWN_FLAGS if flags else 1.0
            limits = Limits(wall=wall, memory=DRAWN_MEMORY)
        run = self.builds.run(binary, given, evidence.output, look=evidence.files, limits=limits)
        error = failure(run.done)
        if error is not None:
            raise error
        if run.trouble:
            raise CorrError(f"{self.builds.program.name}: {run.trouble}")
        observed = run.observed(evidence).kept()
        found = Reference(observed, run.done.returncode, run.done.wall)
        if not given.held_out:
            self._known[key] = found
        return found


def _key(given: Input, flags: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    return f"{given.label} {given.args} {sorted(given.env.items())}", (*flags, *given.flags)
