"""The facts that a summary is made of, one query a layer, hottest first and in a fixed order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from collectors.base.errors import UsageError
from corr.lake.sql import rows
from corr.lake.store import RunInfo
from corr.program import machine
from corr.summary.code import bound_words, instruction_mix, stream_words, streams
from corr.summary.markdown import labels, sentence
from corr.why import resolve

#: Share of the samples from which a loop of a nest gets every layer, and how many at most do.
DETAIL_SHARE = 0.05
MOST_DETAILED = 4
#: Share from which a nest beyond the first is shown, and code outside loops named.
NEST_SHARE = 0.02
OUTSIDE_SHARE = 0.01
Row = dict[str, Any]

_LOOPS = """
SELECT l.key, left(l.key, len(l.key) - len(l.path)) || split_part(l.path, '.', 1) AS root,
       l.path, l.function, l.function_name, l.file, l.line,
       coalesce(l.end_line, l.line) AS end_line, coalesce(l.depth, 1) AS depth,
       coalesce(l.innermost, true) AS innermost,
       l.number, l.unit, h.share, h.entries, h.iterations, h.trip_count, h.ns_per_iteration,
       CASE WHEN x.vector_width > 1 OR x.interleave > 1
            THEN coalesce(x.vector_width, 1) || 'x' || coalesce(x.interleave, 1) END AS vector,
       x.unroll, nullif(m.vector_bits, 0) AS simd_bits, m.cycles_per_iteration AS mca_cycles,
       m.machine_loop, h.regions
