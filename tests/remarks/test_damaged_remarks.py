"""Files of remarks that are not as they should be: cut, torn, compressed, in other formats."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collectors.remarks.reader import read
from tests.support.remark_oracle import RECORDED, REMARK, expected, one, rows, write


def test_truncation_at_every_byte(tmp_path: Path) -> None:
    text = (REMARK + REMARK.replace("main", "'other one'") + REMARK).encode()
    ends = [i + 4 for i in range(len(text)) if text[i : i + 5] == b"\n...\n"]
    for length in range(len(text) + 1):
        found, reader = one(tmp_path / "t.opt.yaml", text[:length], threads=1)
        complete = sum(end <= length for end in ends)
        assert sum(row["count"] for row in found) == complete
        rest = text[ends[complete - 1] if complete else 0 : length].strip()
        assert bool(rest) == bool(reader.problems), (length, reader.problems)


@pytest.mark.parametrize("block", [64, 100, 300, 333])
def test_blocks_may_end_anywhere(tmp_path: Path, block: int) -> None:
    """Even documents longer than a block only lose themselves."""
    short = "--- !Passed\nPass: a\nName: b\nFunction: f%d\n...\n"
    text = "".join(short % i + (REMARK if i % 3 == 0 else "") for i in range(40))
    found, reader = one(tmp_path / "b.opt.yaml", text, block=block)
    if block < len(REMARK):
        assert [row["function"] for row in found] == [f"f{i}" for i in range(40)]
        assert sum(p.count for p in reader.problems) == reader.statistics.bad == 14
    else:
        assert found == expected(text)
        assert not reader.problems


def test_counts_are_merged_across_blocks(tmp_path: Path) -> None:
    other = REMARK.replace("main", "other")
    found, _ = one(tmp_path / "m.opt.yaml", (REMARK + other) * 50, block=1000)
    assert [(row["function"], row["count"]) for row in found] == [("main", 50), ("other", 50)]


def test_empty_file(tmp_path: Path) -> None:
    found, reader = one(tmp_path / "e.opt.yaml", "")
    assert (found, reader.problems, reader.statistics.read) == ([], [], 0)


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read(tmp_path / "none.opt.yaml", "unit"))


def test_missing_end_marker_between_documents(tmp_path: Path) -> None:
    text = REMARK.removesuffix("...\n") + REMARK
    found, reader = one(tmp_path / "m.opt.yaml", text)
    assert [row["count"] for row in found] == [2]
    assert not reader.problems


@pytest.mark.parametrize(
    ("document", "what", "kept"),
    [
        ("--- !Unknown\nPass: a\nName: b\nFunction: c\n...\n", "unknown tag !Unknown", 0),
        ("--- !!python/object:os.system\nPass: a\n...\n", "unknown tag", 0),
        ("---\nPass: a\nName: b\nFunction: c\n...\n", "no tag", 0),
        ("--- !Passed\nPass: a\nName: b\n...\n", "no Function", 0),
        ("--- !Passed\nPass: [a\n...\n", "not YAML", 0),
        ("--- !Passed\nPass: &x a\nName: *x\nFunction: c\n...\n", "anchor", 0),
        ("--- !Passed\nPass: a\nName: *x\nFunction: c\n...\n", "alias", 0),
        ("--- !Passed\nPass: " + "[" * 100_000 + "\n...\n", "nested too deeply", 0),
        ("--- !Passed\nPass: " + "[" * 20 + "]" * 20 + "\n...\n", "nested too deeply", 0),
        ("--- !Passed\nPass:\n  " + "- " * 200_000 + "x\n...\n", "nested too deeply", 0),
        ("--- !Passed\nPass: '" + "x\n  " * 400_000 + "'\n...\n", "longer than 1 MB", 0),
        ("--- !Passed\nDebugLoc: { File: x" + "," * 900_000 + "\n...\n", "not YAML", 0),
        ("--- !Passed\nPass: a\nName: b\nFunction: !x c\n...\n", "tag inside", 0),
        ("--- !Passed\nPass: a\nPass: b\nName: b\nFunction: c\n...\n", "key given twice", 0),
        ("--- !Passed\nPass: a\nName: b\nFunction: c\nExtra: d\n...\n", "unknown key Extra", 1),
        ("--- !Passed\nPass: a\nName: b\nFunction: c\nHotness: x\n...\n", "Hotness that is", 1),
        (
            "--- !Passed\nPass: a\nName: b\nFunction: c\nDebugLoc: { File: x }\n...\n",
            "incomplete DebugLoc",
            1,
        ),
        ("--- !Passed\nPass: a\nName: b\nFunction: c\n...\nstray\n", "text between documents", 1),
    ],
)
def test_what_is_not_a_remark_is_a_problem(
    tmp_path: Path, document: str, what: str, kept: int
) -> None:
    found, reader = one(tmp_path / "p.opt.yaml", REMARK + document + document + REMARK)
    (problem,) = reader.problems
    assert what in problem.what
    assert problem.count == 2
    line = REMARK.count("\n") + 1 + (5 if "stray" in document else 0)
    assert problem.where == f"{reader.path}:{line}"
    assert [row["count"] for row in found] == [2, 2][: 1 + kept]
    assert reader.statistics.bad == (0 if kept else 2)


def test_problems_are_bounded(tmp_path: Path) -> None:
    text = "".join(f"--- !T{i}\nPass: a\n...\n" for i in range(5000))
    _, reader = one(tmp_path / "p.opt.yaml", text)
    assert len(reader.problems) < 300
    assert sum(problem.count for problem in reader.problems) == 5000


def test_block_scalars_with_leading_spaces_keep_them(tmp_path: Path) -> None:
    text = REMARK.replace("printf", "|\n         three\n       one\n      none")
    found, reader = one(tmp_path / "s.opt.yaml", text)
    assert found[0]["args"][0]["value"] == "   three\n one\nnone\n"
    assert not reader.problems


@pytest.mark.parametrize("file", ["a,b.c", "a\tb.c", "a, b,c\td.c"])
@pytest.mark.parametrize("wrap", ["", "\n                   "])
def test_plain_file_names_that_are_no_yaml(tmp_path: Path, file: str, wrap: str) -> None:
    text = REMARK.replace("gemm.c, Line: 10", f"{file}, {wrap}Line: 10")
    found, reader = one(tmp_path / "c.opt.yaml", text)
    assert (found[0]["file"], found[0]["line"]) == (file, 10)
    assert not reader.problems


def test_invalid_utf8_is_replaced_and_counted(tmp_path: Path) -> None:
    text = REMARK.encode().replace(b"printf", b"'caf\xe9'")
    found, reader = one(tmp_path / "u.opt.yaml", text + REMARK.encode() + text)
    assert [row["args"][0]["value"] for row in found] == ["caf\ufffd", "printf"]
    assert reader.statistics.replaced == 2
    assert [(p.count, p.where) for p in reader.problems] == [(2, f"{reader.path}:1")]


def test_utf8_of_all_lengths(tmp_path: Path) -> None:
    text = REMARK.replace("gemm.c", "'é/€/𝄞.c'").replace("main", '"\\u20AC\\U0001D11E\\xE9é"')
    found, reader = one(tmp_path / "u.opt.yaml", text)
    assert found == expected(text)
    assert (found[0]["file"], found[0]["function"]) == ("é/€/𝄞.c", "€𝄞éé")
    assert (reader.statistics.fast, reader.problems) == (1, [])


def test_byte_order_mark(tmp_path: Path) -> None:
    found, reader = one(tmp_path / "b.opt.yaml", b"\xef\xbb\xbf" + REMARK.encode())
    assert (len(found), reader.problems) == (1, [])


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstd])
def test_compressed_files(tmp_path: Path, compress: Any) -> None:
    data = (RECORDED / "templates-22.opt.yaml").read_bytes()
    found, reader = one(tmp_path / "c.opt.yaml.x", compress(data))
    assert found == rows(read(RECORDED / "templates-22.opt.yaml", "unit"))
    assert not reader.problems


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, zstd])
def test_damaged_compressed_files_keep_what_precedes_the_damage(
    tmp_path: Path, compress: Any
) -> None:
    text = "".join(REMARK.replace("main", f"f{i * i}") for i in range(5000))
    data = compress(text.encode())
    found, reader = one(tmp_path / "c.opt.yaml.x", data[: len(data) // 2], block=1 << 16)
    whole = expected(text)
    assert 0 < len(found) < len(whole)
    assert [row["function"] for row in found] == [row["function"] for row in whole[: len(found)]]
    assert any("damaged" in problem.what for problem in reader.problems)


def test_a_line_longer_than_a_block(tmp_path: Path) -> None:
    long = "--- !Passed\nPass:            " + "x" * (20 << 20)
    found, reader = one(tmp_path / "l.opt.yaml", REMARK + long + "\n" + REMARK)
    assert [row["count"] for row in found] == [2]
    (problem,) = reader.problems
    assert "longer than 6 MB" in problem.what
    assert problem.where == f"{reader.path}:13"
    assert reader.statistics.bad == 1


def test_other_formats_are_named(tmp_path: Path) -> None:
    found, reader = one(tmp_path / "b.opt.yaml", b"REMARKS\0" + b"\0" * 16)
    assert found == []
    assert "yaml-strtab" in reader.problems[0].what


def test_a_file_that_changes_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "w.opt.yaml", REMARK.replace("main", "a") * 40 + REMARK * 40)
    reader = read(path, "unit", block=1000)
    for number, _ in enumerate(reader):
        if number == 0:
            path.write_text(REMARK)
    assert any("changed" in problem.what for problem in reader.problems)
