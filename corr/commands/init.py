"""`corr init`: set an editor or an agent up for corr."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corr.console.output import message, print_line


def register(app: typer.Typer) -> None:
    inits = typer.Typer(
        help="Set an editor or an agent up for corr.", no_args_is_help=True, rich_markup_mode=None
    )
    inits.command("vscode")(vscode)
    inits.command("mcp")(mcp)
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


def mcp(
    client: Annotated[
        str | None, typer.Argument(help="claude, claude-desktop, cursor, vscode, codex or zed.")
    ] = None,
    allow_run: Annotated[
        bool, typer.Option("--allow-run", help="The agent may build and run programs.")
    ] = False,
) -> None:
    """Print the configuration that an agent's client takes to have `corr mcp` as a server."""
    from collectors.base.errors import UsageError
    from corr.agent.clients import ANYWHERE, CLIENTS, configuration
    from corr.editor.vscode import corr_command
    from corr.system.config import data_folder, load

    if client is not None and client not in CLIENTS:
        raise UsageError(f"no configuration is known for {client}", ", ".join(CLIENTS))
    import shlex

    command = [*shlex.split(corr_command(Path.cwd())), "mcp", *(["--allow-run"] * allow_run)]
    for name in [client] if client else CLIENTS:
        message(f"{name}: {CLIENTS[name]}")
        # some clients start it wherever they are
        lake = ["--data", str(data_folder(None, load(Path.cwd())).absolute())]
        print_line(configuration(name, [*command, *(lake if name in ANYWHERE else [])]))
