"""`corr recipes`: what paid where, in all optimisations of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import DataOption, FormatOption, open_lake
from corr.console.output import Format, emit, emit_records, message

if TYPE_CHECKING:
    from corr.lake.store import Lake

#: How columns are shown in the table.
SHOWN = {
    "rule": ("move", None),
    "evidence": ("where", None),
    "sessions": ("sessions", None),
    "won": ("won", None),
    "tried": ("tried", None),
    "accepted": ("accepted", None),
    "refuted": ("refuted", None),
    "slower": ("slower", None),
    "factor": ("factor", None),
    "gain": ("gain", None),
    "won_on": ("won on", None),
    "found_for": ("found for", None),
    "found_gain": ("gain there", None),
}
_ASKED = """
    SELECT *, NULL::VARCHAR AS found_for, NULL::DOUBLE AS found_gain FROM what_paid
    WHERE NOT starts_with(rule, 'recipe ')
      AND (? IS NULL OR contains(rule, ?)) AND (? IS NULL OR contains(evidence, ?))
    LIMIT ?
"""
_RECIPES = """
    SELECT rule, count(DISTINCT session) AS sessions,
           count(DISTINCT session) FILTER (outcome = 'accepted') AS won,
           count(*) AS tried, count(*) FILTER (outcome = 'accepted') AS accepted,
           count(*) FILTER (outcome NOT IN ('accepted', 'same', 'slower', 'inconclusive'))
               AS refuted,
           count(*) FILTER (outcome = 'slower') AS slower,
           count(*) FILTER (outcome IN ('same', 'inconclusive')) AS same,
           exp(avg(ln(speedup)) FILTER (speedup > 0)) AS factor,
           exp(avg(ln(speedup)) FILTER (outcome = 'accepted')) AS gain,
           max(speedup) FILTER (outcome = 'accepted') AS best,
           list(DISTINCT program ORDER BY program) AS programs,
           list(DISTINCT program ORDER BY program) FILTER (outcome = 'accepted') AS won_on
    FROM iterations WHERE role = 'proposal' AND starts_with(rule, 'recipe ') GROUP BY rule
"""


def register(app: typer.Typer) -> None:
    app.command("recipes")(recipes)


def recipes(
    move: Annotated[
        str | None, typer.Option("--move", help="Only moves with this in their name.")
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", help="Only where this was seen: stride, bound by …")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows at most.")] = 40,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """List what paid where: each kind of move, by what was seen at the hot place it was for.

    Counted over all optimisations of the lake. `corr optimize` tries first what won in most of
    them where it sees the same, and last what never paid (`--learn off`: always the same order).
    First come the recipes: edits of a model that were accepted, kept as files in the lake's folder
    `recipes`, which are tried on other programs where a loop is the same but for names, numbers
    and types. Delete a file, and its recipe is forgotten.
    """
    import pyarrow as pa

    from corr.lake.sql import ask

    lake = open_lake(data)
    paid = ask(lake, _ASKED, [move, move, where, where, limit])
    kept = [
        row
        for row in _recipes(lake)
        if (move is None or move in row["rule"]) and (where is None or where in row["evidence"])
    ]
    rows = pa.Table.from_pylist([*kept, *paid.to_pylist()][:limit], paid.schema)
    if rows.num_rows == 0:
        sessions = ask(lake, "SELECT count(DISTINCT session) AS n FROM iterations").to_pylist()
        if sessions[0]["n"]:
            message("no proposal of an optimisation in this lake is like that")
        else:
            message(f"the lake {lake.name} holds no optimisation: run `corr optimize`")
    if format != Format.table:
        emit(rows, format)
        return
    records = [
        {**row, "won_on": ", ".join(row["won_on"] or ()) or None} for row in rows.to_pylist()
    ]
    emit_records(records, SHOWN)


def _recipes(lake: Lake) -> list[dict[str, Any]]:
    """The recipes of a lake, and how each did where it was tried."""
    from corr.lake.sql import ask
    from corr.optimize.experience.recipe import recipes as read

    found, bad = read(lake.root)
    for name, why in bad:
        message(f"recipes/{name} is no recipe: {why}")
    did = {row["rule"]: row for row in ask(lake, _RECIPES).to_pylist()} if found else {}
    nothing = dict.fromkeys(
        ("sessions", "won", "tried", "accepted", "refuted", "slower", "same"), 0
    )
    return [
        {
            **nothing,
            **did.get(recipe.rule, {}),
            "rule": recipe.rule,
            "kind": recipe.kind,
            "evidence": ", ".join(recipe.kinds),
            "found_for": recipe.program,
            "found_gain": float(recipe.gain),
        }
        for recipe in found
    ]
