"""`corr summary`: the correlated profile of a run as text, for a person or a model."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from corr.commands.options import DataOption, RunArgument, open_lake
from corr.summary.budget import LEAST_BUDGET, Level


def register(app: typer.Typer) -> None:
    app.command("summary")(summary)


def summary(
    run: RunArgument = "last",
    budget: Annotated[
        int, typer.Option("--budget", min=LEAST_BUDGET, help="Tokens at most (estimated).")
    ] = 6000,
    level: Annotated[
        Level, typer.Option("--level", help="The kind of change it is to be read for.")
    ] = Level.auto,
    loop: Annotated[
        str | None, typer.Option("--loop", help="Only nests with this loop, by any of its names.")
    ] = None,
    best: Annotated[
        str | None, typer.Option("--best", help="A run to compare with, the best one so far.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Print the profile of a run as text: hot loops with all layers, source, and what is missing.

    This is what `corr optimize` sends to a model. What does not fit into the budget is left out,
    least useful first, and the last line says what. --level ir shows the hot function's IR.
    """
    from corr.summary.summarise import summarise

    lake = open_lake(data)
    found = lake.find(run)
    against = lake.find(best) if best is not None else None
    sys.stdout.write(
        summarise(lake, found, budget=budget, level=level, loop=loop, best=against).text
    )
