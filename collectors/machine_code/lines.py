"""The DWARF line table of a binary: which source place each address came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from elftools.dwarf.lineprogram import LineProgram

from collectors.base import elf
from collectors.base.errors import CorrError
from collectors.base.table import BOOL, INT, LINE, STRING, Problem, Table, column
from collectors.base.tool_output import MOST, MOST_LINE, Damage
from collectors.machine_code.line_program import decoded

LINES = Table(
    "lines",
    "DWARF line table rows, as the compiler wrote them",
    pa.schema(
        [
            column("address", INT, "address in the binary"),
            column("file", STRING, "source file"),
            column("line", LINE, "line; 0 where the compiler names none"),
            column("column", LINE, "column; 0 where the compiler names none"),
            column("is_stmt", BOOL, "recommended breakpoint location; NULL at an end_sequence"),
            column("end_sequence", BOOL, "first address after a run of code"),
        ]
    ),
)


def read(binary: Path) -> tuple[pa.Table, list[Problem]]:
    """The `lines` rows of an ELF file, in the order of its line programs.

    A binary without line tables gives no row and a problem that says so. A damaged unit costs
    its own rows; those of the units before a damage that hides the following ones are kept.
    """
    columns: dict[str, list[Any]] = {name: [] for name in LINES.schema.names}
    damage = Damage("lines", str(binary), "build it again")
    try:
        with elf.opened(binary) as file:
            if not file.has_dwarf_info(strict=True):
                return LINES.empty(), [_no_lines(binary)]
            dwarf = file.get_dwarf_info(relocate_dwarf_sections=False)
            for unit in dwarf.iter_CUs():
                _take(dwarf, unit, binary, columns, damage)
    except CorrError as error:
        damage.note(str(binary), f"the line table cannot be read: {error.message}")
    problems = damage.problems()
    if not columns["address"] and not problems:
        problems.append(_no_lines(binary))
    return pa.table(columns, schema=LINES.schema), problems


def _take(
    dwarf: Any, unit: Any, binary: Path, columns: dict[str, list[Any]], damage: Damage
) -> None:
    """Append the rows of one unit, all or none."""
    where = f"unit at {unit.cu_offset:#x}"
    rows: dict[str, list[Any]] = {name: [] for name in columns}
    try:
        with elf.guarded(binary, where):
            program = dwarf.line_program_for_CU(unit)
            if program is not None:
                folder = _text(unit.get_top_DIE().attributes.get("DW_AT_comp_dir"))
                _append(program, folder, rows)
    except CorrError as error:
        damage.note(f"{binary} {where}", error.message)
        return
    for name, cells in rows.items():
        columns[name] += cells


def _no_lines(binary: Path) -> Problem:
    return Problem(
        "lines", binary.name, "the binary has no line table", "build it with -g and do not strip it"
    )


def _append(program: LineProgram, folder: str, columns: dict[str, list[Any]]) -> None:
    rows = decoded(program)
    for line, column_, address in zip(rows.line, rows.column, rows.address, strict=True):
        if not 0 <= line <= MOST_LINE or column_ > MOST_LINE:
            raise ValueError(f"line {line}, column {column_}")
        if address > MOST:
            raise ValueError(f"a row at address {address:#x}")
    names: list[str | None] = list(_file_names(program, folder))
    if program.header["version"] < 5:
        names.insert(0, None)  # its files are counted from one
    known = len(names)
    file = [names[n] if n < known else None for n in rows.file]
    # an end_sequence is no instruction
    is_stmt = [None if end else flag for flag, end in zip(rows.is_stmt, rows.end, strict=True)]
    made: tuple[list[Any], ...] = (rows.address, file, rows.line, rows.column, is_stmt, rows.end)
    for cells, more in zip(columns.values(), made, strict=True):
        cells += more


def _file_names(program: LineProgram, folder: str) -> Iterator[str]:
    """Absolute names of a line program's files; folder 0 is the compilation's before DWARF 5."""
    header = program.header
    folders = [_decode(d) for d in header["include_directory"]]
    if header["version"] < 5:
        folders.insert(0, folder)
    for entry in header["file_entry"]:
        index = entry["dir_index"]
        parent = folders[index] if index < len(folders) else ""
        yield os.path.normpath(os.path.join(folder, parent, _decode(entry["name"])))


def _text(attribute: Any) -> str:
    return _decode(attribute.value) if attribute is not None else ""


def _decode(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
