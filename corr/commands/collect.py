"""`corr collect`: from a source file to one committed run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.collect.options import More
from corr.commands.options import (
    Built,
    ClangFlags,
    DataOption,
    Ending,
    FormatOption,
    Given,
    LlvmOption,
    with_options,
)
from corr.console.output import Format, message

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo


#: Places that one line of the report names, of those with the same trouble.
PLACES_SHOWN = 3


def register(app: typer.Typer) -> None:
    app.command("collect")(with_options(collect))


def collect(
    context: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(help="C or C++ sources; a shipped kernel by its name.")
    ] = None,
    *,
    given: Given,
    built: Built,
    label: Annotated[str | None, typer.Option("--label", help="A name for the run.")] = None,
    llvm: LlvmOption = None,
    repeat: Annotated[
        int | None, typer.Option("--repeat", min=1, help="Timed repetitions [default: 5].")
    ] = None,
    ending: Ending,
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Only the layers that need no execution.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Expensive layers for all code, not only hot code.")
    ] = False,
    deep_minutes: Annotated[
        float | None,
        typer.Option(
            "--deep-minutes",
            min=0,
            help="With --deep: minutes on each core for tracing the passes [default: 12].",
        ),
    ] = None,
    cachegrind: Annotated[
        bool | None,
        typer.Option("--cachegrind/--no-cachegrind", help="Count per line under valgrind."),
    ] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Every decision of the inliner, with its features.")
    ] = False,
    more: Annotated[
        list[More] | None,
        typer.Option(
            "--more",
            help="What a large program is collected without; with a run in place of files, for"
            " that run. Repeatable.",
        ),
    ] = None,
    no_artifacts: Annotated[
        bool, typer.Option("--no-artifacts", help="Do not keep the tools' own output.")
    ] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Build and run a program, gather every layer, print its hot loops.

    Flags for clang go after `--`; without any, -O3. Of a large program what takes longer than
    building it waits until it is asked for: `corr collect --more passes last`.
    """
    from collectors.base import toolchain
    from corr.collect.options import Options
    from corr.collect.run import collect
    from corr.commands.explain import print_answers
    from corr.commands.hotspots import print_hotspots
    from corr.commands.program import how_run, program_of
    from corr.console.progress import Progress
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    settings = load(Path.cwd())
    if more and not built.build_dir and (run := _run_named(files)):
        _print_more(run, more, llvm or settings.llvm, data_folder(data, settings), format)
        return
    flags: ClangFlags = context.obj
    program = program_of(files, built, flags, how_run(settings, given, ending), settings)
    tools = toolchain.find(llvm or settings.llvm)
    lake = Lake.open(data_folder(data, settings), create=True)
    options = Options(
        repeat=repeat or settings.repeat,
        run=not no_run,
        deep=deep or settings.deep,
        deep_minutes=settings.deep_minutes if deep_minutes is None else deep_minutes,
        artifacts=settings.artifacts and not no_artifacts,
        cachegrind=settings.cachegrind if cachegrind is None else cachegrind,
        label=label or settings.label,
        more=frozenset([*(more or ()), *([More.decisions] if decisions else ())]),
    )
    done = collect(program, tools, lake, options, Progress())
    _introduce(lake, done)
    if format == Format.table:
        print_answers(lake, done)
    print_hotspots(lake, done, format, limit=20)
    _tell_missing(done)


def _run_named(files: list[str] | None) -> str | None:
    """The run that stands in place of files; None where files are named."""
    from corr.program.model import C_SUFFIXES, CXX_SUFFIXES

    if files and (len(files) > 1 or Path(files[0]).suffix in C_SUFFIXES | CXX_SUFFIXES):
        return None
    return files[0] if files else "last"


def _print_more(run: str, more: list[More], llvm: str | None, data: Path, format: Format) -> None:
    from collectors.base import toolchain
    from corr.collect.more import add
    from corr.commands.hotspots import print_hotspots
    from corr.console.progress import Progress
    from corr.lake.store import Lake

    lake = Lake.open(data)
    done = add(lake.find(run), more, toolchain.find(llvm), lake, Progress())
    _introduce(lake, done)
    print_hotspots(lake, done, format, limit=20)
    _tell_missing(done)


def _introduce(lake: Lake, run: RunInfo) -> None:
    """What was collected, on stderr."""
    facts = run.facts
    timing = f", {facts.wall:.3g} s a run" if facts.wall else ""
    message(
        f"{facts.name} · {facts.compiler} · {facts.built_with}{timing}\n"
        f"run {run.run_id} in {lake.name}, collected in {facts.seconds:.1f} s\n"
    )


def _tell_missing(run: RunInfo) -> None:
    """What was not collected and what to do about it, on stderr, after the answer."""

    sys.stdout.flush()
    message("")
    alike: dict[tuple[str, str, str], list[str]] = {}
    problems = run.table("problems")
    for row in problems.to_pylist() if problems is not None else ():
        times = f" ({row['count']}×)" if row["count"] > 1 else ""
        key = (row["layer"], row["what"], row["fix"])
        alike.setdefault(key, []).append(row["where"] + times)
    silent = 0
    for (layer, what, fix), places in alike.items():
        if not fix:
            silent += 1
            continue
        named = [p for p in places if p]
        where = ", ".join(named[:PLACES_SHOWN])
        if len(named) > PLACES_SHOWN:
            where += f" and {len(named) - PLACES_SHOWN} more"
        message(f"  {layer}: {where + ': ' if where else ''}{what}\n      → {fix}")
    if silent:
        message(f"  {silent} more notes: corr sql --run last 'FROM problems'")
