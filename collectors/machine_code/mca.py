"""llvm-mca on the hot machine loops of the final binary: what the machine model expects of them.

The input is the disassembly, so every number belongs to an address, and through it to a line.
The model knows no caches and no branch misses, and takes a call for 100 cycles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.foreign_text import visible
from collectors.base.table import BOOL, INT, REAL, STRING, Problem, Table, column
from collectors.base.tool_output import Count, Damage, LineNumber, Real, decoded
from collectors.base.toolchain import Toolchain
from collectors.machine_code import instruction_sets, isa
from collectors.machine_code.isa import InstructionSet

ITERATIONS = 100
OUTPUT = "mca.json"
#: A loop is bound by latency when it takes this much longer than its busiest resource.
LATENCY_MARGIN = 1.10
#: Cycles that the first pass takes to come through the pipeline, which are no sign of waiting.
FILLING = 20

MCA = Table(
    "mca",
    "what llvm-mca expects of a pass through a hot machine loop (no caches, no branch misses)",
    pa.schema(
        [
            column("machine_loop", INT, "address of the loop's first block"),
            column("symbol", STRING, "linkage name of the function whose code it lies in"),
            column("cpu", STRING, "processor model used"),
            column(
                "instructions",
                INT,
                "instructions in one pass: those of an innermost loop, else those on its hot path",
            ),
            column("uops", REAL, "micro-operations per iteration"),
            column("ipc", REAL, "instructions per cycle"),
            column("cycles_per_iteration", REAL, "cycles for one pass, dependencies included"),
            column("block_rthroughput", REAL, "cycles if only resources limited it"),
            column("bound", STRING, "what limits it: a resource, dispatch width, or dependencies"),
            column("bound_pressure", REAL, "cycles an iteration keeps that resource busy"),
            column("calls", BOOL, "contains a call: its 100 cycles are an assumption"),
        ]
    ),
)
MCA_INSTRUCTIONS = Table(
    "mca_instructions",
    "llvm-mca per instruction of a hot machine loop; join instructions by address",
    pa.schema(
        [
            column("machine_loop", INT, "address of the loop's first block"),
            column("address", INT, "address of the instruction"),
            column("latency", INT, "cycles until its result can be used"),
            column("uops", INT, "micro-operations"),
            column("rthroughput", REAL, "cycles between two of its kind at full speed"),
            column("may_load", BOOL, "reads memory"),
            column("may_store", BOOL, "writes memory"),
            column(
                "pressure",
                pa.list_(pa.struct([pa.field("resource", STRING), pa.field("cycles", REAL)])),
                "cycles per iteration on each resource",
            ),
        ]
    ),
)


def collect(
    loops: dict[int, list[tuple[int, str, str]]],
    symbols: dict[int, str],
    toolchain: Toolchain,
    folder: Path,
    instructions: InstructionSet,
    cpu: str | None = None,
) -> tuple[pa.Table, pa.Table, list[Problem]]:
    """Run llvm-mca over `loops` (header address → (address, mnemonic, operands) rows).

    Without `cpu` the model is of this machine, or of no processor in particular where this machine
    has other instructions. Returns the `mca` and `mca_instructions` rows. The assembly and the JSON
    stay in `folder`.
    """
    if not loops:
        return MCA.empty(), MCA_INSTRUCTIONS.empty(), []
    if not toolchain.has("llvm-mca"):
        problem = Problem("mca", "llvm-mca", "not installed", "install the llvm tools")
        return MCA.empty(), MCA_INSTRUCTIONS.empty(), [problem]
    listing = folder / "mca.s"
    listing.write_text("".join(_region(h, rows, instructions) for h, rows in loops.items()))
    answer = _run(listing, toolchain, [*_model(instructions, cpu)])
    if not answer.stdout.lstrip().startswith(b"{"):
        problem = Problem("mca", str(listing), f"llvm-mca failed: {answer.last_lines(2)}")
        return MCA.empty(), MCA_INSTRUCTIONS.empty(), [problem]
    (folder / OUTPUT).write_bytes(answer.stdout)
    try:
        summary, details, problems = parse(answer.stdout, loops, symbols, instructions)
    except CorrError as error:
        problem = Problem("mca", str(folder / OUTPUT), error.message, error.fix)
        return MCA.empty(), MCA_INSTRUCTIONS.empty(), [problem]
    if cpu is None and is_foreign(instructions):
        what = f"modelled for no processor in particular ({instructions.any_cpu})"
        problems.append(Problem("mca", instructions.name, what, "name one with -mcpu="))
    return summary, details, problems


def is_foreign(instructions: InstructionSet) -> bool:
    """This machine cannot run them: there is no model of "this processor" for them."""
    return type(instruction_sets.of_host()) is not type(instructions)


def named_cpu(flags: Sequence[str], instructions: InstructionSet) -> str | None:
    """The processor that the compiler's flags name, for a program that is not for this machine."""
    option = "-march=" if instructions.name.startswith("x86") else "-mcpu="
    named = [f.removeprefix(option).partition("+")[0] for f in flags if f.startswith(option)]
    return named[-1] if named and is_foreign(instructions) else None


