"""The layers of one run as a page shows them: the tables, and which functions are shown in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corr.console.remark_words import readable
from corr.lake.store import RunInfo
from corr.report.captions import percent
from corr.report.listing import Asker, Listing, Row, columns
from corr.summary.code import bound_briefly

#: Functions whose source, remarks, passes and code are on the page; the others only as counts.
MOST_FUNCTIONS = 60
#: Lines of source on a page, and lines of a file up to which all of it is shown.
MOST_LINES, WHOLE_FILE = 8000, 1500
#: Rows of a table that are shown at once.
SHOWN_LOOPS, SHOWN_FUNCTIONS, SHOWN_CALLS = 40, 40, 40
#: The part of the time that the first places are counted up to.
MOST_OF_THE_TIME = 0.8
#: What the page asks of a run.
TABLES = (
    *(
        "call_sites",
        "hotspots",
        "loops",
        "samples",
        "source",
        "execution",
        "trips",
        "functions",
        "remark_words",
    ),
    *("ir_changes", "instructions", "mca_instructions"),
    *("machine_loop_model", "address_samples", "cachegrind_sums"),
    *("counters", "timings", "problems", "opcodes", "remarks", "passes", "transformed"),
)

#: What is no loop is told by its function, or by what the kernel did.
HOT_SQL = """SELECT * REPLACE (CASE WHEN loop IS NULL AND function IS NOT NULL
    THEN concat_ws(' ', place, function) ELSE place END AS place) FROM hotspots"""
#: What a row of the table shows; the panel beside the source has the rest.
HOT = columns(
    {
        "share": ("share of time", "heat"),
        "loop": ("loop", "loop"),
        "place": ("where", "place"),
        "missed": ("what did not happen", "words"),
        "iterations": ("iterations", "count"),
        "trip_count": ("mean trips", "count"),
        "ns_per_iteration": "ns/iteration",
        "vector": "vector",
        "bound": "bound by",
    }
)
FUNCTIONS = columns(
    {
        "share": ("share of time", "heat"),
        "name": ("function", "place"),
        "samples": ("samples", "count"),
        "loops": ("loops", "count"),
        "iterations": ("iterations of its loops", "count"),
        "instructions": ("instructions", "count"),
        "done": ("remarks: done", "count"),
        "missed": ("remarks: missed", "count"),
        "other": ("remarks: analysis", "count"),
    }
)
COUNTERS = columns(
    {
        "event": "event",
        "value": ("value", "count"),
        "unit": "unit",
        "spread": "spread, %",
        "repetitions": "repetitions",
    }
)
TIMES = columns(
    {
        "repetitions": "repetitions",
        "wall": "median wall s",
        "wall_least": "least",
        "wall_most": "most",
        "kernel": "median kernel s",
        "cpu": "median CPU s",
        "load": "wall over CPU, beside other work",
        "memory": ("largest memory, bytes", "count"),
    }
)
PROBLEMS = columns(
    {
        "layer": "layer",
        "where": ("where", "text"),
        "what": ("what", "text"),
        "fix": ("what to do", "text"),
    }
)
KINDS = columns(
    {
        "pass": ("pass", "code"),
        "done": ("done", "count"),
        "missed": ("missed", "count"),
        "analysis": ("analysis", "count"),
        "remarks": ("in all", "count"),
    }
)
CALLS = columns(
    {
        "callee": ("calls", "place"),
        "place": ("where", "code"),
        "inlined": "inlined into",
        "kept": "kept in",
        "inlined_share": ("time inlined", "percent"),
        "bytes": ("bytes inlined", "count"),
        "callee_share": ("time in the callee", "percent"),
        "most_share": ("at most", "percent"),
        "callee_bytes": ("its bytes", "count"),
        "cost": "cost",
        "threshold": "threshold",
        "calls": ("ran", "count"),
        "reason": ("reason", "code"),
    }
)

FUNCTIONS_SQL = """\
WITH s AS (SELECT function, sum(count)::BIGINT AS samples FROM samples WHERE own GROUP BY 1),
     total AS (SELECT sum(count) AS n FROM samples),
     l AS (SELECT function, count(*) AS loops FROM loops GROUP BY 1),
     t AS (SELECT function, sum(iterations)::BIGINT AS iterations FROM trips GROUP BY 1),
     i AS (SELECT function, count(*) AS instructions FROM instructions GROUP BY 1),
     r AS (SELECT function, sum(count) FILTER (tag = 'Passed')::BIGINT AS done,
                  sum(count) FILTER (tag IN ('Missed', 'Failure'))::BIGINT AS missed,
                  sum(count) FILTER (tag LIKE 'Analysis%')::BIGINT AS other
           FROM remarks GROUP BY 1),
     f AS (SELECT linkage, any_value(name) AS name FROM functions GROUP BY 1),
     every AS (SELECT function FROM s UNION SELECT function FROM l UNION SELECT function FROM i
               UNION SELECT function FROM r)
