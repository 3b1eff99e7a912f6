"""Which functions and machine loops are hot enough for the expensive layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from collectors.source_loops.forest import Function

_K = TypeVar("_K", str, int)
#: Share of the program's own samples from which a function or machine loop counts as hot.
FUNCTION_SHARE = 0.01
LOOP_SHARE = 0.002
#: The same for a machine loop that holds others, by the code that is its own.
AROUND_SHARE = 0.01
#: Samples that tell which way through a loop is the usual one.
ENOUGH = 50
#: And from which on a function of a large program counts how often it runs.
COUNTED_SHARE = 0.001
MOST_FUNCTIONS = 40
MOST_LOOPS = 200


@dataclass(frozen=True)
class Hot:
    """Linkage names of hot functions (containing or inlined), hottest first; machine loops.

    `machine_loops` are innermost ones, `around` those that hold others; `samples` by address.
    """

    functions: tuple[str, ...]
    machine_loops: frozenset[int]
    around: frozenset[int] = frozenset()
    samples: Mapping[int, int] = field(default_factory=dict)


def find(samples: pa.Table, instructions: pa.Table, machine_loops: pa.Table) -> Hot:
    """What the samples in the program's own binary fall on.

    `samples` are rows with `own`. Without a sample everything with a loop is taken, up to the same
    numbers; without machine code the functions are those that perf names.
    """
    innermost = machine_loops.filter(machine_loops["innermost"])
    own = samples.filter(samples["own"])
    if not len(own):
        symbols = dict.fromkeys(innermost["symbol"].to_pylist())
        return Hot(
            tuple(symbols)[:MOST_FUNCTIONS],
            frozenset(innermost["machine_loop"].to_pylist()[:MOST_LOOPS]),
        )
    functions, loops, total = _weights(own, instructions)
    inner = set(innermost["machine_loop"].to_pylist())
    around = _above(loops, max(AROUND_SHARE * total, ENOUGH), MOST_LOOPS)
    return Hot(
        tuple(_above(functions, FUNCTION_SHARE * total, MOST_FUNCTIONS)),
        frozenset(h for h in _above(loops, LOOP_SHARE * total, MOST_LOOPS) if h in inner),
        frozenset(around) - inner,
        _by_address(own),
    )


def sampled(samples: pa.Table, instructions: pa.Table) -> frozenset[str]:
    """The functions that samples fell in, inlined ones too, but for those with hardly any."""
    own = samples.filter(samples["own"])
    functions, _, total = _weights(own, instructions)
    return frozenset(name for name, count in functions.items() if count >= COUNTED_SHARE * total)


def _weights(own: pa.Table, instructions: pa.Table) -> tuple[Counter[str], Counter[int], int]:
    """Samples in each function, containing or inlined, and in each machine loop; and all."""
    weight = _by_address(own)
    hit = instructions.filter(pc.is_in(instructions["address"], pa.array(list(weight), pa.int64())))
    functions: Counter[str] = Counter()
    loops: Counter[int] = Counter()
    if not len(instructions):
        for symbol, count in zip(own["symbol"].to_pylist(), own["count"].to_pylist(), strict=True):
            if symbol is not None:
                functions[symbol] += count
    for row in hit.select(["address", "symbol", "machine_loop", "frames"]).to_pylist():
        names = {row["symbol"], *(f["function"] for f in row["frames"] or ())}
        for name in names - {None}:
            functions[name] += weight[row["address"]]
        if row["machine_loop"] is not None:
            loops[row["machine_loop"]] += weight[row["address"]]
    return functions, loops, sum(weight.values())


def _by_address(own: pa.Table) -> Counter[int]:
    weight: Counter[int] = Counter()
    for address, count in zip(own["address"].to_pylist(), own["count"].to_pylist(), strict=True):
        weight[address] += count
    return weight


def with_loops(functions: Sequence[Function]) -> list[str]:
    """The functions to take of a unit where nothing tells which are hot."""
    return [f.name for f in functions if f.loops][:MOST_FUNCTIONS]


def _above(weights: Counter[_K], least: float, most: int) -> list[_K]:
    return [key for key, weight in weights.most_common(most) if weight >= least]
