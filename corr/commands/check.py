"""`corr check`: a gate that fails on a lost optimisation in a hot loop, or a slow-down."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collectors.base.errors import ExitCode
from corr.check.formats import CheckFormat, plain, render, verdict
from corr.commands.options import DataOption, OkStatusOption
from corr.console.output import message

if TYPE_CHECKING:
    from corr.lake.store import RunInfo
    from corr.timing.clocks import Comparison

_RUN = "id, beginning of an id, label, program, last or last~N."


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
    from corr.check.facts import gather
    from corr.check.rules import check as judge
    from corr.check.rules import may_be_slower
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
    executed = all(run.facts.wall is not None for run in runs)
    remarks_only = remarks_only or not executed
    difference = diff(lake, *runs, explain=False)
    facts = gather(lake, runs, difference, remarks_only=remarks_only)
    report = judge(difference, chosen, facts, remarks_only=remarks_only)
    if remeasure and not remarks_only and may_be_slower(difference, report, chosen):
        measured, note = _measured_again(*runs, ok_status)
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
        raise typer.Exit(ExitCode.failed)


def _measured_again(
    a: RunInfo, b: RunInfo, ok_status: list[int] | None
) -> tuple[Comparison | None, str]:
    """Both binaries timed in turn, and a note on it."""
    from collectors.base.errors import CorrError
    from corr.compare.remeasure import NoBinary, remeasure

    try:
        return remeasure(a, b, ok_status), "the slow-down was measured again, in turn"
    except NoBinary:
        return None, "the slow-down was not measured again: a run kept no binary"
    except CorrError as error:
        return None, f"the slow-down could not be measured again: {error.message}"
