"""`corr compact`: keeps a lake of tens of thousands of runs quick."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from corr.commands.options import DataOption, open_lake
from corr.console.output import message

#: Runs that stay as they are unless the options say otherwise.
KEEP = 100


def register(app: typer.Typer) -> None:
    app.command("compact")(compact)


def compact(
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            min=0,
            help=f"Leave so many of the newest runs as they are ({KEEP} without --older-than).",
            show_default=False,
        ),
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", min=0, help="Only runs more than so many days old."),
    ] = None,
    drop_artifacts: Annotated[
        bool,
        typer.Option(
            "--drop-artifacts",
            help="Also delete the artifacts of compacted runs: their tools' output and binaries.",
        ),
    ] = False,
    data: DataOption = None,
) -> None:
    """Merge the tables of old runs into few large files.

    Nothing is lost: every query, `corr runs` and `corr runs rm` answer as before. Artifacts stay
    in the runs' folders unless --drop-artifacts is given. May run beside anything else.
    """
    from corr.console.progress import Progress
    from corr.lake import compact as compaction

    lake = open_lake(data)
    age = None if older_than is None else timedelta(days=older_than)
    kept = keep if keep is not None else KEEP if older_than is None else 0
    with Progress() as progress, progress.step("compacting"):
        done = compaction.compact(lake, kept, age, drop_artifacts=drop_artifacts)
    for run, reason in done.left.items():
        message(f"corr: {run} stays as it is: {reason}")
    if not done.packs:
        message(f"nothing to compact (the newest {kept} runs stay as they are)")
    else:
        message(
            f"compacted {done.runs:,} runs into {done.packs} packs: "
            f"{done.bytes_before / 1e6:,.1f} MB became {done.bytes_after / 1e6:,.1f} MB"
        )
    if not done.freed:
        message("a reader still uses the old files; the next `corr compact` deletes them")
