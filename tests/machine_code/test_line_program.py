"""Line programs byte by byte: each opcode, and what is cut off or has no end."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.machine_code.line_program import decoded

SET_ADDRESS = b"\x00\x09\x02" + (0x1000).to_bytes(8, "little")
END = b"\x00\x01\x01"
LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]


def program(code: bytes, **changed: Any) -> Any:
    header = {
        "opcode_base": 13,
        "line_base": -5,
        "line_range": 14,
        "minimum_instruction_length": 1,
        "maximum_operations_per_instruction": 1,
        "default_is_stmt": 1,
        "standard_opcode_lengths": LENGTHS,
    }
    return SimpleNamespace(
        stream=io.BytesIO(b"before" + code),
        header=header | changed,
        structs=SimpleNamespace(address_size=8, little_endian=True),
        program_start_offset=6,
        program_end_offset=6 + len(code),
    )


def rows(code: bytes, **changed: Any) -> list[tuple[int, int, int, int, bool, bool]]:
    found = decoded(program(code, **changed))
    columns = (found.address, found.file, found.line, found.column, found.is_stmt, found.end)
    return list(zip(*columns, strict=True))


def test_every_opcode() -> None:
    code = SET_ADDRESS + b"".join(
        [
            b"\x03\x09\x05\x07\x01",  # ten lines on, column 7, a row
            b"\x06\x04\x02\x4b",  # no statement; file 2; a special opcode: 4 bytes and a line on
            b"\x02\x81\x01\x08\x09\x02\x00",  # 129 bytes on, those of opcode 255, two more
            b"\x07\x0a\x0b\x0c\x05",  # marks and an instruction set, which leave no trace
            b"\x00\x02\x04\x03",  # a discriminator
            b"\x03\x7e\x01",  # two lines back, a row
        ]
    )
    assert rows(code + END) == [
        (0x1000, 1, 10, 7, True, False),
        (0x1004, 2, 11, 7, False, False),
        (0x1004 + 129 + 17 + 2, 2, 9, 7, False, False),
        (0x1004 + 129 + 17 + 2, 2, 9, 7, False, True),
    ]


def test_a_sequence_begins_anew() -> None:
    code = SET_ADDRESS + b"\x05\x07\x06\x01" + END + SET_ADDRESS + b"\x01" + END
    assert [row[2:5] for row in rows(code)][2:] == [(1, 0, True), (1, 0, True)]


def test_an_opcode_of_a_later_standard_has_its_operands_skipped() -> None:
    later = {"opcode_base": 14, "standard_opcode_lengths": [*LENGTHS, 2]}
    assert [row[0] for row in rows(SET_ADDRESS + b"\x0d\x90\x01\x05\x01", **later)] == [0x1000]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (SET_ADDRESS[:-3], "cut off"),
        (b"\x05", "cut off"),
        (b"\x05\x80\x80", "cut off"),
        (b"\x00\x20\x80", "cut off"),
        (b"\x09\x01", "cut off"),
        (b"\x05" + b"\x80" * 4000 + b"\x01", "no end"),
    ],
)
def test_cut_off_or_endless(code: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rows(code)


def test_what_is_not_all_there_or_of_other_processors() -> None:
    short = program(b"\x01")
    short.program_end_offset += 10
    with pytest.raises(ValueError, match="ends after 1 bytes"):
        decoded(short)
    with pytest.raises(ValueError, match="several operations"):
        rows(b"\x01", maximum_operations_per_instruction=4)
