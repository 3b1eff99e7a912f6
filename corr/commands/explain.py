"""`corr explain`: the answer first, a sentence a hot place."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.options import DataOption, RunArgument, open_lake
from corr.console.output import print_line

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo


#: Names of loops from this length on are given by a shorter one, where there is one.
LONGEST = 60


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    run: RunArgument = "last",
    place: Annotated[
        str | None, typer.Option("--place", help="Only this place, by any name.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every finding of each place, with what carries it.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Places at most.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the evidence.")] = False,
    data: DataOption = None,
) -> None:
    """Say in a sentence what each hot place does with its time, why, and what would help.

    The number is a ceiling: what the machine allows at most for the whole run, if the place were
    as fast as its work can be. --all shows what else may be said, the rows that carry it, and the
    command that would test it; `corr sql "FROM findings"` has it as a table.
    """
    from corr.findings.of_run import LEAST_SHARE, answers, of_run
    from corr.findings.sentences import detailed, lines

    lake = open_lake(data)
    found = lake.find(run)
    findings = of_run(lake, found, 0.0 if place else LEAST_SHARE)
    if place is not None:
        findings = _only(lake, found, place, findings)
    shown = answers(findings, limit)
    places = {f.id for f in shown}
    listed = [f for f in findings if f.id in places] if everything else list(shown)
    if as_json:
        json.dump([f.to_json() for f in listed], sys.stdout, indent=1, default=str)
        print_line()
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if not everything:
        for line in lines(shown, width):
            print_line(line)
        return
    short = _short_names(lake, found, {f.loop for f in listed if f.loop})
    for finding in listed:
        for line in (*lines([finding], width), *detailed(finding, width, short)):
            print_line(line)


def _short_names(lake: Lake, run: RunInfo, loops: set[str]) -> dict[str, str]:
    """Of loops with long names, as of templates, a short one that means nothing else."""
    from corr.console.short_names import short_name
    from corr.lake import names
    from corr.lake.sql import connect

    short = {loop: short_name(loop) for loop in loops if len(loop) > LONGEST}
    if not short:
        return {}
    connection = connect(lake, [run])
    return {
        loop: name
        for loop, name in short.items()
        if {n.loop for n in names.find(connection, name)} == {loop}
    }


def _only(lake: Lake, run: RunInfo, place: str, findings: tuple) -> tuple:
    """The findings of a place, as `corr why` understands it. Raises UsageError."""
    from corr.findings.of_run import about
    from corr.lake import called_from, names
    from corr.lake.sql import connect
    from corr.why import resolve

    connection = connect(lake, [run])
    resolved = resolve(connection, place)
    called = called_from.hot_places(connection, resolved.caller())
    written = names.written(connection, resolved.functions)
    return about(findings, resolved.loops, place, written, called)


def print_answers(lake: Lake, run: RunInfo) -> None:
    """The sentences of a run on stdout, before its table."""
    from corr.findings.of_run import answers, of_run
    from corr.findings.sentences import lines

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines(answers(of_run(lake, run)), width):
        print_line(line)
    print_line()
