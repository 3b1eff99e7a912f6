"""Layers that are read from the binary: its machine code, where that came from, what it costs."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import demangle
from collectors.machine_code import instruction_sets, instructions, lines, loop_bodies, mca
from collectors.source_loops import loops
from corr.collect import hottest
from corr.collect.built import BuiltProgram
from corr.collect.layer import LayerResult, Tables
from corr.console.short_names import with_short_names


def line_table(built: BuiltProgram, _given: Tables) -> LayerResult:
    rows, problems = lines.read(built.binary)
    return LayerResult.of("lines", (built.spelled(rows), problems))


def machine_code(built: BuiltProgram, given: Tables) -> LayerResult:
    """Instructions with their places, and the loops that they make."""
    found = instructions.collect(built.binary, given["lines"], built.toolchain)
    tables = {
        "instructions": built.spelled(found.instructions),
        "machine_loops": found.machine_loops,
    }
    return LayerResult(tables, found.problems)


def function_names(built: BuiltProgram, given: Tables) -> LayerResult:
    """Names of functions in machine code, inlined ones too, and in remarks, as one reads them.

    Those of static functions that several files have one of, also with the file.
    """
    code = given["instructions"]
    known = {name for c in ("symbol", "function") for name in code[c].unique().to_pylist()}
    known |= _named_in(given["remarks"])
    called = given["stack_frames"]["symbol"].unique().to_pylist()  # those of libraries, too
    known |= {name for name in called if name is not None and name.startswith(demangle.MANGLED)}
    rows = demangle.table(known - {None}, built.toolchain)
    readable = dict(zip(rows["linkage"].to_pylist(), rows["name"].to_pylist(), strict=True))
    of_files = [
        {
            "linkage": row["name"],
            "name": f"{readable.get(row['function'], row['function'])}@{row['file']}",
        }
        for row in loops.twin_rows(built.twins()).to_pylist()
    ]
    found = pa.concat_tables([rows, demangle.FUNCTIONS.rows(of_files)])
    return LayerResult({"functions": with_short_names(found)})


def _named_in(remarks: pa.Table) -> set[str]:
    """The mangled names in the arguments of remarks: callers and callees."""
    values = pc.struct_field(pc.list_flatten(remarks["args"].combine_chunks()), "value").unique()
    return {v for v in values.to_pylist() if v is not None and v.startswith(demangle.MANGLED)}


def machine_model(built: BuiltProgram, given: Tables) -> LayerResult:
    """What llvm-mca expects of machine loops: of hot ones, or with --deep of all innermost ones.

    Of those that hold others, their own hot path.
    """
    loops, code = given["machine_loops"], given["instructions"]
    known = instruction_sets.of_binary(built.binary)
    if known is None:
        return LayerResult()
    names = dict(zip(*(loops[c].to_pylist() for c in ("machine_loop", "symbol")), strict=True))
    innermost = set(loops.filter(loops["innermost"])["machine_loop"].to_pylist())
    hot = hottest.find(given["samples"], code, loops)
    bodies = loop_bodies.by_machine_loop(code)
    wanted = innermost if built.options.deep else hot.machine_loops
    picked = {header: bodies[header] for header in sorted(wanted)}
    for header in sorted(hot.around):
        own = code.filter(pc.equal(code["symbol"], names[header]))
        path = loop_bodies.on_hot_path(own, header, hot.samples, known)
        if path:
            picked[header] = path
    cpu = mca.named_cpu(built.program.units[0].flags, known)
    summary, details, problems = mca.collect(
        picked, names, built.toolchain, built.folder, known, cpu
    )
    return LayerResult({"mca": summary, "mca_instructions": details}, problems)
