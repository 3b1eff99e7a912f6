"""Builds variants and runs them where they can do no harm; every build and run once."""

from __future__ import annotations

import contextlib
import errno
import filecmp
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.base import processor
from collectors.base.errors import CompileError, CorrError
from collectors.base.invocation import failure
from collectors.base.toolchain import Toolchain
from collectors.measured import timings
from collectors.sandbox import confined
from collectors.sandbox.confined import Confined, Limits
from collectors.sandbox.places import Entry
from corr.optimize.inputs import Input
from corr.optimize.layout import Layouts
from corr.optimize.observed import ARRAYS, STATUS, STDERR, Evidence, Observed
from corr.optimize.printed_time import Declared, GoogleBenchmark, PrintedTime, Told
from corr.optimize.surroundings import Surroundings
from corr.optimize.time_budget import OutOfTime, TimeBudget
from corr.optimize.training import Training, plain
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Program
from corr.system.disk import check_room, disk_errors
from corr.timing.clocks import Reading

if TYPE_CHECKING:
    from corr.optimize.on_workers import Crew

TIMES, DUMP, PROFILE = "times", "dump", "profile.profraw"
#: How much longer an instrumented run may take, and how large the profile that it leaves may be.
INSTRUMENTED_TIMES, LARGEST_PROFILE = 5, 256 << 20
#: Bytes of a program's output that are compared: of a file of arrays, and of what it prints.
LARGEST_OUTPUT = 512 << 20
LARGEST_TEXT = 64 << 20
#: And of all files that it writes in its folders.
LARGEST_FILES = 128 << 20
#: Bytes that must be free for a candidate to be built and run.
LEAST_ROOM = 64 << 20
ELSEWHERE = "set TMPDIR to another folder"
FAILED_STATUS = "it ends with a status that means failure"
#: What compilers say of a full disk.
_FULL = ("No space left on device", "Disk quota exceeded")
#: Flags that change the values computed, so that a reference must be built with them as well.
_VALUE_FLAGS = ("-march=", "-mcpu=", "-mfma", "-mno-fma", "-ffp-contract")


@dataclass
class Clock:
    """Seconds spent on compilers and on programs."""

    compiling: float = 0.0
    running: float = 0.0


@dataclass(frozen=True)
class Run:
    """One run: how it ended, what it put out, the times that it measured itself.

    `output` of a file holds until the next run; `files` are what it wrote in its folders, where one
    looked. `times`: how often it chose to do what it measured. `trouble` says why its files could
    not be read, which only a program that means harm brings on, or one that writes very much.
    `idle` are seconds of processors that had nothing to do meanwhile.
    """

    done: Confined
    output: bytes | bytearray
    kernels: tuple[float, ...] = ()
    trouble: str = ""
    idle: float | None = None
    files: Mapping[str, Entry] = field(default_factory=dict)
    times: int | None = None

    def observed(self, evidence: Evidence) -> Observed:
        """What counts of it."""
        printed = {evidence.printed: self.output}
        if evidence.errors:
            printed[STDERR] = self.done.stderr
        if evidence.time is not None:
            for name in printed.keys() - {ARRAYS}:
                printed[name] = evidence.time.without(bytes(printed[name]))
        files = evidence.named(self.files)
        for name, some in evidence.unsteady.items():
            if name in printed:
                printed[name] = some.blanked(bytes(printed[name]))
            elif name in files:
                files[name] = replace(files[name], content=some.blanked(files[name].content))
        return Observed(
            None if STATUS in evidence.left_out else self.done.returncode,
            {name: text for name, text in printed.items() if name not in evidence.left_out},
            files,
        )

    @property
    def ok(self) -> bool:
        return self.done.ok and not self.trouble

    @property
    def kernel(self) -> float | None:
        """Seconds of kernel time in all; None if the program gave none."""
        return sum(self.kernels) if self.kernels else None

    @property
    def reading(self) -> Reading:
        """What the clocks say of it."""
        done = self.done
        count = len(self.kernels) if self.times is None else self.times
        return Reading(done.wall, done.cpu, self.idle, self.kernel, count)

    def why(self) -> str:
        """What is wrong with it, in a line, without any value of its own: not even its status."""
        if self.done.returncode > 0 and not (self.done.timed_out or self.done.exceeded):
            return self.trouble if self.done.ok else FAILED_STATUS
        error = failure(self.done)
        if error is not None:
            return error.message.splitlines()[0]
        return self.trouble or self.done.ending()


