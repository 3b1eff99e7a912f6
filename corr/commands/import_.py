"""`corr import`: measurements and records of other tools, as runs of the lake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collectors.base.foreign_text import visible
from corr.commands.options import DataOption, FormatOption
from corr.console.output import Format, emit, message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collectors.base.table import Problem
    from collectors.regions.marks import Profile
    from corr.imports.recordings import Recording
    from corr.lake.store import Lake, RunInfo

LabelOption = Annotated[str | None, typer.Option("--label", help="A name for the run.")]
LoopsOption = Annotated[
    str | None,
    typer.Option("--loops", help="A collected run of the same program: join its loops."),
]


def register(app: typer.Typer) -> None:
    imports = typer.Typer(
        help="Import what other tools measured, or a build's optimisation remarks.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    imports.command("caliper")(caliper)
    imports.command("papi")(papi)
    imports.command("remarks")(remarks)
    app.add_typer(imports, name="import")


def caliper(
    files: Annotated[list[Path], typer.Argument(help="Profiles: .cali, or JSON of cali-query.")],
    label: LabelOption = None,
    loops: LoopsOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Import Caliper's profiles as one run."""
    from corr.imports.profiles import import_caliper

    lake, joined = _lake(data, loops)
    run, profiles = import_caliper(files, lake, label, joined)
    _report(lake, run, profiles, format)


def papi(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders papi_hl_output, or single files of one.")
    ],
    label: LabelOption = None,
    loops: LoopsOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Import the output of PAPI's high-level interface as one run."""
    from corr.imports.profiles import import_papi

    lake, joined = _lake(data, loops)
    run, profiles = import_papi(folders, lake, label, joined)
    _report(lake, run, profiles, format)


def remarks(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Records, also compressed, or folders to search for them."),
    ],
    label: LabelOption = None,
    root: Annotated[
        Path | None,
        typer.Option("--root", help="Folder that file names are relative to; else this one."),
    ] = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Import a finished build's optimisation remarks (*.opt.yaml, *.opt.bitstream) as one run.

    What is imported again without a change is not read again. Loops are known as far as the remarks
    name them; `corr diff` compares two imports by place and function, and where the sources differ
    by what stands there: those below --root are kept with the run.
    """
    from corr.imports.remarks import import_remarks

    lake, _ = _lake(data, None)
    done = import_remarks(paths, lake, label, root)
    if done.again:
        message(f"nothing has changed since run {done.run.run_id} in {lake.name}")
        return
    import pyarrow as pa

    message(f"run {done.run.run_id} in {lake.name}")
    for recording in done.recordings:
        _problems(recording.problems)
    _problems(done.notes)
    emit(pa.Table.from_pylist([_recording(r) for r in done.recordings]), format)


def _recording(recording: Recording) -> dict[str, object]:
    return {
        "recording": visible(str(recording.path)),
        "documents": recording.documents,
        "distinct": recording.rows,
        "bad": recording.bad,
        "megabytes": round(recording.size / 1e6, 1),
        "read": not recording.cached,
    }


def _lake(data: Path | None, loops: str | None) -> tuple[Lake, RunInfo | None]:
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    lake = Lake.open(data_folder(data, load(Path.cwd())), create=True)
    return lake, lake.find(loops) if loops else None


def _report(lake: Lake, run: RunInfo, profiles: Sequence[Profile], format: Format) -> None:
    """A row for each profile on stdout; where the run is and what was wrong on stderr."""
    import pyarrow as pa

    from collectors.regions.marks import outline

    message(f"run {run.run_id} in {lake.name}")
    for profile in profiles:
        _problems(profile.problems)
    emit(pa.Table.from_pylist(outline(profiles)), format)


def _problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        times = f" ({problem.count}×)" if problem.count > 1 else ""
        message(f"  {visible(problem.where)}: {visible(problem.what)}{times}")
        if problem.fix:
            message(f"      → {problem.fix}")
