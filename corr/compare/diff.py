"""What changed between two runs, loop by loop: time, remarks, code, passes, model, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import duckdb

from collectors.source_loops.source_text import extent
from corr.compare import circumstances, hypotheses, loop_pairs, remark_pairs
from corr.compare.calls import CallChange, CallSide
from corr.compare.difference import (
    ComparedRun,
    CounterChange,
    Diff,
    FunctionRemark,
    LoopDiff,
    Matched,
    MnemonicChange,
    RegionChange,
    RemarkChange,
    RemarkChanges,
    SideName,
    Total,
)
from corr.compare.divided import divided
from corr.compare.places import PlaceDiff
from corr.compare.side import SIDE_COLUMNS, Side
from corr.compare.times import loop_times, times_of
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.system.shipped_files import shipped
from corr.timing.clocks import Comparison

#: Loops without a change are listed from this share of the samples on.
LISTED_SHARE = 0.005
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
Row = dict[str, Any]


def diff(
    lake: Lake,
    a: RunInfo,
    b: RunInfo,
    measured: Comparison | None = None,
    *,
    explain: bool = True,
) -> Diff:
    """The comparison of two runs.

    `measured` are interleaved timings of the two builds; without them the runs' own timings are
    used, with a wider margin, since they were taken at different times. Without `explain` no
    hypothesis is formed.
    """
    # a run beside itself is read once: its rows would meet each other
    connection = connect(lake, [a] if a.run_id == b.run_id else [a, b])
    try:
        connection.execute("CREATE TEMP TABLE sides (side VARCHAR, run_id VARCHAR)")
        connection.executemany(
            "INSERT INTO sides VALUES (?, ?)", [("a", a.run_id), ("b", b.run_id)]
        )
        _pair_loops(connection, a, b)
        asked = circumstances.differences(a.facts, b.facts)
        circumstances.store(connection, asked)
        for path in sorted((shipped("queries") / "diff").glob("*.sql")):
            connection.execute(path.read_text())
        times = times_of(connection, measured)
        every, places = divided(connection, _loops(connection), loop_times(connection, times))
        loops = [loop for loop in every if loop.changed or loop.share >= LISTED_SHARE]
        if explain:
            _store_times(connection, loops, places)
            keys = [*(loop.key for loop in loops), *(place.key for place in places)]
            causes = hypotheses.explain(connection, keys)
            loops = [replace(loop, hypotheses=causes[loop.key]) for loop in loops]
            places = [replace(place, hypotheses=causes[place.key]) for place in places]
        total = times.total() if times else None
        return Diff(
            _compared(a),
            _compared(b),
            total,
            _counters(connection),
            tuple(sorted(loops, key=_weight)),
            _outside(connection),
            tuple(RegionChange(**row) for row in rows(connection, "FROM diff_regions")),
            asked,
            tuple(sorted(places, key=_weight)),
            _calls(connection, total),
            _same_output(connection),
            bool(rows(connection, "FROM edited_files LIMIT 1")),
            _matched(connection),
        )
    finally:
        connection.close()


def _matched(connection: duckdb.DuckDBPyConnection) -> Matched:
    """Loops of the project alone: those of the library's headers are in many programs."""
    (row,) = rows(
        connection,
        "SELECT count(key_a) AS a, count(key_b) AS b,"
        " count(*) FILTER (key_a IS NOT NULL AND key_b IS NOT NULL) AS both"
        " FROM diff_loops WHERE NOT regexp_matches(place, '^/usr/|/include/c[+][+]/')",
    )
    return Matched(**row)


def _same_output(connection: duckdb.DuckDBPyConnection) -> bool | None:
    """Both printed the same, as far as it was kept and is the same each time."""
    (row,) = rows(
        connection,
        "SELECT max(printed) FILTER (side = 'a') = max(printed) FILTER (side = 'b') AS same"
        " FROM sides JOIN timings USING (run_id)",
    )
    same: bool | None = row["same"]
    return same


