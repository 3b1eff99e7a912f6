"""`corr mcp`: the lake and the judge for an agent, by the Model Context Protocol."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from corr.commands.options import DataOption
from corr.console.output import message, print_line


def register(app: typer.Typer) -> None:
    app.command("mcp")(mcp)


def mcp(
    allow_run: Annotated[
        bool,
        typer.Option("--allow-run", help="It may build, run and judge programs of this folder."),
    ] = False,
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP on 127.0.0.1 with a token, not over stdio.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="With --http; 0 takes a free one.")
    ] = 8766,
    data: DataOption = None,
) -> None:
    """Serve an agent: tools to find hot places, explain, compare, ask SQL, and judge a change.

    Read-only unless --allow-run. `corr init mcp` prints what usual clients want to know. The token
    of --http is $CORR_MCP_TOKEN, else a new one that is printed. Needs corr-llvm[mcp].
    """
    from collectors.base.errors import CorrError
    from corr.agent.server import make
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    project = Path.cwd()
    lake = Lake.open(data_folder(data, load(project)), create=True)
    server = make(lake, project, allow_run=allow_run)
    if not http:
        server.run("stdio")
        return
    import secrets

    from corr.agent.http import ADDRESS, PATH, listening, serve

    given = os.environ.get("CORR_MCP_TOKEN")
    token = given or secrets.token_urlsafe(24)
    try:
        own = listening(port)
    except OSError as error:
        raise CorrError(
            f"port {port} cannot be had: {error.strerror}", "--port 0 takes a free one"
        ) from error
    print_line(f"http://{ADDRESS}:{own.getsockname()[1]}{PATH}")
    if not given:
        print_line(f"Authorization: Bearer {token}")
    message("Ctrl-C ends it")
    serve(server, own, token)
