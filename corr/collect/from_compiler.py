"""Layers that the compiler tells: source loops, remarks, opcodes, what each pass changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from collectors.base import demangle
from collectors.base.scratch import scratch
from collectors.base.table import Problem
from collectors.decisions import call_sites, inliner
from collectors.decisions.trace import Compilation, trace
from collectors.passes import opcodes
from collectors.passes.changes import IrTrace
from collectors.remarks import reader as remarks
from collectors.source_loops import debug_info, loops, openmp, source_text
from corr.collect import hottest, pass_traces
from corr.collect.attempts import attempt
from corr.collect.built import BuiltProgram
from corr.collect.layer import LayerResult, Part, Tables
from corr.collect.options import More, Options
from corr.console.progress import duration
from corr.program import machine
from corr.program.build import BuiltUnit, source_input
from corr.program.spelling import spell_files

#: How to see passes that were not traced.
FOR_ONE = "corr why LOOP --ir traces those of one loop's function, --deep all"

# --- source --------------------------------------------------------------------------------------


def source_loops(built: BuiltProgram, _given: Tables) -> LayerResult:
    """Loops and their keys, which need all units: internal functions of several may share a name.

    With them come those functions, and which loop each source place lies in, for the join.
    """
    every = [f for functions in built.functions.values() for f in functions]
    readable = demangle.demangle({f.name for f in every}, built.toolchain)
    readable |= openmp.names(every, readable)
    twins = built.twins()
    tables, places = [], []
    for unit in built.units:
        described = (list(built.functions[unit.stem]), readable, twins)
        tables.append(built.spelled(loops.table(built.label(unit), *described)))
        places.append(built.spelled(loops.places(*described)))
    return LayerResult(
        {
            "loops": _distinct(pa.concat_tables(tables)),
            "loop_places": pa.concat_tables(places),
            "twins": loops.twin_rows(twins),
        }
    )


def _distinct(rows: pa.Table) -> pa.Table:
    """One row a key: an inline function of a header is in every unit that includes it."""
    first: dict[str, int] = {}
    for place, key in enumerate(rows["key"].to_pylist()):
        first.setdefault(key, place)
    return rows.take(pa.array(first.values(), pa.int64()))


def sources(built: BuiltProgram, given: Tables) -> LayerResult:
    """The text of the units, and of every file that has a loop."""
    program = built.program
    files = {program.label(unit): unit.source for unit in program.units}
    files |= {name: program.root / name for name in given["loops"]["file"].unique().to_pylist()}
    texts = {name: program.content(path) for name, path in files.items()}
    return LayerResult.of("source", source_text.read(texts))


# --- remarks -------------------------------------------------------------------------------------


def remark_records(built: BuiltProgram) -> Sequence[Part]:
    """A part for the record of each unit, and for each that the linker wrote."""
    parts = [Part(partial(_of_unit, built, unit), built.label(unit)) for unit in built.units]
    records = built.builder.link_remarks()
    parts += [Part(partial(_of_link, built, record), record.name) for record in records]
    if built.builder.link_time_optimised and not records:
        parts.append(Part(partial(_no_record_of_link, built)))
    return parts


def _of_unit(built: BuiltProgram, unit: BuiltUnit, _given: Tables) -> LayerResult:
    if not unit.remarks.exists():
        said = Problem("remarks", unit.remarks.name, "the compiler wrote no remarks")
        return LayerResult(problems=[said])
    return _read(built, unit.remarks, built.label(unit), unit.unit.directory, [unit])


def _of_link(built: BuiltProgram, record: Path, _given: Tables) -> LayerResult:
    """Remarks of link-time optimisation, whose files may be of any unit."""
    return _read(built, record, "(link)", built.program.directory, built.units)


def _read(
    built: BuiltProgram, record: Path, label: str, base: Path, units: Sequence[BuiltUnit]
) -> LayerResult:
    reader = remarks.read(record, label)
    rows = pa.Table.from_batches(list(reader), remarks.REMARKS.schema).unify_dictionaries()
    known: dict[str, str] = {}
    for unit in units:
        if unit.frontend.exists():
            known |= debug_info.source_files(unit.frontend, unit.unit.directory)
    spelled = spell_files(rows, base, built.program.root, known)
    return LayerResult.of("remarks", (spelled, reader.problems))


def _no_record_of_link(built: BuiltProgram, _given: Tables) -> LayerResult:
    what = "the linker wrote no remarks of its optimisation"
    fix = "link with lld (-fuse-ld=lld) or without -flto"
    return LayerResult(problems=[Problem("remarks", built.program.name, what, fix)])


# --- the inliner ----------------------------------------------------------------------------------


def inline_decisions(built: BuiltProgram, unit: BuiltUnit, _given: Tables) -> LayerResult:
    """Every decision of the inliner and what it went by, where asked for.

    Only of a unit that the replayed decisions build byte for byte: others are not the compiler's.
    """
    if More.decisions not in built.options.more:
        return LayerResult()
    inliner.check(built.toolchain)
    front = unit.frontend.read_text("utf-8", "surrogateescape")
    argv = (*built.builder.argv(unit.unit), "-g", "-c", *source_input(unit.unit))
    compilation = Compilation(argv, unit.unit.directory, frontend=False)
    with scratch("decisions") as folder:
        found = trace(compilation, call_sites.parse(front), folder, built.label(unit))
    rows = found.rows if found.identical else found.rows.slice(0, 0)
    known = debug_info.source_files(unit.frontend, unit.unit.directory)
    spelled = spell_files(rows, unit.unit.directory, built.program.root, known)
    return LayerResult.of("decisions", (spelled, found.problems))


# --- the optimiser -------------------------------------------------------------------------------


def opcode_counts(built: BuiltProgram, unit: BuiltUnit, _given: Tables) -> LayerResult:
    built.tagged(unit)
    built.builder.emit_optimised(unit)
    counted = opcodes.collect(unit.frontend, unit.optimised, built.label(unit))
    return LayerResult.of("opcodes", counted)


def pass_effects(built: BuiltProgram, given: Tables) -> LayerResult:
    """Trace the passes over hot functions, or all, while the time for it lasts.

    The units come one after the other, each with what those before it have left of the time.
    """
    deep, cores = built.options.deep, machine.cores()
    left = pass_traces.seconds(built.options, cores)
    hot = hottest.find(given["samples"], given["instructions"], given["machine_loops"])
    asked = built.options.traced
    keys = _keys(given["loops"])
    passes, changes, problems = [], [], []
    for unit in built.units:
        functions, label = built.functions[unit.stem], built.label(unit)
        names = asked or hot.functions or hottest.with_loops(functions)
        planned = pass_traces.plan(functions, names, deep, left, cores)
        left -= planned.cpu
        if planned.skipped:
            problems.append(_not_traced(planned, label, built.options))
        if not planned.groups:
            continue
        traced = partial(_traced, built, unit, planned, keys.get(label, {}))
        trace = attempt("ir_changes", label, traced)
        if isinstance(trace, Problem):
            problems.append(trace)
            continue
        passes.append(trace.passes)
        changes.append(trace.changes)
        problems += trace.problems
    found = {"passes": passes, "ir_changes": changes}
    return LayerResult({n: pa.concat_tables(rows) for n, rows in found.items() if rows}, problems)


def _keys(rows: pa.Table) -> dict[str, dict[int, str]]:
    """The key of each loop by its number, unit by unit."""
    keys: dict[str, dict[int, str]] = {}
    for row in rows.select(["unit", "number", "key"]).to_pylist():
        keys.setdefault(row["unit"], {})[row["number"]] = row["key"]
    return keys


def _not_traced(planned: pass_traces.Plan, label: str, options: Options) -> Problem:
    what = f"passes not traced: about {duration(planned.missing)} more"
    where = f"{len(planned.skipped)} {'' if options.deep else 'hot '}functions of {label}"
    fix = "--deep-minutes gives more time" if options.deep else FOR_ONE
    return Problem("ir_changes", where, what, fix)


def _traced(
    built: BuiltProgram, unit: BuiltUnit, planned: pass_traces.Plan, keys: dict[int, str]
) -> IrTrace:
    kept = unit.stem.with_suffix(".passes.txt.zst") if built.options.artifacts else None
    every = built.options.deep and not planned.skipped
    argv = built.builder.argv(unit.unit)
    tagged = built.tagged(unit)
    name = f"passes over {planned.chosen} functions of {unit.stem.name}"
    rows = planned.chosen * pass_traces.TRACE_ROWS
    with built.progress.amount(name, rows, planned.wall) as done:
        return pass_traces.trace(argv, tagged, keys, planned, every, built.label(unit), kept, done)