FROM loops l
LEFT JOIN hotspots h ON h.loop = l.key
LEFT JOIN transformed x ON x.loop = l.key
LEFT JOIN loop_mca m ON m.loop = l.key
ORDER BY root, string_split(l.path, '.')::INTEGER[]
"""
#: What a pass did comes in this order; other passes follow.
_DONE_FIRST = (
    *("loop-vectorize", "slp-vectorizer", "loop-unroll", "loop-interchange", "loop-distribute"),
    *("loop-idiom", "simple-loop-unswitch", "inline", "licm", "gvn"),
)


@dataclass(frozen=True)
class Nest:
    """An outermost loop and all loops in it; `hot` are those worth every layer, hottest first."""

    key: str
    label: str
    share: float | None
    loops: Sequence[Row]
    hot: Sequence[Row]

    @property
    def hottest(self) -> Row:
        return self.hot[0]


@dataclass(frozen=True)
class Facts:
    """Everything a summary may show of a run but its source and IR."""

    run: Row
    machine: Row
    time: Row
    nests: Sequence[Nest]
    more_loops: int
    more_share: float
    outside: Sequence[Row]
    #: The key of each loop by its number, by unit.
    numbers: Mapping[str, Mapping[int, str]]


def gather(
    connection: duckdb.DuckDBPyConnection, run: RunInfo, most: int, loop: str | None = None
) -> Facts:
    """The facts of the `most` hottest loop nests, or of the one that holds the loop `loop`.

    `connection` sees that run only. Raises UsageError for a loop that the run does not have.
    """
    every = rows(connection, _LOOPS)
    own = {source.file for source in run.facts.sources}
    nests = _nests(every, own)
    if loop is not None:
        nests = _holding(connection, nests, loop)
    shown = [n for n in nests[:most] if n is nests[0] or _worth_showing(n, own)]
    keys = {row["key"] for n in shown for row in n.loops}
    ran = any(r["share"] or r["iterations"] for r in every)
    left = [r for r in every if r["key"] not in keys and (r["share"] or r["iterations"] or not ran)]
    for nest in shown:
        for row in nest.hot:
            row |= _layers(connection, row)
    outside = rows(
        connection,
        "SELECT place, function, share FROM hotspots WHERE loop IS NULL AND share >= ?"
        " ORDER BY share DESC, function",
        OUTSIDE_SHARE,
    )
    return Facts(
        run={
            "run_id": run.run_id,
            "program": run.facts.program,
            "compiler": run.facts.compiler,
            "flags": run.facts.flags,
            "built_with": run.facts.built_with,
            "run_args": run.facts.run_args,
        },
        machine=_machine(run, shown),
        time=_time(connection),
        nests=shown,
        more_loops=len(left),
        more_share=sum(r["share"] or 0 for r in left),
        outside=outside,
        numbers=_numbers(every),
    )


def _holding(connection: duckdb.DuckDBPyConnection, nests: Sequence[Nest], loop: str) -> list[Nest]:
    """The nests with a loop that may be called so. Raises UsageError where there is none."""
    place = resolve(connection, loop)
    if not place.loops:
        raise UsageError(f"{loop} has no loop", "`corr why` says what is known of it")
    return [n for n in nests if any(row["key"] in place.loops for row in n.loops)]


def heat(connection: duckdb.DuckDBPyConnection, file: str) -> dict[int, float]:
    """The share of the samples on each line of a file."""
    found = rows(
        connection,
        "SELECT line, sum(count) / (SELECT sum(count) FROM samples) AS share FROM samples"
        " WHERE file = ? AND line IS NOT NULL GROUP BY line",
        file,
    )
    return {row["line"]: row["share"] for row in found}


def hot_lines(connection: duckdb.DuckDBPyConnection, nest: Nest) -> list[Row]:
    """Lines whose samples belong to the nest and that have a hundredth of all, hottest first."""
    return rows(
        connection,
        "SELECT s.file, s.line, any_value(coalesce(f.name, s.function)) AS function FROM samples s"
        " LEFT JOIN functions f ON f.linkage = s.function"
        " WHERE list_contains(?, s.loop) AND s.file IS NOT NULL AND s.line IS NOT NULL"
        " GROUP BY s.file, s.line HAVING sum(s.count) >= 0.01 * (SELECT sum(count) FROM samples)"
        " ORDER BY sum(s.count) DESC, s.file, s.line",
        [row["key"] for row in nest.loops],
    )


def source(connection: duckdb.DuckDBPyConnection, file: str) -> list[str]:
    """The text of a file as it was compiled."""
    found = rows(connection, "SELECT text FROM source WHERE file = ? ORDER BY line", file)
    return [row["text"] for row in found]


def code(connection: duckdb.DuckDBPyConnection, machine_loop: int) -> list[Row]:
    """A machine loop's instructions with samples, place, and what the model says of them."""
    return rows(
        connection,
        "SELECT i.address, i.mnemonic, i.operands, i.line, s.samples, m.latency, i.kind, i.stack,"
        " i.load_bytes, i.store_bytes, i.through, i.moves, i.step FROM instructions i"
        " LEFT JOIN mca_instructions m USING (run_id, machine_loop, address)"
        " LEFT JOIN address_samples s USING (run_id, address)"
        " WHERE i.machine_loop = ? ORDER BY i.address",
        machine_loop,
    )


def _nests(every: Sequence[Row], own: set[str]) -> list[Nest]:
    """Nests, hottest first; without samples the one that runs or nests most, own files first."""
    grouped: dict[str, list[Row]] = {}
    names = labels([row["key"] for row in every])
    for row in every:
        row["label"] = names[row["key"]]
        grouped.setdefault(row["root"], []).append(row)

    def weight(nest: Nest) -> tuple[Any, ...]:
        runs = max((row["iterations"] or 0 for row in nest.loops), default=0)
        foreign = nest.loops[0]["file"] not in own
        depth = max(row["depth"] for row in nest.loops)
        return -(nest.share or 0), -runs, foreign, -depth, nest.key

    found = [
        Nest(key, names.get(key, key), _share(loops), loops, _hot(loops))
        for key, loops in grouped.items()
    ]
    return sorted(found, key=weight)


def _worth_showing(nest: Nest, own: set[str]) -> bool:
    """Hot, or where nothing was sampled a nest of the program's own sources, not of a header."""
    return nest.loops[0]["file"] in own if nest.share is None else nest.share >= NEST_SHARE