SELECT e.function, coalesce(f.name, e.function) AS name, s.samples, s.samples / total.n AS share,
       l.loops, t.iterations, i.instructions, r.done, r.missed, r.other
FROM every e CROSS JOIN total
LEFT JOIN s ON s.function = e.function LEFT JOIN l ON l.function = e.function
LEFT JOIN t ON t.function = e.function LEFT JOIN i ON i.function = e.function
LEFT JOIN r ON r.function = e.function LEFT JOIN f ON f.linkage = e.function
WHERE e.function IS NOT NULL
ORDER BY samples DESC NULLS LAST, iterations DESC NULLS LAST, loops DESC NULLS LAST,
         instructions DESC NULLS LAST, name"""

CALLS_SQL = """\
SELECT callee_name AS callee, place, inlined, kept, inlined_share, bytes, callee_share,
       most_share, callee_bytes, cost, threshold, calls, reason
FROM call_sites WHERE weight >= 0.001"""

LOOPS_SQL = """\
SELECT l.key, l.function, l.function_name, l.file, l.line, l.end_line, l.depth, l.parent,
       l.innermost, t.entries, t.iterations, t.mean_trip_count AS trip_count, t.reason
FROM loops l LEFT JOIN trips t ON t.loop_key = l.key
WHERE list_contains(?, l.function) ORDER BY l.file, l.line, l.depth, l.key"""

HEAT_SQL = """\
SELECT file, line, sum(count)::BIGINT AS samples,
       sum(count) / (SELECT sum(count) FROM samples) AS share
FROM samples WHERE line IS NOT NULL GROUP BY file, line ORDER BY samples DESC, file, line"""

EXECUTION_SQL = "SELECT file, line, max(count) AS count FROM execution GROUP BY file, line"

EXTENTS_SQL = """\
SELECT file, function, min(line) AS line, max(line) AS end_line FROM (
    SELECT file, function, line FROM instructions WHERE line > 0
    UNION ALL SELECT file, function, line FROM loops
    UNION ALL SELECT file, function, end_line FROM loops)
