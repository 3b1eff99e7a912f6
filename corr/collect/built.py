"""The program, built: what every layer is gathered from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import Lock

import pyarrow as pa

from collectors.base.invocation import Invocation
from collectors.base.table import Problem
from collectors.base.threads import run_together
from collectors.base.toolchain import Toolchain
from collectors.source_loops import forest, loops, openmp
from collectors.source_loops.forest import Function
from corr.collect.attempts import attempt
from corr.collect.options import Options
from corr.console.progress import Progress
from corr.program.build import Builder, BuiltUnit
from corr.program.model import Program, relative
from corr.program.spelling import spell_files

#: Instructions of unoptimised IR from which on a program is large. Building takes about 0.1 ms of
#: CPU time for each (SQLite, Lua, pugixml, LULESH at -O2 and -O3), all that is costly several times
#: as long: a second is spent without asking.
LARGE = 10_000


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
    _tagging: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def large(self) -> bool:
        """Building it takes more than about a second, gathering everything several times that."""
        return sum(f.instructions for unit in self.functions.values() for f in unit) > LARGE

    @property
    def binary(self) -> Path:
        return self.folder / self.program.name

    @property
    def units(self) -> Sequence[BuiltUnit]:
        return self.builder.units

    def label(self, unit: BuiltUnit) -> str:
        """The name of a unit in tables."""
        return self.program.label(unit.unit)

    def twins(self) -> dict[tuple[str, str], str]:
        """Static functions of one name in several files, as `loops.twins` has them."""
        every = (f for functions in self.functions.values() for f in functions)
        return loops.twins(every, partial(relative, root=self.program.root))

    def invocation(self, binary: Path | None = None) -> Invocation:
        """How the program is run, or another build of it."""
        return self.program.run.invocation(binary or self.binary)

    def spelled(self, rows: pa.Table) -> pa.Table:
        """The rows with files named as in every other table."""
        return spell_files(rows, self.program.root, self.program.root)

    def tagged(self, unit: BuiltUnit) -> Path:
        """The unit's IR with its blocks named by their loop: what follows the loops through the
        optimiser reads it.
        """
        with self._tagging:
            if not unit.tagged.exists():
                draft = unit.tagged.with_suffix(".draft")
                forest.tag_blocks(unit.frontend, list(self.functions[unit.stem]), draft)
                if unit.unit.adopt is not None:
                    source = ("-x", "ir", draft, "-Wno-override-module")
                    command = self.builder.argv(unit.unit)
                    unit.unit.adopt(command, source, unit.unit.directory)
                draft.rename(unit.tagged)
            return unit.tagged

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
    compiled = [partial(_compiled, builder, unit, progress) for unit in builder.units]
    fronts = [partial(_front_end, builder, unit, progress) for unit in builder.units]
    # a unit's two next to each other: the second finds the source in memory
    pairs = zip(compiled, fronts, strict=True)
    jobs: list[Callable[[], _FrontEnd]] = [job for pair in pairs for job in pair]
    read = run_together(jobs)[1::2]
    problems: Sequence[Problem] = program.notes
    with progress.step("linking"):
        if options.run:
            builder.link(program.name)
        else:
            problems = [*problems, *builder.link_unrun(program.name)]
    return _with_loops(builder, read, options, progress, problems)


def read_again(
    program: Program, toolchain: Toolchain, folder: Path, options: Options, progress: Progress
) -> BuiltProgram:
    """A program whose binary is in `folder`, with its loops read once more; nothing is compiled.

    Raises CompileError where a source is no longer what it was.
    """
    builder = Builder(program, toolchain, folder)
    read = run_together([partial(_front_end, builder, unit, progress) for unit in builder.units])
    return _with_loops(builder, read, options, progress)


def _with_loops(
    builder: Builder,
    read: Sequence[_FrontEnd],
    options: Options,
    progress: Progress,
    problems: Sequence[Problem] = (),
) -> BuiltProgram:
    return BuiltProgram(
        builder.program,
        builder.toolchain,
        builder.folder,
        options,
        progress,
        builder,
        {unit.stem: front.functions for unit, front in zip(builder.units, read, strict=True)},
        (*(problem for front in read for problem in front.problems), *problems),
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
    return _FrontEnd(functions)


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
