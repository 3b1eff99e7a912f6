"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.console.output import Format

if TYPE_CHECKING:
    from corr.lake.store import Lake


@dataclass(frozen=True)
class ClangFlags:
    """What stood after `--` on the command line."""

    flags: tuple[str, ...]


DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="The lake's folder (else CORR_DATA, else ./data).", show_default=False
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print it.")]
#: Which program, and how it is run: the same for every command that builds one (see `program.py`).
RunArgsOption = Annotated[
    str | None, typer.Option("--run-args", help="Arguments of the program, as in a shell.")
]
StdinOption = Annotated[
    Path | None, typer.Option("--stdin", help="File that the program reads as its input.")
]
EnvOption = Annotated[
    list[str] | None, typer.Option("--env", help="NAME=VALUE for the program; repeatable.")
]
BuildDirOption = Annotated[
    Path | None, typer.Option("-p", help="Build folder with a compile_commands.json.")
]
RunOption = Annotated[
    str | None, typer.Option("--run", help="With -p: the command that runs the program.")
]
TimeLimitOption = Annotated[
    float | None, typer.Option("--time-limit", help="Seconds one run may take [default: 60].")
]
OkStatusOption = Annotated[
    list[int] | None,
    typer.Option(
        "--ok-status",
        min=0,
        max=255,
        help="Exit status of the program that is no failure [default: 0]; repeatable.",
    ),
]
LlvmOption = Annotated[
    str | None, typer.Option("--llvm", help="LLVM to use: 22, a clang, or its folder.")
]
RunArgument = Annotated[
    str, typer.Argument(help="A run: id, beginning of an id, label, program, last or last~N.")
]


def open_lake(data: Path | None) -> Lake:
    """The lake that the options, the environment or the configuration name."""
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    return Lake.open(data_folder(data, load(Path.cwd())))


def words(text: str, option: str) -> list[str]:
    """The words of an option's value, as a shell would split it. Raises UsageError."""
    import shlex

    from collectors.base.errors import UsageError

    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