class _Target(msgspec.Struct):
    CPUName: str
    Resources: list[str]


class _Report(msgspec.Struct):
    """llvm-mca's answer; a region is decoded for itself, so that a damaged one costs itself."""

    TargetInfo: _Target
    CodeRegions: list[msgspec.Raw]


class _Info(msgspec.Struct):
    Latency: Count
    NumMicroOpcodes: Count
    RThroughput: Real
    mayLoad: bool
    mayStore: bool


class _Infos(msgspec.Struct):
    InstructionList: list[_Info]


class _Use(msgspec.Struct):
    InstructionIndex: LineNumber
    ResourceIndex: LineNumber
    ResourceUsage: Real


class _Uses(msgspec.Struct):
    ResourcePressureInfo: list[_Use]


Positive = Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]


class _Summary(msgspec.Struct):
    BlockRThroughput: Real
    DispatchWidth: Positive
    IPC: Real
    Instructions: Count
    Iterations: Positive
    TotalCycles: Count
    TotaluOps: Count


class _CodeRegion(msgspec.Struct):
    Name: str
    Instructions: list[str]
    InstructionInfoView: _Infos
    ResourcePressureView: _Uses
    SummaryView: _Summary


def parse(
    report: bytes,
    loops: dict[int, list[tuple[int, str, str]]],
    symbols: dict[int, str],
    instructions: InstructionSet,
) -> tuple[pa.Table, pa.Table, list[Problem]]:
    """Rows from llvm-mca's JSON; a region that is damaged or does not line up is reported.

    Raises CorrError if it is no report at all.
    """
    whole = decoded(report, _Report, OUTPUT)
    target = whole.TargetInfo
    resources = [_resource_name(r) for r in target.Resources]
    damage = Damage("mca", OUTPUT)
    headers = {f"0x{header:x}": header for header in loops}
    rows, details, problems = [], [], []
    for place, region in damage.each(whole.CodeRegions, _CodeRegion, "CodeRegions"):
        header = headers.pop(region.Name, None)
        found = _inconsistency(region, header, len(resources))
        if header is None or found:
            damage.note(f"{OUTPUT} {place}", found)
            continue
        code = loops[header]
        pressure = _pressure(region, resources)
        rows.append(
            {"machine_loop": header, "symbol": symbols.get(header), "cpu": target.CPUName}
            | _summary(region.SummaryView, pressure.get(len(region.Instructions), []))
            | {"calls": any(instructions.meaning(m, o).kind == isa.CALL for _, m, o in code)}
        )
        if len(region.Instructions) != len(code):
            what = f"{len(code) - len(region.Instructions)} instructions unknown to llvm-mca"
            problems.append(Problem("mca", f"0x{header:x}", what, "its cycles are too low"))
            continue
        infos = region.InstructionInfoView.InstructionList
        for index, ((address, _, _), info) in enumerate(zip(code, infos, strict=True)):
            details.append(_detail(header, address, info, pressure.get(index, [])))
    if headers and not damage.count:
        what = "llvm-mca says nothing of some loops"
        problems.append(Problem("mca", OUTPUT, what, count=len(headers)))
    return MCA.rows(rows), MCA_INSTRUCTIONS.rows(details), problems + damage.problems()


