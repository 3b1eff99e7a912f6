"""Every table of the lake, by name: what the collectors declare, and what joining them adds."""

from __future__ import annotations

import pyarrow as pa

from collectors.base import demangle, table
from collectors.base.table import BOOL, INT, LINE, REAL, STRING, Table, column
from collectors.decisions import inliner
from collectors.machine_code import instructions, lines, mca
from collectors.measured import (
    cachegrind,
    chains,
    counters,
    execution,
    roofs,
    samples,
    subnormals,
    timings,
    trips,
    worksharing,
)
from collectors.passes import changes, opcodes
from collectors.regions import marks
from collectors.remarks import reader
from collectors.source_loops import loops, source_text
from corr.lake.caller_table import CALLERS
from corr.lake.optimize_tables import CHECKS, ITERATIONS, MUTANTS
from corr.lake.policy_tables import TRACED_MODULES
from corr.lake.search_tables import SEARCH_TABLES

LOOP = column("loop", STRING, "key of the innermost source loop that it belongs to")

OWN = column("own", BOOL, "in the program itself, not in a library or the kernel")

#: With what only corr knows: how one says a name.
FUNCTIONS = Table(
    demangle.FUNCTIONS.name,
    demangle.FUNCTIONS.purpose,
    demangle.FUNCTIONS.schema.append(
        column("short", STRING, "the name as one says it: no arguments, no parameters")
    ),
    demangle.FUNCTIONS.version + 1,
)

RUNS = Table(
    "runs",
    "what was measured, where and when",
    pa.schema(
        [
            column("kind", STRING, "collect, or the command that made the run"),
            column("program", STRING, "name of the program"),
            column("label", STRING, "name given with --label"),
            column("started", pa.timestamp("us", "UTC"), "when the collection began"),
            column("seconds", REAL, "how long the collection took"),
            column("root", STRING, "folder that file names are relative to"),
            column(
                "sources",
                pa.list_(
                    pa.struct(
                        [
                            pa.field("file", STRING),
                            pa.field("sha256", STRING),
                            pa.field("directory", STRING),
                            pa.field("flags", pa.list_(STRING)),
                        ]
                    )
                ),
                "translation units: source, its hash, where and with which flags compiled",
            ),
            column("flags", pa.list_(STRING), "compiler flags of the first unit"),
            column("link_flags", pa.list_(STRING), "flags of the link"),
            column("run_args", pa.list_(STRING), "arguments that the program was run with"),
            column("compiler", STRING, "compiler and its version"),
            column("cpu", STRING, "processor"),
            column("cores", INT, "processors that could be used"),
            column("kernel", STRING, "kernel release"),
            column("revision", STRING, "git revision of the source, -dirty if changed"),
            column("wall", REAL, "median wall time of a repetition in seconds"),
            column("kernel_seconds", REAL, "median of the time that the program took of itself"),
            column("cpu_seconds", REAL, "median CPU time of a repetition, user and system"),
            column(
                "load",
                REAL,
                "median wall over CPU time, where other work kept most repetitions waiting for a"
                " processor; NULL where they had one",
            ),
            column("problems", INT, "how many things a layer could not do"),
            column("corr", STRING, "version of corr"),
        ]
    ),
    version=2,
)


#: Columns of each table that only the join fills in.
JOINED: dict[str, tuple[str, ...]] = {}


def _with(base: Table, *added: pa.Field) -> Table:
    JOINED[base.name] = tuple(field.name for field in added if field is not OWN)
    schema = pa.schema([*base.schema, *added])
    return Table(base.name, base.purpose, schema, base.version)


_ALL = (
    RUNS,
    table.PROBLEMS,
    timings.TIMINGS,
    counters.COUNTERS,
    roofs.MACHINE,
    _with(
        samples.SAMPLES,
        OWN,
        LOOP,
        column("machine_loop", INT, "innermost machine loop that holds the address"),
        column("function", STRING, "linkage name of the function it was written in"),
        column("file", STRING, "source file"),
        column("line", LINE, "source line"),
    ),
    chains.STACKS,
    _with(
        chains.STACK_FRAMES,
        OWN,
        LOOP,
        column("instruction", INT, "address of the instruction that holds it"),
        column("function", STRING, "linkage name of the function it was written in"),
        column("file", STRING, "source file: the program's own, if what was inlined is not"),
        column("line", LINE, "source line"),
    ),
    CALLERS,
    loops.LOOPS,
    source_text.SOURCE,
    trips.TRIPS,
    FUNCTIONS,
    _with(
        reader.REMARKS,
        LOOP,
        column("joined_by", STRING, "how its loop was found: place, inlined function, ..."),
    ),
    changes.PASSES,
    changes.IR_CHANGES,
    opcodes.OPCODES,
    _with(instructions.INSTRUCTIONS, LOOP),
    lines.LINES,
    _with(
        instructions.MACHINE_LOOPS,
        LOOP,
        column("samples", INT, "samples in it"),
    ),
    mca.MCA,
    mca.MCA_INSTRUCTIONS,
    _with(execution.EXECUTION, LOOP),
    execution.EXECUTION_REGIONS,
    worksharing.WORKSHARING,
    subnormals.SUBNORMALS,
    _with(cachegrind.CACHEGRIND, LOOP),
    marks.REGIONS,
    marks.REGION_METADATA,
    ITERATIONS,
    CHECKS,
    MUTANTS,
    inliner.DECISIONS,
    TRACED_MODULES,
    *SEARCH_TABLES,
)
TABLES: dict[str, Table] = {t.name: t for t in _ALL}
