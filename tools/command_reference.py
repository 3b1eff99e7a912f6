"""Write docs/commands.md from `corr --help` of every command: python tools/command_reference.py."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from unittest import mock

from corr.cli import main
from corr.commands import COMMANDS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
SUBCOMMANDS = {
    "runs": ("rm",),
    "import": ("caliper", "papi", "remarks"),
    "export": (
        *("results", "speedscope", "firefox", "collapsed", "gcc", "sarif", "opt-diff", "table"),
    ),
    "init": ("vscode", "mcp"),
    "policy": ("corpus", "trace", "train", "improve", "evaluate", "export"),
    "search": (
        *("init", "quick", "full", "run", "analyze", "test-optimized"),
        *("import", "create-subset", "split", "knobs"),
    ),
}


def help_of(*words: str) -> str:
    """What `corr WORDS --help` prints, at a fixed width."""
    out = io.StringIO()
    fixed = {"COLUMNS": "100", "NO_COLOR": "1", "TERMINAL_WIDTH": "100"}
    with mock.patch.dict(os.environ, fixed), contextlib.redirect_stdout(out):
        try:
            main([*words, "--help"])
        except SystemExit as done:
            assert done.code == 0, words
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def reference() -> str:
    """The whole page."""
    parts = ["# Commands\n\nWritten by `tools/command_reference.py`; a test keeps it true.\n"]
    commands: list[tuple[str, ...]] = [()]
    for module in COMMANDS:
        name = module.rstrip("_")
        commands.append((name,))
        commands += [(name, sub) for sub in SUBCOMMANDS.get(name, ())]
    for words in commands:
        title = " ".join(("corr", *words))
        parts.append(f"## {title}\n\n```text\n{help_of(*words)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(reference())
