"""Which functions and machine loops are hot enough for the expensive layers, and their cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from collectors.source_loops.forest import Function

#: Share of the program's own samples from which a function or machine loop counts as hot.
FUNCTION_SHARE = 0.01
LOOP_SHARE = 0.002
MOST_FUNCTIONS = 40
MOST_LOOPS = 200
#: Seconds of processor time that tracing the passes may take without --deep.
TRACE_SECONDS = 75.0
#: What tracing takes, in seconds of processor time for each instruction of unoptimised IR: of a
#: function in it and of its whole module for each function, because clang prints a function twice
#: a pass and walks the whole module at each print; of the module for each start of the compiler.
TRACE_COST_FUNCTION = 0.015
TRACE_COST_MODULE = 0.00011
TRACE_COST_START = 0.00015
#: Rows of `passes` that a traced function has, about: what its progress is measured against.
TRACE_ROWS = 400


@dataclass(frozen=True)
class Hot:
    """Linkage names of hot functions (containing or inlined), hottest first; machine loops."""

    functions: tuple[str, ...]
    machine_loops: frozenset[int]


def find(samples: pa.Table, instructions: pa.Table, machine_loops: pa.Table) -> Hot:
    """What the samples in the program's own binary fall on.

    Without a sample everything with a loop is taken, up to the same numbers.
    """
    innermost = machine_loops.filter(machine_loops["innermost"])
    own = samples.filter(samples["own"])
    if not len(own):
        symbols = dict.fromkeys(innermost["symbol"].to_pylist())
        return Hot(
            tuple(symbols)[:MOST_FUNCTIONS],
            frozenset(innermost["machine_loop"].to_pylist()[:MOST_LOOPS]),
        )
    weight: Counter[int] = Counter()
    for address, count in zip(own["address"].to_pylist(), own["count"].to_pylist(), strict=True):
        weight[address] += count
    hit = instructions.filter(pc.is_in(instructions["address"], pa.array(list(weight))))
    functions: Counter[str] = Counter()
    loops: Counter[int] = Counter()
    for row in hit.select(["address", "symbol", "machine_loop", "frames"]).to_pylist():
        names = {row["symbol"], *(f["function"] for f in row["frames"] or ())}
        for name in names - {None}:
            functions[name] += weight[row["address"]]
        if row["machine_loop"] is not None:
            loops[row["machine_loop"]] += weight[row["address"]]
    total = sum(weight.values())
    inner = set(innermost["machine_loop"].to_pylist())
    return Hot(
        tuple(_above(functions, FUNCTION_SHARE * total, MOST_FUNCTIONS)),
        frozenset(h for h in _above(loops, LOOP_SHARE * total, MOST_LOOPS) if h in inner),
    )


def _above(weights: Counter, least: float, most: int) -> list:
    return [key for key, weight in weights.most_common(most) if weight >= least]


def trace_seconds(functions: Sequence[Function]) -> dict[str, float]:
    """About how long tracing the passes over each function of a unit takes."""
    module = TRACE_COST_MODULE * sum(f.instructions for f in functions)
    return {f.name: module + TRACE_COST_FUNCTION * f.instructions for f in functions}


def start_seconds(functions: Sequence[Function]) -> float:
    """About how long a compiler of a unit takes that traces and prints no function yet."""
    return TRACE_COST_START * sum(f.instructions for f in functions)
