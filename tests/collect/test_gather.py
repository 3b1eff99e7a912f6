"""Layers are put together in the order of their list, whatever the order in which they are done."""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import CorrError
from collectors.base.table import Problem
from collectors.base.threads import workers
from collectors.base.toolchain import Toolchain
from collectors.passes.opcodes import OPCODES
from corr.collect import gather as gather_module
from corr.collect.built import BuiltProgram
from corr.collect.gather import gather
from corr.collect.layer import Layer, LayerResult, Tables, each_unit, once
from corr.collect.layers import LAYERS
from corr.collect.options import Options
from corr.console.progress import Progress
from corr.lake.search_tables import SEARCH_TABLES
from corr.lake.tables import TABLES
from corr.program.build import Builder, BuiltUnit
from corr.program.model import Program, Run, Unit

#: What no layer gives: they are of the run itself, of an optimisation, or of a search.
OF_NO_LAYER = {"traced_modules", "runs", "problems", "iterations", "checks", "mutants"} | {
    table.name for table in SEARCH_TABLES
}


@pytest.fixture
def built(tmp_path: Path) -> BuiltProgram:
    """A program of three units that nothing is built of."""
    units = tuple(Unit(tmp_path / f"{name}.c", tmp_path, ()) for name in "abc")
    program = Program("p", units, (), Run(), tmp_path)
    tools = Toolchain(22, "22.1.8", {})
    builder = Builder(program, tools, tmp_path)
    return BuiltProgram(program, tools, tmp_path, Options(), Progress(), builder, {})


def rows(*functions: str) -> LayerResult:
    made = OPCODES.rows([{"function": name} for name in functions])
    problems = [Problem("opcodes", name, "met") for name in functions]
    return LayerResult({"opcodes": made}, problems)


def layer(name: str, job: Callable[[Tables], LayerResult], **more: object) -> Layer:
    return Layer(name, once(lambda _built, given: job(given)), **more)  # type: ignore[arg-type]


def test_the_slowest_unit_comes_first_if_it_is_the_first(built: BuiltProgram) -> None:
    done: list[str] = []
    another = threading.Event()

    def slow(program: BuiltProgram, unit: BuiltUnit, _given: Tables) -> LayerResult:
        name = program.label(unit)
        if name == "a.c" and workers() > 1:
            assert another.wait(60)
        done.append(name)
        another.set()
        return rows(name)

    found = gather([Layer("opcodes", each_unit(slow))], built)
    assert done[0] != "a.c" or workers() == 1
    assert found.tables["opcodes"]["function"].to_pylist() == ["a.c", "b.c", "c.c"]
    assert [p.where for p in found.problems] == ["a.c", "b.c", "c.c"]


def test_waiting_for_the_last_unit_takes_no_time(
    built: BuiltProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = Counter[str]()
    real = gather_module.wait

    def counted(*given: Any, **more: Any) -> Any:
        waits["wait"] += 1
        return real(*given, **more)

    monkeypatch.setattr(gather_module, "wait", counted)

    def slow_last(program: BuiltProgram, unit: BuiltUnit, _given: Tables) -> LayerResult:
        time.sleep(0.3 if program.label(unit) == "c.c" else 0)
        return rows(program.label(unit))

    gather([Layer("opcodes", each_unit(slow_last))], built)
    assert waits["wait"] <= len(built.units)


def test_a_layer_is_handed_what_it_needs_and_no_more(built: BuiltProgram) -> None:
    seen: list[set[str]] = []

    def reader(given: Tables) -> LayerResult:
        seen.append(set(given))
        return LayerResult({"trips": given["opcodes"]}, [Problem("x", "", given["loops"].schema)])

    layers = [
        layer("opcodes", lambda _: rows("f")),
        layer("reader", reader, needs=("opcodes",), gives=("trips",)),
    ]
    found = gather(layers, built)
    assert seen == [{"opcodes"}]
    (said,) = [p for p in found.problems if p.layer == "reader"]
    assert "KeyError at test_gather.py" not in said.what and "'loops'" in said.what


def test_what_is_timed_is_alone(built: BuiltProgram) -> None:
    going, most = Counter[str](), []
    lock = threading.Lock()

    def job(name: str, seconds: float) -> Callable[[Tables], LayerResult]:
        def run(_given: Tables) -> LayerResult:
            with lock:
                going[name] += 1
                most.append(set(going))
            time.sleep(seconds)
            with lock:
                del going[name]
            return LayerResult()

        return run

    layers = [
        layer("first", job("first", 0.1)),
        layer("timed", job("timed", 0.05), alone=True),
        layer("later", job("later", 0.1)),
        layer("beside", job("beside", 0.1)),
    ]
    gather(layers, built)
    assert [s for s in most if "timed" in s] == [{"timed"}]
    assert most[0] == {"first"} and most[1] == {"timed"}


def test_what_breaks_costs_its_own_rows(built: BuiltProgram) -> None:
    def broken(program: BuiltProgram, unit: BuiltUnit, _given: Tables) -> LayerResult:
        name = program.label(unit)
        if name == "b.c":
            raise ValueError("bad \x1b line")
        if name == "c.c":
            raise CorrError("not here", "install it")
        return rows(name)

    def no_parts(_built: BuiltProgram) -> list:
        raise OSError(errno.ENOENT, "gone")

    layers = [
        Layer("opcodes", each_unit(broken)),
        Layer("lines", no_parts),
        layer("trips", lambda given: LayerResult({"trips": given["opcodes"]}), needs=("opcodes",)),
    ]
    found = gather(layers, built)
    assert found.tables["opcodes"]["function"].to_pylist() == ["a.c"]
    assert len(found.tables["trips"]) == 1 and len(found.tables["lines"]) == 0
    said = {(p.layer, p.where): p for p in found.problems}
    assert "ValueError" in said["opcodes", "b.c"].what
    assert "bad \\x1b line" in said["opcodes", "b.c"].what
    assert said["opcodes", "c.c"] == Problem("opcodes", "c.c", "not here", "install it")
    assert "gone" in said["lines", ""].what and said["lines", ""].fix


def test_what_loses_the_run(built: BuiltProgram) -> None:
    def broken(_given: Tables) -> LayerResult:
        raise CorrError("it does not run")

    def full(_given: Tables) -> LayerResult:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(CorrError, match="does not run"):
        gather([layer("timings", broken, essential=True, alone=True)], built)
    with pytest.raises(OSError, match="full"):
        gather([layer("lines", full), layer("loops", lambda _: LayerResult())], built)


#: Made of other tables when a run is joined.
MADE_BY_THE_JOIN = {"callers"}


def test_the_layers_fit_together() -> None:
    """Each table is given once, and by a layer before those that need it."""
    given: list[str] = []
    for one in LAYERS:
        assert set(one.needs) <= set(given), one.name
        given += one.tables
    assert len(given) == len(set(given))
    assert set(given) == (set(TABLES) - OF_NO_LAYER - MADE_BY_THE_JOIN) | {"loop_places", "twins"}
    assert len({one.name for one in LAYERS}) == len(LAYERS)


def test_without_a_run_nothing_executes(built: BuiltProgram) -> None:
    quiet = BuiltProgram(**{**built.__dict__, "options": Options(run=False)})
    ran: list[str] = []

    def note(name: str) -> Callable[[Tables], LayerResult]:
        return lambda _given: ran.append(name) or LayerResult()  # type: ignore[func-returns-value]

    layers = [layer(n, note(n), executes=n == "timings") for n in ("timings", "lines")]
    gather(layers, quiet)
    assert ran == ["lines"]
