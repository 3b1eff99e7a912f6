"""`corr hotspots`: where the time goes, and what every layer says of that loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import DataOption, FormatOption, RunArgument, open_lake
from corr.console.output import Format, emit, emit_records
from corr.console.remark_words import readable
from corr.console.short_names import short_name

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo

#: How columns are shown in the table: heading and style; the other formats give every column.
SHOWN = {
    "share": ("share", "share"),
    "place": ("where", None),
    "name": ("loop", None),
    "iterations": ("iterations", "count"),
    "trip_count": ("trips", "count"),
    "ns_per_iteration": ("ns/iter", None),
    "vector": ("vector", None),
    "simd_bits": ("simd", None),
    "unroll": ("unroll", None),
    "mca_cycles": ("mca", None),
    "bound": ("bound by", None),
    "passes": ("passes", None),
    "marked": ("region", None),
}
#: Loops below this share of the samples are left out of the table unless --all asks for them.
LEAST_SHARE = 0.002
#: From this share on it is said who calls code outside loops.
CALLERS_FROM = 0.01


def register(app: typer.Typer) -> None:
    app.command("hotspots")(hotspots)


def hotspots(
    run: RunArgument = "last",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows at most.")] = 20,
    everything: Annotated[
        bool, typer.Option("--all", help="Also loops with hardly a sample.")
    ] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Print a row per loop, function outside loops and kind of kernel work, hottest first.

    vector: lanes x interleave, as the remarks say; simd: bits of packed arithmetic in the hottest
    machine loop; mca: cycles that the machine model expects for one pass through it, and what
    bounds it; passes: how many changed the loop. Below code outside loops, the kernel's and
    libraries' too: who called it, and for how much of it.
    """
    lake = open_lake(data)
    print_hotspots(lake, lake.find(run), format, limit, everything)


def print_hotspots(
    lake: Lake, run: RunInfo, format: Format, limit: int, everything: bool = False
) -> None:
    """The hotspots of one run on stdout."""
    from corr.lake.sql import ask, connect, query, view_records

    if format != Format.table:
        connection = connect(lake, [run], only=["hotspots"])
        emit(query(connection, "SELECT * FROM hotspots LIMIT ?", [limit]), format)
        return
    listed = view_records(lake, run, "hotspots", limit)
    if not everything and any(r["share"] for r in listed):
        listed = [r for r in listed if (r["share"] or 0) >= LEAST_SHARE]
    short = Counter(short_name(row["loop"] or row["function"]) for row in listed)
    for row in listed:
        name = row["loop"] or row["function"]
        row["name"] = short_name(name, keep_arguments=short[short_name(name)] > 1)
        row["marked"] = ", ".join(row["regions"] or ()) or None
    _say_from_where(lake, run, listed, {name for name, count in short.items() if count > 1})
    notes = [_notes(row) for row in listed]
    said = [text for note in notes for text in note]
    names: dict[str, str] = {}
    if any("_Z" in text for text in said):
        found = ask(lake, "SELECT linkage, name FROM functions", runs=[run])
        names = dict(zip(*(found[c].to_pylist() for c in ("linkage", "name")), strict=True))
    emit_records(listed, SHOWN, lambda row: [readable(t, names) for t in _notes(row)])


def _notes(row: Mapping[str, Any]) -> list[str]:
    """What stands below a row: why it was not made faster; of code outside loops who calls it."""
    calls = row["callers"] if (row["share"] or 0) >= CALLERS_FROM else None
    return [*(row["missed"] or ()), *(calls or ())]


def _say_from_where(
    lake: Lake, run: RunInfo, listed: list[dict[str, Any]], ambiguous: set[str]
) -> None:
    """Say of loops of the library, and of instances of one template, where the program has them.

    `where` becomes the place of the call that was inlined, before that of the loop; a name that
    several loops have gets the function that the loop was inlined into.
    """
    asked = [
        row["loop"]
        for row in listed
        if row["loop"] and (row["place"].startswith("/") or short_name(row["loop"]) in ambiguous)
    ]
    if not asked:
        return
    from corr.lake.sql import ask

    found = ask(
        lake,
        "WITH here AS (SELECT loop, symbol, list_filter(frames, lambda f: f.file NOT LIKE '/%')[1]"
        " AS call FROM instructions WHERE list_contains(?, loop)), places AS ("
        "SELECT loop, mode(call.file || ':' || call.line) AS place, mode(symbol) AS symbol,"
        " count(DISTINCT symbol) AS symbols FROM here GROUP BY loop)"
        " SELECT p.*, coalesce(f.name, p.symbol) AS caller"
        " FROM places p LEFT JOIN functions f ON f.linkage = p.symbol",
        [asked],
        [run],
    )
    callers = {row["loop"]: row for row in found.to_pylist()}
    for row in listed:
        known = callers.get(row["loop"])
        if known is None:
            continue
        if known["place"] and row["place"].startswith("/"):
            row["place"] = f"{known['place']} › {row['place'].rsplit('/', 1)[-1]}"
        name = short_name(row["loop"])
        if name in ambiguous and known["symbols"] == 1 and row["function"] != known["caller"]:
            row["name"] = f"{name} in {short_name(known['caller'])}"
