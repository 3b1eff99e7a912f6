"""The program, built: what every layer is gathered from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pyarrow as pa

from collectors.base.invocation import Invocation
from collectors.base.table import Problem
from collectors.base.threads import run_together
from collectors.base.toolchain import Toolchain
from collectors.source_loops import forest, openmp
from collectors.source_loops.forest import Function
from corr.collect.attempts import attempt
from corr.collect.options import Options
from corr.console.progress import Progress
from corr.program.build import Builder, BuiltUnit
from corr.program.model import Program
from corr.program.spelling import spell_files


@dataclass(frozen=True)
class BuiltProgram:
    """A program with its binary, and how much is to be collected of it.

    `functions` are those of each unit, by its stem, with their loop forests; `problems` why some
    could not be read. The layers' files go to `folder`.
    """

    program: Program
    toolchain: Toolchain
    folder: Path
    options: Options
    progress: Progress
    builder: Builder
    functions: Mapping[Path, Sequence[Function]]
    problems: tuple[Problem, ...] = ()

    @property
    def binary(self) -> Path:
        return self.folder / self.program.name

    @property
    def units(self) -> Sequence[BuiltUnit]:
        return self.builder.units

    def label(self, unit: BuiltUnit) -> str:
        """The name of a unit in tables."""
        return self.program.label(unit.unit)

    def invocation(self, binary: Path | None = None) -> Invocation:
        """How the program is run, or another build of it."""
        return self.program.run.invocation(binary or self.binary)

    def spelled(self, rows: pa.Table) -> pa.Table:
        """The rows with files named as in every other table."""
        return spell_files(rows, self.program.root, self.program.root)

    def remove_intermediate_files(self) -> None:
        """What only the layers had a use for."""
        for unit in self.units:
            unit.tagged.unlink(missing_ok=True)
            unit.object.unlink(missing_ok=True)


def build(
    program: Program, toolchain: Toolchain, folder: Path, options: Options, progress: Progress
) -> BuiltProgram:
    """Compile every unit, read its loops, link. Nothing is timed yet: all at once.

    Raises CompileError where the program does not build.
    """
    builder = Builder(program, toolchain, folder)
    jobs: list[Callable[[], _FrontEnd]] = []
    for unit in builder.units:
        jobs.append(partial(_compiled, builder, unit, progress))
        jobs.append(partial(_front_end, builder, unit, progress))
    found = run_together(jobs)
    problems = [problem for read in found for problem in read.problems]
    with progress.step("linking"):
        if options.run:
            builder.link(program.name)
        else:
            problems += builder.link_unrun(program.name)
    return BuiltProgram(
        program,
        toolchain,
        folder,
        options,
        progress,
        builder,
        {unit.stem: read.functions for unit, read in zip(builder.units, found[1::2], strict=True)},
        tuple(problems),
    )


@dataclass(frozen=True)
class _FrontEnd:
    """The functions of a unit as the compiler's front end gave them, and what could not be read."""

    functions: Sequence[Function] = ()
    problems: tuple[Problem, ...] = ()


def _compiled(builder: Builder, unit: BuiltUnit, progress: Progress) -> _FrontEnd:
    with progress.step(f"compiling {unit.stem.name}"):
        builder.compile(unit)
    return _FrontEnd()


def _front_end(builder: Builder, unit: BuiltUnit, progress: Progress) -> _FrontEnd:
    """The loops of a unit; where they cannot be read it is without, and everything else goes on."""
    label = builder.program.label(unit.unit)
    with progress.step(f"loops of {unit.stem.name}"):
        functions = attempt("loops", label, partial(_functions, builder, unit))
        if isinstance(functions, Problem):
            return _FrontEnd((), (functions,))
        failed = attempt("ir_changes", label, partial(_tag, builder, unit, functions))
    if failed is None:
        return _FrontEnd(functions)
    unit.tagged.unlink(missing_ok=True)
    return _FrontEnd(functions, (failed,))


def _functions(builder: Builder, unit: BuiltUnit) -> list[Function]:
    builder.emit_frontend(unit)
    functions = forest.read(unit.frontend, unit.unit.directory)
    openmp.move_to_keywords(functions, _lines_of(builder.program))
    return functions


def _lines_of(program: Program) -> openmp.Lines:
    @cache
    def lines(file: str) -> list[str] | None:
        try:
            return program.content(Path(file)).read_text("utf-8", "replace").splitlines()
        except OSError:
            return None

    return lines


def _tag(builder: Builder, unit: BuiltUnit, functions: list[Function]) -> None:
    """Name the blocks by their loop, for what follows the loops through the optimiser."""
    forest.tag_blocks(unit.frontend, functions, unit.tagged)
    if unit.unit.adopt is not None:
        source = ("-x", "ir", unit.tagged, "-Wno-override-module")
        unit.unit.adopt(builder.argv(unit.unit), source, unit.unit.directory)
