"""Damaged output of tools: a record costs itself and is told with its place."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import msgspec
import pytest

from collectors.base import elf, tool_output
from collectors.base.errors import CorrError
from collectors.base.table import PROBLEMS, Table
from collectors.base.tool_output import Count, Damage, decoded


class Record(msgspec.Struct):
    count: Count
    name: str = ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"count": -1}', "at `$.count`"),
        (b'{"count": 9223372036854775808}', "at `$.count`"),
        (b'{"count": ' + b"9" * 5000 + b"}", "out of range"),
        (b'{"count": NaN}', "byte 10"),
        (b'{"count": "1"}', "got `str`"),
        (b'{"count": null}', "got `null`"),
        (b'{"name": "x"}', "missing required field `count`"),
        (b'{"count": 1, "name": "\xff"}', "not UTF-8"),
        (b'{"count": 1, "name": "\\ud800"}', ""),
        (b'{"count": 1', "truncated"),
        (b'{"x":' * 100_000, "nested too deeply"),
        (b"", "truncated"),
    ],
)
def test_json_that_is_not_of_its_type(data: bytes, why: str) -> None:
    with pytest.raises(CorrError) as caught:
        decoded(data, Record, "a\nfile")
    assert (
        caught.value.message.startswith("a file: ") and why.lower() in caught.value.message.lower()
    )
    assert caught.value.fix and caught.value.message.isprintable()


def test_a_damaged_record_costs_itself() -> None:
    damage = Damage("layer", "out.json")
    raw = [
        msgspec.Raw(d) for d in (b'{"count": 1}', b'{"count": -1}', b'{"count": 3, "name": "\xff"}')
    ]
    found = [(place, r.count) for place, r in damage.each(raw, Record, "data")]
    assert found == [("data[0]", 1)]
    first, second = damage.problems()
    assert first.where == "out.json data[1]" and first.what.startswith("Expected `int` >= 0")
    assert second.where == "out.json data[2]" and second.what.startswith("not UTF-8")


def test_what_is_told_does_not_grow_with_the_damage() -> None:
    damage = Damage("layer", "out")
    for number in range(100_000):
        damage.note(number, "x" * 1000)
    problems = damage.problems()
    assert len(problems) == tool_output.TOLD + 1
    assert sum(p.count for p in problems) == 100_000
    assert all(len(p.what) <= 200 for p in problems) and problems[0].where == "out:0"


def test_a_line_without_an_end_is_cut() -> None:
    text = b"short\n" + b"x" * 300_000 + b"\nlast"
    assert [len(line) for line in tool_output.lines(io.BytesIO(text))] == [6, 1 << 16, 4]


def test_names_that_are_not_utf8_are_escaped() -> None:
    table = Table("t", "", PROBLEMS.schema).rows([{"layer": "ok"}, {"layer": "a\udc80"}, {}])
    assert table["layer"].to_pylist() == ["ok", "a\\udc80", None]


def header(section_size: int) -> bytes:
    """An ELF file with one section that claims to have a size."""
    start = b"\x7fELF\x02\x01\x01" + bytes(9)
    start += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, 64, 0, 64, 56, 0, 64, 1, 0)
    return start + struct.pack("<IIQQQQIIQQ", 0, 1, 0, 0, 0, section_size, 0, 0, 0, 0)


def test_elf_files_that_lie(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(header(8))
    with elf.opened(path) as file:
        assert file.num_sections() == 1
    path.write_bytes(header(1 << 62))
    with pytest.raises(CorrError, match="past the end"), elf.opened(path):
        pass
    with pytest.raises(CorrError, match="No such file"), elf.opened(tmp_path / "none"):
        pass
    for error in (
        IndexError("i"),
        struct.error("s"),
        RecursionError(),
        UnicodeError(),
        KeyError("k"),
    ):
        with pytest.raises(CorrError, match="damaged"), elf.guarded(path, "part"):
            raise error
