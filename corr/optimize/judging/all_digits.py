"""Whether results are the same in all their digits, also in those that are not printed.

A sum in another order mostly differs behind what "%.2f" shows, and then in what is shown, for some
other input. So original and variant are run once more with a library that prints numbers exactly
(`all_digits.c`), both built with multiplications and additions apart: what the language leaves to
the compiler is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CompileError, CorrError
from corr.optimize.build_and_run import Builds, Run
from corr.optimize.gate.refusal import Refused
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.outputs import is_text
from corr.optimize.judging.references import References
from corr.optimize.judging.sanitizing import LOOSE
from corr.optimize.observed import Observed
from corr.optimize.variant import Variant

APART = "-ffp-contract=off"
#: Seconds that the original's run may take for another two like it.
LONGEST = 5.0
_SOURCE = Path(__file__).with_name("all_digits.c")
_FRACTION = re.compile(rb"\d\.\d|\d[eE][-+]?\d")

Lines = dict[str, list[bytes]]


@dataclass
class AllDigits:
    """Compares variants of one program with its original, number by number."""

    references: References
    _library: Path | None = None
    _original: dict[tuple[object, ...], list[Lines] | None] = field(default_factory=dict)

    @property
    def builds(self) -> Builds:
        return self.references.builds

    @property
    def inputs(self) -> Inputs:
        return self.references.inputs

    def shown(self, variant: Variant, given: Input) -> str | None:
        """Where the digits differ, empty where none does; None where it cannot be told."""
        flags = [*variant.flags, *(f for unit in variant.program.units for f in unit.flags)]
        if not variant.texts or variant.ir or any(flag.startswith(LOOSE) for flag in flags):
            return None
        try:
            reference = self.references.of(given)
            if reference.wall > LONGEST or not _has_fractions(reference.observed):
                return None
            twice = self._of_original(variant, given)
            if twice is None:
                return None
            found = self._lines(variant, given)
        except (CompileError, Refused, CorrError):
            return None  # the other checks tell of it
        return None if found is None else _differing(twice, found)

    def _of_original(self, variant: Variant, given: Input) -> list[Lines] | None:
        """What the original prints in two runs; None where it cannot be run so."""
        key = (given.label, given.args, given.flags, variant.flags, variant.link)
        if key not in self._original:
            original = self.references.original
            like = replace(original, ir={}, flags=variant.flags, link=variant.link)
            runs = [self._lines(like, given) for _ in range(2)]
            whole = [run for run in runs if run is not None]
            self._original[key] = whole if len(whole) == len(runs) else None
        return self._original[key]

    def _lines(self, variant: Variant, given: Input) -> Lines | None:
        """The lines that a build of it prints and writes; None where it does not end well."""
        plain = replace(variant, trained=False, laid_out=False, schedules={})
        binary = self.builds.build(plain, (*given.flags, APART))
        library = self._shim()
        env = dict(given.env)
        env["LD_PRELOAD"] = ":".join(filter(None, (str(library), env.get("LD_PRELOAD"))))
        around = self.builds.surroundings
        around = replace(around, readable=(*around.readable, library))
        evidence = self.inputs.evidence
        run: Run = self.builds.run(
            binary, replace(given, env=env), evidence.output, look=evidence.files, around=around
        )
        if not run.ok:
            return None
        bare = replace(evidence, unsteady={}, time=None)
        return dict(_texts(run.observed(bare)))

    def _shim(self) -> Path:
        """The library that prints all digits. Raises CompileError."""
        if self._library is None:
            out = self.builds.folder / "all_digits.so"
            clang = self.builds.toolchain.path("clang")
            made = process.run([clang, "-O1", "-shared", "-fPIC", _SOURCE, "-o", out, "-ldl"])
            if not made.ok:
                raise CompileError(f"all_digits.c: {made.last_lines(2)}")
            self._library = out
        return self._library


def _texts(observed: Observed) -> Iterator[tuple[str, list[bytes]]]:
    for name, text in observed.printed.items():
        if is_text(bytes(text)):
            yield name, bytes(text).split(b"\n")
    for name, entry in observed.files.items():
        if entry.kind == "file" and is_text(entry.content):
            yield name, entry.content.split(b"\n")


def _has_fractions(observed: Observed) -> bool:
    return any(_FRACTION.search(line) for _, lines in _texts(observed) for line in lines)


def _differing(original: list[Lines], found: Lines) -> str:
    """The first line that two runs of the original have alike, and the variant otherwise.

    Other names, and more or fewer lines, are for the comparison of what is really printed.
    """
    one, two = original
    for name in sorted(one.keys() & two.keys() & found.keys()):
        lines = one[name], two[name], found[name]
        if len({len(some) for some in lines}) > 1:
            continue
        for number, (first, second, third) in enumerate(zip(*lines, strict=True), start=1):
            if first == second != third:
                return (
                    f"{name} differs in line {number}, in digits that are not printed: the"
                    " operations are others, or in another order (--allow-reassociation)"
                )
    return ""
