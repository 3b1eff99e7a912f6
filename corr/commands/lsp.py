"""`corr lsp`: heat and findings in an editor."""

from __future__ import annotations

from pathlib import Path

import typer

from corr.commands.options import DataOption


def register(app: typer.Typer) -> None:
    app.command("lsp")(lsp)


def lsp(data: DataOption = None) -> None:
    """Serve an editor over stdio: each hot line's share, findings, and what every layer says.

    Over the last run of the open file in the lake; a line that was edited since is left alone, one
    that only moved keeps its numbers. Needs corr-llvm[lsp]; docs/editor.md has the lines for Neovim
    and Helix.
    """
    from corr.editor.language_server import make
    from corr.system.config import data_folder, load

    make(data_folder(data, load(Path.cwd()))).start_io()
