"""What changed between two runs, loop by loop: time, remarks, code, passes, model, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from collectors.source_loops.source_text import extent
from corr.compare import hypotheses, loop_pairs
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.system.shipped_files import shipped
from corr.timing.interleave import Comparison
from corr.timing.verdict import (
    DRIFT_MARGIN,
    MARGIN,
    Ratio,
    Verdict,
    draws_of_ratio,
    loop_ratio,
    ratio,
)

#: Layers that a loop of the answer has for each side.
SIDE_COLUMNS = (
    *("place", "share", "samples", "entries", "iterations", "trip_count"),
    *("vector_width", "interleave", "unroll", "mca_cycles", "bound", "ipc", "vector_bits"),
    *("instructions", "stack_accesses", "calls", "divisions", "branches", "selects"),
    *("gathers", "atomics", "fmas", "memory_accesses", "prefetches", "float_operations"),
    *("double_operations", "sparsity"),
)
#: Repetitions of each side below which no difference of times is claimed.
FEWEST_REPETITIONS = 5
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

#: Passes whose remarks most often decide, the weightiest first.
PASSES_BY_WEIGHT = (
    "loop-vectorize",
    "inline",
    "loop-unroll",
    "loop-interchange",
    "licm",
    "regalloc",
)


@dataclass(frozen=True)
class Times:
    """The times of two runs compared: seconds of each repetition, and how they were taken."""

    a: list[float]
    b: list[float]
    clock: str
    interleaved: bool

    @property
    def margin(self) -> float:
        return MARGIN if self.interleaved else DRIFT_MARGIN

    @property
    def decisive(self) -> bool:
        """Enough repetitions: the bootstrap of a few values is too sure of itself."""
        return min(len(self.a), len(self.b)) >= FEWEST_REPETITIONS


def diff(
    lake: Lake,
    a: RunInfo,
    b: RunInfo,
    measured: Comparison | None = None,
    *,
    explain: bool = True,
) -> dict[str, Any]:
    """The comparison of two runs as plain data: `total` and a list of `loops`.

    `measured` are interleaved timings of the two builds; without them the runs' own timings are
    used, with a wider margin, since they were taken at different times. Without `explain` no
    hypothesis is formed.
    """
    connection = connect(lake, [a, b])
    try:
        connection.execute("CREATE TEMP TABLE sides (side VARCHAR, run_id VARCHAR)")
        connection.executemany(
            "INSERT INTO sides VALUES (?, ?)", [("a", a.run_id), ("b", b.run_id)]
        )
        _pair_loops(connection, a, b)
        for path in sorted((shipped("queries") / "diff").glob("*.sql")):
            connection.execute(path.read_text())
        times = _times(connection, measured)
        loops = _loops(connection, times)
        _store_loops(connection, loops)
        if explain:
            hypotheses.explain(connection, loops)
        loops.sort(key=_weight)
        return {
            "a": _run(a),
            "b": _run(b),
            "total": _total(times),
            "counters": _counters(connection),
            "loops": loops,
            "outside_loops": _outside(connection),
            "regions": rows(connection, "FROM diff_regions"),
        }
    finally:
        connection.close()


def _pair_loops(connection: duckdb.DuckDBPyConnection, a: RunInfo, b: RunInfo) -> None:
    sides = []
    for run in (a, b):
        texts: dict[str, list[str]] = {}
        for row in rows(
            connection,
            "SELECT file, list(text ORDER BY line) AS lines FROM source WHERE run_id = ?"
            " GROUP BY file",
            run.run_id,
        ):
            texts[row["file"]] = row["lines"]
        found = []
        for row in rows(connection, "SELECT * FROM loops WHERE run_id = ?", run.run_id):
            place = (row["line"], row["column"]), (row["end_line"], row["end_column"])
            text = "\n".join(extent(texts.get(row["file"], []), *place))
            found.append(
                loop_pairs.SourceLoop(
                    row["key"], row["function"], row["path"], _COMMENT.sub("", text)
                )
            )
        sides.append(found)
    connection.execute(
        "CREATE TEMP TABLE loop_pairs (key_a VARCHAR, key_b VARCHAR, matched_by VARCHAR)"
    )
    pairs = [(p.key_a, p.key_b, p.matched_by) for p in loop_pairs.match(*sides)]
    if pairs:
        columns = list(zip(*pairs, strict=True))
        connection.execute(
            "INSERT INTO loop_pairs SELECT unnest(?), unnest(?), unnest(?)",
            [list(c) for c in columns],
        )


def _times(connection: duckdb.DuckDBPyConnection, measured: Comparison | None) -> Times | None:
    if measured is not None:
        return Times(measured.a, measured.b, measured.clock, True)
    sides: list[list[dict[str, Any]]] = [
        rows(
            connection,
            "SELECT wall, kernel_seconds FROM timings JOIN sides USING (run_id) WHERE side = ?",
            side,
        )
        for side in "ab"
    ]
    if not all(sides):
        return None
    if all(r["kernel_seconds"] for side in sides for r in side):
        a, b = ([r["kernel_seconds"] for r in side] for side in sides)
        return Times(a, b, "kernel time", False)
    a, b = ([r["wall"] for r in side] for side in sides)
    return Times(a, b, "wall time", False)


def _loops(connection: duckdb.DuckDBPyConnection, times: Times | None) -> list[dict[str, Any]]:
    """A row per pair of loops that is hot or differs, with its remarks, code and passes."""
    remarks = _grouped(connection, "diff_remarks WHERE in_loop")
    mnemonics = _grouped(connection, "diff_mnemonics")
    passes = _grouped(connection, "diff_passes")
    totals = dict(
        connection.execute(
            "SELECT side, coalesce(sum(count), 0)::BIGINT"
            " FROM sides LEFT JOIN samples USING (run_id) GROUP BY side"
        ).fetchall()
    )
    draws = _total_draws(times)
    loops = []
    for row in rows(connection, "FROM diff_loops"):
        key = row["loop"]
        entry: dict[str, Any] = {
            "loop": key,
            "place": row["place"],
            "function": row["function"],
            "matched_by": row["matched_by"],
            "only_in": None if row["key_a"] and row["key_b"] else "b" if row["key_b"] else "a",
            "a": {c: row[f"{c}_a"] for c in SIDE_COLUMNS} | {"loop": row["key_a"]},
            "b": {c: row[f"{c}_b"] for c in SIDE_COLUMNS} | {"loop": row["key_b"]},
        }
        entry |= _time_of(entry, times, draws, totals)
        entry |= _remarks(remarks.get(key, []))
        entry["instructions"] = [_without(m, "loop") for m in mnemonics.get(key, [])]
        changed = passes.get(key, [])
        entry["passes_began"] = sorted(p["pass"] for p in changed if p["side"] == "b")
        entry["passes_stopped"] = sorted(p["pass"] for p in changed if p["side"] == "a")
        entry["code_changed"] = bool(entry["instructions"])
        entry["changed"] = _changed(entry)
        entry["hypotheses"] = []
        loops.append(entry)
    return [e for e in loops if e["changed"] or max(_share(e, "a"), _share(e, "b")) >= 0.005]


def _share(entry: Mapping[str, Any], side: str) -> float:
    return entry[side]["share"] or 0.0


def _grouped(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    # in an order of its own: that of a parallel query differs from run to run
    for row in rows(connection, f"FROM {source} ORDER BY ALL"):
        found.setdefault(row["loop"], []).append(row)
    return found


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in names}


def _remarks(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    listed: dict[str, Any] = {
        f"remarks_{change}": [
            _without(r, "loop", "in_loop", "change") for r in rows if r["change"] == change
        ]
        for change in ("appeared", "disappeared", "changed")
    }
    for row in (*listed["remarks_appeared"], *listed["remarks_disappeared"]):
        row["words"] = row["words_b"] if row["words_a"] is None else row["words_a"]
    return listed


def _total_draws(times: Times | None) -> np.ndarray | None:
    return None if times is None else draws_of_ratio(times.a, times.b, paired=times.interleaved)


def _time_of(
    entry: Mapping[str, Any],
    times: Times | None,
    draws: np.ndarray | None,
    totals: Mapping[str, int],
) -> dict[str, Any]:
    """Time ratio, verdict, and seconds gained or lost of a loop."""
    blank = {"time_ratio": None, "time_low": None, "time_high": None, "verdict": None, "cost": None}
    if times is None or draws is None or not all(totals.values()):
        return blank
    medians = float(np.median(times.a)), float(np.median(times.b))
    cost = _share(entry, "b") * medians[1] - _share(entry, "a") * medians[0]
    if entry["only_in"]:
        return blank | {"cost": cost}
    hits = int(entry["a"]["samples"] or 0), int(entry["b"]["samples"] or 0)
    found = loop_ratio(draws, medians[1] / medians[0], hits, (totals["a"], totals["b"]))
    if found is None:
        return blank | {"cost": cost}
    # a loop's share is sampled in one run each, so its margin is wider than that of the whole
    judged = _ratio(found, times.margin + MARGIN)
    if not times.decisive:
        judged["verdict"] = str(Verdict.inconclusive)
    return {**judged, "cost": cost}


def _ratio(found: Ratio, margin: float) -> dict[str, Any]:
    return {
        "time_ratio": found.value,
        "time_low": found.low,
        "time_high": found.high,
        "verdict": str(found.verdict(margin)),
    }


def _changed(entry: Mapping[str, Any]) -> bool:
    differs = any(entry[f"remarks_{c}"] for c in ("appeared", "disappeared", "changed"))
    timed = entry["verdict"] in ("faster", "slower")
    ran = entry["a"]["iterations"] != entry["b"]["iterations"]
    return bool(differs or entry["code_changed"] or entry["only_in"] or timed or ran)


def _store_loops(connection: duckdb.DuckDBPyConnection, loops: list[dict[str, Any]]) -> None:
    """Put time and change beside the layers, for the hypotheses' SQL."""
    connection.execute(
        "CREATE TEMP TABLE diff_times (loop VARCHAR, time_ratio DOUBLE, verdict VARCHAR,"
        " cost DOUBLE, code_changed BOOLEAN, remarks_changed BOOLEAN, listed BOOLEAN)"
    )
    for e in loops:
        remarks = any(e[f"remarks_{c}"] for c in ("appeared", "disappeared", "changed"))
        connection.execute(
            "INSERT INTO diff_times VALUES (?, ?, ?, ?, ?, ?, true)",
            [e["loop"], e["time_ratio"], e["verdict"], e["cost"], e["code_changed"], remarks],
        )


