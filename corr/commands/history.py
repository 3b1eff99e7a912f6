"""`corr history`: how an optimisation went, stage by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from collectors.base.foreign_text import one_line
from corr.commands.options import DataOption, FormatOption, open_lake
from corr.console.output import Format, emit, emit_records, message

if TYPE_CHECKING:
    from corr.lake.store import Lake

#: How columns are shown in the table.
SHOWN = {
    "stage": ("stage", None),
    "outcome": ("outcome", None),
    "seconds": ("seconds", None),
    "speedup_original": ("over original", None),
    "speedup_native": ("over native", None),
    "speedup_polly": ("over Polly", None),
    "roof_share": ("of the roof", "percent"),
    "guarantee": ("guarantee", None),
    "tried": ("tried", None),
    "instructions": ("instructions", "count"),
    "cache_misses": ("cache misses", "count"),
    "move": ("move", None),
}
TRIALS = """
    SELECT iteration || '.' || candidate AS trial, outcome, speedup, speedup_low, speedup_high,
           expected, guarantee, proposer, kind, move, reason, detail, run_id
    FROM iterations WHERE session = ? AND role = 'proposal' ORDER BY iteration, candidate
"""
PROBLEMS = """
    SELECT "where", what, sum(count)::BIGINT AS count FROM problems
    WHERE layer IN ('loop nests', 'irregular loops', 'roof')
      AND run_id IN (SELECT run_id FROM iterations WHERE session = ?)
    GROUP BY "where", what ORDER BY min(run_id), "where", what
"""
MUTANTS = """
    SELECT loop, count(*) FILTER (counts) AS tried, count(*) FILTER (caught) AS caught,
           list(DISTINCT kind ORDER BY kind) FILTER (counts AND NOT caught) AS missed
    FROM mutants WHERE session = ?
      AND run_id = (SELECT max(run_id) FROM mutants WHERE session = ?)
    GROUP BY loop HAVING count(*) FILTER (counts) > 0
    ORDER BY max(share) DESC NULLS LAST, loop
"""
SESSIONS = """
    SELECT session, any_value(program) AS program, max(iteration) AS iterations,
           count(*) FILTER (WHERE role = 'proposal') AS tried,
           coalesce(max_by(speedup_original, run_id) FILTER (WHERE role = 'best'),
                    max(speedup_original) FILTER (WHERE outcome = 'accepted'), 1) AS speedup,
           any_value(sandboxed) AS sandboxed
    FROM iterations GROUP BY session ORDER BY session
"""


def register(app: typer.Typer) -> None:
    app.command("history")(history)


def history(
    session: Annotated[
        str, typer.Argument(help="A kernel, a session's id or the beginning of it, or last.")
    ] = "last",
    trials: Annotated[
        bool, typer.Option("--trials", help="A row for each proposal, with its reason.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List the optimisations in the lake.")
    ] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Show how an optimisation went: the original, the baselines, each iteration, the best."""
    from corr.lake.sql import ask
    from corr.optimize.resume import session_name

    lake = open_lake(data)
    if everything:
        emit(ask(lake, SESSIONS), format)
        return
    name = session_name(lake, session)
    if trials:
        emit(ask(lake, TRIALS, [name]), format)
    else:
        print_history(lake, name, format)
        print_roof(lake, name)
        _print_mutants(lake, name)
        _print_problems(lake, name)


def _print_mutants(lake: Lake, name: str) -> None:
    """What the session's check sees of each nest, on stderr."""
    from corr.lake.sql import ask

    for row in ask(lake, MUTANTS, [name, name]).to_pylist():
        missed = f"; not caught: {', '.join(row['missed'])}" if row["missed"] else ""
        words = f"{row['loop']}: {row['caught']} of {row['tried']} mutants caught{missed}"
        message(one_line(words, 400))


def _print_problems(lake: Lake, name: str) -> None:
    """What the session could not look at or propose, on stderr."""
    from collectors.base.foreign_text import one_line
    from corr.lake.sql import ask

    for row in ask(lake, PROBLEMS, [name]).to_pylist():
        times = f" ({row['count']}×)" if row["count"] > 1 else ""
        message(one_line(f"{row['where']} {row['what']}{times}", 400))


def print_history(lake: Lake, name: str, format: Format) -> None:
    """The stages of one session on stdout."""
    from corr.lake.sql import ask

    rows = ask(lake, "SELECT * FROM history WHERE session = ?", [name])
    if format != Format.table:
        emit(rows, format)
        return
    records = rows.to_pylist()
    emit_records(
        [{**r, "move": _short(r["move"])} for r in records],
        SHOWN,
        lambda row: [row["reason"]] if row["reason"] else [],
    )


def print_roof(lake: Lake, name: str) -> None:
    """How much of what the machine allows the original and the best reach, on stderr."""
    from corr.lake.sql import ask
    from corr.roofs.shares import told

    for row in ask(lake, "SELECT * FROM roof_shares WHERE session = ?", [name]).to_pylist():
        words = told(row["before"], row["after"])
        if words:
            message(one_line(f"{row['program']}: {words} ({row['roof']})", 400))


def print_table(lake: Lake, names: list[str], format: Format) -> None:
    """The best of several sessions, and the geometric mean over them."""
    from corr.lake.sql import ask

    if not names:
        return
    marks = ", ".join("?" * len(names))
    query = f"""
        SELECT any_value(program) AS program,
               coalesce(max_by(seconds, run_id) FILTER (WHERE role = 'best'),
                        max_by(seconds, run_id) FILTER (WHERE role = 'original')) AS seconds,
               coalesce(max_by(speedup_original, run_id) FILTER (WHERE role = 'best'), 1)
                   AS speedup_original,
               max_by(speedup_native, run_id) FILTER (WHERE role = 'best') AS speedup_native,
               max_by(speedup_polly, run_id) FILTER (WHERE role = 'best') AS speedup_polly,
               any_value(before) AS roof_before, any_value(after) AS roof_after,
               max_by(guarantee, run_id) FILTER (WHERE role = 'best') AS guarantee
        FROM iterations LEFT JOIN (SELECT session, before, after FROM roof_shares) USING (session)
        WHERE session IN ({marks}) GROUP BY session ORDER BY program
    """
    rows = ask(lake, query, names).to_pylist()
    averaged = ("speedup_original", "roof_before", "roof_after")
    means = {name: _mean([r[name] for r in rows if r[name]]) for name in averaged}
    rows.append({"program": f"geometric mean of {len(names)}", **means})
    import pyarrow as pa

    emit(pa.Table.from_pylist(rows), format)


def _mean(values: list[float]) -> float | None:
    """The geometric mean; None of none."""
    import math

    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def _short(move: str | None) -> str | None:
    return move if move is None else one_line(move, 60)
