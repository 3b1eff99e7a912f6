"""`corr init`: set an editor up for corr."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corr.console.output import message, print_line


def register(app: typer.Typer) -> None:
    inits = typer.Typer(
        help="Set an editor up for corr.", no_args_is_help=True, rich_markup_mode=None
    )
    # a callback keeps `vscode` a subcommand while it is the only one
    inits.callback()(lambda: None)
    inits.command("vscode")(vscode)
    app.add_typer(inits, name="init")


def vscode(
    folder: Annotated[
        Path, typer.Argument(help="The project, the folder that is opened in VS Code.")
    ] = Path(),
    command: Annotated[
        str | None,
        typer.Option("--command", help="How VS Code is to call corr [default: this corr]."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace entries of corr's that were changed.")
    ] = False,
) -> None:
    """Add corr's tasks and debug configurations to .vscode/tasks.json and launch.json.

    Ctrl+Shift+B then collects, optimises and reports the open file, and the Problems panel shows
    the remarks of its hot loops. What is in the files, comments too, stays as it is.
    """
    from corr.editor.vscode import corr_command, install

    project = folder.absolute()
    done = install(project, command or corr_command(project), force=force)
    for path in done.written:
        print_line(str(path))
    for note in done.notes:
        message(note)
