"""`corr report`: what is known of a kernel, as one HTML file, or its charts as files."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.options import DataOption, open_lake
from corr.console.output import message, print_line

if TYPE_CHECKING:
    from corr.lake.store import Lake
    from corr.report.build import Report

#: Set where the terminal is on another machine, or in a browser, which shows no file of this one.
FAR = frozenset({"VSCODE_IPC_HOOK_CLI", "SSH_CONNECTION"})


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Kernels (programs) or runs; of several a summary with a page each."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file (else NAME.html here).")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="Write the charts into this folder, as PNG.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write the charts into this folder, as SVG.")
    ] = None,
    difference: Annotated[
        bool, typer.Option("--diff", help="Two runs side by side, loop by loop, with hypotheses.")
    ] = False,
    source: Annotated[
        bool, typer.Option("--source/--no-source", help="Whether the source is on the page.")
    ] = True,
    everything: Annotated[
        bool, typer.Option("--all", help="Every program of the lake, its newest run each.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    data: DataOption = None,
) -> None:
    """Write a report as one HTML file that needs nothing else: source with its heat, every layer of
    each line and loop, iterations, passes, remarks, roofline.

    A run of an optimisation brings the whole optimisation. `corr report --diff A B` compares two
    runs. --png and --svg write the charts instead, without a browser.
    """
    from collectors.base.errors import UsageError
    from corr.report.subject import newest_of_each, subjects

    lake = open_lake(data)
    names = list(runs or [])
    if everything:
        names += newest_of_each(lake)
    if difference:
        if len(names) != 2:
            raise UsageError("--diff compares two runs", "corr report --diff A B")
        if png or svg:
            raise UsageError("--diff writes a page", "leave --png and --svg out")
        _write(_compared(lake, *names), output or Path("diff.html"), show)
        return
    found = subjects(lake, names or ["last"])
    for folder, kind in ((png, "png"), (svg, "svg")):
        if folder is not None:
            from corr.report.build import files

            for path in files(lake, found, folder, kind):
                print_line(str(path))
    if output is None and (png or svg) and not show:
        return
    from corr.report.build import report as page

    made = page(lake, found, with_source=source, tell=message)
    _write(made, output or Path(_name(found[0].name if len(found) == 1 else "report")), show)


def _compared(lake: Lake, a: str, b: str) -> Report:
    from corr.report.comparison import report as compared

    return compared(lake, lake.find(a), lake.find(b))


def _name(name: str) -> str:
    """A program's name as the name of a file: it may be any text."""
    plain = "".join(c if c.isalnum() or c in "._- " else "_" for c in name).strip(". ")
    return f"{plain[:100] or 'report'}.html"


def _write(made: Report, target: Path, show: bool) -> None:
    from corr.report.page import size
    from corr.system.disk import disk_errors

    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made.html, encoding="utf-8")
    parts = ", ".join(f"{name} {size(each)}" for name, each in made.parts.items() if each)
    print_line(str(target))
    message(f"{size(made.size)}{f': {parts}' if parts else ''}")
    if show and (os.environ.keys() & FAR or not webbrowser.open(target.resolve().as_uri())):
        message(f"no browser here: open {target.resolve()} in yours, or use corr serve")
