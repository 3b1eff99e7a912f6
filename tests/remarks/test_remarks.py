"""The reader of optimisation remarks against PyYAML, llvm-remarkutil, and hostile files."""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.remarks.reader import REMARKS, RemarkReader, read

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "remarks"
RECORDINGS = sorted(FIXTURES.glob("*.opt.yaml"))
SPACED = "  led by spaces\ntwo\nthree\n"  # not YAML as LLVM writes it
REMARKUTIL = shutil.which("llvm-remarkutil-22") or shutil.which("llvm-remarkutil")


# --- the oracle: PyYAML, document by document, all scalars as text ------------------------------


def oracle(document: str) -> dict[str, Any]:
    node = yaml.compose(document, Loader=yaml.CBaseLoader)
    loader = yaml.CBaseLoader("")
    tag, node.tag = node.tag, "tag:yaml.org,2002:map"
    top = loader.construct_document(node)
    return {
        "tag": tag[1:],
        "pass": top["Pass"],
        "name": top["Name"],
        "function": top["Function"],
        **place(top),
        "hotness": int(top["Hotness"]) if "Hotness" in top else None,
        "args": [
            {"key": key, "value": value, **place(arg)}
            for arg in top.get("Args", [])
            for key, value in arg.items()
            if key != "DebugLoc"
        ],
    }


def place(node: dict[str, Any]) -> dict[str, Any]:
    loc = node.get("DebugLoc")
    if loc is None:
        return {"file": None, "line": None, "column": None}
    return {"file": loc["File"], "line": int(loc["Line"]), "column": int(loc["Column"])}


def split(text: str) -> list[tuple[int, str]]:
    """Line and text of every document."""
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], 1):
        if line.startswith("--- "):
            found.append((number, []))
        if line != "...":
            found[-1][1].append(line)
    return [(number, "\n".join(lines) + "\n") for number, lines in found]


def expected(text: str) -> list[dict[str, Any]]:
    """The rows of a file, without their unit, in order of the first document of each."""
    documents = split(text)
    first: dict[str, int] = {}
    for number, document in documents:
        first.setdefault(document, number)
    count = Counter(document for _, document in documents)
    return [
        {**oracle(document), "count": count[document], "document": number}
        for document, number in first.items()
    ]


def rows(reader: RemarkReader) -> list[dict[str, Any]]:
    found = [row for batch in reader for row in batch.to_pylist()]
    for row in found:
        assert row.pop("unit") == reader.unit
    return sorted(found, key=lambda row: int(row["document"]))


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


REMARK = """--- !Missed
Pass:            inline
Name:            NoDefinition
DebugLoc:        { File: gemm.c, Line: 10, Column: 5 }
Function:        main
Hotness:         30
Args:
  - Callee:          printf
  - String:          ' isn''t '
  - Caller:          main
    DebugLoc:        { File: gemm.c, Line: 8, Column: 0 }
...
"""


def one(path: Path, text: str | bytes, **options: Any) -> tuple[list[dict[str, Any]], RemarkReader]:
    reader = read(write(path, text), "unit", **options)
    return rows(reader), reader


# --- real recordings ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
@pytest.mark.parametrize("block", [3 << 20, 5000])
def test_equals_pyyaml_on_recordings(path: Path, block: int) -> None:
    text = path.read_text()
    # Three things LLVM writes are no YAML; here they are put right for the oracle.
    text = text.replace("|\n        led by", "|2\n        led by")
    text = text.replace("File: comma,name.c", "File: 'comma,name.c'")
    text = text.replace("      three\nDebugLoc:", "      three\n    DebugLoc:")
    reader = read(path, "unit", block=block)
    assert rows(reader) == expected(text)
    statistics = reader.statistics
    assert reader.problems == []
    assert statistics.read == text.count("--- !") == statistics.fast + statistics.fallback
    assert statistics.bytes == path.stat().st_size
    assert statistics.rows == statistics.distinct


def test_recordings_cover_what_they_are_for() -> None:
    total = Counter[str]()
    for path in RECORDINGS:
        reader = read(path, "unit")
        found = rows(reader)
        total["duplicates"] += reader.statistics.duplicates
        total["fast"] += reader.statistics.fast
        total["fallback"] += reader.statistics.fallback
        total["wrapped"] += path.read_text().count(", \n")
        total["hot"] += sum(row["hotness"] is not None for row in found)
        total["spaced"] += sum(arg["value"] == SPACED for row in found for arg in row["args"])
        total["comma"] += sum(row["file"] == "comma,name.c" for row in found)
    assert all(total[key] for key in total)
    assert total["fallback"] < total["fast"] / 20


