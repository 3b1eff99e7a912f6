"""Arguments and options that the commands of `corr policy` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collectors.decisions.host import Limits

CorpusArgument = Annotated[Path, typer.Argument(help="A corpus, as `corr policy corpus` makes it.")]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", min=1, help="Modules compiled side by side [default: the cores]."),
]
SecondsOption = Annotated[
    float, typer.Option("--module-seconds", min=0.1, help="Seconds one compilation may take.")
]
WorkersOption = Annotated[
    str | None,
    typer.Option("--workers", help="Dask's scheduler, tcp://… or its file: they compile, or time."),
]
MemoryOption = Annotated[
    int, typer.Option("--module-memory", min=256, help="MB of memory one compilation may take.")
]


def limits(seconds: float, memory: int) -> Limits:
    """Of one compilation: seconds, and MB of memory."""
    from collectors.decisions.host import Limits

    return Limits(seconds, memory << 20)
