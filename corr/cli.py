"""The `corr` command: registers one module of corr.commands a subcommand, and owns the exit codes.

Imports stay light here and in the command modules' heads, so that `corr --help` is quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import NoReturn

import typer
from typer.main import get_command

from collectors.base.errors import CorrError, ExitCode
from corr import __version__
from corr.commands import COMMANDS
from corr.commands.options import ClangFlags
from corr.console.output import message, print_line

#: Set where a shell asks how a word goes on.
COMPLETING = "_CORR_COMPLETE"
app = typer.Typer(
    name="corr",
    help="Why is this loop slow, what did LLVM do to it, and what would make it faster?",
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print_line(f"corr {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _corr(
    context: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001 (its callback prints it)
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    if context.invoked_subcommand is None:
        from corr.commands.start import start

        start()


for _name in COMMANDS:
    importlib.import_module(f"corr.commands.{_name}").register(app)


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    sys.exit(_run(words))


def _run(words: list[str]) -> int:
    before, flags = _split_flags(words)
    if COMPLETING in os.environ:
        app(prog_name="corr")
    try:
        # not `app(…)`, which gives the process another sys.excepthook, and sys.stdout, for good
        command = get_command(app)
        with command.make_context("corr", before, obj=flags) as context:
            command.invoke(context)
        code: int = ExitCode.ok
    except typer.Exit as done:
        code = done.exit_code
    except CorrError as error:
        message(f"corr: {error.message}")
        if error.fix:
            message(f"  → {error.fix}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = ExitCode.interrupted
    except Exception as error:
        # typer's own usage errors, whichever click they derive from, know how to show themselves
        show, own_code = getattr(error, "show", None), getattr(error, "exit_code", None)
        if show is None or own_code is None:
            raise
        show()
        if words[:1] == ["collect"] and "No such option" in str(error):
            message("  → flags for clang go after --")
        return int(own_code)
    if code == ExitCode.interrupted:
        message("corr: interrupted; nothing half-written was kept")
    return code


def _split_flags(words: list[str]) -> tuple[list[str], ClangFlags]:
    """Everything after `--` belongs to clang."""
    if "--" not in words:
        return words, ClangFlags(())
    at = words.index("--")
    return words[:at], ClangFlags(tuple(words[at + 1 :]))