class Builds:
    """Where the variants of one program are built and run. `folder` is scratch space."""

    def __init__(
        self, program: Program, toolchain: Toolchain, folder: Path, *, bare: bool = False
    ) -> None:
        self.program = program
        self.toolchain = toolchain
        self.folder = folder
        self.bare = bare
        self.clock = Clock()
        #: flags that every build here has besides the variant's own
        self.always: tuple[str, ...] = ()
        #: and those that make it of another size than it was asked for, while that is searched on
        self.size: tuple[str, ...] = ()
        #: what every build is linked with besides
        self.link: tuple[str, ...] = ()
        #: where the program runs, and what it finds there
        self.surroundings = Surroundings()
        self.budget = TimeBudget()
        #: how the program prints its time, if it does
        self.time: PrintedTime = GoogleBenchmark()
        #: other hosts that time in place of this one
        self.crew: Crew | None = None
        #: seconds of wall time that an executable took when it was last run
        self.walls: dict[Path, float] = {}
        #: what variants that are trained are trained on, and how others are laid out
        self.training, self.layouts = Training(), Layouts()
        #: what the environment of an executable has besides
        self.environments: dict[Path, dict[str, str]] = {}
        self._built: dict[str, Path | CompileError] = {}
        self._spare = folder / "run"
        self._room = bytearray()
        with disk_errors(folder, ELSEWHERE):
            self._spare.mkdir(parents=True, exist_ok=True)

    # --- building --------------------------------------------------------------------------

    def build(self, variant: Variant, more: tuple[str, ...] = ()) -> Path:
        """The executable of a variant; `more` are flags of untimed ones. Raises CompileError."""
        key = self._key(variant, more)
        if key not in self._built:
            self.budget.check()
            with self.compiling():
                try:
                    binary = self._build(variant, more, self.folder / key[:20])
                    self._built[key] = binary
                    self.environments[binary] = dict(variant.environment)
                except CompileError as error:
                    self._built[key] = error
        found = self._built[key]
        if isinstance(found, CompileError):
            raise found
        return found

    @property
    def declared(self) -> bool:
        """The user said how the program prints its time: nothing else that it says of it counts."""
        return isinstance(self.time, Declared)

    @property
    def built(self) -> int:
        """How many variants were built, or could not be."""
        return len(self._built)

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Count the time of the block as spent on compilers."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.clock.compiling += time.monotonic() - start

    def _build(self, variant: Variant, more: tuple[str, ...], folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        with disk_errors(folder, ELSEWHERE):
            folder.mkdir(parents=True)
            always = (*self.always, *self.size)
            if any(set(always) - set(unit.flags) for unit in variant.program.units):
                variant = self.with_flags(variant, always)  # modules were made without them
            program = self.program_of(variant, folder)
            units = tuple(replace(u, flags=(*u.flags, *always, *more)) for u in program.units)
            link = (*program.link_flags, *self.link, *more)
            program = replace(program, units=units, link_flags=link)
            builder = Builder(program, self.toolchain, folder, confined.compiler_limits())
            try:
                binary = builder.executable()
                if variant.laid_out and not more:
                    self.layouts.lay_out(self, binary)
                return binary
            except CompileError as error:
                if any(words in error.message for words in _FULL):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
                raise

    def program_of(self, variant: Variant, folder: Path) -> Program:
        """The program to build, as `program_in` has it, with a profile if the variant is trained.

        Raises CompileError where there is no profile to be had.
        """
        key = self._key(plain(variant))
        return variant.program_in(folder, self.training.flags(self, variant, key))

    def of_size(self, program: Program) -> Program:
        """The program as it is compiled for the size that is searched on."""
        units = tuple(replace(unit, flags=(*unit.flags, *self.size)) for unit in program.units)
        return replace(program, units=units)

    def profile(self, variant: Variant) -> bytes | None:
        """The profile that a trained variant was built with."""
        return self.training.content(self._key(plain(variant))) if variant.trained else None

    @property
    def profile_path(self) -> Path:  # where an instrumented run leaves one
        return self._spare / PROFILE

    def identical(self, one: Path, other: Path) -> bool:
        """Two executables are the same machine code and data, run in the same environment."""
        same = self.environments.get(one) == self.environments.get(other)
        return same and filecmp.cmp(one, other, shallow=False)

    def with_flags(self, variant: Variant, flags: tuple[str, ...]) -> Variant:
        """The variant as its moves make it of the program with further flags on every unit.

        That is another thing than building it with them only where it holds modules, which have
        been compiled already. Raises Refused, and CompileError.
        """
        from corr.optimize.moves.ir_function import replayed

        if not variant.ir or not flags:
            return variant
        units = tuple(replace(u, flags=(*u.flags, *flags)) for u in variant.program.units)
        start = Variant(
            replace(variant.program, units=units),
            allow_reassociation=variant.allow_reassociation,
        )
        with self.scratch("modules") as folder:
            return replayed(start, variant.moves, self.toolchain, folder)

    def check_room(self) -> None:
        """Raise CorrError before a full disk makes a candidate look bad."""
        check_room(self.folder, LEAST_ROOM, ELSEWHERE)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A new folder, gone afterwards. Raises CorrError where there is no room."""
        folder = self.folder / f"{name}{time.monotonic_ns()}"
        with disk_errors(self.folder, ELSEWHERE):
            folder.mkdir(parents=True)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def forget(self, variant: Variant) -> None:
        """Remove the files of a variant that will not be run again."""
        key = self._key(variant)
        if isinstance(self._built.pop(key, None), Path):
            shutil.rmtree(self.folder / key[:20], ignore_errors=True)

    def reference_flags(self, variant: Variant) -> tuple[str, ...]:
        """Those of a variant's flags that change values, not only speed."""
        return tuple(f for f in variant.flags if f.startswith(_VALUE_FLAGS))

    def _key(self, variant: Variant, more: tuple[str, ...] = ()) -> str:
        """What tells builds apart: every text and flag, not how they came about."""
        units = [unit.flags for unit in variant.program.units]
        parts: list[object] = [variant.flags, self.size, self.link, more, units]
        parts += [variant.trained, variant.laid_out, variant.link, variant.environment]
        parts += sorted((str(k), v) for k, v in variant.texts.items())
        parts += sorted((str(k), v) for k, v in variant.ir.items())
        parts += sorted((str(k), sorted(v.items())) for k, v in variant.schedules.items())
        parts += sorted((str(k), repr(v)) for k, v in variant.inlined.items())
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    # --- running ---------------------------------------------------------------------------

    def run(
        self,
        binary: Path,
        given: Input,
        output: str | None,
        *,
        limits: Limits | None = None,
        repeat: int | None = None,
        look: bool = False,
        errors: bool = False,
        around: Surroundings | None = None,
        ok_status: tuple[int, ...] | None = None,
        profile: bool = False,
    ) -> Run:
        """Run an executable confined. `output`: what to keep (`dump`, `stdout`, `stderr`).

        `look`: also the files that it writes; `errors`: what it prints, in any case. `profile`: it
        is instrumented, and leaves one. `around` and `ok_status`: where it runs, and which exit
        statuses are no failure, if it is not the program that is run.
        """
        around = self.surroundings if around is None else around
        env = {**given.env, timings.TIMES_VARIABLE: str(self._spare / TIMES)}
        for name, value in self.environments.get(binary, {}).items():
            env[name] = ":".join(filter(None, (value, env.get(name))))  # settings of glibc
        outputs = [TIMES]
        if profile:
            env["LLVM_PROFILE_FILE"] = str(self.profile_path)
            outputs.append(PROFILE)
        if output == "dump":
            env["CORR_DUMP"] = str(self._spare / DUMP)
            outputs.append(DUMP)
        if repeat is not None:
            env["CORR_REPEAT"] = str(repeat)
        longest = self.program.run.time_limit
        limits = limits or Limits(wall=longest, cpu=max(longest, Limits.cpu))
        self.budget.check()
        wall = self.budget.at_most(limits.wall)
        cut = wall < limits.wall
        limits = replace(limits, wall=wall, file=LARGEST_OUTPUT, kept=LARGEST_TEXT)
        start, idle_before = time.monotonic(), processor.idle_seconds()
        done = confined.run(
            [binary, *given.args],
            readonly=(*around.readable, *given.shown),
            writable=self._spare,
            outputs=outputs,
            places=around.places,
            look=LARGEST_FILES if look else 0,
            env=env,
            stdin=given.stdin or self.program.run.stdin,
            limits=limits,
            bare=self.bare,
            discard=output in (None, "dump") and not (errors or self.declared),
            cwd=around.cwd,
            ok_status=self.program.run.ok_status if ok_status is None else ok_status,
        )
        self.walls[binary] = time.monotonic() - start
        self.clock.running += self.walls[binary]
        if cut and done.timed_out:
            raise OutOfTime
        idle = processor.idle_between(idle_before)
        if output in ("stdout", "stderr") and done.truncated:
            return Run(done, b"", trouble=f"it prints more than {LARGEST_TEXT >> 20} MB")
        if done.left is not None and done.left.trouble:
            return Run(done, b"", trouble=done.left.trouble)
        files = around.written(done.left.entries) if done.left is not None else {}
        try:
            kernels = () if self.declared else self._kernels()
            told = Told(kernels) if kernels else self.time.read((done.stdout, done.stderr))
            kept = self._output(done, output)
            return Run(done, kept, told.seconds, idle=idle, files=files, times=told.times)
        except CorrError as error:
            return Run(done, b"", trouble=error.message)

    def profiled(self, binary: Path, given: Input) -> bytes:
        """The raw profile of a run of an instrumented build; empty if it wrote none."""
        longest = INSTRUMENTED_TIMES * self.program.run.time_limit
        limits = Limits(wall=longest, cpu=longest)
        self.run(binary, given, None, limits=limits, profile=True)
        return bytes(confined.read_output(self._spare, PROFILE, LARGEST_PROFILE))

    def _output(self, done: Confined, output: str | None) -> bytes | bytearray:
        if output == "dump":
            self._room = confined.read_output(self._spare, DUMP, LARGEST_OUTPUT, self._room)
            return self._room
        return {"stdout": done.stdout, "stderr": done.stderr}.get(output or "", b"")

    def _kernels(self) -> tuple[float, ...]:
        """The kernel times that the program says it took; none unless it says so properly."""
        text = confined.read_output(self._spare, TIMES, 1 << 20).decode("utf-8", "replace")
        values, bad = timings.parse_times(text)
        return () if bad else tuple(values)
