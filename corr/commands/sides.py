"""The two sides of `corr diff` that are built on the spot: files, flags and revisions of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corr.commands.options import Built, ClangFlags

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo
    from corr.program.configured import Build
    from corr.program.model import Program, Run
    from corr.system.config import Settings

#: What a side has of its own: its option, flags and revision.
Side = tuple[str, str | None, str | None]


def programs_of_sides(
    names: list[str],
    built: Built,
    how: Run,
    settings: Settings,
    llvm: str | None,
    sides: Sequence[Side],
) -> list[Program]:
    """The program of each side."""
    from corr.commands.options import words
    from corr.commands.program import program_of
    from corr.program.revision import at_revision

    programs = []
    files = _files_of_sides(names, built, how, settings, llvm)
    for named, (option, text, revision) in zip(files, sides, strict=True):
        flags = ClangFlags(tuple(words(text or "", option)))
        program = program_of(named, built, flags, how, settings)
        if revision:
            program = at_revision(program, revision, _build(built, flags, how, settings))
        programs.append(program)
    return programs


def _build(built: Built, flags: ClangFlags, how: Run, settings: Settings) -> Build | None:
    """The build folder that was named, for a revision that has to be configured anew."""
    from corr.commands.program import program_of
    from corr.program.configured import Build, executable_in

    folder, command = built.build_dir, built.run or settings.run
    if folder is None or not command:
        return None
    here = folder.absolute()

    def read(there: Path) -> Program:
        run = executable_in(there, here, command, how.directory)
        return program_of(None, Built(there, run), flags, how, settings)

    return Build(here, read)


def _files_of_sides(
    names: list[str], built: Built, how: Run, settings: Settings, llvm: str | None
) -> tuple[list[str] | None, list[str] | None]:
    """The files of each side: all of them where they are one program, else a revision each."""
    from collectors.base import toolchain
    from collectors.base.errors import UsageError
    from corr.commands.program import programs_of

    if len(names) < 2:
        return names or None, names or None
    tools = toolchain.find(llvm or settings.llvm)
    programs = programs_of(names, built, ClangFlags(()), how, settings, tools)
    if len(programs) == 1:
        return names, names
    if len(names) > 2:
        what = f"{len(names)} files with a main(): two revisions are compared at a time"
        raise UsageError(what, "corr diff old.c new.c")
    return names[:1], names[1:]


def is_source(name: str) -> bool:
    from corr.program.model import C_SUFFIXES, CXX_SUFFIXES

    return Path(name).suffix in C_SUFFIXES | CXX_SUFFIXES


def collect_both(
    lake: Lake,
    programs: Sequence[Program],
    llvms: tuple[str | None, str | None],
    *,
    executed: bool = True,
) -> tuple[RunInfo, RunInfo]:
    """A run of each side; with `executed` False, of what needs no execution."""
    from collectors.base import toolchain
    from corr.collect.options import Options
    from corr.collect.run import collect
    from corr.console.progress import Progress

    options = Options(repeat=3, run=executed, cachegrind=False)
    a, b = (
        collect(program, toolchain.find(llvm), lake, options, Progress())
        for program, llvm in zip(programs, llvms, strict=True)
    )
    return a, b
