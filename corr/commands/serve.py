"""`corr serve`: browse the lake, with the progress of what is running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.options import DataOption, open_lake
from corr.console.output import message, print_line

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8765,
    source: Annotated[
        bool, typer.Option("--source/--no-source", help="Whether the source is on the pages.")
    ] = True,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    data: DataOption = None,
) -> None:
    """Show the lake in a browser, on this machine only: every run's report, those of searches, any
    two runs compared, and the progress of a running `corr optimize`. Ctrl-C ends it.
    """
    from collectors.base.errors import CorrError
    from corr.report.server import Server, Site

    lake = open_lake(data)
    try:
        server = Server(Site(lake, with_source=source, pages={"search": _search}), port)
    except OSError as error:
        raise CorrError(
            f"port {port} cannot be had: {error.strerror}", "--port 0 takes a free one"
        ) from error
    with server:
        print_line(server.address)
        message("Ctrl-C ends it")
        if show:
            import webbrowser

            webbrowser.open(server.address)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            message("ended")


def _search(lake: Lake, run: RunInfo) -> str:
    """The page of a search of parameters."""
    from corr.search.analysis import analyse
    from corr.search.page import html

    return html(analyse(lake, run), served=True)
