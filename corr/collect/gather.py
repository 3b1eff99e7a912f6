"""Gather the layers: each as soon as what it needs is there, side by side unless it is timed.

Layers hand back values; they are put together here, by one thread and in the order of the list.
So the rows of a run, and their order, do not depend on which layer was done first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

import pyarrow as pa

from collectors.base.table import Problem
from collectors.base.threads import workers
from corr.collect.attempts import attempt
from corr.collect.built import BuiltProgram
from corr.collect.layer import Layer, LayerResult, Part, Tables
from corr.lake.tables import TABLES
from corr.system.memory import give_back

#: Gives the rows of a table that no layer gathers.
Known = Callable[[str], pa.Table]


def nothing_known(table: str) -> pa.Table:
    """Every table without rows, before anything was gathered."""
    return TABLES[table].empty()


def gather(
    layers: Sequence[Layer], built: BuiltProgram, known: Known = nothing_known
) -> LayerResult:
    """The tables of the layers, one without rows where a layer has none, and what went wrong.

    `known` gives what they need and no layer gathers. Raises what an essential layer raises, and
    OSError on a full disk.
    """
    runs = [layer for layer in layers if built.options.run or not layer.executes]
    wanted = [layer for layer in runs if not _left_for_later(layer, built)]
    gathering = _Gathering(wanted, built, known)
    gathering.run()
    results = [gathering.done[layer.name] for layer in wanted]
    given = (name for layer in layers for name in layer.tables if name in TABLES)
    tables = {name: nothing_known(name) for name in given}
    for result in results:
        tables |= result.tables
    later = [_later(layer, built) for layer in runs if layer not in wanted]
    return LayerResult(tables, [*built.problems, *(p for r in results for p in r.problems), *later])


def _left_for_later(layer: Layer, built: BuiltProgram) -> bool:
    return (
        layer.costly
        and layer.more is not None
        and built.large
        and not built.options.wants(layer.more)
    )


def _later(layer: Layer, built: BuiltProgram) -> Problem:
    """Why a large program is without a layer, and how to have it."""
    what = "not gathered: it would take longer than building so large a program"
    return Problem(layer.name, built.program.name, what, f"corr collect --more {layer.more}")


class _Gathering:
    """Which layers wait, which are gathered at this moment, and what came of the others.

    Only the thread that calls `run` writes here.
    """

    def __init__(self, layers: Sequence[Layer], built: BuiltProgram, known: Known) -> None:
        self.built = built
        self.known = known
        self.waiting = list(layers)
        self.going: dict[str, tuple[Layer, list[Future[LayerResult]]]] = {}
        self.done: dict[str, LayerResult] = {}

    def run(self) -> None:
        with ThreadPoolExecutor(max_workers=workers()) as pool:
            try:
                while self.waiting or self.going:
                    for layer in list(self._ready()):
                        self._start(layer, pool)
                    self._take_finished()
            except BaseException:
                for _, futures in self.going.values():
                    for future in futures:
                        future.cancel()
                raise

    def _ready(self) -> Iterator[Layer]:
        """The layers that need not wait any longer. None overtakes one that must be alone."""
        unfinished = {t for layer in self.waiting for t in layer.tables}
        unfinished |= {t for layer, _ in self.going.values() for t in layer.tables}
        for place, layer in enumerate(self.waiting):
            if layer.alone:
                if place == 0 and not self.going:
                    yield layer
                return
            if unfinished.isdisjoint(layer.needs):
                yield layer

    def _start(self, layer: Layer, pool: ThreadPoolExecutor) -> None:
        self.waiting.remove(layer)
        parts = attempt(layer.name, "", partial(layer.parts, self.built))
        if isinstance(parts, Problem):
            self.done[layer.name] = LayerResult(problems=[parts])
            return
        given = {name: self._table(name) for name in layer.needs}
        jobs = [partial(_gathered, layer, part, given, self.built) for part in parts]
        if layer.alone or not jobs:
            # by this thread, which hears an interrupt at once
            self.done[layer.name] = _together(layer, [job() for job in jobs])
        else:
            self.going[layer.name] = layer, [pool.submit(job) for job in jobs]

    def _take_finished(self) -> None:
        """Take the layers that are whole; if none is, wait until one more part is done."""
        parts = [future for _, futures in self.going.values() for future in futures]
        whole = self._whole()
        while self.going and not whole:
            wait([part for part in parts if not part.done()], return_when=FIRST_COMPLETED)
            whole = self._whole()
        for layer, futures in whole:
            del self.going[layer.name]
            self.done[layer.name] = _together(layer, [f.result() for f in futures])
            futures.clear()
            give_back()

    def _whole(self) -> list[tuple[Layer, list[Future[LayerResult]]]]:
        """The layers of which every part is done."""
        going = self.going.values()
        return [(layer, parts) for layer, parts in going if all(part.done() for part in parts)]

    def _table(self, name: str) -> pa.Table:
        """The rows of a table as far as they are there; a layer may have none, or be left out."""
        for result in self.done.values():
            if name in result.tables:
                return result.tables[name]
        return self.known(name)


def _gathered(layer: Layer, part: Part, given: Tables, built: BuiltProgram) -> LayerResult:
    step = layer.step or layer.name
    with built.progress.step(f"{step} of {part.where}" if part.where else step):
        if layer.essential:
            return part.gather(given)
        found = attempt(layer.name, part.where, partial(part.gather, given))
    return LayerResult(problems=[found]) if isinstance(found, Problem) else found


def _together(layer: Layer, parts: Sequence[LayerResult]) -> LayerResult:
    """A layer's parts as one result, in their order."""
    found = attempt(layer.name, "", partial(_joined, layer, parts))
    return LayerResult(problems=[found]) if isinstance(found, Problem) else found


def _joined(layer: Layer, parts: Sequence[LayerResult]) -> LayerResult:
    tables: dict[str, pa.Table] = {}
    for name in layer.tables:
        rows = [part.tables[name] for part in parts if name in part.tables]
        if rows:
            tables[name] = pa.concat_tables(rows)
    return LayerResult(tables, [problem for part in parts for problem in part.problems])
