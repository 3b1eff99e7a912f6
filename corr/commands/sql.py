"""`corr sql`: ask the lake anything, read-only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.options import DataOption, FormatOption, open_lake
from corr.console.output import Format, emit, message

if TYPE_CHECKING:
    import pyarrow as pa


def register(app: typer.Typer) -> None:
    app.command("sql")(sql)


def sql(
    statement: Annotated[
        str | None, typer.Argument(help="One SELECT; `-` reads it from stdin; none: a prompt.")
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="List tables and views: purpose and columns.")
    ] = False,
    run: Annotated[
        str | None, typer.Option("--run", help="See only this run (else every run of the lake).")
    ] = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Query the lake's tables and views in DuckDB's SQL."""
    if listing:
        emit(_listing(), format)
        return
    from corr.lake.sql import ask

    lake = open_lake(data)
    runs = [lake.find(run)] if run else None

    def answer(text: str) -> pa.Table:
        return ask(lake, text, runs=runs)

    if statement == "-":
        statement = sys.stdin.read()
    if statement is not None:
        emit(answer(statement), format)
    else:
        _prompt(answer, format)


def _listing() -> pa.Table:
    import pyarrow as pa

    from corr.lake.sql import views
    from corr.lake.tables import TABLES

    rows = [
        {
            "name": table.name,
            "kind": "table",
            "purpose": table.purpose,
            "columns": ", ".join(["run_id", *table.schema.names]),
        }
        for table in TABLES.values()
    ]
    rows += [
        {"name": v.name, "kind": "view", "purpose": v.purpose, "columns": v.columns}
        for v in views()
    ]
    return pa.Table.from_pylist(rows)


def _prompt(answer: Callable[[str], pa.Table], format: Format) -> None:
    """Read statements until end of file; an error is shown and the prompt stays."""
    from collectors.base.errors import CorrError

    if sys.stdin.isatty():
        import readline  # noqa: F401  (line editing and history for input())

        message("Tables and views: `corr sql --list`. A statement ends with ; Ctrl-D leaves.")
    waiting = ""
    while True:
        try:
            mark = ("  ...> " if waiting else "corr> ") if sys.stdin.isatty() else ""
            waiting += input(mark) + "\n"
        except EOFError:
            break
        if not waiting.rstrip().endswith(";"):
            continue
        try:
            emit(answer(waiting), format)
        except CorrError as error:
            message(f"corr: {error.message}")
        waiting = ""
    if waiting.strip():
        emit(answer(waiting), format)
