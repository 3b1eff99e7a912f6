"""The reader of bitstream remarks against YAML, llvm-remarkutil, generated and hostile files."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.remarks.reader import RemarkReader, read
from tests.support import bitwriter
from tests.support.bitwriter import FIXED, LLVM, REMARK, VBR, Table, encode, write

SOURCES = Path(__file__).resolve().parents[1] / "fixtures" / "remarks"
CLANG = shutil.which("clang-22") or "clang"
REMARKUTIL = shutil.which("llvm-remarkutil-22") or "llvm-remarkutil"


def rows(reader: RemarkReader) -> list[dict[str, Any]]:
    found = [row for batch in reader for row in batch.to_pylist()]
    assert all(row.pop("unit") == reader.unit for row in found)
    return sorted(found, key=lambda row: int(row["document"]))


def bag(found: list[dict[str, Any]]) -> Counter[str]:
    """Rows without their place in the file, which the formats count differently."""
    total: Counter[str] = Counter()
    for row in found:
        fields = {key: value for key, value in row.items() if key not in ("document", "count")}
        total[repr(fields)] += row["count"]
    return total


def one(path: Path, data: bytes, **options: Any) -> tuple[list[dict[str, Any]], RemarkReader]:
    path.write_bytes(data)
    reader = read(path, "unit", **options)
    found = rows(reader)
    done = reader.statistics
    assert done.read == done.fast + done.fallback + done.bad
    assert sum(row["count"] for row in found) == done.fast + done.fallback
    return found, reader


# --- what clang writes ---------------------------------------------------------------------------


def record(folder: Path, source: str, format: str, *flags: str) -> Path:
    path = folder / f"{source}.opt.{format}"
    command = ["setarch", "-R", CLANG, "-g", "-S", source, "-o", "/dev/null", *flags]
    record = [f"-fsave-optimization-record={format}", f"-foptimization-record-file={path}"]
    subprocess.run([*command, *record], cwd=SOURCES, check=True, timeout=120)
    return path


@pytest.mark.parametrize(
    ("source", "flags"),
    [("kernels.c", ["-O2"]), ("kernels.c", ["hot"]), ("symbols.c", ["-O1"]), ("templates.cpp", [])],
)
@pytest.mark.slow
def test_equals_the_yaml_of_the_same_compilation(
    tmp_path: Path, source: str, flags: list[str]
) -> None:
    if flags == ["hot"]:
        profile = tmp_path / "kernels.profdata"
        tool = shutil.which("llvm-profdata-22") or "llvm-profdata"
        merge = [tool, "merge", "kernels.proftext", "-o", str(profile)]
        subprocess.run(merge, cwd=SOURCES, check=True)
        flags = ["-O2", f"-fprofile-instr-use={profile}", "-fdiagnostics-show-hotness"]
    bits = read(record(tmp_path, source, "bitstream", *flags), "unit")
    found = rows(bits)
    expected = rows(read(record(tmp_path, source, "yaml", *flags), "unit"))
    for row in found:  # YAML's block form, for texts of several lines, ends with a line end
        for arg in row["args"]:
            if arg["value"].count("\n") > 1:
                arg["value"] = arg["value"].removesuffix("\n") + "\n"
    assert bag(found) == bag(expected)
    assert (bits.problems, bits.statistics.fallback) == ([], 0)
    command = [REMARKUTIL, "count", "--parser=bitstream", "--group-by=total", str(bits.path)]
    counted = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert sum(row["count"] for row in found) == int(counted.split(",")[-1])


# --- generated files -----------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NUMBER = st.integers(0, 2**31 - 1)


@st.composite
def place(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"file": None, "line": None, "column": None}
    return {"file": draw(TEXT), "line": draw(NUMBER), "column": draw(NUMBER)}


@st.composite
def remark(draw: st.DrawFn) -> dict[str, Any]:
    args = draw(st.lists(st.tuples(TEXT, TEXT, place()), max_size=6))
    return {
        "tag": draw(st.sampled_from(bitwriter.TAGS)),
        **{key: draw(TEXT) for key in ("pass", "name", "function")},
        **draw(place()),
        "hotness": draw(st.none() | st.integers(0, 2**63 - 1)),
        "args": [{"key": key, "value": value, **at} for key, value, at in args],
    }


#: LLVM's own; other widths; places only as numbers of variable length; none at all.
SHAPES: list[dict[str, Any]] = [
    {"abbreviations": LLVM[REMARK]},
    {"abbreviations": [[9, (VBR, 4), (FIXED, 32)], [5, (FIXED, 8), (VBR, 5), (VBR, 32), (VBR, 6)]]},
    {"abbreviations": [[code[0], *((VBR, 9) for _ in code[1:])] for code in LLVM[REMARK]]},
    {"abbreviations": LLVM[REMARK], "inside": True},
    {"abbreviations": LLVM[REMARK], "width": 5},
    {"abbreviations": []},
]


@settings(max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    remarks=st.lists(remark(), max_size=6),
    again=st.lists(st.integers(0, 5), max_size=4),
    shape=st.sampled_from(SHAPES),
    version=st.sampled_from([0, 1]),
)
def test_reads_what_was_written(
    tmp_path: Path,
    remarks: list[dict[str, Any]],
    again: list[int],
    shape: dict[str, Any],
    version: int,
) -> None:
    remarks = remarks + [remarks[i] for i in again if i < len(remarks)]
    table = Table()
    coded = [encode(row, table) for row in remarks]
    found, reader = one(tmp_path / "g", write(coded, table, version=version, **shape), block=4096)
    assert reader.problems == []
    assert bag(found) == bag([{**row, "count": 1} for row in remarks])
    assert len(found) == len(bag(found)) == reader.statistics.distinct
    if shape is SHAPES[0]:
        slow = [row for row in remarks if (row["hotness"] or 0) >= 1 << 49]  # beyond 57 bits
        assert reader.statistics.fallback == len(slow)


def simple(function: str, **fields: Any) -> dict[str, Any]:
    place = {"file": "a.c", "line": 3, "column": 5}
    args = [{"key": "Callee", "value": "g", **place}] * 3
    row = {"tag": "Missed", "pass": "inline", "name": "N", "function": function, **place}
    return {**row, "hotness": None, "args": args, **fields}


def file_of(number: int, **options: Any) -> bytes:
    table = Table()
    return write([encode(simple(f"f{i}"), table) for i in range(number)], table, **options)


@pytest.fixture(scope="module")
def thousands() -> bytes:
    return file_of(4000)


def test_blocks_and_threads_change_nothing(tmp_path: Path, thousands: bytes) -> None:
    twice = thousands[:4] + thousands[4:]
    expected, _ = one(tmp_path / "a", twice)
    assert [row["function"] for row in expected] == [f"f{i}" for i in range(4000)]
    assert expected == one(tmp_path / "a", twice, block=4096, threads=1)[0]
    assert expected == one(tmp_path / "a", twice, block=5000, threads=3)[0]


def test_places_are_bytes_of_the_file(tmp_path: Path) -> None:
    data = file_of(3)
    found, _ = one(tmp_path / "p", data)
    for row in found:
        assert data[row["document"] : row["document"] + 4] == b"\x25\x10\0\0"


def test_files_of_many_distinct_documents_are_read_in_parts(
    tmp_path: Path, thousands: bytes
) -> None:
    path = tmp_path / "m"
    path.write_bytes(thousands)
    reader = RemarkReader(path, "unit", threads=2, block=4096, distinct=500)
    assert bag(rows(reader)) == bag(one(path, thousands)[0])
    assert reader.problems == []


# --- damage --------------------------------------------------------------------------------------


def test_truncation_at_every_byte(tmp_path: Path) -> None:
    """With the string table at the beginning, all remarks that are whole are kept."""
    data = file_of(3, version=0)
    starts = [row["document"] for row in one(tmp_path / "t", data)[0]]
    ends = [*starts[1:], len(data)]
    for length in range(len(data)):
        found, reader = one(tmp_path / "t", data[:length], threads=1)
        complete = sum(end <= length for end in ends)
        assert len(found) == complete
        assert bool(reader.problems) == (length not in (0, starts[0], *ends)), length
        if length > starts[0] and length not in ends:
            assert reader.statistics.bad == 1


def test_truncation_of_the_string_table_at_every_byte(tmp_path: Path) -> None:
    data = file_of(3)
    for length in range(4, len(data)):
        found, reader = one(tmp_path / "t", data[:length], threads=1)
        assert reader.problems
        assert all(row["function"] in ("f0", "f1", "f2") for row in found)


def test_one_damaged_remark_costs_only_itself(tmp_path: Path, thousands: bytes) -> None:
    whole, _ = one(tmp_path / "d", thousands)
    starts = [row["document"] for row in whole]
    generator = random.Random(5)
    for index in range(7, 4000, 1299):
        at, size = starts[index], starts[index + 1] - starts[index]
        for damage in (
            generator.randbytes(size),
            b"\0" * size,
            thousands[at : at + 4] + b"\xff\xff\xff\x7f" + thousands[at + 8 : at + size],
            thousands[at : at + 4] + b"\x03\0\0\0" + thousands[at + 8 : at + size],
        ):
            bad = thousands[:at] + damage + thousands[at + size :]
            found, reader = one(tmp_path / "d", bad, block=1 << 14)
            assert [row["function"] for row in found] == [
                row["function"] for row in whole if row is not whole[index]
            ]
            assert reader.statistics.bad == 1
            assert reader.problems[0].where == f"{reader.path}:{at:#x}"


@pytest.mark.parametrize("damage", [b"'" * 4000, b"\0" * 64, b"\xff" * 8])
def test_damage_behind_the_string_table_costs_no_name(tmp_path: Path, damage: bytes) -> None:
    data = file_of(30, version=0)
    whole, _ = one(tmp_path / "n", data)
    at = whole[0]["document"]
    found, reader = one(tmp_path / "n", data[:at] + damage + data[at:])
    assert bag(found) == bag(whole) and reader.problems
    assert f":{at:#x}" in reader.problems[0].where


def test_a_length_that_swallows_other_remarks_is_seen_through(
    tmp_path: Path, thousands: bytes
) -> None:
    whole, _ = one(tmp_path / "s", thousands)
    at, end = whole[10]["document"], whole[20]["document"]
    length = ((end - at) // 4 - 2).to_bytes(4, "little")
    found, reader = one(tmp_path / "s", thousands[: at + 4] + length + thousands[at + 8 :])
    assert len(found) == len(whole) - 1
    assert reader.problems[0].where == f"{reader.path}:{at:#x}"


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ([[6, 0, 1, 1]], "no header"),
        ([[5, 0, 0, 0, 0]], "unknown tag"),
        ([[5, 7, 0, 0, 0]], "unknown tag"),
        ([[5, 1, 0, 0, 99]], "string that is not in the table"),
        ([[5, 1, 0, 0, 0], [9, 0, 1 << 40]], "string that is not in the table"),
        ([[5, 1, 0, 0, 0], [5, 1, 0, 0, 0]], "record given twice"),
        ([[5, 1, 0, 0, 0], [6, 0, 1]], "record with the wrong number of fields"),
        ([[5, 1, 0, 0, 0], [77, 1]], "unknown record 77"),
        ([[5, 1, 0, 0, 0], [6, 0, 1 << 31, 1]], "Line that is not a number of its range"),
        ([[5, 1, 0, 0, 0], [7, 1 << 63]], "Hotness that is not a number of its range"),
    ],
)
def test_what_is_not_a_remark_is_a_problem(
    tmp_path: Path, records: list[list[int]], what: str
) -> None:
    table = Table()
    good = encode(simple("f"), table)
    found, reader = one(tmp_path / "p", write([good, records, records, good], table))
    (problem,) = reader.problems
    assert (problem.what.endswith(what), problem.count) == (True, 2), problem
    kept = what.startswith(("unknown record", "Line", "Hotness"))
    assert [row["count"] for row in found] == [2, 2][: 1 + kept]
    assert reader.statistics.bad == (0 if kept else 2)


def test_invalid_utf8_is_replaced_and_counted(tmp_path: Path) -> None:
    table = Table()
    coded = [encode(simple(name), table) for name in ("ok", "bad")]
    data = write(coded + coded[1:], table.blob().replace(b"bad", b"b\xe9d"))
    found, reader = one(tmp_path / "u", data)
    assert [row["function"] for row in found] == ["ok", "b\ufffdd"]
    assert (reader.statistics.replaced, reader.problems[0].count) == (2, 2)


@pytest.mark.parametrize("seed", range(12))
def test_mutations_lose_nothing_silently(tmp_path: Path, seed: int) -> None:
    data = bytearray(file_of(60, version=seed % 2))
    whole = bag(one(tmp_path / "m", bytes(data))[0])
    generator = random.Random(seed)
    for _ in range(20):
        mutated = bytearray(data)
        for _ in range(generator.randint(1, 4)):
            at = generator.randrange(len(mutated))
            kind = generator.randrange(4)
            if kind == 0:
                mutated[at] ^= 1 << generator.randrange(8)
            elif kind == 1:
                mutated[at] = generator.randrange(256)
            elif kind == 2:
                del mutated[at : at + generator.randint(1, 64)]
            else:
                mutated[at:at] = mutated[: generator.randint(1, 64)]
        found, reader = one(tmp_path / "m", bytes(mutated), block=4096)
        lost = whole - bag(found)
        changed = bag(found) - whole
        assert not lost or reader.problems or changed.total() >= lost.total()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"RMRK", "no string table"),
        (b"RMRK\0\0", "no string table"),
        (b"RMRK" + b"\x25\x10\0\0\xff\xff\xff\xff" * 1000, "no string table"),
        (b"RMRK" + b"\x25\x10\0\0\0\0\0\0" * 100_000, "no string table"),
        (b"RMRK" + b"\x25\x10\0\0\x02\0\0\0" * 100_000, "no string table"),
        (b"RMRK" + b"\x21\x0c\0\0\xff\xff\xff\x7f" + b"\0" * 10_000_000, "no string table"),
        (b"REMARKS\0" + b"\0" * 16, "yaml-strtab"),
    ],
)
def test_hostile_files(tmp_path: Path, data: bytes, what: str) -> None:
    found, reader = one(tmp_path / "h", data)
    assert found == []
    assert any(what in problem.what for problem in reader.problems)


def test_a_string_table_larger_than_a_block(tmp_path: Path) -> None:
    table = Table()
    coded = [encode(simple("x" * 5000 + str(i)), table) for i in range(20)]
    for version in (0, 1):
        found, reader = one(tmp_path / "l", write(coded, table, version=version), block=4096)
        assert [len(row["function"]) for row in found] == [5001] * 10 + [5002] * 10
        assert reader.problems == []


def test_a_remark_longer_than_any_of_llvm_loses_only_itself(tmp_path: Path) -> None:
    table = Table()
    long = simple("long", args=simple("f")["args"] * 2000)
    rows_ = [simple("a"), long, simple("b")]
    coded = [encode(row, table) for row in rows_]
    found, reader = one(tmp_path / "l", write(coded, table), block=4096)
    assert [row["function"] for row in found] == ["a", "b"]
    assert reader.statistics.bad == 1
    found, reader = one(tmp_path / "l", write(coded, table))
    assert bag(found) == bag([{**row, "count": 1} for row in rows_])
    assert reader.problems == []


def test_a_file_that_changes_is_reported(tmp_path: Path, thousands: bytes) -> None:
    path = tmp_path / "w"
    path.write_bytes(thousands)
    reader = read(path, "unit", block=4096)
    for number, _ in enumerate(reader):
        if number == 0:
            path.write_bytes(thousands[:20_000])
    assert any("changed" in problem.what for problem in reader.problems)
