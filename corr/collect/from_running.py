"""Layers that run the program: timed, counted, sampled, instrumented, simulated."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base.invocation import Invocation
from collectors.base.table import Problem, Table
from collectors.measured import (
    cachegrind,
    chains,
    counted_functions,
    counters,
    directed_counts,
    execution,
    presumed,
    roofs,
    samples,
    subnormals,
    timings,
    trips,
    worksharing,
)
from collectors.regions import marks, while_running
from corr.collect import hottest
from corr.collect.built import BuiltProgram
from corr.collect.layer import LayerResult, Tables
from corr.collect.options import More
from corr.program import machine
from corr.program.build import BuiltUnit, uses_threads
from corr.program.counting import counting

#: Without a PMU cachegrind counts instead, where a run (in seconds) is short enough for it.
CACHEGRIND_UP_TO = 0.1
CACHEGRIND_SLOWDOWN = 60
#: Bytes that stand for the memory itself, at least and at most.
MEMORY_LEAST, MEMORY_MOST = 64 << 20, 256 << 20
#: Part of the samples in loops with arithmetic in floating point below which its numbers are not
#: looked at, and seconds of a run above which.
LEAST_OF_NUMBERS, NUMBERS_UP_TO = 0.1, 10.0
#: How to have the counts of every function.
ALL_COUNTS = "corr collect --more counts"
#: What it means that the library which counts for OpenMP could not be made, or has no place to be.
NOT_SHARED = "iterations of loops of OpenMP directives are not counted: their library is not there"
SHARED_FIX = "a folder for temporary files without spaces or colons in its name (TMPDIR)"
#: The program is run so often under `perf stat`, or as often as it was timed if that is less.
COUNTED = 3


def times(built: BuiltProgram, _given: Tables) -> LayerResult:
    """Run the program once to see that it works, then timed. Raises CorrError if it does not."""
    invocation = built.invocation()
    with built.progress.step("trial run"):
        done = timings.trial(invocation)
    repeat = built.options.repeat or _repetitions(done.wall)
    return LayerResult.of("timings", timings.measure(invocation, repeat, done.stdout))


def _repetitions(wall: float) -> int:
    return 5 if wall < 5 else 3 if wall < 20 else 1


def counts(built: BuiltProgram, given: Tables) -> LayerResult:
    repeat = min(max(1, len(given["timings"])), COUNTED)
    return LayerResult.of("counters", counters.measure(built.invocation(), repeat))


def sampled(built: BuiltProgram, _given: Tables) -> LayerResult:
    rows, problems = samples.record(built.invocation(), built.folder)
    return LayerResult.of("samples", (_own(built, rows, samples.SAMPLES), problems))


def call_chains(built: BuiltProgram, given: Tables) -> LayerResult:
    """Who called what takes the time; in a run of its own, which may share the machine."""
    seconds = _cpu_seconds(given["timings"])
    found, problems = chains.record(built.invocation(), built.folder, seconds)
    frames = _own(built, found["stack_frames"], chains.STACK_FRAMES)
    return LayerResult({**found, "stack_frames": frames}, problems)


def _own(built: BuiltProgram, rows: pa.Table, table: Table) -> pa.Table:
    """Mark rows of the program itself, under a name that no staging folder is part of."""
    objects = rows["object"].to_pylist()
    own = [name == str(built.binary) for name in objects]
    names = [built.program.name if o else n for o, n in zip(own, objects, strict=True)]
    schema = table.schema
    at = schema.get_field_index("object")
    rows = rows.select(schema.names).cast(schema)
    rows = rows.set_column(at, schema.field(at), pa.array(names, schema.field(at).type))
    return rows.append_column("own", pa.array(own, pa.bool_()))


def machine_roofs(built: BuiltProgram, _given: Tables) -> LayerResult:
    """What the machine can do at this time: a loop's ceiling is worked out with it."""
    caches = machine.caches()
    beyond = min(max(2 * max((c["bytes"] for c in caches), default=0), MEMORY_LEAST), MEMORY_MOST)
    measured, problems = roofs.measure(built.toolchain, beyond, machine.clock_said())
    found = [{"name": n, "value": v, "unit": roofs.UNITS[n]} for n, v in measured.items()]
    bits = machine.vector_bits()
    if bits is not None:
        found.append({"name": "vector", "value": float(bits), "unit": "bits"})
    found += [
        {"name": f"L{c['level']}", "value": float(c["bytes"]), "unit": "bytes"} for c in caches
    ]
    return LayerResult({"machine": roofs.MACHINE.rows(found)}, problems)


def marked_regions(built: BuiltProgram, _given: Tables) -> LayerResult:
    """Regions that the program marks in itself; nothing unless linked with PAPI or Caliper."""
    if not while_running.annotated(built.binary):
        return LayerResult()
    program = built.program
    texts = marks.read_sources({program.label(u): program.content(u.source) for u in program.units})
    rows, metadata, problems = while_running.gather(built.invocation(), built.folder, texts)
    return LayerResult({"regions": built.spelled(rows), "region_metadata": metadata}, problems)


