"""How far each hot loop is from what the machine can do: operations, bytes and time of a loop.

Operations and bytes are counted, not measured: the instructions of the loop's hottest machine loop
tell what one pass through it does, the execution counts how often the source loop's body ran, and
the view `iterations_a_pass` how many of those a pass stands for. The
time is the loop's share of the samples times the median CPU time of one thread.

What that misses: remainder loops and run-time fall-backs are taken for the hottest machine loop;
masked lanes count as if they were all used; a division counts as one operation like an addition;
calls count as nothing. Bytes are what the instructions ask for, so the intensity is that of the
first-level cache (the cache-aware roofline of Ilic, Pratas and Sousa, 2014); how much of it comes
from memory only counters know, or cachegrind's simulation where a run was short enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from corr.report.facts import Facts
from corr.report.layers import Layers
from corr.report.listing import Listing, Row, columns
from corr.roofs.peaks import Peaks

#: Loops below this share of the samples have too uncertain a time.
LEAST_SHARE = 0.01
LINE_BYTES = 64

COLUMNS = columns(
    {
        "loop": ("loop", "loop"),
        "share": ("share of time", "percent"),
        "seconds": "seconds",
        "iterations": ("iterations", "count"),
        "per_pass": "iterations a pass",
        "flops_per_pass": "flop a pass",
        "bytes_per_pass": "bytes a pass",
        "gflops": "Gflop/s",
        "intensity": "flop/byte (L1)",
        "gbytes": "GB/s asked of L1",
        "memory_intensity": "flop/byte (memory, simulated)",
        "roof": "roof, Gflop/s",
        "of_roof": ("share of the roof", "percent"),
    }
)
PEAKS = columns({"name": "roof", "value": "value", "unit": "unit"})


def loops(facts: Facts, layers: Layers, peaks: Peaks | None) -> list[Row]:
    """A row for each hot loop whose counts and code are known and that computes."""
    (timed,) = facts.times.rows or [{"wall": None}]
    if timed["wall"] is None:
        return []
    taken = min(timed["wall"], timed["cpu"] or timed["wall"])
    hottest: dict[str, Row] = {}
    for one in layers.machine:
        hottest.setdefault(one["loop"], one)
    simulated = _memory_bytes(layers)
    found = []
    for row in facts.hot.rows:
        machine = hottest.get(row["loop"] or "")
        if machine is None or not row["iterations"] or (row["share"] or 0) < LEAST_SHARE:
            continue
        code = layers.code.get(machine["machine_loop"], [])
        counted = _of_loop(row, code, taken)
        if counted is None:
            continue
        memory = simulated.get(row["loop"])
        counted["memory_intensity"] = counted["flops"] / memory if memory else None
        if peaks is not None and "L1" in peaks.bandwidths and counted["intensity"]:
            roof = min(peaks.most_flops, counted["intensity"] * peaks.bandwidths["L1"]) / 1e9
            counted |= {"roof": roof, "of_roof": counted["gflops"] / roof}
        found.append(counted)
    return found


def _of_loop(row: Row, code: Sequence[Row], taken: float) -> Row | None:
    """Operations, bytes and time of a loop; None where it computes nothing in floating point."""
    each = sum(one["flops"] or 0 for one in code)
    if not each:
        return None
    moved = sum((one["load_bytes"] or 0) + (one["store_bytes"] or 0) for one in code)
    per_pass = int(row["iterations_a_pass"] or 1)
    passes = row["iterations"] / per_pass
    seconds = row["share"] * taken
    return {
        "loop": row["loop"],
        "share": row["share"],
        "seconds": seconds,
        "iterations": row["iterations"],
        "per_pass": per_pass,
        "flops_per_pass": each,
        "bytes_per_pass": moved,
        "flops": passes * each,
        "gflops": passes * each / seconds / 1e9,
        "gbytes": passes * moved / seconds / 1e9,
        "intensity": each / moved if moved else None,
        "roof": None,
        "of_roof": None,
    }


def _memory_bytes(layers: Layers) -> dict[str, int]:
    """Bytes from memory by loop, as cachegrind simulates them; its store misses are writes."""
    words = layers.data["words"]
    at = {name: number for number, name in enumerate(layers.data["cache"])}
    found: dict[str, int] = {}
    for row in layers.data["cachegrind"]:
        loop, misses = row[at["loop"]], row[at["last_level_read_misses"]]
        if loop is not None and misses:
            found[words[loop]] = found.get(words[loop], 0) + misses * LINE_BYTES
    return found


def listing(found: Sequence[Row]) -> Listing:
    """The loops as a table of the page."""
    return Listing("roofline", "Loops against the machine's roofs", "", COLUMNS, found)


def peaks_listing(peaks: Peaks) -> Listing:
    """The roofs as a table of the page."""
    found = [
        {"name": words, "value": peaks.operations[name] / 1e9, "unit": "Gflop/s"}
        for name, words in (
            ("fma_f64", "fused multiply-add, widest vectors, double"),
            ("fma_f32", "the same, float"),
            ("both_f64", "additions and multiplications in turn, double"),
            ("add_f64", "additions, double"),
            ("div_f64", "divisions, double"),
            ("scalar_f64", "scalar addition or multiplication, double"),
        )
    ]
    found += [
        {"name": f"reading {name}", "value": value / 1e9, "unit": "GB/s"}
        for name, value in peaks.bandwidths.items()
    ]
    return Listing("peaks", f"Measured on one core of {peaks.cpu}", "", PEAKS, found)
