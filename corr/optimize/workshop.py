"""Builds variants and runs them where they can do no harm; every build and run once."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from collectors import sandbox, timings
from collectors.errors import CompileError
from collectors.sandbox import Confined, Limits
from collectors.toolchain import Toolchain
from corr.build import Builder, run_together
from corr.optimize.inputs import Input, Inputs, files_of
from corr.optimize.variant import Variant
from corr.program import Program

TIMES, DUMP = "times", "dump"
#: Bytes of a program's output that are compared.
LARGEST_OUTPUT = 512 << 20
#: Flags that change the values computed, so that a reference must be built with them as well.
_VALUE_FLAGS = ("-march=", "-mcpu=", "-mfma", "-mno-fma", "-ffp-contract")


@dataclass
class Clock:
    """Seconds spent on compilers and on programs."""

    compiling: float = 0.0
    running: float = 0.0


@dataclass(frozen=True)
class Run:
    """One run: how it ended, what it put out, the time that it measured itself."""

    done: Confined
    output: bytes
    kernel: float | None

    @property
    def ok(self) -> bool:
        return self.done.ok


class Workshop:
    """Where the variants of one program are built and run. `folder` is scratch space."""

    def __init__(
        self, program: Program, toolchain: Toolchain, folder: Path, *, bare: bool = False
    ) -> None:
        self.program = program
        self.toolchain = toolchain
        self.folder = folder
        self.bare = bare
        self.clock = Clock()
        self._built: dict[str, Path | CompileError] = {}
        self._spare = folder / "run"
        self._spare.mkdir(parents=True, exist_ok=True)

    # --- building --------------------------------------------------------------------------

    def build(self, variant: Variant, more: tuple[str, ...] = ()) -> Path:
        """The executable of a variant; `more` are further flags. Raises CompileError."""
        key = _key(variant, more)
        if key not in self._built:
            start = time.monotonic()
            try:
                self._built[key] = self._build(variant, more, self.folder / key[:20])
            except CompileError as error:
                self._built[key] = error
            finally:
                self.clock.compiling += time.monotonic() - start
        found = self._built[key]
        if isinstance(found, CompileError):
            raise found
        return found

    def build_all(self, variants: list[Variant]) -> None:
        """Build several side by side; what does not compile is known by then."""
        wanted = [v for v in variants if _key(v, ()) not in self._built]
        start, before = time.monotonic(), self.clock.compiling

        def one(variant: Variant) -> None:
            try:
                self.build(variant)
            except CompileError:
                return

        run_together([lambda v=v: one(v) for v in wanted])  # type: ignore[misc]
        self.clock.compiling = before + time.monotonic() - start

    def _build(self, variant: Variant, more: tuple[str, ...], folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        program = variant.program_in(folder)
        units = tuple(replace(u, flags=(*u.flags, *more)) for u in program.units)
        program = replace(program, units=units, link_flags=(*program.link_flags, *more))
        return Builder(program, self.toolchain, folder, sandbox.compiler_limits()).executable()

    def forget(self, variant: Variant) -> None:
        """Remove the files of a variant that will not be run again."""
        key = _key(variant, ())
        if isinstance(self._built.pop(key, None), Path):
            shutil.rmtree(self.folder / key[:20], ignore_errors=True)

    def reference_flags(self, variant: Variant) -> tuple[str, ...]:
        """Those of a variant's flags that change values, not only speed."""
        return tuple(f for f in variant.flags if f.startswith(_VALUE_FLAGS))

    # --- running ---------------------------------------------------------------------------

    @cached_property
    def _readable(self) -> tuple[Path, ...]:
        stdin = self.program.run.stdin
        return (*files_of(self.program), *((stdin,) if stdin else ()))

    def run(
        self,
        binary: Path,
        given: Input,
        output: str | None,
        *,
        limits: Limits | None = None,
        repeat: int | None = None,
        readable: tuple[Path, ...] = (),
    ) -> Run:
        """Run an executable confined. `output`: what to keep (`dump`, `stdout`, `stderr`)."""
        env = {**given.env, timings.TIMES_VARIABLE: str(self._spare / TIMES)}
        outputs = [TIMES]
        if output == "dump":
            env["CORR_DUMP"] = str(self._spare / DUMP)
            outputs.append(DUMP)
        if repeat is not None:
            env["CORR_REPEAT"] = str(repeat)
        limits = limits or Limits(wall=self.program.run.time_limit)
        limits = replace(limits, file=LARGEST_OUTPUT)
        start = time.monotonic()
        done = sandbox.run(
            [binary, *given.args],
            readonly=(*self._readable, *readable),
            writable=self._spare,
            outputs=outputs,
            env=env,
            stdin=self.program.run.stdin,
            limits=limits,
            bare=self.bare,
            discard=output in (None, "dump"),
        )
        self.clock.running += time.monotonic() - start
        return Run(done, self._output(done, output), self._kernel())

    def _output(self, done: Confined, output: str | None) -> bytes:
        if output == "dump":
            return sandbox.read_output(self._spare, DUMP, LARGEST_OUTPUT)
        return {"stdout": done.stdout, "stderr": done.stderr}.get(output or "", b"")

    def _kernel(self) -> float | None:
        """The kernel time that the program says it took; None unless it says so properly."""
        text = sandbox.read_output(self._spare, TIMES, 1 << 20).decode("utf-8", "replace")
        values, bad = timings.parse_times(text)
        return sum(values) if values and not bad else None


@dataclass
class References:
    """What the original puts out for each input, under each set of flags that changes values."""

    workshop: Workshop
    inputs: Inputs
    original: Variant
    _known: dict[tuple[Input | str, tuple[str, ...]], bytes] = field(default_factory=dict)

    def output(self, given: Input, flags: tuple[str, ...]) -> bytes:
        """The output. Raises CompileError, or CorrError where the original itself fails."""
        from collectors.program_run import failure

        key = (f"{given.label} {given.args} {sorted(given.env.items())}", (*flags, *given.flags))
        if key not in self._known:
            variant = replace(self.original, flags=(*self.original.flags, *flags))
            binary = self.workshop.build(variant, given.flags)
            found = self.workshop.run(binary, given, self.inputs.output)
            error = failure(found.done)
            if error is not None:
                raise error
            self._known[key] = found.output
        return self._known[key]


def _key(variant: Variant, more: tuple[str, ...]) -> str:
    """What tells builds apart: every text and flag, not how they came about."""
    parts: list[object] = [variant.flags, more]
    parts += sorted((str(k), v) for k, v in variant.texts.items())
    parts += sorted((str(k), v) for k, v in variant.ir.items())
    parts += sorted((str(k), sorted(v.items())) for k, v in variant.schedules.items())
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