def _inconsistency(region: _CodeRegion, header: int | None, resources: int) -> str:
    """Why a region that is well formed cannot be taken, or nothing."""
    if header is None:
        return f"{region.Name} is none of the loops, or is there twice"
    if len(region.InstructionInfoView.InstructionList) != len(region.Instructions):
        return "it does not tell as much of each of its instructions"
    uses = region.ResourcePressureView.ResourcePressureInfo
    if any(use.ResourceIndex >= resources for use in uses):
        return "it uses a resource that the target does not have"
    return ""


def _region(header: int, code: Iterable[tuple[int, str, str]], instructions: InstructionSet) -> str:
    text = [f"{instructions.comment} LLVM-MCA-BEGIN 0x{header:x}"]
    text += [f"\t{instructions.assembly(mnemonic, operands)}" for _, mnemonic, operands in code]
    text.append(f"{instructions.comment} LLVM-MCA-END\n")
    return "\n".join(text)


def _model(instructions: InstructionSet, cpu: str | None) -> Iterator[str]:
    """The options that name the target and its processor."""
    yield f"-mtriple={instructions.triple}"
    if cpu or is_foreign(instructions):
        yield f"-mcpu={cpu or instructions.any_cpu}"
    if instructions.extensions:
        yield f"-mattr={instructions.extensions}"


def _run(listing: Path, toolchain: Toolchain, model: list[str]) -> process.Completed:
    argv: list[str | Path] = [toolchain.path("llvm-mca"), "-json", f"-iterations={ITERATIONS}"]
    argv += model
    if toolchain.major >= 19:
        argv.append("-skip-unsupported-instructions=any")
    return process.run([*argv, listing], limit=1 << 30)


def _pressure(region: _CodeRegion, resources: list[str]) -> dict[int, list[dict[str, Any]]]:
    """Instruction index to its pressure; the index after the last one holds the totals."""
    found: dict[int, list[dict[str, Any]]] = {}
    for use in region.ResourcePressureView.ResourcePressureInfo:
        entry = {"resource": resources[use.ResourceIndex], "cycles": use.ResourceUsage}
        found.setdefault(use.InstructionIndex, []).append(entry)
    return found


def _summary(view: _Summary, totals: list[dict[str, Any]]) -> dict[str, Any]:
    cycles = view.TotalCycles / view.Iterations
    uops = view.TotaluOps / view.Iterations
    idle: dict[str, Any] = {"resource": None, "cycles": 0.0}
    busiest = max(totals, key=lambda t: t["cycles"], default=idle)
    dispatch = uops / view.DispatchWidth
    bound, busy = busiest["resource"], busiest["cycles"]
    if dispatch > busy:
        bound, busy = "dispatch width", dispatch
    steady = (view.TotalCycles - FILLING) / view.Iterations
    if steady > LATENCY_MARGIN * max(busy, view.BlockRThroughput):
        bound = "dependencies"
    return {
        "instructions": view.Instructions // view.Iterations,
        "uops": uops,
        "ipc": view.IPC,
        "cycles_per_iteration": cycles,
        "block_rthroughput": view.BlockRThroughput,
        "bound": bound,
        "bound_pressure": busy,
    }


def _detail(
    header: int, address: int, info: _Info, pressure: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "machine_loop": header,
        "address": address,
        "latency": info.Latency,
        "uops": info.NumMicroOpcodes,
        "rthroughput": info.RThroughput,
        "may_load": info.mayLoad,
        "may_store": info.mayStore,
        "pressure": pressure,
    }


def _resource_name(name: str) -> str:
    r"""A unit of a resource group ends in a raw byte (`Zn4Load.\x01`): show its number."""
    return visible(re.sub(r"[\0-\x1f]", lambda m: str(ord(m[0])), name))