def _pair_loops(connection: duckdb.DuckDBPyConnection, a: RunInfo, b: RunInfo) -> None:
    if any(map(of_remarks, (a, b))):
        placed, texts = zip(*(_placed(connection, run) for run in (a, b)), strict=True)
        pairs = remark_pairs.pair_places(*placed, *texts)
    else:
        pairs = loop_pairs.pair_loops(_loop_texts(connection, a), _loop_texts(connection, b))
    connection.execute(
        "CREATE TEMP TABLE loop_pairs (key_a VARCHAR, key_b VARCHAR, matched_by VARCHAR)"
    )
    if pairs:
        connection.execute(
            "INSERT INTO loop_pairs SELECT unnest(?), unnest(?), unnest(?)",
            [
                [pair.key_a for pair in pairs],
                [pair.key_b for pair in pairs],
                [pair.matched_by for pair in pairs],
            ],
        )


def of_remarks(run: RunInfo) -> bool:
    """Its loops are those that remarks name, not those of the compiler's IR."""
    return run.facts.kind == "import" and run.facts.loops_of is None


def _placed(
    connection: duckdb.DuckDBPyConnection, run: RunInfo
) -> tuple[list[remark_pairs.PlacedLoop], dict[str, str]]:
    """The loops of a run by their places, and the texts of its files."""
    loops = rows(
        connection,
        'SELECT key, function, file, line, "column", coalesce(vector_width, 1) > 1 AS vectorised'
        " FROM loops l LEFT JOIN transformed t ON t.run_id = l.run_id AND t.loop = l.key"
        " WHERE l.run_id = ? ORDER BY ALL",
        run.run_id,
    )
    texts = {file: "\n".join(lines) for file, lines in _source(connection, run).items()}
    return [remark_pairs.PlacedLoop(**row) for row in loops], texts


