"""The commands of `corr search` around a study: files of cases, clang's options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corr.commands.options import FormatOption, LlvmOption
from corr.console.output import Format, print_line

ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


def create_subset(
    file: Annotated[Path, typer.Argument(help="Cases, one a line or a table.")],
    count: Annotated[int, typer.Argument(min=1, help="How many.")],
    output: Annotated[Path, typer.Argument(help="The file to write.")],
    first: Annotated[
        bool, typer.Option("--first", help="The first ones, not some from the whole file.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write a file with some of the cases of another: spread over it, the same ones each time."""
    from corr.search.case_files import subset

    print_line(f"{output}: {subset(file, count, output, first=first, force=force)} cases")


def split(
    file: Annotated[Path, typer.Argument(help="Cases, one a line or a table.")],
    by: Annotated[
        str, typer.Option("--by", help="The feature: the first word of a line is `op`.")
    ] = "op",
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", help="NAME=BEGINNING of values that belong together; repeatable."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Split a file of cases by a feature into one file for each of its values.

    Without --kind, convolutions (conv…) and products (matmul, gemm, bmm, …) are told apart where
    it is `op` that is asked for.
    """
    from corr.search.case_files import split_by

    for path, number in split_by(file, by, kinds or [], force=force):
        print_line(f"{path}: {number} cases")


def knobs(
    compiler: Annotated[str, typer.Argument(help="Whose: clang.")],
    search: Annotated[str, typer.Argument(help="Only options with this in their name.")] = "",
    llvm: LlvmOption = None,
    format: FormatOption = Format.table,
) -> None:
    """List LLVM's own tunable options with their type and default.

    No default: it is set by target or level, and a sweep may not begin from it.
    """
    import pyarrow as pa

    from collectors.base import toolchain
    from collectors.base.errors import UsageError
    from corr.console.output import emit
    from corr.search.clang_options import options

    if compiler != "clang":
        raise UsageError(f"the options of {compiler!r} are not known", "those of clang are")
    listed = [
        {"name": o.name, "type": o.kind, "default": o.default, "values": ", ".join(o.choices)}
        | {"what": o.says}
        for o in options(toolchain.find(llvm))
        if search in o.name
    ]
    if not listed:
        raise UsageError(f"no option of LLVM has {search!r} in its name")
    emit(pa.Table.from_pylist(listed), format)