def execution_counts(built: BuiltProgram, given: Tables) -> LayerResult:
    missing = execution.missing_runtime(built.toolchain)
    if missing is not None:
        return LayerResult(problems=[missing])
    atomic = ("-fprofile-update=atomic",) if uses_threads(built.binary) else ()
    # a build for a profile, or by one, counts by other means; the last word is ours
    no_profile = ("-fno-profile-generate", "-fno-profile-instr-use")
    flags = (*no_profile, *execution.FLAGS, *atomic)
    hot = _to_count(built, given)
    if hot:
        units = [u for u in built.units if _defined(built, u) & {*hot, "main"}]
        binary = counting(built.builder, units, hot, flags, _cpu_seconds(given["timings"]))
    else:
        binary = built.builder.variant("instrumented", flags)
    counted, problems = _counted(built, built.invocation(binary), given["loops"])
    binary.unlink(missing_ok=True)
    if hot:
        counted = counted_functions.of_functions(counted, {*hot, "main"})
        what = f"only the {len(hot)} functions with the most samples counted how often they run"
        problems = [*problems, Problem("execution", built.program.name, what, ALL_COUNTS)]
    return LayerResult(counted, problems)


def _counted(
    built: BuiltProgram, invocation: Invocation, loops: pa.Table
) -> tuple[dict[str, pa.Table], list[Problem]]:
    """The counts of one run; of loops of OpenMP directives, what libomp was asked for."""
    directed = loops.filter(pc.is_valid(loops["directive"]))
    if not len(directed):
        counted, problems = execution.run(invocation, built.toolchain, built.folder)
        shared = worksharing.WORKSHARING.empty()
        return {**_spelled(built, counted), worksharing.WORKSHARING.name: shared}, problems
    preloaded = invocation.environment().get("LD_PRELOAD", "")
    with worksharing.counting(built.toolchain, preloaded) as (environment, counts):
        counted, problems = execution.run(
            invocation,
            built.toolchain,
            built.folder,
            environment=environment,
            main_counts="main" not in directed["function"].to_pylist(),
        )
        shared = built.spelled(worksharing.read(counts))
    if not environment:
        problems = [*problems, Problem("execution", "OpenMP", NOT_SHARED, SHARED_FIX)]
    by_loop = worksharing.of_loops(directed, shared)
    counted = directed_counts.mended(_spelled(built, counted), directed, by_loop)
    return {**counted, worksharing.WORKSHARING.name: shared}, problems


def _spelled(built: BuiltProgram, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    directories = {unit.unit.source: unit.unit.directory for unit in built.units}
    placed = presumed.presumed(tables, directories)
    return {name: built.spelled(rows) for name, rows in placed.items()}


def small_numbers(built: BuiltProgram, given: Tables) -> LayerResult:
    """Numbers below the normal range, where samples lie at operations in floating point."""
    working = given["instructions"].filter(pc.greater(given["instructions"]["flops"], 0))
    loops = pc.unique(working["machine_loop"].drop_null())
    of_loops = given["instructions"].filter(pc.is_in(given["instructions"]["machine_loop"], loops))
    here = pc.is_in(given["samples"]["address"], of_loops["address"])
    counts = given["samples"].select(["count"])
    share = _total(counts.filter(here)) / max(1, _total(counts))
    if share < LEAST_OF_NUMBERS or _cpu_seconds(given["timings"]) > NUMBERS_UP_TO:
        return LayerResult()
    return LayerResult(
        {"subnormals": subnormals.measure(built.invocation(), built.toolchain, built.folder)}
    )


def _total(samples: pa.Table) -> int:
    return pc.sum(samples["count"]).as_py() or 0


def _to_count(built: BuiltProgram, given: Tables) -> frozenset[str]:
    """The functions that count in a large program; none where all do."""
    every = not built.large or built.options.wants(More.counts)
    if every or built.builder.link_time_optimised:
        return frozenset()
    return hottest.sampled(given["samples"], given["instructions"])


def _defined(built: BuiltProgram, unit: BuiltUnit) -> set[str]:
    return {function.name for function in built.functions[unit.stem]}


def _cpu_seconds(timings: pa.Table) -> float:
    """What a run takes, in the median; a second where that is not known."""
    took = [r["user"] + r["system"] for r in timings.select(["user", "system"]).to_pylist()]
    return float(statistics.median(took or [1.0]))


def trip_counts(_built: BuiltProgram, given: Tables) -> LayerResult:
    if not len(given["execution_regions"]):
        return LayerResult()
    shared = worksharing.of_loops(given["loops"], given["worksharing"])
    return LayerResult({"trips": trips.trips(given["loops"], given["execution_regions"], shared)})


def simulated(built: BuiltProgram, given: Tables) -> LayerResult:
    """Counts of a simulated machine, where asked for, or where no PMU counts and a run is short."""
    wanted = More.cachegrind in built.options.more or built.options.cachegrind
    if wanted is False or (wanted is None and counters.has_pmu(given["counters"])):
        return LayerResult()
    wall = statistics.median(given["timings"]["wall"].to_pylist() or [0.0])
    if wanted is None and (built.large or wall > CACHEGRIND_UP_TO):
        built_anew = ", and another build" if built.large else ""
        what = f"not run: about {wall * CACHEGRIND_SLOWDOWN:.0f} s for this program{built_anew}"
        said = Problem("cachegrind", "valgrind", what, "corr collect --more cachegrind")
        return LayerResult(problems=[said])
    # valgrind 3.19 cannot read the DWARF 5 of newer clangs
    binary = built.builder.variant("dwarf4", ("-gdwarf-4",))
    invocation = built.invocation(binary)
    slow = replace(invocation, timeout=invocation.timeout * CACHEGRIND_SLOWDOWN)
    rows, problems = cachegrind.measure(slow, built.folder)
    binary.unlink(missing_ok=True)
    return LayerResult.of("cachegrind", (built.spelled(rows), problems))
