"""`corr export`: runs and optimisations in the formats of other tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import DataOption, RunArgument, open_lake
from corr.console.output import message, print_line

if TYPE_CHECKING:
    from corr.export.stacks import Profile
    from corr.lake.store import Lake, RunInfo

OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="The file (else standard output).")
]
ShareOption = Annotated[
    float,
    typer.Option("--share", min=0, max=1, help="Loops from this share of the time on are hot."),
]
EverythingOption = Annotated[
    bool, typer.Option("--all", help="Also remarks that rarely cost time, and what was done.")
]
#: From which share of the samples on a loop is hot, as in `corr check`.
HOT = 0.01


def register(app: typer.Typer) -> None:
    exports = typer.Typer(
        help="Write runs and optimisations in the formats of other tools.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, command in (
        ("results", results),
        ("speedscope", speedscope),
        ("firefox", firefox),
        ("collapsed", collapsed),
        ("gcc", gcc),
        ("sarif", sarif),
        ("opt-diff", opt_diff),
        ("table", table),
    ):
        exports.command(name)(command)
    app.add_typer(exports, name="export")


def results(
    kernels: Annotated[
        list[str] | None, typer.Argument(help="Kernels (programs) or runs; none: the last.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder.")] = Path("results"),
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            help="Parts, with commas: csv, metrics, opcodes, profile, ir, plot, heatmap, bars.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every program of the lake, its newest run each.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Write optimisations as a folder: optimization_report.csv, metrics_log.json,
    ir_instr_log.json, KERNEL.prof.md, KERNEL.opt.ll, and PNG charts.

    What the machine cannot count is an empty field or null, with the reason beside it.
    """
    from corr.export.results import write
    from corr.report.subject import newest_of_each, subjects

    lake = open_lake(data)
    names = list(kernels or [])
    if everything:
        names += newest_of_each(lake)
    for path in write(lake, subjects(lake, names or ["last"]), output, _parts(only), message):
        print_line(str(path))


def speedscope(
    run: RunArgument = "last", output: OutputOption = None, data: DataOption = None
) -> None:
    """Write the samples as a profile for speedscope.app: functions, inlined ones, loops, lines."""
    from corr.export.speedscope import speedscope as made

    _, _, profile = _profile(run, data)
    _write(json.dumps(made(profile)) + "\n", output)


def firefox(
    run: RunArgument = "last", output: OutputOption = None, data: DataOption = None
) -> None:
    """Write the samples as a profile for profiler.firefox.com."""
    from corr.export.firefox import firefox as made

    _, found, profile = _profile(run, data)
    _write(json.dumps(made(profile, found)) + "\n", output)


def collapsed(
    run: RunArgument = "last", output: OutputOption = None, data: DataOption = None
) -> None:
    """Write the samples as collapsed stacks, `a;b;c COUNT` a line, for flamegraph.pl and others."""
    from corr.export.collapsed import collapsed as made

    _, _, profile = _profile(run, data)
    _write(made(profile), output)


def gcc(
    run: RunArgument = "last",
    share: ShareOption = HOT,
    everything: EverythingOption = False,
    output: OutputOption = None,
    data: DataOption = None,
) -> None:
    """Write remarks of hot loops as compilers write warnings: for an editor's list of problems.

    Of an optimisation it is those of the original, since that is what the editor shows.
    """
    import io

    from corr.export import remarks

    lake = open_lake(data)
    found = _with_layers(lake, run, original=True)
    text = io.StringIO()
    listed = remarks.findings(lake, found, share=share, everything=everything)
    remarks.gcc(listed, found, str(Path.cwd()), text)
    _write(text.getvalue(), output)


def sarif(
    run: RunArgument = "last",
    share: ShareOption = HOT,
    everything: EverythingOption = False,
    output: OutputOption = None,
    data: DataOption = None,
) -> None:
    """Write remarks of hot loops as SARIF 2.1.0."""
    from corr.export import remarks
    from corr.export.sarif import sarif as made

    lake = open_lake(data)
    found = _with_layers(lake, run, original=True)
    listed = remarks.findings(lake, found, share=share, everything=everything)
    _write(made(listed, found), output)


def opt_diff(
    a: Annotated[str, typer.Argument(help="The run before.")],
    b: Annotated[str, typer.Argument(help="The run after.")],
    output: OutputOption = None,
    data: DataOption = None,
) -> None:
    """Write the difference of two runs' remarks as YAML, as LLVM's opt-diff.py does."""
    from corr.export.opt_diff import opt_diff as made

    lake = open_lake(data)
    documents = made(lake, _with_layers(lake, a), _with_layers(lake, b))
    _write("".join(documents), output)


def table(
    name: Annotated[str, typer.Argument(help="A table or a view; `corr sql --list` lists them.")],
    run: Annotated[
        str | None, typer.Option("--run", help="Only this run (else every run of the lake).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="FILE.parquet or FILE.csv (else CSV on stdout)."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Write a table or view of the lake as Parquet or CSV."""
    from corr.console.output import Format, emit
    from corr.export import table as tables

    lake = open_lake(data)
    if output is not None:
        tables.kind_of(output)
    rows = tables.rows(lake, name, lake.find(run) if run else None)
    if output is None:
        emit(rows, Format.csv)
        return
    tables.write(rows, output)
    print_line(str(output))


def _parts(only: str | None) -> list[Any]:
    from collectors.base.errors import UsageError
    from corr.export.results import Part

    if only is None:
        return list(Part)
    names = [name.strip() for name in only.split(",") if name.strip()]
    wrong = [name for name in names if name not in list(Part)]
    if wrong or not names:
        what = wrong[0] if wrong else only
        raise UsageError(f"--only: there is no part {what!r}", f"parts: {', '.join(Part)}")
    return [Part(name) for name in names]


def _with_layers(lake: Lake, reference: str, *, original: bool = False) -> RunInfo:
    """The run that is meant; if it holds only times of an optimisation, one of that with layers:
    the best, or the original.
    """
    from corr.report.subject import subjects

    meant = lake.find(reference)
    if meant.facts.session is None:
        return meant
    (subject,) = subjects(lake, [meant.run_id])
    if meant.run_id in {variant.run_id for variant in subject.variants}:
        return meant
    return subject.original if original else subject.run


def _profile(reference: str, data: Path | None) -> tuple[Lake, RunInfo, Profile]:
    from corr.export.stacks import profile

    lake = open_lake(data)
    run = _with_layers(lake, reference)
    return lake, run, profile(lake, run)


def _write(text: str, output: Path | None) -> None:
    from corr.system.disk import disk_errors

    if output is None:
        sys.stdout.write(text)
        return
    with disk_errors(output):
        output.write_text(text, encoding="utf-8", newline="")
    print_line(str(output))