@pytest.mark.parametrize("name", ["kernels", "templates"])
@pytest.mark.parametrize("version", [19, 22])
def test_count_equals_remarkutil(name: str, version: int) -> None:
    assert REMARKUTIL, "llvm-remarkutil is not installed"
    path = FIXTURES / f"{name}-{version}.opt.yaml"
    command = [REMARKUTIL, "count", "--parser=yaml", "--group-by=total", str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert sum(row["count"] for row in rows(read(path, "unit"))) == int(output.split(",")[-1])


def test_batches_have_the_declared_schema_and_survive_parquet(tmp_path: Path) -> None:
    path = FIXTURES / "symbols-22.opt.yaml"
    batches = list(read(path, "unit"))
    assert len(batches) == 2  # of the columnar reader, of the fall-back
    assert all(batch.schema.equals(REMARKS.schema) for batch in batches)
    for batch in batches:
        batch.validate(full=True)
    with pq.ParquetWriter(tmp_path / "r.parquet", REMARKS.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.to_pylist() == pa.Table.from_batches(batches).to_pylist()


def test_reading_is_independent_of_threads_and_repeatable() -> None:
    path = FIXTURES / "templates-22.opt.yaml"
    reader = read(path, "unit", threads=1, block=4096)
    once = [batch.to_pylist() for batch in reader]
    assert once == [batch.to_pylist() for batch in reader]
    assert once == [batch.to_pylist() for batch in read(path, "unit", threads=4, block=4096)]


# --- generated documents ------------------------------------------------------------------------

PLAIN = st.from_regex(r"[A-Za-z0-9_.^](?:[A-Za-z0-9_.^, -]{0,20}[A-Za-z0-9_.^-])?", fullmatch=True)
PRINTABLE = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"]).filter(
        lambda c: c not in "\ufeff\ufffe\uffff\x7f"
    ),
    max_size=20,
)
ANY = st.text(st.characters(max_codepoint=0x2FFFF, exclude_categories=["Cs"]), max_size=12)
SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\0": "\\0", "\n": "\\n", "\t": "\\t", "\x1b": "\\e"}


def escape(text: str) -> str:
    """The double-quoted form, with escapes as LLVM chooses them."""

    def escaped(c: str) -> str:
        if c in SHORT_ESCAPES:
            return SHORT_ESCAPES[c]
        if c.isprintable():
            return c
        code = ord(c)
        return (
            f"\\x{code:02X}"
            if code < 256
            else f"\\u{code:04X}"
            if code < 65536
            else f"\\U{code:08X}"
        )

    return '"' + "".join(escaped(c) for c in text) + '"'


def single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


BLOCKS = st.lists(
    st.from_regex(r"[A-Za-z:#'\"\[{-][ -~]{0,20}", fullmatch=True), min_size=1, max_size=4
).map(lambda lines: "|" + "".join(f"\n      {line}" for line in lines))
SCALAR = st.one_of(PLAIN, PRINTABLE.map(single), ANY.map(escape))
FILE = st.one_of(PLAIN.filter(lambda s: "," not in s), PRINTABLE.map(single), ANY.map(escape))
NUMBER = st.integers(0, 2**31 - 1)
KEY = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,20}", fullmatch=True).filter(lambda k: k != "DebugLoc")


@st.composite
def debug_loc(draw: st.DrawFn, indent: int) -> str:
    file, line, column = draw(FILE), draw(NUMBER), draw(NUMBER)
    gap = " " * (indent + 19)
    wrap = draw(st.sampled_from([("", ""), (f"\n{gap}", ""), ("", f"\n{gap}")]))
    head = " " * indent + "DebugLoc:        "
    return f"{head}{{ File: {file}, {wrap[0]}Line: {line}, {wrap[1]}Column: {column} }}\n"


@st.composite
def argument(draw: st.DrawFn) -> str:
    value = draw(st.one_of(SCALAR, SCALAR, SCALAR, BLOCKS))
    text = f"  - {draw(KEY) + ':':<16} {value}\n"
    return text + (draw(debug_loc(4)) if draw(st.booleans()) else "")


@st.composite
def remark(draw: st.DrawFn) -> str:
    tag = draw(st.sampled_from(["Passed", "Missed", "Analysis", "AnalysisFPCommute", "Failure"]))
    text = f"--- !{tag}\nPass:            {draw(PLAIN)}\nName:            {draw(SCALAR)}\n"
    if draw(st.booleans()):
        text += draw(debug_loc(0))
    text += f"Function:        {draw(SCALAR)}\n"
    if draw(st.booleans()):
        text += f"Hotness:         {draw(st.integers(0, 2**63 - 1))}\n"
    args = draw(st.lists(argument(), max_size=5))
    return text + ("Args:\n" + "".join(args) if args else "") + "...\n"


@settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    documents=st.lists(remark(), max_size=5),
    again=st.lists(st.integers(0, 4), max_size=4),
    crlf=st.booleans(),
    block=st.sampled_from([3 << 20, 1 << 12]),
)
def test_equals_pyyaml_on_generated_documents(
    tmp_path: Path, documents: list[str], again: list[int], crlf: bool, block: int
) -> None:
    text = "".join(documents + [documents[i] for i in again if i < len(documents)])
    path = write(tmp_path / "a.opt.yaml", text.replace("\n", "\r\n") if crlf else text)
    reader = read(path, "unit", block=block)
    assert rows(reader) == expected(text)
    assert reader.problems == []


def test_scalars_are_text(tmp_path: Path) -> None:
    words = ["null", "yes", "4", "0x10", "1e3", "~", ".inf", "2020-01-01", "'4'", '"4"', "''"]
    arguments = "".join(f"  - Word:            {word}\n" for word in words)
    text = REMARK.replace("NoDefinition", "yes").replace("Args:\n", "Args:\n" + arguments)
    found, _ = one(tmp_path / "s.opt.yaml", text)
    assert found == expected(text)
    assert found[0]["name"] == "yes"
    values = [arg["value"] for arg in found[0]["args"][: len(words)]]
    assert values == [word.strip("'\"") for word in words]


# --- files that are not as they should be -------------------------------------------------------


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
    data = (FIXTURES / "templates-22.opt.yaml").read_bytes()
    found, reader = one(tmp_path / "c.opt.yaml.x", compress(data))
    assert found == rows(read(FIXTURES / "templates-22.opt.yaml", "unit"))
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
