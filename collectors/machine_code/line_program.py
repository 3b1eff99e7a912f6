"""The rows of a DWARF line program (section 6.2 of DWARF 5), from its bytes.

pyelftools decodes these too, an object for each opcode: half the time that reading a large binary
took. Its header is still pyelftools'.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from elftools.dwarf.lineprogram import LineProgram

#: Opcodes of table 7.25, and of 7.26, which follow a zero and a length.
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _SET_COLUMN, _NEGATE_STMT = range(1, 7)
_SET_BASIC_BLOCK, _CONST_ADD_PC, _FIXED_ADVANCE_PC = range(7, 10)
_END_SEQUENCE, _SET_ADDRESS = 1, 2
_HAS_NO_OPERAND = (_SET_BASIC_BLOCK, 10, 11)
#: More than a number of 64 bits takes: seven bits a byte.
_MOST_BITS = 70


@dataclass
class Rows:
    """The columns of a line program's matrix, in its order; `file` is an index of its header."""

    address: list[int] = field(default_factory=list)
    file: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    is_stmt: list[bool] = field(default_factory=list)
    end: list[bool] = field(default_factory=list)


def decoded(program: LineProgram) -> Rows:
    """All rows of a line program.

    Raises ValueError where an instruction is cut off, or may hold several operations (the VLIW
    processors that such tables are for have no loops here).
    """
    header = program.header
    start, end = program.program_start_offset, program.program_end_offset
    program.stream.seek(start)
    code = program.stream.read(end - start)
    if len(code) < end - start:
        raise ValueError(f"the line program ends after {len(code)} bytes")
    # before version 4 there is no such field
    if header.get("maximum_operations_per_instruction", 1) != 1:
        raise ValueError("instructions of several operations")
    try:
        return _run(
            code,
            header["opcode_base"],
            header["line_base"],
            header["line_range"],
            header["minimum_instruction_length"],
            bool(header["default_is_stmt"]),
            header["standard_opcode_lengths"],
            program.structs.address_size,
            "little" if program.structs.little_endian else "big",
        )
    except IndexError:
        raise ValueError("an instruction of the line program is cut off") from None


def _run(
    code: bytes,
    opcode_base: int,
    line_base: int,
    line_range: int,
    step: int,
    default_is_stmt: bool,
    lengths: list[int],
    address_size: int,
    order: str,
) -> Rows:
    rows = Rows()
    add_address, add_file, add_line = rows.address.append, rows.file.append, rows.line.append
    add_column, add_is_stmt, add_end = rows.column.append, rows.is_stmt.append, rows.end.append
    special = [
        ((code_ - opcode_base) // line_range * step, line_base + (code_ - opcode_base) % line_range)
        for code_ in range(256)
    ]
    address, file, line, column, is_stmt = 0, 1, 1, 0, default_is_stmt
    at, end, ended = 0, len(code), False
    while at < end:
        opcode = code[at]
        at += 1
        if opcode >= opcode_base:
            advance, lines = special[opcode]
            address += advance
            line += lines
        elif opcode == _SET_COLUMN:
            column, at = _unsigned(code, at)
            continue
        elif opcode == _ADVANCE_LINE:
            advance, at = _signed(code, at)
            line += advance
            continue
        elif opcode == _NEGATE_STMT:
            is_stmt = not is_stmt
            continue
        elif opcode == _SET_FILE:
            file, at = _unsigned(code, at)
            continue
        elif opcode == _ADVANCE_PC:
            advance, at = _unsigned(code, at)
            address += advance * step
            continue
        elif opcode == _CONST_ADD_PC:
            address += special[255][0]
            continue
        elif opcode == _FIXED_ADVANCE_PC:
            address += int.from_bytes(_taken(code, at, 2), order)  # type: ignore[arg-type]
            at += 2
            continue
        elif opcode == 0:
            length, at = _unsigned(code, at)
            following = at + length
            kind = code[at] if length else 0
            if kind == _SET_ADDRESS:
                address = int.from_bytes(_taken(code, at + 1, address_size), order)  # type: ignore[arg-type]
            at = following
            if at > end:
                raise IndexError
            if kind != _END_SEQUENCE:
                continue
            ended = True
        elif opcode != _COPY:
            # marks that no row keeps, or an opcode of a later standard: its operands are numbers
            for _ in range(0 if opcode in _HAS_NO_OPERAND else lengths[opcode - 1]):
                _, at = _unsigned(code, at)
            continue
        add_address(address)
        add_file(file)
        add_line(line)
        add_column(column)
        add_is_stmt(is_stmt)
        add_end(ended)
        if ended:
            address, file, line, column, is_stmt = 0, 1, 1, 0, default_is_stmt
            ended = False
    return rows


def _taken(code: bytes, at: int, size: int) -> bytes:
    piece = code[at : at + size]
    if len(piece) < size:
        raise IndexError
    return piece


def _unsigned(code: bytes, at: int) -> tuple[int, int]:
    """A ULEB128 number (section 7.6), and where what follows it is."""
    byte = code[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while byte >= 0x80:
        if shift > _MOST_BITS:
            raise ValueError("a number of the line program has no end")
        byte = code[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, at


def _signed(code: bytes, at: int) -> tuple[int, int]:
    start = at
    value, at = _unsigned(code, at)
    bits = 7 * (at - start)
    return (value - (1 << bits) if code[at - 1] & 0x40 else value), at
