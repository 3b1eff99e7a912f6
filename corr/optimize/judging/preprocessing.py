"""The program that is judged is the one that is delivered, also where flags make it print more.

PolyBench is judged in a build that prints its arrays; the preprocessor could hide from it what
another build does. So both texts are made, and may only differ as those of the original do.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CompileError
from collectors.sandbox.confined import compiler_limits
from corr.optimize.build_and_run import Builds
from corr.optimize.variant import Variant
from corr.program.build import Builder


def other_program(builds: Builds, original: Variant, variant: Variant) -> str:
    """What a variant's text does only where it is not judged; empty if nothing.

    Raises CompileError.
    """
    with builds.scratch("preprocessed") as folder, builds.compiling():
        texts = []
        for number, one in enumerate((original, variant)):
            place = folder / str(number)
            place.mkdir()
            texts.append(_differences(builds, one, place))
    if texts[0] == texts[1]:
        return ""
    return f"its text depends on {' '.join(builds.always)} otherwise than the original's"


def _differences(builds: Builds, variant: Variant, folder: Path) -> list[str]:
    """The lines that the flags change in the preprocessed text of all units, in any order."""
    builder = Builder(variant.program_in(folder), builds.toolchain, folder, compiler_limits())
    found = []
    for built in builder.units:
        plain, judged = (
            _preprocessed(builder.argv(built.unit), flags, built.unit.source, built.unit.directory)
            for flags in ((), builds.always)
        )
        lines = difflib.unified_diff(plain, judged, n=0, lineterm="")
        found += [line for line in lines if not line.startswith("@@")]
    return sorted(found)


def _preprocessed(
    command: list[str | Path], flags: tuple[str, ...], source: Path, directory: Path
) -> list[str]:
    done = process.run([*command, *flags, "-E", "-P", source], cwd=directory)
    if not done.ok:
        raise CompileError(f"{source.name} does not compile:\n{done.last_lines(20)}")
    return done.stdout.decode("utf-8", "surrogateescape").splitlines()