def _numbers(every: Sequence[Row]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for row in every:
        found.setdefault(row["unit"], {})[row["number"]] = row["key"]
    return found


def _share(loops: Sequence[Row]) -> float | None:
    shares = [row["share"] for row in loops if row["share"] is not None]
    return sum(shares) if shares else None


def _hot(loops: Sequence[Row]) -> list[Row]:
    order = sorted(
        loops,
        key=lambda r: (-(r["share"] or 0), -(r["iterations"] or 0), -r["depth"], r["key"]),
    )
    sampled = [row for row in order if row["share"] is not None]
    if sampled:
        worth = [row for row in order if (row["share"] or 0) >= DETAIL_SHARE]
    else:
        worth = [row for row in order if row["innermost"]]
    return (worth or order[:1])[:MOST_DETAILED]


def _layers(connection: duckdb.DuckDBPyConnection, row: Row) -> Row:
    """What every layer says of one loop."""
    key = row["key"]
    return {
        "missed": _missed(connection, key),
        "done": _done(connection, key),
        "spills": _spills(connection, key),
        "passes": _passes(connection, key),
        "model": _model(connection, row["machine_loop"]),
        "cachegrind": _cachegrind(connection, "WHERE loop = ?", key),
        "why_no_counts": _no_counts(connection, row),
    }


def _missed(connection: duckdb.DuckDBPyConnection, key: str) -> list[Row]:
    """What did not happen, weightiest first; what says nothing beside a reason is left out."""
    found = rows(
        connection,
        "SELECT min(weight) AS weight, pass, words, min(line) AS line, sum(count)::BIGINT AS count"
        " FROM missed WHERE loop = ? AND pass <> 'regalloc' GROUP BY pass, words"
        " ORDER BY weight, pass, words",
        key,
    )
    reasoned = any(row["weight"] == 1 for row in found)
    kept = [row for row in found if not (row["weight"] == 2 and reasoned)]
    return [row | {"words": sentence(row["words"])} for row in kept]


def _done(connection: duckdb.DuckDBPyConnection, key: str) -> list[Row]:
    """What was done, by the passes that decide most first; inlined calls are only counted."""
    found = rows(
        connection,
        "SELECT pass, words, min(line) AS line, sum(count)::BIGINT AS count FROM remark_words"
        " WHERE loop = ? AND tag = 'Passed' GROUP BY pass, words",
        key,
    )
    inlined = [row for row in found if row["pass"] in ("inline", "always-inline")]
    calls = sum(row["count"] for row in inlined)
    found = [row | {"words": sentence(row["words"])} for row in found if row not in inlined]
    if calls:
        words = f"{calls} call{'s' if calls > 1 else ''} inlined"
        found.append({"pass": "inline", "words": words, "line": None, "count": 1})
    place = {name: number for number, name in enumerate(_DONE_FIRST)}
    return sorted(found, key=lambda r: (place.get(r["pass"], 99), r["pass"], r["words"]))


def _spills(connection: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    """What the register allocator put on the stack: `3 spills, 4 reloads`."""
    found = rows(
        connection,
        "SELECT DISTINCT words FROM remark_words WHERE loop = ? AND pass = 'regalloc'"
        " AND regexp_matches(words, 'spills|reloads') ORDER BY words",
        key,
    )
    count = re.compile(r"(\d+) ((?:folded )?(?:spills|reloads))\b")
    return [", ".join(f"{n} {what}" for n, what in count.findall(row["words"])) for row in found]


def _passes(connection: duckdb.DuckDBPyConnection, key: str) -> Row | None:
    """How many passes changed the loop, and those that changed most, in order."""
    found = rows(
        connection,
        "SELECT sequence, pass, instructions_before AS before, instructions_after AS after"
        " FROM (SELECT DISTINCT unit, sequence, pass, instructions_before, instructions_after"
        " FROM pass_effects WHERE loop = ?) ORDER BY unit, sequence",
        key,
    )
    moved = [r for r in found if r["before"] and r["after"] and r["before"] != r["after"]]
    most = sorted(moved, key=lambda r: (-abs(r["after"] - r["before"]), r["sequence"]))[:6]
    if not found:
        return None
    return {
        "count": len({row["pass"] for row in found}),
        "most": [r for r in moved if r in most],
    }


def _model(connection: duckdb.DuckDBPyConnection, machine_loop: int | None) -> Row | None:
    """The machine loop and its model."""
    if machine_loop is None:
        return None
    (row,) = rows(
        connection,
        "SELECT symbol, instructions, cpu, cycles_per_iteration AS cycles, ipc,"
        " block_rthroughput, bound, bound_pressure, calls"
        " FROM machine_loop_model WHERE machine_loop = ?",
        machine_loop,
    )
    listed = code(connection, machine_loop)
    return {
        **row,
        "bound_by": bound_words(row),
        "code": listed,
        "mix": instruction_mix(listed),
        "stack": sum(bool(one["stack"]) for one in listed),
        "streams": stream_words(streams(listed)),
    }


def _no_counts(connection: duckdb.DuckDBPyConnection, row: Row) -> str | None:
    """Why the loop's iterations are not known, where others are."""
    if row["iterations"] is not None:
        return None
    found = rows(connection, "SELECT reason FROM trips WHERE loop_key = ?", row["key"])
    return found[0]["reason"] if found else None


def _cachegrind(connection: duckdb.DuckDBPyConnection, where: str, *values: object) -> Row | None:
    (row,) = rows(
        connection,
        "SELECT sum(COLUMNS(* EXCLUDE (run_id, function, loop, file, line)))::BIGINT AS '\\0'"
        f" FROM cachegrind_sums {where}",
        *values,
    )
    return row if row["instructions"] is not None else None


def _time(connection: duckdb.DuckDBPyConnection) -> Row:
    """Times, counters, samples, and each thing that is missing with its reason."""
    (times,) = rows(
        connection,
        "SELECT count(*) AS repetitions, median(wall) AS wall, min(wall) AS wall_low,"
        " max(wall) AS wall_high, median(kernel_seconds) AS kernel, max(max_rss) AS memory,"
        ' median("user" + system) AS cpu,'
        " CASE WHEN 2 * count(load) > count(*) THEN median(load) END AS load FROM timings",
    )
    (sampled,) = rows(
        connection, "SELECT sum(count)::BIGINT AS count, any_value(event) AS event FROM samples"
    )
    counted = rows(
        connection,
        "SELECT event, value, unit, reason FROM counters WHERE value IS NOT NULL ORDER BY event",
    )
    missing = rows(
        connection,
        "SELECT string_agg(event, ', ' ORDER BY event) AS what, reason FROM counters"
        " WHERE value IS NULL GROUP BY reason ORDER BY reason",
    )
    missing += rows(
        connection,
        "SELECT DISTINCT layer || CASE WHEN \"where\" = '' THEN '' ELSE ' (' || \"where\" || ')'"
        " END AS what, what AS reason FROM problems WHERE layer <> 'counters' ORDER BY ALL",
    )
    if not times["repetitions"]:
        everything = "times, counters, samples, execution counts"
        missing.insert(0, {"what": everything, "reason": "not run (--no-run), or imported"})
    return {
        **times,
        "samples": sampled["count"],
        "event": sampled["event"],
        "counters": counted,
        "missing": missing,
        "cachegrind": _cachegrind(connection, ""),
    }


def _machine(run: RunInfo, nests: Sequence[Nest]) -> Row:
    """The processor: as the run has it, else as it is here if this is the same one."""
    facts = run.facts
    here = facts.cpu == machine.cpu_model() and facts.cores == machine.cores()
    used = [row["simd_bits"] for nest in nests for row in nest.loops if row["simd_bits"]]
    modelled = any(row["mca_cycles"] for nest in nests for row in nest.loops)
    return {
        "cpu": facts.cpu,
        "cores": facts.cores,
        "caches": facts.caches or (machine.caches() if here else []),
        "vector_bits": facts.vector_bits or (machine.vector_bits() if here else None),
        "used_bits": max(used, default=0 if modelled else None),
    }
