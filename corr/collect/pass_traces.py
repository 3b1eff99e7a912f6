"""Tracing the passes over a unit's functions: which of them fit into the time, several at once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import process
from collectors.passes import changes as ir_changes
from collectors.passes.changes import IrTrace
from collectors.source_loops.forest import Function
from corr.collect.options import More, Options

#: Seconds of processor time that tracing the passes may take: unasked, and where it is asked for.
TRACE_SECONDS, TRACE_ASKED = 15.0, 75.0
#: What tracing takes, in seconds of processor time for each instruction of unoptimised IR: of a
#: function in it and of its whole module for each function, because clang prints a function twice
#: a pass and walks the whole module at each print; of the module for each start of the compiler.
TRACE_COST_FUNCTION = 0.015
TRACE_COST_MODULE = 0.00011
TRACE_COST_START = 0.00015
#: Rows of `passes` that a traced function has, about: what its progress is measured against.
TRACE_ROWS = 400
#: Seconds of work that a compiler of its own is started for.
GROUP_SECONDS = 10.0


def seconds(options: Options, cores: int) -> float:
    """The processor time there is."""
    if options.deep:
        return 60 * options.deep_minutes * cores
    if options.traced:
        return math.inf
    return TRACE_ASKED if options.wants(More.passes) else TRACE_SECONDS


@dataclass(frozen=True)
class Plan:
    """What to trace of a unit: groups of linkage names, each for a compiler of its own.

    In seconds: `cpu` is what counts against the time there is, `wall` how long the longest group
    takes, `missing` what the `skipped` functions would take.
    """

    groups: tuple[tuple[str, ...], ...]
    skipped: tuple[str, ...]
    cpu: float
    wall: float
    missing: float

    @property
    def chosen(self) -> int:
        """How many functions are traced."""
        return sum(map(len, self.groups))


def plan(
    functions: Sequence[Function], hottest: Sequence[str], deep: bool, left: float, cores: int
) -> Plan:
    """The functions that fit into `left` seconds of processor time.

    The hottest come first; with `deep` all others follow, those with a loop before those without,
    cheap ones first. Without it the compiler's own time does not count: a large unit would else
    have no function traced.
    """
    cost = trace_seconds(functions)
    start = start_seconds(functions)
    starts = start * cores if deep else 0.0
    names = [name for name in hottest if name in cost]
    if deep:
        known = set(names)
        rest = (f for f in functions if f.name not in known)
        names += [f.name for f in sorted(rest, key=lambda f: (not f.loops, cost[f.name]))]
    chosen: list[str] = []
    skipped: list[str] = []
    for name in names:
        need = cost[name] + (0 if chosen else starts)
        if need > left:
            skipped.append(name)
            continue
        left -= need
        chosen.append(name)
    groups = _groups(chosen, cost, start, cores)
    sums = [start + sum(cost[name] for name in group) for group in groups]
    missing = sum(cost[name] for name in skipped)
    counted = sum(cost[name] for name in chosen) + (start * len(groups) if deep else 0.0)
    return Plan(tuple(groups), tuple(skipped), counted, max(sums, default=0.0), missing)


def _groups(
    names: list[str], cost: Mapping[str, float], start: float, cores: int
) -> list[tuple[str, ...]]:
    """As many groups as there are cores, of like cost, where starting one more compiler pays."""
    if not names:
        return []
    total = sum(cost[name] for name in names)
    count = min(cores, len(names), max(1, int(total / max(2 * start, GROUP_SECONDS))))
    groups: list[list[str]] = [[] for _ in range(count)]
    sums = [0.0] * count
    for name in sorted(names, key=lambda n: -cost[n]):
        least = sums.index(min(sums))
        groups[least].append(name)
        sums[least] += cost[name]
    return [tuple(group) for group in groups]


def trace(
    clang_argv: Sequence[str | Path],
    tagged: Path,
    loop_keys: Mapping[int, str],
    planned: Plan,
    every: bool,
    unit: str,
    artifact: Path | None,
    done: Callable[[int], object],
) -> IrTrace:
    """The trace of all groups, side by side, as if one compiler had printed them one by one.

    With `every` and one group, functions that a pass makes are traced too. `done` is told how many
    rows of `passes` there are so far. Raises what the collector raises.
    """
    counts = [0] * len(planned.groups)
    patience = max(process.TOOL_TIMEOUT, 3 * planned.wall)
    lock = Lock()

    def one(number: int) -> IrTrace:
        def told(rows: int) -> None:
            with lock:
                counts[number] = rows
                done(sum(counts))

        names = None if every and len(planned.groups) == 1 else set(planned.groups[number])
        target = artifact
        if artifact is not None and number:
            target = artifact.with_name(artifact.name.replace(".txt", f".{number + 1}.txt", 1))
        return ir_changes.collect(
            clang_argv, tagged, loop_keys, names, unit, target, done=told, patience=patience
        )

    with ThreadPoolExecutor(max_workers=max(1, min(len(counts), os.cpu_count() or 1))) as pool:
        return joined(list(pool.map(one, range(len(counts)))))


def joined(traces: Sequence[IrTrace]) -> IrTrace:
    """Traces of one unit as one: `sequence` runs on from each to the next."""
    passes, changes = [], []
    before = 0
    statistics: dict[str, int] = {}
    for part in traces:
        passes.append(_later(part.passes, before))
        changes.append(_later(part.changes, before))
        before += len(part.passes)
        for name, value in part.statistics.items():
            statistics[name] = statistics.get(name, 0) + value
    problems = [p for part in traces for p in part.problems]
    return IrTrace(pa.concat_tables(passes), pa.concat_tables(changes), problems, statistics)


def _later(rows: pa.Table, by: int) -> pa.Table:
    at = rows.schema.get_field_index("sequence")
    if not by:
        return rows
    return rows.set_column(at, rows.schema.field(at), pc.add(rows["sequence"], by))


def trace_seconds(functions: Sequence[Function]) -> dict[str, float]:
    """About how long tracing the passes over each function of a unit takes."""
    module = TRACE_COST_MODULE * sum(f.instructions for f in functions)
    return {f.name: module + TRACE_COST_FUNCTION * f.instructions for f in functions}


def start_seconds(functions: Sequence[Function]) -> float:
    """About how long a compiler of a unit takes that traces and prints no function yet."""
    return TRACE_COST_START * sum(f.instructions for f in functions)
