"""Does a variant compute the same? Outputs on several inputs, some unseen, and what else there is.

The reference is the original, built with those of the variant's flags that change values by
themselves (-march: fused multiply-add). Against it outputs must be equal bit for bit, unless
reordering is allowed; against the plain original they must agree within a tolerance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.errors import CompileError, CorrError
from collectors.program_run import failure
from collectors.sandbox import Limits
from corr.optimize.inputs import Input, Inputs
from corr.optimize.outputs import TOLERANCE, compare
from corr.optimize.proposal import Guarantee, Outcome
from corr.optimize.variant import Variant
from corr.optimize.workshop import References, Workshop

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1")


@dataclass(frozen=True)
class Check:
    """One row of `checks`."""

    kind: str
    input: str
    held_out: bool
    ok: bool
    tolerance: str
    max_error: float | None
    detail: str = ""

    def row(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Judgement:
    """All checks of a variant and what they amount to; `outcome` is set when one failed."""

    checks: tuple[Check, ...]
    outcome: Outcome | None
    detail: str
    guarantee: Guarantee
    basis: str


class Verifier:
    """Checks variants of one program against its original."""

    def __init__(
        self,
        workshop: Workshop,
        inputs: Inputs,
        original: Variant,
        *,
        allow_reassociation: bool,
        command: str | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.workshop = workshop
        self.inputs = inputs
        self.original = original
        self.tolerance = TOLERANCE if allow_reassociation else None
        self.command = command
        self.chance = chance or random.SystemRandom()
        self.references = References(workshop, inputs, original)
        self._sanitized: bool | None = None

    def judge(self, variant: Variant, binary: Path, *, quick: bool = False) -> Judgement:
        """Run every check, or `quick` the first; the first that fails ends it.

        Raises CorrError if the original fails.
        """
        done: list[Check] = []
        some = self._outputs(variant, binary, self.inputs.visible[0])
        for check, outcome in some if quick else self._all(variant, binary):
            done.append(check)
            if not check.ok:
                return Judgement(
                    tuple(done), outcome, f"{check.input}: {check.detail}", Guarantee.refuted, ""
                )
        guarantee, basis = self._guarantee(done)
        return Judgement(tuple(done), None, "", guarantee, basis)

    def _all(self, variant: Variant, binary: Path) -> Iterator[tuple[Check, Outcome]]:
        for given in self.inputs.visible[:1]:
            yield from self._outputs(variant, binary, given)
        if any(move.kind == "source" for move in variant.moves):
            yield from self._sanitizer(variant)
        for given in (*self.inputs.visible[1:], *self.inputs.held_out(self.chance)):
            yield from self._outputs(variant, binary, given)
        if self.command is not None:
            yield self._own_command(binary), Outcome.wrong_output

    def _outputs(
        self, variant: Variant, binary: Path, given: Input
    ) -> Iterator[tuple[Check, Outcome]]:
        if given.flags:
            try:
                binary = self.workshop.build(variant, given.flags)
            except CompileError as failed:
                lines = failed.message.splitlines()
                yield self._check(given, None, False, None, lines[0]), Outcome.not_compiled
                return
        flags = self.workshop.reference_flags(variant)
        expected = self.references.output(given, flags)
        plain = self.references.output(given, ()) if flags else None
        run = self.workshop.run(
            binary, given, self.inputs.output, limits=Limits(wall=self._patience())
        )
        if not run.ok:
            error = failure(run.done)
            what = error.message.splitlines()[0] if error else run.done.ending()
            outcome = Outcome.timed_out if run.done.timed_out else Outcome.crashed
            yield self._check(given, self.tolerance, False, None, what), outcome
            return
        dump = self.inputs.output == "dump"
        found = compare(expected, run.output, self.tolerance, dump=dump)
        yield (
            self._check(given, self.tolerance, found.ok, found.error, found.detail),
            Outcome.wrong_output,
        )
        if plain is not None and plain != run.output:
            found = compare(plain, run.output, TOLERANCE, dump=dump)
            check = self._check(given, TOLERANCE, found.ok, found.error, found.detail)
            yield check, Outcome.wrong_output

    def _patience(self) -> float:
        return self.workshop.program.run.time_limit

    def _check(
        self, given: Input, tolerance: float | None, ok: bool, error: float | None, detail: str
    ) -> Check:
        stated = "exact" if tolerance is None else f"relative {tolerance:g}"
        return Check("output", given.label, given.held_out, ok, stated, error, detail)

    # --- sanitizers ------------------------------------------------------------------------

    def _sanitizer(self, variant: Variant) -> Iterator[tuple[Check, Outcome]]:
        """Address and undefined-behaviour sanitizers, where the original passes them itself."""
        if self._sanitized is None:
            self._sanitized = self._clean(self.original) == ""
        if not self._sanitized:
            return
        what = self._clean(variant)
        label = self.inputs.visible[0].label
        yield (
            Check("sanitizer", label, False, not what, "", None, what),
            Outcome.wrong_output,
        )

    def _clean(self, variant: Variant) -> str:
        """What the sanitizers say of a variant on the first input; empty if nothing."""
        given = self.inputs.visible[0]
        try:
            binary = self.workshop.build(variant, (*given.flags, *SANITIZERS))
        except CompileError as error:
            return error.message.splitlines()[0]
        # the address sanitizer maps terabytes that it never touches
        limits = Limits(wall=self._patience(), memory=1 << 46)
        run = self.workshop.run(binary, given, "stderr", limits=limits)
        if run.ok:
            return ""
        said = [x for x in run.done.last_lines(30).splitlines() if "ERROR" in x or "error:" in x]
        return said[0] if said else run.done.ending()

    def _own_command(self, binary: Path) -> Check:
        """The user's own check, with the executable's path in CORR_BINARY."""
        assert self.command is not None
        shell = Path("/bin/sh")
        given = Input("own command", ("-c", self.command), {"CORR_BINARY": str(binary)})
        run = self.workshop.run(shell, given, "stdout", readable=(binary,))
        detail = "" if run.ok else f"{run.done.ending()}: {run.done.last_lines(2)}"
        return Check("command", self.command, False, run.ok, "", None, detail)

    def _guarantee(self, checks: list[Check]) -> tuple[Guarantee, str]:
        outputs = [c for c in checks if c.kind == "output"]
        labels = dict.fromkeys(c.input for c in outputs)
        held = dict.fromkeys(c.input for c in outputs if c.held_out)
        exact = all(c.tolerance == "exact" or not c.max_error for c in outputs)
        how = "equal bits" if exact else f"within {TOLERANCE:g}"
        if self.tolerance is None and not exact:
            how = f"equal bits to the original with the same -march; within {TOLERANCE:g} of it without"
        extra = [c.kind for c in checks if c.kind != "output"]
        basis = f"{len(labels)} inputs, {len(held)} of them held out, {how}"
        if extra:
            basis += "; " + ", ".join(dict.fromkeys(extra)) + " passed"
        if len(labels) < 2:
            return Guarantee.replayed, f"one input only, {how}"
        return Guarantee.tested, basis


def deterministic(workshop: Workshop, inputs: Inputs, original: Variant) -> str:
    """Why the original's own output cannot be a reference; empty if two runs agree.

    Raises CompileError, or CorrError where it fails.
    """
    given = inputs.visible[0]
    first = References(workshop, inputs, original).output(given, ())
    second = References(workshop, inputs, original).output(given, ())
    if first == second:
        return ""
    try:
        found = compare(first, second, TOLERANCE, dump=inputs.output == "dump")
    except CorrError as error:
        return error.message
    return f"two runs of the original differ ({given.label}): {found.detail or 'in rounding'}"
