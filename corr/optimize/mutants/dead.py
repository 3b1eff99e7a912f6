"""Values that nobody looks at: what no check could notice is no fault of the check.

What the optimiser finds dead, it leaves out: such a mutant is equal code. Others are dead only in
what is run: a value that is written over before it is read, or one that ends in a variable that
nothing puts out. MemorySanitizer knows those: the value in question is declared uninitialised, it
follows it through memory and arithmetic, and tells as soon as a branch, an address, a call or
something that is put out depends on it. Where it tells nothing, the value is dead.
"""

from __future__ import annotations

import re
from dataclasses import replace

from collectors.base.errors import CompileError
from collectors.sandbox.confined import Limits
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Inputs
from corr.optimize.mutants.module import Edits, Module, Workshop
from corr.optimize.variant import Variant

FLAGS = ("-fsanitize=memory", "-fno-sanitize-recover=all")
#: The status that MemorySanitizer ends a program with that depends on the value.
STATUS = 86
#: Seconds that a run may take, and times what the original took.
PATIENCE = 10.0
_ATTRIBUTES = re.compile(r"^(attributes #\d+ = \{ )", re.MULTILINE)
_POISON = "\ndeclare void @__msan_poison(ptr, i64)\n"


class Liveness:
    """Finds out which values of a program are dead on one input."""

    def __init__(self, builds: Builds, workshop: Workshop, inputs: Inputs) -> None:
        self.builds = builds
        self.inputs = inputs
        variant = workshop.variant
        self.workshop = Workshop(
            replace(variant, flags=(*variant.flags, *FLAGS)), workshop.toolchain, workshop.folder
        )
        self._clean: dict[Module, bool] = {}

    def dead(self, module: Module, poisoned: Edits) -> bool:
        """Nothing depends on what the edits declare uninitialised. False where it is not known."""
        if module not in self._clean:
            self._clean[module] = self._silent(module, {})
        return self._clean[module] and self._silent(module, poisoned)

    def _silent(self, module: Module, edits: Edits) -> bool:
        """The program runs to its end, and depends on nothing uninitialised."""
        text = _ATTRIBUTES.sub(r"\1sanitize_memory ", module.changed(edits)) + _POISON
        variant: Variant | None = None
        try:
            with self.builds.compiling():
                variant = self.workshop.variant_of(module, text)
            binary = self.builds.build(variant)
        except CompileError:
            return False
        given = self.inputs.visible[0]
        given = replace(given, env={**given.env, "MSAN_OPTIONS": f"exitcode={STATUS}"})
        # its shadow takes terabytes of addresses that it never touches
        limits = Limits(wall=PATIENCE, memory=1 << 48)
        try:
            return self.builds.run(binary, given, self.inputs.output, limits=limits).ok
        finally:
            self.builds.forget(variant)
