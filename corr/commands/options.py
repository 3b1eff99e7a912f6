"""Options that several commands share."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from corr.commands import completion
from corr.console.output import Format

if TYPE_CHECKING:
    from corr.lake.store import Lake


_BY_NAME = inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class ClangFlags:
    """What stood after `--` on the command line."""

    flags: tuple[str, ...]


DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The lake: a folder or s3:// (else CORR_DATA, else ./data).",
        show_default=False,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print it.")]
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
    str,
    typer.Argument(
        help="A run: id, beginning of an id, label, program, last or last~N.",
        autocompletion=completion.runs,
    ),
]
PlaceArgument = Annotated[
    str,
    typer.Argument(
        help="FILE:LINE, a loop, a function, a library: any name that corr prints.",
        autocompletion=completion.places,
    ),
]


# --- options of a program: the same for every command that builds one (see `program.py`) ---------


@dataclass(frozen=True)
class Given:
    """What the program is given."""

    run_args: Annotated[
        str | None, typer.Option("--run-args", help="Arguments of the program, as in a shell.")
    ] = None
    stdin: Annotated[
        Path | None, typer.Option("--stdin", help="File that the program reads as its input.")
    ] = None
    env: Annotated[
        list[str] | None, typer.Option("--env", help="NAME=VALUE for the program; repeatable.")
    ] = None


@dataclass(frozen=True)
class Built:
    """A finished configuration of CMake in place of sources."""

    build_dir: Annotated[
        Path | None, typer.Option("-p", help="Build folder with a compile_commands.json.")
    ] = None
    run: Annotated[
        str | None, typer.Option("--run", help="With -p: the command that runs the program.")
    ] = None


@dataclass(frozen=True)
class Ending:
    """How a run of the program may end."""

    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds one run may take [default: 60].")
    ] = None
    ok_status: OkStatusOption = None


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command for typer: a parameter that is a dataclass becomes an option for each field.

    The options stand where the parameter stood; the command is called with the dataclass.
    """
    kinds = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {n: kind for n, kind in kinds.items() if is_dataclass(kind)}
    shown: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in groups:
            shown.append(parameter.replace(annotation=kinds[name], kind=_BY_NAME))
            continue
        options = get_type_hints(groups[name], include_extras=True)
        shown += (
            inspect.Parameter(f.name, _BY_NAME, default=f.default, annotation=options[f.name])
            for f in fields(groups[name])
        )

    def called(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{f.name: values.pop(f.name) for f in fields(group)})
        command(**values)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in shown}
    return called


#: The words of a command with their quotes, and those that redirect or pipe in a shell.
_WRITTEN = re.compile(r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s\\'"])+""", re.DOTALL)
_SHELL = re.compile(r"\d*[<>]|&>|\|{1,2}&?$")


def open_lake(data: Path | None) -> Lake:
    """The lake that the options, the environment or the configuration name."""
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    return Lake.open(data_folder(data, load(Path.cwd())))


def words(text: str, option: str, allowed: str = "") -> list[str]:
    """The words of an option's value, as a shell would split it. Raises UsageError.

    What a shell would do with a word of its own, as to redirect, is refused, but for one that is
    `allowed`: no shell is there.
    """
    import shlex

    from collectors.base.errors import UsageError

    try:
        split = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    for word in _WRITTEN.findall(text):
        if _SHELL.match(word) and word != allowed:
            raise UsageError(
                f"{option}: {word}: no shell starts the program, so that nothing is redirected",
                "--stdin FILE is its input; an argument that looks so has quotes of its own",
            )
    return split
