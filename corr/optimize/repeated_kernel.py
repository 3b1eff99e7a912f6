"""Programs of PolyBench's run their kernel several times in one process, set-up paid once.

A kernel of 3 ms, or one whose set-up takes longer than it does, cannot be timed by running the
whole program again and again. What does it is linked to every build (`repeated_kernel.c`); nothing
that is compiled changes, and without CORR_REPEAT the program is as it was.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CompileError
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Inputs
from corr.optimize.variant import Variant

_SOURCE = Path(__file__).with_name("repeated_kernel.c")
_WRAP = "-Wl,--wrap=polybench_timer_start,--wrap=polybench_timer_stop"


def linked(builds: Builds, original: Variant) -> None:
    """Link it to all that is built from now on, where that can be done."""
    out = builds.folder / "repeated_kernel.o"
    command: list[str | Path] = [builds.toolchain.path("clang"), "-O2", "-c", _SOURCE, "-o", out]
    if process.run(command).ok:
        builds.link = (str(out), _WRAP)
        with contextlib.suppress(CompileError):
            builds.build(original)
            return
        builds.link = ()


def works(builds: Builds, binary: Path, inputs: Inputs) -> bool:
    """The program gives two kernel times if it is asked to, and puts out what it does without."""
    if not builds.link:
        return False
    twice = builds.run(binary, inputs.timed, inputs.output, repeat=2)
    once = builds.run(binary, inputs.timed, inputs.output)
    same = twice.observed(inputs.evidence).differing(once.observed(inputs.evidence))
    return twice.ok and once.ok and len(twice.kernels) == 2 and not same
