"""`corr runs`: list the lake's runs, and delete some."""

from __future__ import annotations

from typing import Annotated

import typer

from corr.commands.options import DataOption, FormatOption, open_lake
from corr.output import Format, emit, message


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
    context: typer.Context, data: DataOption = None, format: FormatOption = Format.table
) -> None:
    """List the lake's runs, oldest first."""
    if context.invoked_subcommand:
        return
    import pyarrow as pa

    lake = open_lake(data)
    for folder in lake.unreadable():
        message(f"corr: {folder} has no readable run.json; delete it or restore it")
    names = ("label", "program", "started", "wall", "kernel_seconds", "compiler", "flags")
    rows = [{"run": r.run_id, **{n: _cell(r.facts.get(n)) for n in names}} for r in lake.all_runs()]
    schema = pa.schema(
        [("run", pa.string())]
        + [(n, pa.float64() if n in ("wall", "kernel_seconds") else pa.string()) for n in names]
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
        message(f"deleted {run.run_id} ({run.facts.get('program')})")


def _cell(value: object) -> object:
    return " ".join(value) if isinstance(value, list) else value