def _source(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> dict[str, list[str]]:
    found = rows(
        connection,
        "SELECT file, list(text ORDER BY line) AS lines FROM source WHERE run_id = ? GROUP BY file",
        run.run_id,
    )
    return {row["file"]: row["lines"] for row in found}


def _loop_texts(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> list[loop_pairs.LoopText]:
    """The loops of a run with their source, comments left out."""
    lines = _source(connection, run)
    loops = []
    for row in rows(connection, "SELECT * FROM loops WHERE run_id = ?", run.run_id):
        place = (row["line"], row["column"]), (row["end_line"], row["end_column"])
        text = _COMMENT.sub("", "\n".join(extent(lines.get(row["file"], []), *place)))
        loops.append(loop_pairs.LoopText(row["key"], row["function"], row["path"], text))
    return loops


def _loops(connection: duckdb.DuckDBPyConnection) -> list[LoopDiff]:
    """Each pair of loops, with its remarks, code and passes."""
    remarks = _by_loop(connection, "diff_remarks WHERE in_loop")
    mnemonics = _by_loop(connection, "diff_mnemonics")
    passes = _by_loop(connection, "diff_passes")
    loops = []
    for row in rows(connection, "FROM diff_loops"):
        key = row["loop"]
        loops.append(
            LoopDiff(
                key,
                row["place"],
                row["function"],
                row["matched_by"],
                _side(row, "a"),
                _side(row, "b"),
                remarks=_remark_changes(remarks.get(key, [])),
                mnemonics=tuple(
                    MnemonicChange(m["mnemonic"], m["count_a"], m["count_b"])
                    for m in mnemonics.get(key, [])
                ),
                passes_began=_pass_names(passes.get(key, []), "b"),
                passes_stopped=_pass_names(passes.get(key, []), "a"),
            )
        )
    return loops


def _calls(connection: duckdb.DuckDBPyConnection, total: Total | None) -> tuple[CallChange, ...]:
    """Calls that the inliner decided otherwise."""

    def side(row: Row, name: SideName, seconds: float | None) -> CallSide:
        place, decided, share, cost, threshold = (
            row[f"{column}_{name}"] for column in ("place", "decided", "share", "cost", "threshold")
        )
        taken = None if seconds is None else share * seconds
        return CallSide(place, decided, share, taken, cost, threshold)

    whole = (total.seconds_a, total.seconds_b) if total else (None, None)
    return tuple(
        CallChange(
            row["callee"], row["callee_name"], side(row, "a", whole[0]), side(row, "b", whole[1])
        )
        for row in rows(connection, "FROM diff_decisions")
    )


def _side(row: Row, name: SideName) -> Side:
    values = {column: row[f"{column}_{name}"] for column in SIDE_COLUMNS}
    return Side(**values, loop=row[f"key_{name}"])


def _by_loop(connection: duckdb.DuckDBPyConnection, source: str) -> Mapping[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    # in an order of its own: that of a parallel query differs from run to run
    for row in rows(connection, f"FROM {source} ORDER BY ALL"):
        groups.setdefault(row["loop"], []).append(row)
    return groups


def _remark_changes(remarks: Sequence[Row]) -> RemarkChanges:
    def those(change: Literal["appeared", "disappeared", "changed"]) -> tuple[RemarkChange, ...]:
        return tuple(_remark(row) for row in remarks if row["change"] == change)

    return RemarkChanges(those("appeared"), those("disappeared"), those("changed"))


def _remark(row: Row) -> RemarkChange:
    columns = ("pass", "tag", "name", "words_a", "words_b", "row_a", "row_b")
    return RemarkChange(*(row[column] for column in columns))


def _pass_names(changes: Sequence[Row], side: SideName) -> tuple[str, ...]:
    return tuple(sorted(row["pass"] for row in changes if row["side"] == side))


def _store_times(
    connection: duckdb.DuckDBPyConnection,
    loops: Sequence[LoopDiff],
    places: Sequence[PlaceDiff],
) -> None:
    """Put time and change beside the layers, for the hypotheses' SQL."""
    connection.execute(
        "CREATE TEMP TABLE diff_times (loop VARCHAR, time_ratio DOUBLE, verdict VARCHAR,"
        " cost DOUBLE, code_changed BOOLEAN, remarks_changed BOOLEAN)"
    )
    found: list[tuple[LoopDiff | PlaceDiff, bool, bool]]
    found = [(loop, loop.code_changed, bool(loop.remarks)) for loop in loops]
    found += [(place, False, False) for place in places]
    for node, *changes in found:
        ratio = node.time.value if node.time else None
        connection.execute(
            "INSERT INTO diff_times VALUES (?, ?, ?, ?, ?, ?)",
            [node.key, ratio, node.verdict, node.cost, *changes],
        )


def _weight(loop: LoopDiff | PlaceDiff) -> tuple[float, float, str]:
    """What cost or gained most comes first, then what is hottest."""
    return -abs(loop.cost or 0.0) if loop.changed else 0.0, -loop.share, loop.key


def _counters(connection: duckdb.DuckDBPyConnection) -> tuple[CounterChange, ...]:
    counters = rows(
        connection,
        "SELECT event, any_value(value) FILTER (side = 'a') AS a,"
        " any_value(value) FILTER (side = 'b') AS b, any_value(unit) AS unit"
        " FROM counters JOIN sides USING (run_id) GROUP BY event HAVING count(value) = 2"
        " ORDER BY event",
    )
    return tuple(CounterChange(**row) for row in counters)


def _outside(connection: duckdb.DuckDBPyConnection) -> tuple[FunctionRemark, ...]:
    """Remarks outside loops that differ, by function."""
    remarks = rows(connection, "FROM diff_remarks WHERE NOT in_loop ORDER BY ALL")
    return tuple(FunctionRemark(row["loop"][1:-1], row["change"], _remark(row)) for row in remarks)


def _compared(run: RunInfo) -> ComparedRun:
    facts = run.facts
    return ComparedRun(
        run.run_id,
        program=facts.program,
        label=facts.label,
        flags=list(facts.flags),
        compiler=facts.compiler,
        started=facts.started.isoformat() if facts.started else None,
        revision=facts.revision,
        built_with=facts.built_with,
    )
