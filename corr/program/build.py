"""Build the program: the binary to measure, and what each compiler stage says of it.

Nothing here changes what the user's flags produce: neither places nor the remark record alter code.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from collectors.base import elf, process, toolchain
from collectors.base.errors import CompileError, CorrError
from collectors.base.table import Problem
from collectors.base.threads import run_together
from collectors.base.toolchain import Toolchain
from corr.program.compiled import compiled
from corr.program.model import Program, Unit
from corr.program.refused import compiler_advice, compiler_words, linker_advice

#: Warnings about flags that a single stage has no use for would be noise.
QUIET = ("-Wno-unused-command-line-argument",)
#: A bitstream record wants a section of the object file, which ELF has not: of no consequence here.
NO_SECTION = ("-Wno-source-mgr",)
#: Lines of a compiler's output that are looked through for errors.
LONGEST_OUTPUT = 10_000
#: clang's virtual file system overlay, in the folder of the artifacts.
OVERLAY = "overlay.json"
#: What to do where one file of several was taken for a program.
ALONE = (
    "a program of several files: `corr collect A.c B.c`, or a whole build: -p build --run './app'"
)
#: What to do where a revision is made of other sources than the build names.
OTHER_SOURCES = (
    "that revision has other sources: collect it from a checkout of its own (git worktree add), "
    "then corr diff A B"
)


@dataclass(frozen=True)
class BuiltUnit:
    """A unit's artifacts. `frontend` is unoptimised IR, `optimised` IR after the middle end."""

    unit: Unit
    stem: Path
    record: str = "yaml"

    @property
    def object(self) -> Path:
        return self.stem.with_suffix(".o")

    @property
    def remarks(self) -> Path:
        return self.stem.with_suffix(f".opt.{self.record}")

    @property
    def frontend(self) -> Path:
        return self.stem.with_suffix(".frontend.ll")

    @property
    def tagged(self) -> Path:
        return self.stem.with_suffix(".tagged.ll")

    @property
    def optimised(self) -> Path:
        return self.stem.with_suffix(".opt.ll")


def record_format(tools: Toolchain) -> str:
    """The format of remarks that is written and read in the least time.

    A bitstream is a tenth of the size and takes half of the time; clang crashed writing one before
    version 22.
    """
    return "bitstream" if tools.major >= 22 else "yaml"


#: A program that is not run may lack functions. Where the start-up code and the libraries of its
#: target are not installed, lld can do without them: as a library, in which calls keep their names,
#: or, of code that may not be in one, as a program.
_WITH_HOLES = ("-Wl,--unresolved-symbols=ignore-all",)
_ALONE = ("-fuse-ld=lld", "-nostdlib")
_WITHOUT_TARGET = ((*_ALONE, "-shared", "-Wl,-Bsymbolic"), (*_ALONE, *_WITH_HOLES))

_THREADS = ("pthread_create", "thrd_create", "__kmpc_fork_call", "GOMP_parallel", "_ZNSt6thread")


