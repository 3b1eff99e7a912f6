"""`corr decisions`: calls of a run by what inlining them costs, or what it could gain."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from corr.commands.options import DataOption, FormatOption, RunArgument, open_lake
from corr.console.call_words import sentence
from corr.console.output import Format, emit, emit_records, message
from corr.console.short_names import short_name

#: What rows are ordered by, in SQL.
_ORDERS = {
    "weight": "weight",
    "time": "greatest(coalesce(inlined_share, 0), coalesce(most_share, 0))",
    "size": "greatest(coalesce(bytes, 0), coalesce(callee_bytes, 0))",
}
_SHOWN = {
    "weight": ("weight", "percent"),
    "place": ("where", None),
    "name": ("calls", None),
    "calls": ("ran", "count"),
}


class Order(StrEnum):
    """What comes first."""

    weight = "weight"
    time = "time"
    size = "size"


def register(app: typer.Typer) -> None:
    app.command("decisions")(decisions)


def decisions(
    run: RunArgument = "last",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows at most.")] = 20,
    by: Annotated[Order, typer.Option("--by", help="What comes first.")] = Order.weight,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Print the calls that the inliner decided on, those first where a look may pay.

    weight: the share of the time that lies in a callee which is still called, or of the code that
    inlining made where no time goes. What each decision went by: `corr collect --decisions`, then
    `corr sql "FROM decision_costs"`.
    """
    from corr.lake.sql import connect, query

    lake = open_lake(data)
    found = lake.find(run)
    connection = connect(lake, [found], only=["call_sites"])
    rows = query(
        connection,
        f'SELECT * FROM call_sites ORDER BY {_ORDERS[by]} DESC, file, line, "column", callee'
        " LIMIT ?",
        [limit],
    )
    if format != Format.table:
        emit(rows, format)
        return
    listed: list[dict[str, Any]] = rows.to_pylist()
    for row in listed:
        row["name"] = short_name(row["callee_name"])
    if not listed:
        message(f"{found.run_id} has no remarks of inlining; was it compiled with optimisation?")
    emit_records(listed, _SHOWN, lambda row: [sentence(row)])
