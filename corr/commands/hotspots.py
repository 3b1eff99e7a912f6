"""`corr hotspots`: where the time goes, and what every layer says of that loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import DataOption, FormatOption, RunArgument, open_lake
from corr.console.output import Format, emit, emit_records, message
from corr.console.remark_words import readable
from corr.console.short_names import distinct_names, short_name

if TYPE_CHECKING:
    import pyarrow as pa

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
    "model_cycles": ("mca", None),
    "bound": ("bound by", None),
    "passes": ("passes", None),
    "marked": ("region", None),
}
#: Loops below this share of the samples are left out of the table unless --all asks for them.
LEAST_SHARE = 0.002
#: From this share on it is said who calls code outside loops.
CALLERS_FROM = 0.01
#: The hottest lines of all places that are looked at.
MOST_LINES = 500


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
    machine loop; mca: cycles that the machine model expects for one iteration, and what bounds
    it; passes: how many changed the loop. Below code outside loops, the kernel's and
    libraries' too: who called it, and for how much of it.
    """
    lake = open_lake(data)
    print_hotspots(lake, lake.find(run), format, limit, everything)


def print_hotspots(
    lake: Lake, run: RunInfo, format: Format, limit: int, everything: bool = False
) -> None:
    """The hotspots of one run on stdout."""
    from corr.lake.answers import first_rows

    if format != Format.table:
        from corr.lake.sql import connect, query

        connection = connect(lake, [run], only=["hotspots"])
        found = query(connection, "SELECT * FROM hotspots LIMIT ?", [limit])
        emit(_with_names(lake, run, found), format)
        return
    listed = first_rows(lake, run, "hotspots", limit)
    if not listed:
        what = "nothing of this run was sampled or counted: it was imported, or not run"
        message(f"{what}; `corr why FILE:LINE` and `corr summary` have what the compiler said")
    if not everything and any(r["share"] for r in listed):
        listed = [r for r in listed if (r["share"] or 0) >= LEAST_SHARE]
    short = Counter(short_name(row["loop"] or row["function"]) for row in listed)
    said_as = distinct_names(row["loop"] or row["function"] for row in listed)
    for row in listed:
        name = row["loop"] or row["function"]
        row["name"] = said_as[name]
        row["marked"] = ", ".join(row["regions"] or ()) or None
    _say_from_where(lake, run, listed, {name for name, count in short.items() if count > 1})
    _say_which_lines(lake, run, listed)
    notes = [_notes(row) for row in listed]
    said = [text for note in notes for text in note]
    names: dict[str, str] = {}
    if any("_Z" in text or "_R" in text for text in said):
        from corr.lake.sql import ask

        found = ask(lake, "SELECT linkage, name FROM functions", runs=[run])
        names = dict(zip(*(found[c].to_pylist() for c in ("linkage", "name")), strict=True))
    emit_records(listed, SHOWN, lambda row: [readable(t, names) for t in _notes(row)])


def _with_names(lake: Lake, run: RunInfo, found: pa.Table) -> pa.Table:
    """The rows with functions in `callers` and `missed` as one says them."""
    import pyarrow as pa

    from corr.lake.sql import ask

    table = ask(lake, "SELECT linkage, name FROM functions", runs=[run])
    names = dict(zip(*(table[c].to_pylist() for c in ("linkage", "name")), strict=True))
    for column in ("callers", "missed"):
        texts = [t and [readable(one, names) for one in t] for t in found[column].to_pylist()]
        at, kind = found.schema.get_field_index(column), found.schema.field(column).type
        found = found.set_column(at, column, pa.array(texts, kind))
    return found


def _notes(row: Mapping[str, Any]) -> list[str]:
    """What stands below a row: its hottest lines where it has many or they are not its own; why it
    was not made faster; of code outside loops who calls it.
    """
    calls = row["callers"] if (row["share"] or 0) >= CALLERS_FROM else None
    lines = [row["lines"]] if row.get("lines") else ()
    return [*lines, *(row["missed"] or ()), *(calls or ())]


def _say_which_lines(lake: Lake, run: RunInfo, listed: list[dict[str, Any]]) -> None:
    """Give rows from a hundredth on `lines`: the hottest of it, where they tell more."""
    worth = [r for r in listed if (r["share"] or 0) >= CALLERS_FROM]
    if not worth:
        return
    from corr.console.line_words import of_it
    from corr.lake.answers import first_rows

    found: dict[str, list[dict[str, Any]]] = {}
    for line in first_rows(lake, run, "telling_lines", MOST_LINES):
        found.setdefault(line["loop"] or line["function"], []).append(line)
    for row in worth:
        lines = found.get(row["loop"] or row["function"], [])
        own = next((line["own_file"] for line in lines if line["own_file"]), None)
        row["lines"] = of_it(lines, own)


def _say_from_where(
    lake: Lake, run: RunInfo, listed: list[dict[str, Any]], ambiguous: set[str]
) -> None:
    """Say of loops of the library, and of instances of one template, where the program has them.

    `where` becomes the place of the call that was inlined, before that of the loop; a name that
    several loops have gets the function that the loop was inlined into, or is given in full.
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
        "WITH here AS (SELECT i.loop,"
        " list_filter(i.frames, lambda f: f.file NOT LIKE '/%')[1] AS call,"
        # the function that the loop's own was inlined into, or else the one that has its code
        " coalesce(i.frames[len(i.frames) + 2 - list_position(list_reverse(list_transform("
        "i.frames, lambda f: f.function)), l.function)].function, i.symbol) AS caller"
        " FROM instructions i JOIN loops l ON l.key = i.loop WHERE list_contains(?, i.loop)"
        "), places AS (SELECT loop, mode(call.file || ':' || call.line) AS place,"
        " mode(caller) AS caller, count(DISTINCT caller) AS callers FROM here GROUP BY loop)"
        " SELECT p.* REPLACE (coalesce(f.name, p.caller) AS caller)"
        " FROM places p LEFT JOIN functions f ON f.linkage = p.caller",
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
        if name in ambiguous and known["callers"] == 1 and row["function"] != known["caller"]:
            row["name"] = f"{name} in {short_name(known['caller'])}"
    twice = Counter(row["name"] for row in listed)
    for row in listed:
        if row["loop"] and twice[row["name"]] > 1:
            row["name"] = row["loop"]
