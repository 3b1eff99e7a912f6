"""`corr runs`: list the lake's runs, and delete some."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from corr.commands.options import DataOption, FormatOption, open_lake
from corr.console.output import Format, emit, emit_records, message

#: Above so many rows a terminal gets plain columns: folding cells to its width takes seconds.
MANY = 500
#: What is measured.
SECONDS = ("wall", "cpu_seconds", "kernel_seconds")


def register(app: typer.Typer) -> None:
    runs = typer.Typer(
        help="List the lake's runs; `corr runs rm RUN...` deletes.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    runs.callback()(list_runs)
    runs.command("rm")(remove)
    app.add_typer(runs, name="runs")


def list_runs(
    context: typer.Context,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only so many, the newest.")
    ] = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """List the lake's runs, oldest first."""
    if context.invoked_subcommand:
        return
    from corr.lake.index import LISTED

    lake = open_lake(data)
    rows = []
    for run_id, entry in lake.listing().items():
        if entry is None:
            message(f"corr: {run_id} has no readable run.json; delete it or restore it")
        else:
            rows.append({"run": run_id, **{n: entry.facts.get(n) for n in LISTED}})
    rows = rows[-limit:] if limit else rows
    if format == Format.table and (len(rows) > MANY or not sys.stdout.isatty()):
        emit_records(rows, {n: (n, None) for n in ("run", *LISTED)}, keep_empty=True)
        return
    import pyarrow as pa

    schema = pa.schema(
        [("run", pa.string())]
        + [(n, pa.float64() if n in SECONDS else pa.string()) for n in LISTED]
    )
    emit(pa.Table.from_pylist(rows, schema), format)


def remove(
    runs: Annotated[list[str], typer.Argument(help="Runs to delete.")], data: DataOption = None
) -> None:
    """Delete runs: id, beginning of an id, label, program, last or last~N."""
    lake = open_lake(data)
    found = {run.run_id: run for run in (lake.find(r) for r in runs)}
    for run in found.values():
        lake.remove(run)
        message(f"deleted {run.run_id} ({run.facts.name})")
