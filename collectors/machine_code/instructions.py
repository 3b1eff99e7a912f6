"""The final machine code by address: mnemonic, block, machine loop, source place, inline frames."""

from __future__ import annotations

import itertools
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from collectors.base import process, tool_output
from collectors.base.errors import CorrError
from collectors.base.table import BOOL, INT, LINE, STRING, Problem, Table, column
from collectors.base.tool_output import MOST, Damage, FileName, LineNumber, decoded
from collectors.base.toolchain import Toolchain
from collectors.machine_code import control_flow, instruction_sets
from collectors.machine_code.control_flow import MachineLoop, Step
from collectors.machine_code.describe import DESCRIBED, describe
from collectors.machine_code.isa import InstructionSet, Meaning

FRAME = pa.struct(
    [
        pa.field("function", STRING),
        pa.field("file", STRING),
        pa.field("line", LINE),
        pa.field("column", LINE),
    ]
)
INSTRUCTIONS = Table(
    "instructions",
    "final machine code, an instruction a row, with the source place it came from",
    pa.schema(
        [
            column("address", INT, "address in the binary"),
            column("symbol", STRING, "linkage name of the function whose code it lies in"),
            column("mnemonic", STRING, "mnemonic (of x86: in AT&T syntax)"),
            column("operands", STRING, "operands as llvm-objdump prints them"),
            column("block", INT, "address of its basic block"),
            column("machine_loop", INT, "header address of the innermost machine loop, if any"),
            column("file", STRING, "source file of the innermost inline frame"),
            column("line", LINE, "source line, NULL where the compiler names none"),
            column("column", LINE, "source column, NULL where the compiler names none"),
            column("function", STRING, "linkage name of the function it was written in"),
            column("frames", pa.list_(FRAME), "inline frames, innermost first"),
            *DESCRIBED,
        ]
    ),
    version=2,
)
MACHINE_LOOPS = Table(
    "machine_loops",
    "loops of the machine code; one source loop may have several (vector body, remainder)",
    pa.schema(
        [
            column("machine_loop", INT, "address of the loop's first block"),
            column("symbol", STRING, "linkage name of the function whose code it lies in"),
            column("depth", INT, "1 for an outermost machine loop"),
            column("innermost", BOOL, "holds no other machine loop"),
            column("blocks", INT, "basic blocks in it"),
            column("instructions", INT, "instructions in it, inner loops included"),
            column("vector_bits", INT, "widest vector register that packed arithmetic uses"),
        ]
    ),
)

_FUNCTION = re.compile(r"^([0-9a-f]+) <(.*)>:$")
_SECTION = re.compile(r"^Disassembly of section |.*:\s+file format ")
_INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)(?:\s+(.*))?$")
#: Constants among the code: `.word`, or bytes with their characters.
_DATA = re.compile(r"^\.|^[0-9a-f]{2}$")


@dataclass
class Code:
    """One function's disassembly."""

    symbol: str
    rows: list[tuple[int, str, str]]


@dataclass(frozen=True)
class Disassembly:
    instructions: pa.Table
    machine_loops: pa.Table
    problems: list[Problem]


def collect(binary: Path, lines: pa.Table, toolchain: Toolchain) -> Disassembly:
    """Disassemble a binary and give each instruction its source place and inline frames.

    `lines` is the binary's `lines` table: places are looked up once per row of it. Raises
    ToolMissing without llvm-objdump; without llvm-symbolizer there are no places, and a problem.
    """
    known = instruction_sets.of_binary(binary)
    damage = Damage("instructions", "llvm-objdump")
    functions = list(disassemble(binary, toolchain, known.comment if known else None, damage))
    places, problems = _places(binary, lines, toolchain)
    problems += damage.problems()
    if known is None:
        problems.append(_not_read(binary))
    starts = sorted(places)
    columns: dict[str, list[Any]] = {name: [] for name in INSTRUCTIONS.schema.names}
    loops = []
    for code in functions:
        meanings = [known.meaning(m, o) if known else None for _, m, o in code.rows]
        steps = [_step(a, it) for (a, _, _), it in zip(code.rows, meanings, strict=True)]
        leaders = control_flow.block_leaders(steps)
        found = control_flow.natural_loops(steps)
        innermost = _innermost(found)
        blocks = [leaders[bisect_right(leaders, a) - 1] for a, _, _ in code.rows]
        for (address, mnemonic, operands), block in zip(code.rows, blocks, strict=True):
            at = bisect_right(starts, address) - 1
            frames = places[starts[at]] if at >= 0 else None
            _append(columns, code.symbol, address, mnemonic, operands, block, frames)
        around = [innermost.get(block) for block in blocks]
        columns["machine_loop"] += around
        _describe(columns, code, around, {loop.header for loop in found if loop.innermost}, known)
        loops += [_loop_row(loop, code.symbol, blocks, meanings) for loop in found]
    table = pa.table(columns, schema=INSTRUCTIONS.schema)
    return Disassembly(table, MACHINE_LOOPS.rows(loops), problems)