def _weight(entry: Mapping[str, Any]) -> tuple[float, float, str]:
    """What cost or gained most comes first, then what is hottest."""
    return (
        -abs(entry["cost"] or 0.0) if entry["changed"] else 0.0,
        -max(_share(entry, "a"), _share(entry, "b")),
        entry["loop"],
    )


def _total(times: Times | None) -> dict[str, Any]:
    if times is None:
        return {"verdict": None, "clock": None, "interleaved": False}
    found = ratio(times.a, times.b, paired=times.interleaved)
    judged = _ratio(found, times.margin)
    if not times.decisive:
        judged["verdict"] = str(Verdict.inconclusive)
    return {
        "seconds_a": float(np.median(times.a)),
        "seconds_b": float(np.median(times.b)),
        **judged,
        "clock": times.clock,
        "interleaved": times.interleaved,
        "repetitions": [len(times.a), len(times.b)],
        "margin": times.margin,
    }


def _counters(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return rows(
        connection,
        "SELECT event, any_value(value) FILTER (side = 'a') AS a,"
        " any_value(value) FILTER (side = 'b') AS b, any_value(unit) AS unit"
        " FROM counters JOIN sides USING (run_id) GROUP BY event HAVING count(value) = 2"
        " ORDER BY event",
    )


def _outside(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Remarks outside loops that differ, by function."""
    found = rows(connection, "FROM diff_remarks WHERE NOT in_loop ORDER BY ALL")
    return [_without(r, "in_loop") | {"function": r["loop"][1:-1]} for r in found]


def _run(run: RunInfo) -> dict[str, Any]:
    names = ("program", "label", "flags", "compiler", "started", "revision")
    return {"run_id": run.run_id} | {n: run.facts.get(n) for n in names}