class Builder:
    """Runs clang on a program's units; artifacts go to `folder`, one stem a unit.

    `limits` is put before each command: for texts that may be hostile to a compiler.
    """

    def __init__(
        self,
        program: Program,
        toolchain: Toolchain,
        folder: Path,
        limits: tuple[str, ...] = (),
    ) -> None:
        self.program = program
        self.limits = limits
        self.toolchain = toolchain
        self.folder = folder
        stems = _stems([u.source for u in program.units])
        #: CPU seconds that compiling each unit took, by its stem.
        self.seconds: dict[Path, float] = {}
        self.units = [
            BuiltUnit(unit, folder / stem, record_format(toolchain))
            for unit, stem in zip(program.units, stems, strict=True)
        ]
        if program.overlay:
            self._write_overlay()

    def argv(self, unit: Unit) -> list[str | Path]:
        """Clang with the unit's own flags, as every stage starts it."""
        tool = "clang++" if unit.cxx else "clang"
        start: list[str | Path] = [*self.limits, *toolchain.repeatable(), self.toolchain.path(tool)]
        command: list[str | Path] = [*start, *unit.flags, *QUIET]
        if self.program.overlay:
            command.append(f"-ivfsoverlay{self.folder / OVERLAY}")
        if unit.ir is not None:
            # at -O0, which is what clang takes for IR without a level, the code would be awful
            command += ["-Wno-override-module", "-Xclang", "-disable-llvm-passes"]
        return command

    def _write_overlay(self) -> None:
        """What tells clang to read other files in place of the program's."""
        roots = [
            {"type": "file", "name": str(name), "external-contents": str(copy)}
            for name, copy in sorted(self.program.overlay.items())
        ]
        text = json.dumps({"version": 0, "use-external-names": False, "roots": roots})
        (self.folder / OVERLAY).write_text(text)

    def compile(self, built: BuiltUnit) -> None:
        """The measured object file, with its record of optimisation remarks."""
        self.seconds[built.stem] = self._made(
            built.unit,
            (built.object, built.remarks),
            *(places(built.unit), f"-fsave-optimization-record={built.record}"),
            *(NO_SECTION if built.record == "bitstream" else ()),
            f"-foptimization-record-file={built.remarks}",
            *("-c", *source_input(built.unit), "-o", built.object),
        )

    def emit_frontend(self, built: BuiltUnit) -> None:
        """Unoptimised IR, block names kept, as the optimiser will receive it."""
        self._made(
            built.unit,
            (built.frontend,),
            *("-g", "-Xclang", "-disable-llvm-passes", "-fno-discard-value-names"),
            *("-S", "-emit-llvm", *source_input(built.unit), "-o", built.frontend),
        )

    def emit_optimised(self, built: BuiltUnit) -> None:
        """IR after the middle end, from the tagged unoptimised IR."""
        self.clang(
            built.unit,
            *("-fno-discard-value-names", "-Wno-override-module"),
            *("-S", "-emit-llvm", "-x", "ir", built.tagged, "-o", built.optimised),
        )

    def link(self, name: str = "program", extra: Sequence[str] = ()) -> Path:
        """Link the measured objects; returns the executable.

        With link-time optimisation the linker writes remarks too, to `link_remarks`.
        """
        return self._link_measured(name, (*self.program.link_flags, *extra))

    def link_unrun(self, name: str) -> list[Problem]:
        """Link the measured objects only to look at the code; what is missing may stay missing.

        Returns what was left out. Raises CompileError.
        """
        try:
            self.link(name, _WITH_HOLES)
            return []
        except CompileError as error:
            refused = error
        flags = without_libraries(self.program.link_flags)
        for extra in _WITHOUT_TARGET:
            with contextlib.suppress(CompileError):
                self._link_measured(name, (*flags, *extra))
                what = "linked without start-up code and libraries: those of its target are missing"
                fix = "the code is that of the objects; only its addresses are not the program's"
                return [Problem("instructions", name, what, fix)]
        raise refused

    def _link_measured(self, name: str, flags: Sequence[str]) -> Path:
        if self.link_time_optimised:
            flags = (*flags, "-fsave-optimization-record=yaml")
        return self._link([b.object for b in self.units], self.folder / name, flags)

    @property
    def link_time_optimised(self) -> bool:
        return any(f.startswith("-flto") for u in self.program.units for f in u.flags)

    def link_remarks(self) -> list[Path]:
        """The records of remarks that the linker wrote."""
        return sorted(self.folder.glob("*opt.ld.*yaml"))

    def executable(self) -> Path:
        """Only the executable, as `compile` and `link` make it, without a record of anything."""

        def one(built: BuiltUnit) -> None:
            self.clang(built.unit, "-c", *source_input(built.unit), "-o", built.object)

        run_together([partial(one, built) for built in self.units])
        binary = self.link(self.program.name)
        for built in self.units:
            built.object.unlink()
        return binary

    def variant(self, name: str, flags: Sequence[str]) -> Path:
        """A second executable of the same program with more flags (for counting, not timing)."""
        objects = [self.folder / f"{b.stem.name}.{name}.o" for b in self.units]

        def compile_one(built: BuiltUnit, out: Path) -> None:
            more = ("-g", *flags, *self.named(built))
            command = (*more, "-c", *source_input(built.unit), "-o", out)
            if any("/" in flag for flag in flags):  # of a file that is not looked at
                self.clang(built.unit, *command)
            else:
                self._made(built.unit, (out,), *command)

        pairs = zip(self.units, objects, strict=True)
        run_together([partial(compile_one, *pair) for pair in pairs])
        binary = self.link_objects(objects, self.folder / f"program.{name}", flags)
        for path in objects:
            path.unlink()
        return binary

    def named(self, built: BuiltUnit) -> tuple[str, ...]:
        """Profiles tell internal functions apart by this name, which is the bare file's else."""
        return ("-Xclang", "-main-file-name", "-Xclang", self.program.label(built.unit))

    def link_objects(self, objects: list[Path], out: Path, flags: Sequence[str]) -> Path:
        """Link these with the program's flags and more. Raises CompileError."""
        return self._link(objects, out, (*self.program.link_flags, *flags))

    def _link(self, objects: list[Path], out: Path, flags: Sequence[str]) -> Path:
        cxx = any(u.cxx for u in self.program.units)
        tool = self.toolchain.path("clang++" if cxx else "clang")
        answer = process.run(
            [
                *self.limits,
                tool,
                "-g",
                *objects,
                *QUIET,
                *flags,
                "-o",
                out,
            ],
            cwd=self.program.directory,
        )
        if not answer.ok:
            said = answer.last_lines(20)
            alone = ALONE if len(self.program.units) == 1 and "undefined" in said else ""
            hint = OTHER_SOURCES if self.program.revision else linker_advice(said) or alone
            raise CompileError(f"the program does not link:\n{said}", hint)
        return out

    def _made(self, unit: Unit, outputs: Sequence[Path], *arguments: str | Path) -> float:
        """As `clang`, or what it made before; returns the CPU seconds of making it."""

        def run(argv: Sequence[str | Path]) -> float:
            done = self._checked(unit, argv)
            return done.user + done.system

        command = [*self.argv(unit), *arguments]
        hostile = bool(self.limits) or bool(self.program.overlay) or unit.ir is not None
        if hostile:  # or of a file that stands for another
            return run(command)
        return compiled(command, unit.flags, unit.directory, outputs, run).seconds

    def clang(self, unit: Unit, *arguments: str | Path) -> process.Completed:
        """Start clang with the unit's flags and these arguments. Raises CompileError."""
        return self._checked(unit, [*self.argv(unit), *arguments])

    def _checked(self, unit: Unit, argv: Sequence[str | Path]) -> process.Completed:
        answer = process.run(argv, cwd=unit.directory)
        if not answer.ok:
            name = self.program.label(unit)
            said = answer.last_lines(LONGEST_OUTPUT)
            words = compiler_words(said)
            raise CompileError(f"{name} does not compile:\n{words}", compiler_advice(said))
        return answer


