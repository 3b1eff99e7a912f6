"""Layers that are read from the binary: its machine code, where that came from, what it costs."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base import demangle
from collectors.machine_code import instruction_sets, instructions, lines, mca
from corr.collect import hottest
from corr.collect.built import BuiltProgram
from corr.collect.layer import LayerResult, Tables


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
    """Names of functions in machine code, inlined ones too, and in remarks, as one reads them."""
    code = given["instructions"]
    known = {name for c in ("symbol", "function") for name in code[c].unique().to_pylist()}
    known |= _named_in(given["remarks"])
    called = given["stack_frames"]["symbol"].unique().to_pylist()  # those of libraries, too
    known |= {name for name in called if name is not None and name.startswith("_Z")}
    return LayerResult({"functions": demangle.table(known - {None}, built.toolchain)})


def _named_in(remarks: pa.Table) -> set[str]:
    """The mangled names in the arguments of remarks: callers and callees."""
    values = pc.struct_field(pc.list_flatten(remarks["args"].combine_chunks()), "value").unique()
    return {v for v in values.to_pylist() if v is not None and v.startswith("_Z")}


def machine_model(built: BuiltProgram, given: Tables) -> LayerResult:
    """What llvm-mca expects of innermost machine loops: of hot ones, or with --deep of all."""
    loops, code = given["machine_loops"], given["instructions"]
    known = instruction_sets.of_binary(built.binary)
    if known is None:
        return LayerResult()
    innermost = loops.filter(loops["innermost"])
    headers, symbols = innermost["machine_loop"].to_pylist(), innermost["symbol"].to_pylist()
    wanted = set(headers)
    if not built.options.deep:
        wanted &= hottest.find(given["samples"], code, loops).machine_loops
    bodies = instructions.by_machine_loop(code)
    picked = {header: bodies[header] for header in sorted(wanted)}
    names = dict(zip(headers, symbols, strict=True))
    cpu = mca.named_cpu(built.program.units[0].flags, known)
    summary, details, problems = mca.collect(
        picked, names, built.toolchain, built.folder, known, cpu
    )
    return LayerResult({"mca": summary, "mca_instructions": details}, problems)
