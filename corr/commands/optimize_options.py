"""The options of `corr optimize`, by what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer


class Learn(StrEnum):
    """Whether earlier sessions of the lake have a say in the order of the rules' proposals."""

    on = "on"
    off = "off"


@dataclass(frozen=True)
class Search:
    """How is searched."""

    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Rounds at most [default: 3].")
    ] = None
    proposer: Annotated[
        str | None,
        typer.Option("--proposer", help="rules, llm or both [default: both with a model]."),
    ] = None
    model: Annotated[
        str | None, typer.Option("--model", help="Model of the OpenAI-compatible server.")
    ] = None
    level: Annotated[
        str | None,
        typer.Option(
            "--level",
            help="Moves the model may make: auto|ir|source|schedule|pragma|flags [default: auto].",
        ),
    ] = None
    candidates: Annotated[
        int | None, typer.Option("--candidates", min=1, help="Proposals of an iteration at most.")
    ] = None
    allow_reassociation: Annotated[
        bool,
        typer.Option("--allow-reassociation", help="Results may differ in rounding (to 1e-6)."),
    ] = False
    learn: Annotated[
        Learn | None,
        typer.Option(
            "--learn",
            help="on: what paid in earlier sessions is tried first; off: always the same order "
            "[default: on].",
        ),
    ] = None


@dataclass(frozen=True)
class Limits:
    """What a search may cost."""

    budget_time: Annotated[
        float | None, typer.Option("--budget-time", help="Seconds, for each program.")
    ] = None
    budget_tokens: Annotated[
        int | None, typer.Option("--budget-tokens", help="Tokens of the model, in all.")
    ] = None
    budget_cost: Annotated[
        float | None, typer.Option("--budget-cost", help="Cost of the model; needs the prices.")
    ] = None
    price_in: Annotated[
        float | None, typer.Option("--price-in", help="Price of a million tokens sent.")
    ] = None
    price_out: Annotated[
        float | None, typer.Option("--price-out", help="Price of a million tokens received.")
    ] = None
    model_timeout: Annotated[
        float | None, typer.Option("--model-timeout", help="Seconds for a reply [default: 600].")
    ] = None
    requests_per_minute: Annotated[
        float | None, typer.Option("--requests-per-minute", help="At most so many requests.")
    ] = None


@dataclass(frozen=True)
class Earlier:
    """An earlier session that is gone on with."""

    replay: Annotated[
        str | None,
        typer.Option("--replay", help="A session whose replies are taken from the cache."),
    ] = None
    resume: Annotated[
        str | None, typer.Option("--resume", help="Go on with a session (its id, or `last`).")
    ] = None

    @property
    def session(self) -> str | None:
        return self.resume or self.replay


@dataclass(frozen=True)
class Checks:
    """How a candidate is checked besides."""

    check: Annotated[
        str | None,
        typer.Option("--check", help="Own check, a shell command; $CORR_BINARY is the program."),
    ] = None
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", help="Other arguments (or ARGS < FILE) to check with."),
    ] = None
    held_out: Annotated[
        list[str] | None,
        typer.Option("--held-out", help="The same, never shown to a proposer."),
    ] = None
    results: Annotated[
        list[str] | None,
        typer.Option(
            "--result", help="A file that holds the program's result, to compare; repeatable."
        ),
    ] = None
    stderr: Annotated[
        bool, typer.Option("--stderr", help="What it prints on stderr counts as well.")
    ] = False
    allow_unchecked: Annotated[
        bool, typer.Option("--allow-unchecked", help="Keep what no check sees; noted on each row.")
    ] = False
    time_regex: Annotated[
        str | None,
        typer.Option(
            "--time-regex",
            help="How the program prints its own time: a group of it (`value`, or the first) is "
            "the number, a group `unit` names its unit.",
        ),
    ] = None
    time_unit: Annotated[
        str | None,
        typer.Option("--time-unit", help="Its unit otherwise: s|ms|us|ns|min [default: s]."),
    ] = None