def places(unit: Unit) -> str:
    """The flag that gives the object's code its source places.

    Places alone are enough, where functions have no other names for the linker: what `-g` says of
    variables takes a fifth of the time, and LLVM 22 compiles a few functions otherwise with it.
    A parallel region of OpenMP is two functions with `-g`, and its loops are known by those.
    """
    asked = any(flag.startswith("-g") and flag != "-g0" for flag in unit.flags)
    parallel = any(flag.startswith("-fopenmp") for flag in unit.flags)
    return "-g" if unit.cxx or asked or parallel else "-gline-tables-only"


def source_input(unit: Unit) -> tuple[str | Path, ...]:
    """What clang is to compile: the source, or the module that stands for it.

    A source that only an overlay has is included: the driver looks for its input without overlays.
    """
    if unit.ir is not None:
        return ("-x", "ir", unit.ir)
    if unit.source.exists():
        return (unit.source,)
    language = "c++" if unit.cxx else "c"
    return ("-include", unit.source, "-x", language, os.devnull)


def without_libraries(flags: Sequence[str]) -> list[str]:
    """Flags of a link but for the libraries that they name: `-lm`, `-l m`."""
    pairs = zip(flags, ("", *flags), strict=False)
    return [flag for flag, before in pairs if not flag.startswith("-l") and before != "-l"]


def uses_threads(binary: Path) -> bool:
    """The program starts threads (POSIX, C11, std::thread or OpenMP), going by what it imports."""
    try:
        with elf.opened(binary) as file:
            table: Any = file.get_section_by_name(".dynsym")
            names = {symbol.name for symbol in table.iter_symbols()} if table else set()
    except CorrError:
        return False
    return any(name.startswith(_THREADS) for name in names)


def _stems(sources: list[Path]) -> list[str]:
    """A file name for each unit's artifacts; equal names are told apart by a number."""
    seen: dict[str, int] = {}
    stems = []
    for source in sources:
        stem = source.stem.replace(".", "_")
        if stem in ("program", "mca"):
            stem += "_unit"
        count = seen.get(stem, 0)
        seen[stem] = count + 1
        stems.append(f"{stem}-{count + 1}" if count else stem)
    return stems
