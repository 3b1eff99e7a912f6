"""The layout of a variant's machine code by BOLT, from counts of its own runs.

    a variant, linked with its relocations → llvm-bolt -instrument → runs on the inputs to train on
    → llvm-bolt: blocks and functions in the order in which they run, what hardly runs apart

The code computes what it did; only where it lies is another. Counts come from an instrumented
copy, which needs no counters of the processor. What it is trained on is what profiles are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from collectors.base import process
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from collectors.sandbox.confined import compiler_limits
from corr.optimize.inputs import Input
from corr.optimize.training import Training

#: What the linker is told, so that code can be moved afterwards.
RELOCATIONS = "-Wl,--emit-relocs"
#: How code is laid out: BOLT's own advice for programs with a profile.
ORDER = (
    "-reorder-blocks=ext-tsp",
    "-reorder-functions=cdsort",
    "-split-functions",
    "-split-all-cold",
    "-split-eh",
)
#: How long BOLT may take over an executable.
SECONDS = 300.0
NO_COUNTS = "no counts were written: it ends without leaving main or calling exit"


class Counting(Protocol):
    """What runs the program (`build_and_run.Builds`)."""

    toolchain: Toolchain
    training: Training

    @property
    def profile_path(self) -> Path:
        """Where an instrumented run leaves its counts."""

    def profiled(self, binary: Path, given: Input) -> bytes:
        """The counts of a run of an instrumented build; empty if it wrote none."""


@dataclass
class Layouts:
    """The counts by which executables were laid out, as llvm-bolt takes them."""

    counts: dict[Path, bytes] = field(default_factory=dict)

    def lay_out(self, builds: Counting, binary: Path) -> None:
        """Lay an executable out anew, in its place.

        Raises CompileError where BOLT cannot, or the program leaves no counts.
        """
        tool = builds.toolchain.path("llvm-bolt")
        counted = binary.with_name(f"{binary.name}.counted")
        where = f"--instrumentation-file={builds.profile_path}"
        # the copy looks for itself, which it may not in a sandbox
        itself = f"--instrumentation-binpath={counted}"
        _bolt([tool, binary, "-instrument", where, itself, "-o", counted])
        runs = [builds.profiled(counted, given) for given in builds.training.inputs]
        counted.unlink()
        counts = _merged(builds.toolchain, [run for run in runs if run], binary)
        data = binary.with_name(f"{binary.name}.fdata")
        data.write_bytes(counts)
        out = binary.with_name(f"{binary.name}.laid-out")
        _bolt([tool, binary, f"-data={data}", *ORDER, "-o", out])
        data.unlink()
        out.replace(binary)
        self.counts[binary] = counts


def _merged(tools: Toolchain, runs: Sequence[bytes], binary: Path) -> bytes:
    """The counts of several runs in one. Raises CompileError where there are none."""
    if not runs:
        raise CompileError(NO_COUNTS)
    if len(runs) == 1 or not tools.has("merge-fdata"):
        return runs[0]
    files = [binary.with_name(f"{binary.name}.{number}.fdata") for number in range(len(runs))]
    for file, run in zip(files, runs, strict=True):
        file.write_bytes(run)
    done = process.run([*compiler_limits(), tools.path("merge-fdata"), *files], timeout=SECONDS)
    for file in files:
        file.unlink()
    return done.stdout if done.ok and done.stdout else runs[0]


def _bolt(command: Sequence[str | Path]) -> None:
    done = process.run([*compiler_limits(), *command], timeout=SECONDS)
    if not done.ok:
        raise CompileError(f"llvm-bolt cannot lay it out: {done.last_lines(2)}")
