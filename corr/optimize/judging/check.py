"""Does a variant compute the same? Outputs on several inputs, some unseen, and what else there is.

The reference is the original, built with those of the variant's flags that change values by
themselves (-march: fused multiply-add). Against it outputs must be equal bit for bit, unless
reordering is allowed; against the plain original they must agree within a tolerance.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from collectors.base.errors import CompileError, CorrError, UsageError
from collectors.sandbox.confined import Limits
from corr.optimize import drawn
from corr.optimize.build_and_run import Run
from corr.optimize.gate.refusal import Refused
from corr.optimize.guarantee import Guarantee
from corr.optimize.inputs import Input
from corr.optimize.judging import alive, loops_run, preprocessing
from corr.optimize.judging.all_digits import AllDigits
from corr.optimize.judging.checked import DIGITS, Check, Checked, amounts_to
from corr.optimize.judging.outputs import TOLERANCE, Difference, compare_observed
from corr.optimize.judging.references import Reference, References
from corr.optimize.judging.sanitizing import POWER, Sanitizers, blocks
from corr.optimize.judging.speed import Accept
from corr.optimize.judging.unwritten import filled
from corr.optimize.moves.ir_function import IrFunction, with_optimised_ir
from corr.optimize.observed import Observed
from corr.optimize.proposal import Outcome
from corr.optimize.variant import Move, Variant

#: A checked run may take so many seconds, and so many times what the original took.
PATIENCE, PATIENCE_TIMES = 3.0, 20.0
#: Seconds of the original up to which sizes above the one that is timed are tried, too.
LONGEST_ABOVE = 10.0
#: Numbers of a variant's own that are tried as sizes, and seconds that the original may take there.
MOST_NUMBERS, OF_A_NUMBER = 4, 1.0
#: The part of the time that is left which arguments that are drawn may take, in so many runs each;
#: and so many of them at least.
DRAWN_PART, DRAWN_RUNS, FEWEST_DRAWN = 0.25, 2.0, 6


class Verifier:
    """Checks variants of one program against its original.

    `doubt`: why what the program puts out shows nothing, so that only the user's own `command` says
    what is right.
    """

    def __init__(
        self,
        references: References,
        *,
        allow_reassociation: bool,
        command: str | None = None,
        doubt: str = "",
        chance: random.Random | None = None,
        patience: tuple[float, float] = (PATIENCE, PATIENCE_TIMES),
    ) -> None:
        self.builds = references.builds
        self.inputs = references.inputs
        self.original = references.original
        self.tolerance = TOLERANCE if allow_reassociation else None
        self.command = command
        self.doubt = doubt
        self.compared = not doubt
        self.chance = chance or random.SystemRandom()
        self.references = references
        self.sanitizers = Sanitizers(
            references, self.chance, compared=self.compared, tolerance=self.tolerance
        )
        self.digits = AllDigits(references)
        self.patience = patience

    def of(self, references: References, patience: tuple[float, float]) -> Verifier:
        """The same rules for another program, on other inputs, or with less patience."""
        return Verifier(
            references,
            allow_reassociation=self.tolerance is not None,
            command=self.command,
            doubt=self.doubt,
            chance=self.chance,
            patience=patience,
        )

    def check(
        self, variant: Variant, binary: Path, *, quick: bool = False, proof: str = ""
    ) -> Checked:
        """Run every check, or `quick` the first; the first that fails ends it.

        `proof` says what has shown its schedules to be legal. Raises CorrError if the original
        fails.
        """
        done: list[Check] = []
        some = self._outputs(variant, binary, self.inputs.visible[0])
        for check, outcome in some if quick else self._all(variant, binary):
            done.append(check)
            if not check.ok:
                where = check.input if check.kind == "output" else check.kind
                detail = f"{where}: {check.detail}"
                return Checked(tuple(done), outcome, detail, Guarantee.refuted, "")
        return Checked(
            tuple(done), None, "", *amounts_to(variant, done, proof, self.tolerance, self.doubt)
        )

    def accepts(self, variant: Variant, repeat: int | None = None) -> Accept | None:
        """What judges a timed run of the variant, of so many kernels; None if nothing can."""
        if not self.compared:
            return None
        given = self.inputs.timed
        if repeat is not None:
            given = replace(given, env={**given.env, "CORR_REPEAT": str(repeat)})
        expected = self._reference(variant, given).observed
        known: set[bytes] = set()

        def accept(run: Run) -> str:
            observed = run.observed(self.inputs.evidence)
            if observed == expected:
                return ""
            digest = observed.digest()
            if digest in known:
                return ""
            found = self._compare(expected, observed, self.tolerance)
            if found.ok:
                known.add(digest)
            return found.detail if not found.ok else ""

        return accept

    def never_run(self, variant: Variant, moves: Iterable[Move]) -> str:
        """The first of some changes whose new loops do not run on the timed input; or empty."""
        expected = self._reference(variant, self.inputs.timed).observed
        return loops_run.never_run(self.builds, variant, moves, self.inputs, expected)

    def _compare(self, expected: Observed, found: Observed, tolerance: float | None) -> Difference:
        return compare_observed(expected, found, tolerance, dump=self.inputs.evidence.dump)

    def _all(self, variant: Variant, binary: Path) -> Iterator[tuple[Check, Outcome]]:
        seconds = self.references.of(self.inputs.timed).wall
        unseen = self.inputs.held_out(self.chance, above=seconds <= LONGEST_ABOVE, seconds=seconds)
        unseen = [*unseen, *self.inputs.other_readings(self.chance, self.builds.folder)]
        unseen = self._affordable(variant, unseen, seconds)
        yield from self._one_program(variant)
        for given in self.inputs.visible[:1]:
            yield from self._outputs(variant, binary, given)
        if any(move.kind in ("source", "ir") for move in variant.moves):
            yield from self._sanitizer(variant, binary, unseen)
        yield from self._all_digits(variant, unseen)
        for given in (*self.inputs.visible[1:], *unseen, *self._of_own_numbers(variant)):
            yield from self._outputs(variant, binary, given)
        yield from self._proofs(variant)
        if self.command is not None:
            yield self._own_command(binary), Outcome.wrong_output

    def _affordable(self, variant: Variant, unseen: list[Input], seconds: float) -> list[Input]:
        """Of arguments that were drawn as many as a part of the time that is left allows.

        None for what the compiler does by itself.
        """
        own = [one for one in unseen if one.drawn and not one.size]
        left = min(self.builds.budget.left, 3600.0)
        most = max(FEWEST_DRAWN, int(DRAWN_PART * left / (DRAWN_RUNS * seconds)))
        left_out = own[most:] if variant.texts or variant.ir else own
        return [one for one in unseen if one not in left_out]

    def _of_own_numbers(self, variant: Variant) -> Iterator[Input]:
        """Inputs of the sizes that the variant's own numbers are, and of one more.

        It may be another program there, or from there on.
        """
        timed = self.inputs.timed_size
        if not (variant.texts or variant.ir):
            return
        if not self.inputs.sizes and drawn.has_numbers(self.inputs.arguments):
            numbers = blocks(self.original, variant)
            for number in self.chance.sample(numbers, min(len(numbers), MOST_NUMBERS // 2)):
                for args in drawn.at(self.inputs.arguments, number):
                    yield self.inputs.of_arguments(args)
        if not timed:
            return
        times = OF_A_NUMBER / self.references.of(self.inputs.timed).wall
        most = timed * float(times ** (1 / POWER))
        numbers = [n for n in blocks(self.original, variant) if n < most]
        for number in self.chance.sample(numbers, min(len(numbers), MOST_NUMBERS)):
            for size in (number, number + 1):
                yield self.inputs.of_size(size, self.chance)

    def _one_program(self, variant: Variant) -> Iterator[tuple[Check, Outcome]]:
        """Without the flags that it is judged with, it is the same program but for what they do."""
        if not self.builds.always or not variant.texts:
            return
        try:
            what = preprocessing.other_program(self.builds, self.original, variant)
        except CompileError as error:
            what = error.message.splitlines()[0]
        yield Check("source", "", False, not what, "", None, what), Outcome.wrong_output

    def _reference(self, variant: Variant, given: Input) -> Reference:
        return self.references.of(given, self.builds.reference_flags(variant))

    def _outputs(
        self, variant: Variant, binary: Path, given: Input
    ) -> Iterator[tuple[Check, Outcome]]:
        if given.flags:
            try:
                if variant.ir and _resized(given):
                    return  # the sizes are numbers in its code already
                again = self.builds.with_flags(variant, given.flags)
                binary = self.builds.build(again, () if again is not variant else given.flags)
            except (CompileError, Refused) as failed:
                detail = failed.message.splitlines()[0]
                yield self._check(given, None, False, None, detail), Outcome.not_compiled
                return
        flags = self.builds.reference_flags(variant)
        try:
            plain = self.references.of(given, ())
        except CorrError:
            if given.drawn:  # a size that the original cannot take shows nothing
                return
            raise
        try:
            expected = self.references.of(given, flags) if flags else plain
        except CorrError as error:  # for one, this machine lacks the instructions
            detail = f"the original built with {' '.join(flags)}: {error.message.splitlines()[0]}"
            yield self._check(given, self.tolerance, False, None, detail), Outcome.crashed
            return
        limits = Limits(wall=self._patience(plain))
        evidence = self.inputs.evidence
        run = self.builds.run(
            binary, self._filled(given), evidence.output, limits=limits, look=evidence.files
        )
        if not run.ok:
            if self._shows_nothing(variant, given, expected):
                return
            outcome = Outcome.timed_out if run.done.timed_out else Outcome.crashed
            yield self._check(given, self.tolerance, False, None, run.why()), outcome
            return
        if not self.compared:
            return
        observed = run.observed(evidence)
        found = self._compare(expected.observed, observed, self.tolerance)
        if not found.ok and self._shows_nothing(variant, given, expected):
            return
        yield (
            self._check(given, self.tolerance, found.ok, found.error, found.detail),
            Outcome.wrong_output,
        )
        if plain.observed not in (expected.observed, observed):
            found = self._compare(plain.observed, observed, TOLERANCE)
            check = self._check(given, TOLERANCE, found.ok, found.error, found.detail)
            yield check, Outcome.wrong_output

    def _shows_nothing(self, variant: Variant, given: Input, expected: Reference) -> bool:
        """The original itself does anything with arguments that it was given by us.

        It puts out something else when it is run again, or does what no program may.
        """
        if not given.drawn or given.size:
            return False
        again = [
            self.references.of(one, self.builds.reference_flags(variant)).observed
            for one in (given, self._filled(given))
        ]
        return any(o != expected.observed for o in again) or self.sanitizers.original_fails(
            variant, given
        )

    def _filled(self, given: Input) -> Input:
        return filled(given, self.chance) if self.inputs.fills else given

    def _patience(self, reference: Reference | None = None) -> float:
        most = self.builds.program.run.time_limit
        if reference is None:
            return most
        return min(most, self.patience[0] + self.patience[1] * reference.wall)

    def _check(
        self, given: Input, tolerance: float | None, ok: bool, error: float | None, detail: str
    ) -> Check:
        stated = "exact" if tolerance is None else f"relative {tolerance:g}"
        return Check("output", given.label, given.held_out, ok, stated, error, detail)

    # --- what else there is ------------------------------------------------------------------

    def _sanitizer(
        self, variant: Variant, binary: Path, unseen: list[Input]
    ) -> Iterator[tuple[Check, Outcome]]:
        """Address and undefined-behaviour sanitizers, where the original passes them itself."""
        for given, seen in self.sanitizers.found(variant, unseen):
            if seen.differs:  # because of the memory only if it does not do so anyway
                yield from self._outputs(variant, binary, given)
            what = seen.report or seen.differs
            check = Check("sanitizer", given.label, given.held_out, not what, "", None, what)
            yield check, Outcome.wrong_output

    def _all_digits(self, variant: Variant, unseen: list[Input]) -> Iterator[tuple[Check, Outcome]]:
        """Numbers are the same behind what is printed, too, unless that may be another."""
        if not self.compared or self.tolerance is not None or self.inputs.evidence.dump:
            return
        for given in (self.inputs.visible[0], *unseen[:1]):
            what = self.digits.shown(variant, given)
            if what is not None:
                check = Check(DIGITS, given.label, given.held_out, not what, "exact", None, what)
                yield check, Outcome.wrong_output
                return

    def _proofs(self, variant: Variant) -> Iterator[tuple[Check, Outcome]]:
        """Alive2 on every function of a module that was rewritten, where it is installed."""
        rewritten = {(m.unit, m.function): m for m in variant.moves if isinstance(m, IrFunction)}
        if not rewritten or not alive.installed():
            return
        with self.builds.scratch("proofs") as folder:
            for unit_name, function in rewritten:
                unit = variant.unit_named(unit_name)
                place = folder / str(len(list(folder.iterdir())))
                place.mkdir()
                start = replace(variant, ir={}, moves=())
                before = with_optimised_ir(start, unit, self.builds.toolchain, place)
                modules = before.ir[unit.source], variant.ir[unit.source]
                guarantee, said = alive.alive(*modules, function)
                ok = guarantee != Guarantee.refuted
                said = f"{guarantee}: {said}"
                yield Check("proof", function, False, ok, "", None, said), Outcome.wrong_output

    def _own_command(self, binary: Path) -> Check:
        """The user's own check, with the executable's path in CORR_BINARY.

        It runs the candidate, hence in the sandbox, in a copy of the program's own folder where
        that may be shown.
        """
        assert self.command is not None
        folder, around = self.builds.program.run.directory, self.builds.surroundings
        given = Input("own command", ("-c", self.command), {"CORR_BINARY": str(binary)})
        hidden = ""
        try:
            around = around.with_all_of(folder, self.builds.folder / "given to a command")
        except UsageError as error:  # the home folder, for one
            hidden = f" (it cannot see {folder}: {error.message})"
        around = replace(around, readable=(*around.readable, binary))
        shell = Path("/bin/sh")
        run = self.builds.run(shell, given, "stdout", around=around, ok_status=(0,))
        detail = "" if run.ok else f"{run.why()}{hidden}"
        return Check("command", self.command, False, run.ok, "", None, detail)


def _resized(given: Input) -> bool:
    """The input is of another size, chosen when the program is compiled."""
    return any(flag.endswith("_DATASET") for flag in given.flags)