def _not_read(binary: Path) -> Problem:
    machine = instruction_sets.machine(binary)
    what = f"the instructions of {machine or 'this file'} are not understood: no machine loops"
    return Problem("instructions", binary.name, what, "x86 and AArch64 are")


def disassemble(
    binary: Path, toolchain: Toolchain, comment: str | None, damage: Damage | None = None
) -> Iterator[Code]:
    """The functions of a binary with (address, mnemonic, operands) rows, linker stubs left out.

    `comment` begins what llvm-objdump remarks after the operands.
    """
    options = ("-d", "--no-show-raw-insn", "--no-leading-headers")
    argv: list[str | Path] = [toolchain.path("llvm-objdump"), *options, binary]
    with process.stream(argv) as pipe:
        told = damage or Damage("instructions", "llvm-objdump")
        yield from parse(tool_output.lines(pipe), told, comment)


def parse(lines: Iterable[bytes], damage: Damage, comment: str | None = None) -> Iterator[Code]:
    """The functions of llvm-objdump's listing; addresses ascend in each, or the line is damaged."""
    code: Code | None = None
    last = -1
    for number, raw in enumerate(lines, 1):
        line = raw.decode("utf-8", "replace").rstrip("\n")
        if line.strip() == "...":  # zeros, left out
            continue
        if line[:1] in (" ", "\t"):
            instruction = _INSTRUCTION.match(line)
            address = int(instruction[1], 16) if instruction else -1
            if instruction is None or not last < address <= MOST:
                damage.note(number, "no instruction at an address after the one before it")
                continue
            last = address
            if code is not None and not (_DATA.match(instruction[2]) and instruction[3]):
                operands = instruction[3] or ""
                operands = operands.split(comment, 1)[0] if comment else operands
                code.rows.append((address, instruction[2], operands.strip()))
            continue
        header = _FUNCTION.match(line)
        if header:
            if code is not None and code.rows:
                yield code
            code = None if header[2].endswith("@plt") else Code(header[2], [])
            last = -1
        elif line and not _SECTION.match(line):
            damage.note(number, "neither a function's name nor an instruction")
    if code is not None and code.rows:
        yield code


def _step(address: int, meaning: Meaning | None) -> Step:
    return Step(address, meaning.transfer, meaning.target) if meaning else Step(address)


def _describe(
    columns: dict[str, list[Any]],
    code: Code,
    machine_loops: list[int | None],
    innermost: set[int],
    known: InstructionSet | None,
) -> None:
    if known is None:
        for field in DESCRIBED:
            columns[field.name] += [None] * len(code.rows)
        return
    texts = [(mnemonic, operands) for _, mnemonic, operands in code.rows]
    for name, values in describe(texts, machine_loops, innermost, known).items():
        columns[name] += values


def _innermost(loops: list[MachineLoop]) -> dict[int, int]:
    """Block to the header of the innermost loop around it."""
    found: dict[int, int] = {}
    for loop in sorted(loops, key=lambda it: it.depth):
        for block in loop.blocks:
            found[block] = loop.header
    return found


def _loop_row(
    loop: MachineLoop, symbol: str, blocks: list[int], meanings: list[Meaning | None]
) -> dict[str, Any]:
    body = [it for it, block in zip(meanings, blocks, strict=True) if block in loop.blocks]
    return {
        "machine_loop": loop.header,
        "symbol": symbol,
        "depth": loop.depth,
        "innermost": loop.innermost,
        "blocks": len(loop.blocks),
        "instructions": len(body),
        "vector_bits": max((it.vector_bits for it in body if it and it.packed), default=0) or None,
    }


