"""Every layer of evidence, in the order in which it is gathered and its rows are written.

First what is timed, each alone; then all that explains it, side by side. A collector that is to be
one of them gets a line here.
"""

from __future__ import annotations

from corr.collect import from_binary, from_compiler, from_running
from corr.collect.layer import Layer, each_unit, once
from corr.collect.options import More

LAYERS = (
    Layer(
        "loops",
        once(from_compiler.source_loops),
        gives=("loops", "loop_places", "twins"),
    ),
    Layer("source", once(from_compiler.sources), needs=("loops",)),
    Layer("timings", once(from_running.times), executes=True, alone=True, essential=True),
    Layer("counters", once(from_running.counts), needs=("timings",), executes=True, alone=True),
    Layer("samples", once(from_running.sampled), executes=True, alone=True, step="sampling"),
    Layer("machine", once(from_running.machine_roofs), executes=True, alone=True),
    Layer(
        "regions",
        once(from_running.marked_regions),
        gives=("regions", "region_metadata"),
        executes=True,
        alone=True,
        step="marked regions",
    ),
    Layer(
        "stacks",
        once(from_running.call_chains),
        needs=("timings",),
        gives=("stacks", "stack_frames"),
        executes=True,
        step="callers",
    ),
    Layer("lines", once(from_binary.line_table)),
    Layer(
        "instructions",
        once(from_binary.machine_code),
        needs=("lines",),
        gives=("instructions", "machine_loops"),
        step="machine code",
    ),
    Layer(
        "subnormals",
        once(from_running.small_numbers),
        needs=("timings", "samples", "instructions"),
        executes=True,
        step="numbers below the normal range",
    ),
    Layer("remarks", from_compiler.remark_records),
    Layer(
        "functions",
        once(from_binary.function_names),
        needs=("instructions", "remarks", "stack_frames"),
    ),
    Layer(
        "execution",
        once(from_running.execution_counts),
        needs=("loops", "timings", "samples", "instructions"),
        gives=("execution", "execution_regions", "worksharing"),
        executes=True,
        step="execution counts",
        more=More.counts,
    ),
    Layer(
        "trips",
        once(from_running.trip_counts),
        needs=("loops", "execution_regions", "worksharing"),
        more=More.counts,
    ),
    Layer(
        "cachegrind",
        once(from_running.simulated),
        needs=("timings", "counters"),
        executes=True,
        more=More.cachegrind,
    ),
    Layer("decisions", each_unit(from_compiler.inline_decisions), more=More.decisions),
    Layer("opcodes", each_unit(from_compiler.opcode_counts), more=More.opcodes, costly=True),
    Layer(
        "mca",
        once(from_binary.machine_model),
        needs=("samples", "instructions", "machine_loops"),
        gives=("mca", "mca_instructions"),
        step="llvm-mca",
    ),
    Layer(
        "ir_changes",
        once(from_compiler.pass_effects),
        needs=("loops", "samples", "instructions", "machine_loops"),
        gives=("passes", "ir_changes"),
        step="passes",
        more=More.passes,
        costly=True,
    ),
)
