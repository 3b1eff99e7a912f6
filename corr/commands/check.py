"""`corr check`: a gate that fails on a lost optimisation in a hot loop, or a slow-down."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.check.formats import CheckFormat, plain, render, verdict
from corr.commands.options import DataOption, OkStatusOption
from corr.console.output import message

if TYPE_CHECKING:
    import duckdb

    from corr.check.rules import Code, Facts, Place
    from corr.lake.store import Lake, RunInfo
    from corr.timing.interleave import Comparison

_RUN = "id, beginning of an id, label, program, last or last~N."
#: Arithmetic on whole vector registers, and on their lowest element alone.
_PACKED = r"^v?((add|sub|mul|div|max|min|sqrt|f\w+)p[sd]|p(add|sub|mul|madd|min|max)\w*)"
_SCALAR = r"^v?(add|sub|mul|div|max|min|sqrt|fn?m\w+)s[sd]"


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    baseline: Annotated[str, typer.Argument(help=f"The run to hold on to: {_RUN}")],
    new: Annotated[str, typer.Argument(help=f"The run to judge: {_RUN}")] = "last",
    remarks_only: Annotated[
        bool,
        typer.Option("--remarks-only", help="No times, no samples of the new run: deterministic."),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, help="Slow-down that is accepted [default: 0.05]."),
    ] = None,
    hot_share: Annotated[
        float | None,
        typer.Option(
            "--hot-share", min=0, max=1, help="Share that makes a loop hot [default: 0.01]."
        ),
    ] = None,
    remeasure: Annotated[
        bool,
        typer.Option(
            "--remeasure/--no-remeasure",
            help="Time both binaries again, in turn, before a slow-down fails.",
        ),
    ] = True,
    ok_status: OkStatusOption = None,
    data: DataOption = None,
    format: Annotated[
        CheckFormat, typer.Option("--format", help="How to print it.")
    ] = CheckFormat.table,
) -> None:
    """Exit with 1 if a hot loop of the new run lost an optimisation, or is slower.

    Without an execution of both runs (collect --no-run) only remarks and code are compared; every
    loop counts then, or those that are hot in the baseline. Thresholds and waivers: [check] in
    corr.toml.
    """
    from corr.check.rules import check as judge
    from corr.compare.diff import diff
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    settings = load(Path.cwd())
    chosen = settings.check
    if threshold is not None:
        chosen = replace(chosen, slowdown=threshold)
    if hot_share is not None:
        chosen = replace(chosen, hot_share=hot_share)
    lake = Lake.open(data_folder(data, settings))
    runs = lake.find(baseline), lake.find(new)
    executed = all(run.facts.get("wall") is not None for run in runs)
    remarks_only = remarks_only or not executed
    result = diff(lake, *runs, explain=False)
    facts = _facts(lake, runs, result, remarks_only)
    report = judge(result, chosen, facts, remarks_only=remarks_only)
    suspected = any(f.rule_id == "slower" for f in report.failing) or (
        result["total"]["verdict"] == "inconclusive"
        and result["total"]["time_ratio"] > 1 + chosen.slowdown
    )
    if remeasure and suspected and not remarks_only:
        measured, note = _measure(*runs, ok_status)
        if measured is not None:
            report = judge(diff(lake, *runs, measured, explain=False), chosen, facts)
        report.notes.append(note)
    render(report, format, sys.stdout)
    if format in (CheckFormat.table, CheckFormat.gcc, CheckFormat.github):
        for note in report.notes:
            message(f"note: {plain(note)}")
    if format in (CheckFormat.table, CheckFormat.gcc):
        message(verdict(report))
    if report.failing:
        raise typer.Exit(1)


def _measure(a: RunInfo, b: RunInfo, ok_status: list[int] | None) -> tuple[Comparison | None, str]:
    """Both binaries timed in turn, and a note on it: runs of different times drift apart."""
    from collectors.base.errors import CorrError
    from corr.collect.again import invocation
    from corr.console.progress import Progress
    from corr.timing.interleave import interleave

    given = tuple(ok_status) if ok_status else None
    found = invocation(a, given), invocation(b, given)
    if found[0] is None or found[1] is None:
        return None, "the slow-down was not measured again: a run kept no binary"
    try:
        with Progress() as progress, progress.step("timing both in turn"):
            return interleave(found[0], found[1]), "the slow-down was measured again, in turn"
    except CorrError as error:
        return None, f"the slow-down could not be measured again: {error.message}"


def _facts(
    lake: Lake, runs: tuple[RunInfo, RunInfo], result: dict[str, Any], remarks_only: bool
) -> Facts:
    """What the gate needs beside the diff. Raises CorrError for runs that cannot be compared."""
    from corr.check.rules import Facts, vectorizer_reason
    from corr.lake.sql import connect

    tables = ["loops", "remarks", "instructions", "samples", "missed"]
    connection = connect(lake, runs, only=tables)
    _comparable(connection, runs)
    sides = dict(zip("ab", runs, strict=True))
    reasons: dict[str, str] = {}
    for loop, words in connection.execute(
        "SELECT loop, words FROM missed WHERE run_id = ? AND pass = 'loop-vectorize'"
        " AND weight = 1 ORDER BY loop, weight, words",
        [runs[1].run_id],
    ).fetchall():
        reasons.setdefault(loop, vectorizer_reason(words))
    sampled = "a" if remarks_only else "ab"
    return Facts(
        {side: _places(connection, run) for side, run in sides.items()},
        {side: _code(connection, run, result, side) for side, run in sides.items()},
        reasons,
        _names(result),
        {side: _shares(connection, sides[side]) for side in sampled},
        {} if remarks_only else {side: _conditions(run) for side, run in sides.items()},
    )


def _conditions(run: RunInfo) -> str:
    return " ".join((str(run.facts.get("cpu")), *(run.facts.get("run_args") or ())))


def _comparable(connection: duckdb.DuckDBPyConnection, runs: tuple[RunInfo, RunInfo]) -> None:
    """A run without remarks would pass every gate."""
    from collectors.base.errors import CorrError

    for run in runs:
        (count,) = connection.execute(
            "SELECT count(*) FROM remarks WHERE run_id = ?", [run.run_id]
        ).fetchall()[0]
        if not count:
            raise CorrError(
                f"the run {run.run_id} has no remarks: there is nothing to compare",
                f"corr sql --run {run.run_id} 'FROM problems' says why; collect it again",
            )


def _places(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> dict[str, Place]:
    """Place of each loop, and of each call outside loops that was not inlined."""
    from corr.check.rules import Place

    places = {
        key: Place(file, line, column)
        for key, file, line, column in connection.execute(
            'SELECT key, file, line, "column" FROM loops WHERE run_id = ?', [run.run_id]
        ).fetchall()
    }
    calls = connection.execute(
        "SELECT coalesce(n.name, r.function),"
        " list_filter(args, lambda a: a.key = 'Callee')[1].value, file, line, \"column\""
        " FROM remarks r LEFT JOIN (SELECT function, any_value(function_name) AS name FROM loops"
        " WHERE run_id = $run GROUP BY function) n ON n.function = r.function"
        " WHERE run_id = $run AND pass = 'inline' AND tag = 'Missed' AND loop IS NULL"
        " AND line IS NOT NULL ORDER BY ALL DESC",
        {"run": run.run_id},
    ).fetchall()
    return places | {
        f"({function}) {callee}": Place(file, line, column)
        for function, callee, file, line, column in calls
    }


def _code(
    connection: duckdb.DuckDBPyConnection, run: RunInfo, result: dict[str, Any], side: str
) -> dict[str, Code]:
    from corr.check.rules import Code

    wanted = [entry[side]["loop"] for entry in result["loops"] if entry[side]["loop"]]
    rows = connection.execute(
        "SELECT loop, max(CASE WHEN NOT packed THEN 0 WHEN operands LIKE '%\\%zmm%' ESCAPE '\\'"
        " THEN 512 WHEN operands LIKE '%\\%ymm%' ESCAPE '\\' THEN 256"
        " WHEN operands LIKE '%\\%xmm%' ESCAPE '\\' THEN 128 ELSE 0 END),"
        " count(*) FILTER (packed), count(*) FILTER (regexp_matches(mnemonic, $scalar))"
        " FROM (SELECT *, regexp_matches(mnemonic, $packed) AS packed FROM instructions"
        "       WHERE run_id = $run AND list_contains($wanted, loop)) GROUP BY loop",
        {"scalar": _SCALAR, "packed": _PACKED, "run": run.run_id, "wanted": wanted},
    ).fetchall()
    return {loop: Code(bits, packed, scalar) for loop, bits, packed, scalar in rows}


def _names(result: dict[str, Any]) -> dict[str, str]:
    """Plain names of the C++ callees in the diff; none where LLVM's tools are not at hand."""
    from collectors.base import toolchain
    from collectors.base.demangle import demangle
    from collectors.base.errors import CorrError
    from corr.check.rules import callees

    changes = ("remarks_appeared", "remarks_disappeared", "remarks_changed")
    rows = [r for entry in result["loops"] for change in changes for r in entry[change]]
    mangled = {n for n in callees([*rows, *result["outside_loops"]]) if n.startswith("_Z")}
    try:
        return demangle(mangled, toolchain.find()) if mangled else {}
    except CorrError:
        return {}


def _shares(connection: duckdb.DuckDBPyConnection, run: RunInfo) -> dict[str, float] | None:
    """Share of the samples by function, under its mangled and its plain name."""
    rows = connection.execute(
        "SELECT s.function, any_value(n.name), sum(count) / any_value(total)"
        " FROM (SELECT *, sum(count) OVER () AS total FROM samples WHERE run_id = $run) s"
        " LEFT JOIN (SELECT function, any_value(function_name) AS name FROM loops"
        " WHERE run_id = $run GROUP BY function) n ON n.function = s.function"
        " GROUP BY s.function",
        {"run": run.run_id},
    ).fetchall()
    if not rows:
        return None
    return {name: share for *names, share in rows for name in names if name}