def _append(
    columns: dict[str, list[Any]],
    symbol: str,
    address: int,
    mnemonic: str,
    operands: str,
    block: int,
    frames: list[dict[str, Any]] | None,
) -> None:
    inner = frames[0] if frames else {}
    columns["address"].append(address)
    columns["symbol"].append(symbol)
    columns["mnemonic"].append(mnemonic)
    columns["operands"].append(operands)
    columns["block"].append(block)
    columns["file"].append(inner.get("file"))
    columns["line"].append(inner.get("line"))
    columns["column"].append(inner.get("column"))
    columns["function"].append(inner.get("function"))
    columns["frames"].append(frames)


def _places(
    binary: Path, lines: pa.Table, toolchain: Toolchain
) -> tuple[dict[int, list[dict[str, Any]] | None], list[Problem]]:
    """Inline frames at each address where the line table starts a row; None ends a sequence."""
    rows = zip(lines["address"].to_pylist(), lines["end_sequence"].to_pylist(), strict=True)
    ends: dict[int, bool] = {}
    for address, end in rows:
        ends[address] = end and ends.get(address, True)
    if not ends:
        return {}, []
    if not toolchain.has("llvm-symbolizer"):
        what = "instructions have no source places"
        return {}, [Problem("instructions", "llvm-symbolizer", what, "install the llvm tools")]
    wanted = sorted(a for a, end in ends.items() if not end)
    places: dict[int, list[dict[str, Any]] | None] = {a: None for a, end in ends.items() if end}
    answer = process.run(
        [
            toolchain.path("llvm-symbolizer"),
            f"--obj={binary}",
            *("--output-style=JSON", "--no-demangle"),
        ],
        stdin="\n".join(f"0x{a:x}" for a in wanted).encode() + b"\n",
        limit=1 << 31,
    )
    damage = Damage("instructions", "llvm-symbolizer")
    places |= symbolized(answer.stdout, wanted, damage)
    missing = sum(1 for a in wanted if a not in places)
    if missing:
        what = f"no source place for {missing} of {len(wanted)} line-table rows"
        tool = toolchain.path("llvm-symbolizer")
        fix = f"is {tool} that of LLVM {toolchain.version}? see `corr doctor`"
        told = Problem("instructions", "llvm-symbolizer", what, fix)
        return places, [told, *damage.problems()]
    return places, damage.problems()


class _Frame(msgspec.Struct):
    FunctionName: str
    FileName: FileName
    Line: LineNumber
    Column: LineNumber


class _Symbolized(msgspec.Struct):
    """An address with its frames; none, with an error, where the symbolizer found nothing."""

    Address: str
    Symbol: list[_Frame] = []


def symbolized(
    answers: bytes, wanted: Sequence[int], damage: Damage
) -> dict[int, list[dict[str, Any]] | None]:
    """The inline frames of each wanted address that llvm-symbolizer's lines of JSON name."""
    known = {f"0x{address:x}": address for address in wanted}
    found = {}
    for number, text in enumerate(answers.splitlines(), 1):
        if not text.strip():
            continue
        try:
            answer = decoded(text, _Symbolized, "llvm-symbolizer")
        except CorrError as error:
            damage.note(number, error.message)
            continue
        address = known.pop(answer.Address, None)
        if address is None:
            damage.note(number, f"{answer.Address} was not asked for, or is answered twice")
        else:
            found[address] = _frames(answer.Symbol)
    return found


def _frames(symbol: list[_Frame]) -> list[dict[str, Any]] | None:
    frames = [
        {
            "function": frame.FunctionName or None,
            "file": os.path.normpath(frame.FileName) if frame.FileName else None,
            "line": frame.Line or None,
            "column": frame.Column or None,
        }
        for frame in symbol
    ]
    return frames or None


def by_machine_loop(instructions: pa.Table) -> dict[int, list[tuple[int, str, str]]]:
    """(address, mnemonic, operands) rows of every machine loop, inner loops left out."""
    names = ["machine_loop", "address", "mnemonic", "operands"]
    rows = sorted(
        row
        for row in zip(*(instructions[n].to_pylist() for n in names), strict=True)
        if row[0] is not None
    )
    return {
        loop: [row[1:] for row in group]
        for loop, group in itertools.groupby(rows, key=lambda row: row[0])
    }