WHERE list_contains(?, function) AND file IS NOT NULL GROUP BY file, function"""


@dataclass
class Window:
    """A range of lines of a file."""

    file: str
    line: int
    end_line: int


@dataclass(frozen=True)
class Facts:
    """What a page says of a run: its listings, the functions shown in full and their loops."""

    run: RunInfo
    #: functions as one reads them, by the names that they are linked by
    names: Mapping[str, str]
    hot: Listing
    functions: Listing
    counters: Listing
    times: Listing
    problems: Listing
    kinds: Listing
    calls: Listing
    wanted: tuple[str, ...]
    loops: Sequence[Row]
    heat: Sequence[Row]
    executions: dict[tuple[str, int], int]
    source: Sequence[Row]
    files: dict[str, int]
    samples: int
    event: str | None


def gather(run: RunInfo, ask: Asker) -> Facts:
    """The facts of a run; `ask` sees that run only."""
    functions = ask.listing("functions", "Every function, by time", FUNCTIONS_SQL, FUNCTIONS)
    wanted = tuple(row["function"] for row in functions.rows[:MOST_FUNCTIONS])
    heat = ask.rows(HEAT_SQL)
    files = {
        r["file"]: r["n"] for r in ask.rows("SELECT file, count(*) AS n FROM source GROUP BY file")
    }
    source = _source(ask, files, wanted)
    (sampled,) = ask.rows(
        "SELECT coalesce(sum(count), 0)::BIGINT AS n, any_value(event) AS event FROM samples"
    )
    names = {r["linkage"]: r["name"] for r in ask.rows("SELECT linkage, name FROM functions")}
    return Facts(
        run,
        names,
        _hot(ask, names),
        functions,
        _counters(ask),
        _times(ask),
        ask.listing(
            "problems",
            "What could not be had",
            'SELECT layer, "where", what, fix FROM problems ORDER BY ALL',
            PROBLEMS,
        ),
        _kinds(ask),
        _calls(ask),
        wanted,
        ask.rows(LOOPS_SQL, list(wanted)),
        heat,
        {(r["file"], r["line"]): r["count"] for r in ask.rows(EXECUTION_SQL)},
        source,
        files,
        sampled["n"],
        sampled["event"],
    )


def _hot(ask: Asker, names: Mapping[str, str]) -> Listing:
    """Hot loops; what did not happen is told with names as one reads them."""
    listing = ask.listing("hotspots", "Where the time goes, loop by loop", HOT_SQL, HOT)
    told = [
        {
            **row,
            "missed": row["missed"] and [readable(one, names) for one in row["missed"]],
            "bound": row["bound"] and bound_briefly(row["bound"]),
        }
        for row in listing.rows
    ]
    return replace(listing, rows=told, caption=_caption(told))


def _caption(rows: Sequence[Row]) -> str:
    """How few places take most of the time."""
    taken, places = 0.0, 0
    for row in rows:
        if taken >= MOST_OF_THE_TIME:
            break
        taken, places = taken + (row["share"] or 0), places + 1
    if taken < MOST_OF_THE_TIME:
        return "Where the time goes"
    said = "place takes" if places == 1 else f"{places} places take"
    return f"{'One ' if places == 1 else ''}{said} {percent(taken)} of the time"


def _counters(ask: Asker) -> Listing:
    return ask.listing(
        "counters",
        "Counters of whole runs",
        "SELECT event, value, unit, spread, repetitions FROM counters"
        " WHERE value IS NOT NULL ORDER BY event",  # what could not be had is told as such
        COUNTERS,
    )


def _times(ask: Asker) -> Listing:
    return ask.listing(
        "timings",
        "Times of a run",
        "SELECT count(*) AS repetitions, median(wall) AS wall, min(wall) AS wall_least,"
        " max(wall) AS wall_most, median(kernel_seconds) AS kernel,"
        ' median("user" + system) AS cpu,'
        " CASE WHEN 2 * count(load) > count(*) THEN median(load) END AS load,"
        " max(max_rss) AS memory FROM timings HAVING count(*) > 0",
        TIMES,
    )


def _kinds(ask: Asker) -> Listing:
    return ask.listing(
        "remark_kinds",
        "Remarks by pass and kind",
        "SELECT pass, sum(count) FILTER (tag = 'Passed')::BIGINT AS done,"
        " sum(count) FILTER (tag IN ('Missed', 'Failure'))::BIGINT AS missed,"
        " sum(count) FILTER (tag LIKE 'Analysis%')::BIGINT AS analysis,"
        " sum(count)::BIGINT AS remarks FROM remarks GROUP BY pass ORDER BY remarks DESC, pass",
        KINDS,
    )


def _calls(ask: Asker) -> Listing:
    return ask.listing("call_sites", "Calls that the inliner decided on", CALLS_SQL, CALLS).first(
        SHOWN_CALLS
    )


def _source(ask: Asker, files: dict[str, int], wanted: Sequence[str]) -> list[Row]:
    """The lines that are shown: whole small files, and of large ones the wanted functions."""
    found = ask.rows(EXTENTS_SQL, list(wanted))
    rank = {name: number for number, name in enumerate(wanted)}
    found.sort(key=lambda row: (rank.get(row["function"], len(rank)), row["file"], row["line"]))
    windows: list[Window] = []
    whole: set[str] = set()
    left = MOST_LINES
    for row in found:
        file, size = row["file"], files.get(row["file"], 0)
        if file in whole or not size:
            continue
        start, end = max(1, row["line"] - 3), min(size, row["end_line"] + 1)
        if size <= WHOLE_FILE:
            whole.add(file)
            start, end = 1, size
        if end - start + 1 > left:
            continue
        left -= end - start + 1
        windows.append(Window(file, start, end))
    return [line for window in merged(windows) for line in _lines(ask, window)]


def merged(windows: Sequence[Window]) -> list[Window]:
    """The windows of each file without overlap, the files in order of their first window."""
    order = {w.file: n for n, w in reversed(list(enumerate(windows)))}
    result: list[Window] = []
    for window in sorted(windows, key=lambda w: (order[w.file], w.line)):
        last = result[-1] if result else None
        if last and last.file == window.file and window.line <= last.end_line + 5:
            last.end_line = max(last.end_line, window.end_line)
        else:
            result.append(Window(window.file, window.line, window.end_line))
    return result


def _lines(ask: Asker, window: Window) -> list[Row]:
    return ask.rows(
        "SELECT file, line, text FROM source WHERE file = ? AND line BETWEEN ? AND ? ORDER BY line",
        window.file,
        window.line,
        window.end_line,
    )
