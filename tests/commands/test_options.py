"""Options come from the fields of dataclasses: names, defaults, help and order."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from collectors.base.errors import UsageError
from corr import cli
from corr.commands.optimize import Checks, Earlier, Search, _asked
from corr.commands.options import with_options, words
from corr.lake.store import Lake
from corr.optimize.request import Asked, Order


@dataclass(frozen=True)
class Paint:
    """What colour, how thick."""

    colour: Annotated[str, typer.Option("--colour", help="Its colour.")] = "red"
    layers: Annotated[list[int] | None, typer.Option("--layer", min=1, help="Layers.")] = None


def test_a_field_is_an_option() -> None:
    found: list[Any] = []

    def paint(
        what: Annotated[str, typer.Argument(help="What to paint.")],
        *,
        paint: Paint,
        dry: Annotated[bool, typer.Option("--dry", help="Only say it.")] = False,
    ) -> None:
        """Paint it."""
        found.append((what, paint, dry))

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(with_options(paint))
    command = typer.main.get_command(app)
    assert [p.name for p in command.params] == ["what", "colour", "layers", "dry"]
    assert command.help == "Paint it."
    app(["wall", "--layer", "2", "--layer", "3", "--dry"], standalone_mode=False)
    app(["wall"], standalone_mode=False)
    assert found == [("wall", Paint("red", [2, 3]), True), ("wall", Paint(), False)]


def test_the_options_of_a_program_are_the_same_everywhere() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    shared = ("--run-args", "--stdin", "--env", "--time-limit", "--ok-status", "-p")
    told: dict[str, set[str]] = {name: set() for name in shared}
    having: dict[str, set[str]] = {name: set() for name in shared}
    for name, command in commands.items():
        for parameter in command.params:
            for option in set(parameter.opts) & set(shared):
                told[option].add(f"{parameter.help} {parameter.default}")
                having[option].add(name)
    assert all(len(texts) == 1 for texts in told.values()), told
    assert {"collect", "diff", "optimize"} <= having["--env"] == having["--run-args"]
    assert having["-p"] == {"collect", "diff", "optimize"}


# --- what is asked for, and what a session had been asked for ------------------------------------


def test_what_is_asked_for_survives_json() -> None:
    order = Order(2, 5, "both", inputs=(("--size", "9"),), held_out=((),), bare=True, label="x")
    record = json.loads(json.dumps(order.record()))
    assert Asked.from_record(record) == Asked(
        2, 5, "both", inputs=(("--size", "9"),), held_out=((),)
    )
    assert Asked.from_record({"level": "ir", "model": None, "of a later version": 1}) == Asked(
        level="ir"
    )


@pytest.fixture
def earlier(monkeypatch: pytest.MonkeyPatch) -> Asked:
    known = Asked(7, 5, "rules", "ir", inputs=(("a",),), allow_reassociation=True)
    monkeypatch.setattr("corr.optimize.resume.asked_of", lambda *_: known)
    return known


def test_the_command_line_goes_before_the_earlier_session(tmp_path: Path, earlier: Asked) -> None:
    lake = Lake(tmp_path)
    search, checks = Search(candidates=2, level="source"), Checks(inputs=["--size '1 2'"])
    replayed = _asked(lake, search, checks, Earlier(replay="last"))
    assert replayed == Asked(
        7, 2, "rules", "source", inputs=(("--size", "1 2"),), allow_reassociation=True
    )
    resumed = _asked(lake, Search(), Checks(), Earlier(resume="last"))
    assert (resumed.iterations, resumed.candidates) == (Asked.iterations, earlier.candidates)
    assert _asked(lake, Search(), Checks(), Earlier()) == Asked()
    with pytest.raises(UsageError, match="--held-out"):
        _asked(lake, Search(), Checks(held_out=["'"]), Earlier())


def test_the_inputs_of_an_order() -> None:
    order = Order(inputs=(("a", "b c"),), held_out=(("d",),))
    assert [(i.args, i.held_out) for i in order.extra] == [(("a", "b c"), False), (("d",), True)]
    assert order.extra[0].label == "arguments \"a 'b c'\""


@pytest.mark.parametrize("text", ["a < in", "a <in", "a > out", "a 2>&1", "a | b", "a &> b"])
def test_what_only_a_shell_does_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no shell") as refused:
        words(text, "--run")
    assert "--stdin" in refused.value.fix


@pytest.mark.parametrize("text", ["a '<' in", 'a "| b"', r"a \> b", "a=<b>", "x|y", "'it < is'"])
def test_an_argument_that_looks_like_a_shells_is_one(text: str) -> None:
    assert words(text, "--run") == shlex.split(text)
