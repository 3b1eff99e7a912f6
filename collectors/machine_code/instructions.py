"""The final machine code by address: mnemonic, block, machine loop, source place, inline frames."""

from __future__ import annotations

import os
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from collectors.base import process, tool_output
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.base.table import BOOL, INT, LINE, STRING, Problem, Table, column
from collectors.base.tool_output import MOST, Damage, FileName, LineNumber, decoded
from collectors.base.toolchain import Toolchain
from collectors.machine_code import control_flow, instruction_sets, isa
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
    version=3,
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


#: Rows that are kept as Python's objects before they become a piece of the table.
BATCH_ROWS = 1 << 14
#: The inline frames at an address, innermost first; None where nothing is known of it.
Frames = list[dict[str, Any]] | None


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
    places, problems = _places(binary, lines, toolchain)
    starts = sorted(places)
    columns = _no_rows()
    done = []
    loops: list[dict[str, Any]] = []
    for code in disassemble(binary, toolchain, known.comment if known else None, damage):
        addresses = [row[0] for row in code.rows]
        nearest = [bisect_right(starts, address) - 1 for address in addresses]
        _place(columns, [places[starts[at]] if at >= 0 else None for at in nearest])
        loops += _add(columns, code, addresses, known)
        if len(columns["address"]) >= BATCH_ROWS:
            done.append(pa.table(columns, schema=INSTRUCTIONS.schema))
            columns = _no_rows()
    problems += damage.problems()
    if known is None:
        problems.append(_not_read(binary))
    table = pa.concat_tables([*done, pa.table(columns, schema=INSTRUCTIONS.schema)])
    return Disassembly(table, MACHINE_LOOPS.rows(loops), problems)


def _no_rows() -> dict[str, list[Any]]:
    return {name: [] for name in INSTRUCTIONS.schema.names}


def _place(columns: dict[str, list[Any]], places: Sequence[Frames]) -> None:
    """Append where instructions come from."""
    inner = [frames[0] if frames else {} for frames in places]
    columns["frames"] += places
    for name in ("file", "line", "column", "function"):
        columns[name] += [frame.get(name) for frame in inner]


def _add(
    columns: dict[str, list[Any]],
    code: Code,
    addresses: list[int],
    known: InstructionSet | None,
) -> list[dict[str, Any]]:
    """Append a function's instructions, all but their places; returns the rows of its loops."""
    meanings = [known.meaning(m, o) if known else None for _, m, o in code.rows]
    steps = [step_of(a, it) for a, it in zip(addresses, meanings, strict=True)]
    leaders = control_flow.block_leaders(steps)
    found = control_flow.loops(steps)
    innermost = _innermost(found)
    blocks = [leaders[bisect_right(leaders, a) - 1] for a in addresses]
    around = [innermost.get(block) for block in blocks]
    columns["address"] += addresses
    columns["symbol"] += [code.symbol] * len(addresses)
    columns["mnemonic"] += [row[1] for row in code.rows]
    columns["operands"] += [row[2] for row in code.rows]
    columns["block"] += blocks
    columns["machine_loop"] += around
    innermost_loops = {loop.header for loop in found if loop.innermost}
    _describe(columns, code, meanings, around, innermost_loops, known)
    return [_loop_row(loop, code.symbol, blocks, meanings) for loop in found]


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
        text = line.strip()
        if text == "..." or (comment and text.startswith(comment)):
            continue  # zeros, left out; a second remark on the operands before
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


def step_of(address: int, meaning: Meaning | None) -> Step:
    if meaning is None:
        return Step(address)
    return Step(address, meaning.transfer, meaning.target, meaning.kind == isa.NOP)


def _describe(
    columns: dict[str, list[Any]],
    code: Code,
    meanings: list[Meaning | None],
    machine_loops: list[int | None],
    innermost: set[int],
    known: InstructionSet | None,
) -> None:
    if known is None:
        for field in DESCRIBED:
            columns[field.name] += [None] * len(code.rows)
        return
    texts = [(mnemonic, operands) for _, mnemonic, operands in code.rows]
    understood = [meaning for meaning in meanings if meaning is not None]
    for name, values in describe(texts, understood, machine_loops, innermost, known).items():
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


def _places(
    binary: Path, lines: pa.Table, toolchain: Toolchain
) -> tuple[dict[int, Frames], list[Problem]]:
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
    places: dict[int, Frames] = {a: None for a, end in ends.items() if end}
    damage = Damage("instructions", "llvm-symbolizer")
    with scratch("places") as folder:  # its answers are several times the size of the binary
        answers = folder / "answers.json"
        process.run(
            [
                toolchain.path("llvm-symbolizer"),
                f"--obj={binary}",
                *("--output-style=JSON", "--no-demangle"),
            ],
            stdin="\n".join(f"0x{a:x}" for a in wanted).encode() + b"\n",
            stdout=answers,
        )
        with answers.open("rb") as lines_of_json:
            places |= symbolized(lines_of_json, wanted, damage)
    missing = sum(1 for a in wanted if a not in places)
    if missing:
        what = f"no source place for {missing} of {len(wanted)} line-table rows"
        tool = toolchain.path("llvm-symbolizer")
        fix = f"is {tool} that of LLVM {toolchain.version}? see `corr doctor`"
        told = Problem("instructions", "llvm-symbolizer", what, fix)
        return places, [told, *damage.problems()]
    return places, damage.problems()


#: Function, file, line and column, as the symbolizer writes them.
_Place = tuple[str, str, int, int]


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
    answers: Iterable[bytes], wanted: Sequence[int], damage: Damage
) -> dict[int, Frames]:
    """The inline frames of each wanted address that llvm-symbolizer's lines of JSON name.

    Most places have several addresses, and most calls are round several places: each is kept once.
    """
    known = set(wanted)
    found: dict[int, Frames] = {}
    chains: dict[tuple[_Place, ...], Frames] = {}
    frames: dict[_Place, dict[str, Any]] = {}
    for number, text in enumerate(answers, 1):
        if not text.strip():
            continue
        try:
            answer = decoded(text, _Symbolized, "llvm-symbolizer")
        except CorrError as error:
            damage.note(number, error.message)
            continue
        address = _address(answer.Address)
        if address in known and address not in found:
            chain = tuple((f.FunctionName, f.FileName, f.Line, f.Column) for f in answer.Symbol)
            if chain not in chains:
                chains[chain] = [_frame(place, frames) for place in chain] or None
            found[address] = chains[chain]
        else:
            damage.note(number, f"{answer.Address} was not asked for, or is answered twice")
    return found


def _address(text: str) -> int:
    """A number as llvm-symbolizer writes addresses; -1 for anything else."""
    try:
        number = int(text, 16)
    except ValueError:
        return -1
    return number if text == f"0x{number:x}" else -1


def _frame(place: _Place, known: dict[_Place, dict[str, Any]]) -> dict[str, Any]:
    """The frame of function, file, line and column, of which there is one."""
    frame = known.get(place)
    if frame is None:
        function, file, line, column = place
        frame = known[place] = {
            "function": sys.intern(function) or None,
            "file": sys.intern(os.path.normpath(file)) if file else None,
            "line": line or None,
            "column": column or None,
        }
    return frame
