"""What a variant does to memory, by the address and undefined-behaviour sanitizers.

Where it works in blocks, a size above them is among those that it is run on. A module of LLVM IR is
given the address sanitizer's accesses by clang; undefined behaviour can only be found in sources.
Memory that nothing wrote is filled in these builds, so that a use of it shows in what they put out.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from collectors.base import process
from collectors.base.errors import CompileError, CorrError
from collectors.sandbox.confined import Limits, compiler_limits
from corr.optimize.build_and_run import Builds, Run
from corr.optimize.gate.refusal import Refused
from corr.optimize.inputs import RESIDUES, SMALLEST, Input, Inputs
from corr.optimize.judging.outputs import compare_observed
from corr.optimize.judging.references import References
from corr.optimize.judging.reports import sanitizer_report
from corr.optimize.judging.unwritten import VARIABLES, filled_by_sanitizer
from corr.optimize.moves.ir_function import with_optimised_ir
from corr.optimize.observed import Observed
from corr.optimize.variant import Variant

#: A leak is no wrong result, and whoever leaks would lose the other checks; looking for leaks stops
#: the program by ptrace, which the sandbox does not allow.
NO_LEAKS = "detect_leaks=0"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", VARIABLES)
#: Where the original's own arithmetic overflows, as that of many a hash does, and every build of it
#: wraps round alike: then a variant's does, too.
WRAPPED = (
    *("-fsanitize=address,undefined", "-fwrapv", "-fno-sanitize-recover=all", "-O1", VARIABLES),
    "-fno-sanitize=signed-integer-overflow,shift,float-cast-overflow,pointer-overflow",
)
#: What puts them into a module, and changes nothing else.
WATCHED = ("-O0", "-fsanitize=address", "-Wno-override-module", "-S", "-emit-llvm")
#: Sizes of blocks that are looked for among the numbers of a text.
BLOCKS = (8, 4096)
#: Seconds that a run above the blocks may be expected to take, and how many times as long as the
#: original a sanitized program takes.
LONGEST, SLOWER = 5.0, 10.0
#: Kernels take at most the third power of their size.
POWER = 3
#: With these, sums are other ones as the level of optimisation is.
LOOSE = (
    *("-Ofast", "-ffast-math", "-funsafe-math", "-fassociative-math", "-freciprocal-math"),
    *("-ffp-contract=fast", "-ffp-model=fast", "-ffp-model=aggressive"),
)
_NUMBER = re.compile(r"(?<![\w.%@!#])\d+(?![\w.])")
_ATTRIBUTES = re.compile(r"^(attributes #\d+ = \{)", re.MULTILINE)


class Seen(NamedTuple):
    """What a sanitizer reports, or how else what is put out differs; empty if all is well."""

    report: str = ""
    differs: str = ""


@dataclass
class Sanitizers:
    """Runs sanitized builds of variants of one program, where its original passes them itself.

    `compared`: what it puts out says what is right, within the `tolerance`.
    """

    references: References
    chance: random.Random
    compared: bool = True
    tolerance: float | None = None
    _original: dict[tuple[object, ...], Seen] = field(default_factory=dict)

    @property
    def builds(self) -> Builds:
        return self.references.builds

    @property
    def inputs(self) -> Inputs:
        return self.references.inputs

    def found(self, variant: Variant, unseen: list[Input]) -> Iterator[tuple[Input, Seen]]:
        """Each input that it was run on, and what is seen that the original does not do."""
        given = [self.inputs.visible[0], *unseen[:1]]
        if self.inputs.sizes:
            sizes = self.size(variant), self.chance.randrange(SMALLEST[0], RESIDUES)
            given += [self.inputs.of_size(size, self.chance) for size in sizes]
        if variant.ir:
            given = [one for one in given if not one.flags]
            try:
                self._instrumented(variant)
            except CompileError:  # the tools do not allow it
                return
        flags: tuple[str, ...] = SANITIZERS
        for one in given:
            seen = self._seen(variant, one, flags)
            original = self._of_original(variant, one, flags) if any(seen) else Seen()
            if seen.report and original.report and not variant.ir and flags is SANITIZERS:
                flags = WRAPPED
                seen = self._seen(variant, one, flags)
                original = self._of_original(variant, one, flags) if any(seen) else Seen()
            if not (seen.report and original.report):
                yield one, Seen(seen.report) if any(original) else seen
            elif one is given[0]:
                return

    def size(self, variant: Variant) -> int:
        """A size above the blocks that the variant works in, as far as time allows."""
        small = self.inputs.sizes[1]
        most = max(small, round(small * float(self._times() ** (1 / POWER))))
        above = max(small, *blocks(self.references.original, variant), 0)
        return min(most, above + 1) + self.chance.randrange(8)

    def _times(self) -> float:
        """How many times as long as the small size a run may take."""
        given = next((one for one in self.inputs.visible if one.label.startswith("small")), None)
        if given is None:
            return 1.0
        return LONGEST / (SLOWER * self.references.of(given).wall)

    def original_fails(self, variant: Variant, given: Input) -> bool:
        """The original does on this input what no program may.

        Arithmetic that overflows is none of it where it wraps round in every build alike.
        """
        plain = replace(variant, ir={}, texts={})
        return bool(self._of_original(plain, given, SANITIZERS).report) and any(
            self._of_original(plain, given, WRAPPED)
        )

    def _of_original(self, variant: Variant, given: Input, flags: tuple[str, ...]) -> Seen:
        """What is seen of the original on this input, made in the way in which the variant is."""
        key = (given.label, given.args, bool(variant.ir), variant.flags, flags)
        if key not in self._original:
            original = replace(self.references.original, ir={}, flags=variant.flags)
            if variant.ir:
                with self.builds.scratch("original") as folder, self.builds.compiling():
                    for unit in original.program.units:
                        if unit.source in variant.ir:
                            tools = self.builds.toolchain
                            original = with_optimised_ir(original, unit, tools, folder)
            self._original[key] = self._seen(original, given, flags)
        return self._original[key]

    def _seen(self, variant: Variant, given: Input, flags: tuple[str, ...]) -> Seen:
        """A sanitized build of a variant, run on an input."""
        try:
            expected = self._expected(variant, given)
            run = self._run(variant, given, flags)
        except (CompileError, Refused) as error:
            return Seen(error.message.splitlines()[0])
        except CorrError:  # the original cannot be run on this
            return Seen("the original fails")
        if not run.ok:
            return Seen(sanitizer_report(run.done.stderr) or run.why())
        if expected is None:
            return Seen()
        evidence = self.inputs.evidence
        observed = run.observed(evidence)
        found = compare_observed(expected, observed, self.tolerance, dump=evidence.dump)
        how = "with memory filled before it is written, "
        return Seen(differs="" if found.ok else f"{how}{found.detail}")

    def _expected(self, variant: Variant, given: Input) -> Observed | None:
        """What is right; None where sanitized builds may put out something else.

        Raises CompileError, and CorrError where the original itself fails.
        """
        flags = [*variant.flags, *(f for unit in variant.program.units for f in unit.flags)]
        if not self.compared or any(flag.startswith(LOOSE) for flag in flags):
            return None
        return self.references.of(given, self.builds.reference_flags(variant)).observed

    def _run(self, variant: Variant, given: Input, flags: tuple[str, ...]) -> Run:
        """Raises CompileError, and Refused."""
        if variant.ir:
            variant = self._instrumented(variant)
        untrained = replace(variant, trained=False, laid_out=False)  # its code is another anyway
        binary = self.builds.build(untrained, (*given.flags, *flags))
        given = _with_options(given, self.builds.program.run.ok_status)
        # the address sanitizer maps terabytes that it never touches
        limits = Limits(wall=self.builds.program.run.time_limit, memory=1 << 46)
        evidence = self.inputs.evidence
        output, look = evidence.output, evidence.files
        return self.builds.run(binary, given, output, limits=limits, look=look, errors=True)

    def _instrumented(self, variant: Variant) -> Variant:
        """With every access of its modules watched. Raises CompileError."""
        texts = {}
        with self.builds.scratch("watched") as folder, self.builds.compiling():
            for number, (source, text) in enumerate(variant.ir.items()):
                module, out = folder / f"{number}.ll", folder / f"{number}.watched.ll"
                watched = _ATTRIBUTES.sub(r"\1 sanitize_address", text)
                module.write_bytes(watched.encode("utf-8", "surrogateescape"))
                clang = self.builds.toolchain.path("clang")
                files = ("-x", "ir", module, "-o", out)
                done = process.run([*compiler_limits(), clang, *WATCHED, *files])
                if not done.ok:
                    raise CompileError(f"a module cannot be watched: {done.last_lines(2)}")
                texts[source] = out.read_text("utf-8", "surrogateescape")
        return replace(variant, ir=texts)


def blocks(original: Variant, variant: Variant) -> list[int]:
    """Numbers in a variant's texts, or modules, that the original's do not have as often."""
    found: set[int] = set()
    for path, text in (*variant.texts.items(), *variant.ir.items()):
        before = "" if path in variant.ir else original.text(path)
        found |= set(Counter(_numbers(text)) - Counter(_numbers(before)))
    return sorted(found)


def _numbers(text: str) -> list[int]:
    low, high = BLOCKS
    numbers = (int(word) for word in _NUMBER.findall(text) if len(word) <= len(str(high)))
    return [number for number in numbers if low <= number <= high]


def _with_options(given: Input, ok_status: tuple[int, ...]) -> Input:
    """The input, with sanitizers that end a program with a status which is not one of its own."""
    status = next(n for n in range(99, 256) if n not in ok_status)
    env = dict(given.env)
    for name, more in (("ASAN_OPTIONS", NO_LEAKS), ("UBSAN_OPTIONS", "")):
        env[name] = ":".join(filter(None, (env.get(name), f"exitcode={status}", more)))
    return filled_by_sanitizer(replace(given, env=env))
