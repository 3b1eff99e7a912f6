"""Which program a command line means; shared by the commands that build one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corr.commands.options import Built, ClangFlags, Ending, Given, words

if TYPE_CHECKING:
    from collectors.base.toolchain import Toolchain
    from corr.lake.store import Lake
    from corr.program.model import Program, Run
    from corr.system.config import Settings


def how_run(settings: Settings, given: Given, ending: Ending) -> Run:
    """How the program is run, from the options and the configuration. Raises UsageError."""
    from corr.program.model import Run

    args, stdin = given.run_args, given.stdin
    return Run(
        args=tuple(words(args, "--run-args") if args is not None else settings.run_args),
        stdin=_input(stdin or (Path(settings.stdin) if settings.stdin else None)),
        env=settings.env | dict(_variable(e) for e in given.env or ()),
        time_limit=ending.time_limit or settings.time_limit,
        ok_status=tuple(ending.ok_status or settings.ok_status) or Run.ok_status,
    )


def program_of(
    files: list[str] | None,
    built: Built,
    flags: ClangFlags,
    how: Run,
    settings: Settings,
) -> Program:
    """The program that files, or a build folder, make. Raises UsageError."""
    from collectors.base.errors import UsageError
    from corr.program.compile_commands import from_build
    from corr.program.model import from_files

    if files and built.build_dir:
        raise UsageError("FILE and -p BUILD_DIR exclude each other", "-p takes its own sources")
    build = built.build_dir or (Path(settings.build_dir) if settings.build_dir else None)
    if built.run and not build:
        raise UsageError("--run goes with -p BUILD_DIR", "for sources use --run-args")
    command = built.run or settings.run
    if build is None or files:
        named = files or settings.sources
        return from_files(named, flags.flags or settings.flags, how, Path.cwd())
    if not command:
        raise UsageError("-p BUILD_DIR needs --run 'COMMAND'", "the program to run and measure")
    return from_build(build.absolute(), words(command, "--run"), how, Path.cwd(), flags.flags)


def programs_of(
    files: list[str],
    built: Built,
    flags: ClangFlags,
    how: Run,
    settings: Settings,
    tools: Toolchain,
) -> list[Program]:
    """Each file with a main() is a program; the others belong to it where there is but one.

    Without any they are one program, which then does not link. Raises UsageError where several have
    one and others do not: it is not known what these belong to.
    """
    from collectors.base.errors import UsageError
    from corr.console.output import message

    alone = [program_of([file], built, flags, how, settings) for file in files]
    begins = [len(files) == 1 or _has_main(program, tools) for program in alone]
    if all(begins):
        return alone
    if sum(begins) > 1:
        rest = [file for file, has in zip(files, begins, strict=True) if not has]
        raise UsageError(
            f"{', '.join(rest)}: which program that belongs to is not known: several files have a "
            "main()",
            "name the files of one program at a time",
        )
    whole = program_of(files, built, flags, how, settings)
    if any(begins):
        message(f"{files[begins.index(True)]} has the only main(): {len(files)} files, one program")
    return [whole]


def _has_main(program: Program, tools: Toolchain) -> bool:
    """The first file of a program defines main(), by whatever macro; or it cannot be read."""
    from collectors.base.errors import CompileError
    from corr.polyhedral.clang_ast import Functions

    try:
        return Functions(program, program.units[0], tools).get("main") is not None
    except CompileError:
        return True


def collected(lake: Lake, reference: str) -> Program:
    """The program of a run in the lake, as it was collected. Raises CorrError if it changed."""
    from corr.collect.again import rebuilt

    return rebuilt(lake.find(reference), ())


def last_collected(lake: Lake) -> Program:
    """The program last collected, or last optimised as it was before. Raises CorrError."""
    from collectors.base.errors import UsageError
    from corr.collect.again import rebuilt

    for run in reversed(lake.all_runs()):
        if run.facts.kind == "collect" or run.facts.role == "original":
            return rebuilt(run, ())
    raise UsageError(f"the lake {lake.name} holds no run", "name a source file")


def _variable(text: str) -> tuple[str, str]:
    from collectors.base.errors import UsageError

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--env {text}: NAME=VALUE was expected")
    return name, value


def _input(path: Path | None) -> Path | None:
    from collectors.base.errors import UsageError

    if path is not None and not path.is_file():
        raise UsageError(f"--stdin: no such file: {path}")
    return path.absolute() if path else None
