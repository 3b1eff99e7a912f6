"""What measuring tools wrote, damaged: each kind of damage costs its record and is told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pytest

from collectors.base import tool_output
from collectors.base.errors import CorrError
from collectors.base.tool_output import Damage
from collectors.measured import cachegrind, counters, execution, mappings, samples, timings, trips

# --- llvm-cov ------------------------------------------------------------------------------------


def export(tmp_path: Path, files: list[object], functions: list[object]) -> Path:
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"data": [{"files": files, "functions": functions}]}))
    return path


def function(name: str, *regions: list[int]) -> dict[str, object]:
    return {"name": name, "count": 3, "filenames": ["/a.c"], "regions": list(regions)}


GOOD = function("good", [1, 1, 9, 1, 3, 0, 0, 0])


@pytest.mark.parametrize(
    "bad",
    [
        function("bad", [1, 1, 9, 1, 3, 7, 0, 0]),  # in no file
        function("bad", [9, 1, 1, 1, 3, 0, 0, 0]),  # ends before it starts
        function("bad", [1, 1, 2**31, 1, 3, 0, 0, 0]),
        function("bad", [1, 1, 9, 1, -3, 0, 0, 0]),
        function("bad", [1, 1, 9, 1, 2**63, 0, 0, 0]),
        function("bad", [1, 1, 9]),
        GOOD | {"name": None},
        GOOD | {"filenames": ["/a\0.c"]},
        "bad",
    ],
)
def test_a_damaged_function_costs_itself(tmp_path: Path, bad: object) -> None:
    tables, (problem,) = execution.read(export(tmp_path, [], [GOOD, bad, GOOD | {"name": "last"}]))
    assert tables["execution_regions"]["function"].to_pylist() == ["good", "last"]
    assert problem.layer == "execution" and problem.where == "coverage.json functions[1]"
    assert problem.what and problem.fix


@pytest.mark.parametrize(
    "segments",
    [
        [[1, 1, 5, True, True, False], [2**31 - 1, 1, 0, False, False, False]],  # never ends
        [[9, 1, 5, True, True, False], [1, 1, 0, False, False, False]],  # goes back
        [[1, 1, 5, True, True]],
        [[1, 1, "5", True, True, False]],
    ],
)
def test_lines_that_never_end(tmp_path: Path, segments: list[object]) -> None:
    good = {
        "filename": "/b.c",
        "segments": [[4, 1, 5, True, True, False], [6, 2, 0, False, False, False]],
    }
    start = time.process_time()
    tables, (problem,) = execution.read(
        export(tmp_path, [{"filename": "/a.c", "segments": segments}, good], [])
    )
    assert set(tables["execution"]["file"].to_pylist()) == {"/b.c"}
    assert problem.where == "coverage.json files[0]" and time.process_time() - start < 10


def test_a_body_that_no_region_holds() -> None:
    """An empty expansion as the last region has no outermost region around it."""
    names = (
        "function",
        "unit",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "count",
        "kind",
    )
    around = ("f", None, "/a.c", 1, 1, 99, 1, 2, "code")
    empty = ("f", None, "/a.c", 5, 5, 5, 5, 2, "expansion")
    rows = [dict(zip(names, r)) | {"file_id": 0, "expanded_id": 1} for r in (around, empty)]
    loop = {
        "key": "f/1",
        "function": "f",
        "file": "/a.c",
        "line": 5,
        "column": 1,
        "end_line": 5,
        "end_column": 9,
    }
    regions = pa.Table.from_pylist(
        rows, pa.schema([execution.EXECUTION_REGIONS.schema.field(n) for n in rows[0]])
    )
    (row,) = trips.trips(pa.Table.from_pylist([loop]), regions).to_pylist()
    assert "body" in row["reason"] and row["entries"] is None


# --- perf ----------------------------------------------------------------------------------------

MAPPED = b"1/1 PERF_RECORD_MMAP2 1/1: [0x1000(0x1000) @ 0 fe:00 1 2]: r-xp /a\n"
SAMPLE = b"1/1 100 cycles:u: 1010 f\n"


@pytest.mark.parametrize(
    "line",
    [
        b"1/1 " + b"9" * 5000 + b" cycles:u: 1010 f\n",
        b"1/1 100 cycles:u: " + b"f" * 17 + b" f\n",
        b"1/1 100 cycl\n",
        b"1/1 18446744073709551615 cycles:u: 1010 f\n",
        b"1/1 PERF_RECORD_MMAP2 1/1: [0x1000(0x\n",
        b"1/1 PERF_RECORD_MMAP2 1/1: [0xffffffffffffffff(0xffffffffffffffff) @ 0 fe:00 1 2]: r-xp /b\n",
        b"1/1 PERF_RECORD_FORK(x:1):(1:1)\n",
        b"1/1 PERF_RECORD_LOST lost " + b"9" * 5000 + b"\n",
    ],
)
def test_a_damaged_event_costs_itself(line: bytes) -> None:
    reader = samples.Reader(mappings.Images())
    for each in (MAPPED, SAMPLE, line, SAMPLE):
        reader.take(each)
    (row,) = [r for r in reader.table().to_pylist() if r["period"] == 200]
    assert row["object"] == "/a" and row["count"] >= 2
    (problem,) = [p for p in reader.problems() if p.where == "perf script:3"]
    assert problem.layer == "samples"


def test_a_sample_without_a_symbol_and_a_path_that_is_no_utf8() -> None:
    reader = samples.Reader(mappings.Images())
    for line in (MAPPED.replace(b"/a\n", b"/\xff\n"), b"1/1 100 cycles:u: 1010\n"):
        reader.take(line)
    (row,) = reader.table().to_pylist()
    assert (row["object"], row["symbol"]) == ("/\\udcff", None)


def test_mappings_without_end_take_no_time_by_their_square() -> None:
    spaces = mappings.AddressSpaces()
    start = time.process_time()
    for n in range(20_000):
        spaces.map(1, n << 13, 1 << 12, 0, "/a")
    spaces.fork(1, 2)
    spaces.map(2, 3 << 13, 1 << 12, 0, "/b")
    assert time.process_time() - start < 20
    assert spaces.find(1, 77 << 13) == ("/a", 0) and spaces.find(1, (77 << 13) + 4096) is None
    assert spaces.find(2, 3 << 13) == ("/b", 0) and spaces.find(1, 3 << 13) == ("/a", 0)


def test_a_mapping_in_the_middle_of_another() -> None:
    spaces = mappings.AddressSpaces()
    spaces.map(1, 0x1000, 0x9000, 0, "/old")
    spaces.map(1, 0x3000, 0x1000, 0x50, "/new")
    found = [
        spaces.find(1, at) for at in (0xFFF, 0x1000, 0x2FFF, 0x3000, 0x3FFF, 0x4000, 0x9FFF, 0xA000)
    ]
    assert found == [
        None,
        ("/old", 0),
        ("/old", 0x1FFF),
        ("/new", 0x50),
        ("/new", 0x104F),
        ("/old", 0x3000),
        ("/old", 0x8FFF),
        None,
    ]


STAT = '{"counter-value" : "%s", "unit" : "", "event" : "%s", "pcnt-running" : 100.00}\n'


@pytest.mark.parametrize("value", ["-5", "1e400", "9" * 400, "nan", "x", ""])
def test_a_count_that_is_none(value: str) -> None:
    damage = Damage("counters", "perf stat")
    readings = counters.parse(STAT % ("7", "cycles") + STAT % (value, "branches"), damage)
    rows = {r["event"]: r for r in counters.summarise(["cycles"], readings * 3, {})}
    assert rows["cycles"]["value"] == 7 and rows["branches"]["reason"] == counters.NOT_A_COUNT
    (problem,) = damage.problems()
    assert problem.where == "perf stat:2" and "branches" in problem.what


def test_a_line_of_counts_that_is_cut() -> None:
    damage = Damage("counters", "perf stat")
    assert len(counters.parse("# started\n\n" + STAT % ("7", "cycles") + STAT[:30], damage)) == 1
    assert [p.where for p in damage.problems()] == ["perf stat:4"]


# --- cachegrind and the program's own times ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("events: Ir\nfl=a\nfn=f\n1 5 6\nsummary: 5\n", "out:4"),
        ("events: Ir\nfl=a\nfn=f\n1 -5\nsummary: -5\n", "out:4"),
        ("events: Ir\nfl=a\nfn=f\n4294967296 5\nsummary: 5\n", "out:4"),
        (f"events: Ir\nfl=a\nfn=f\n1 {'9' * 5000}\nsummary: 5\n", "out:4"),
        ("events: Ir\nfl=a\nfn=f\n1 9999999999999999999\nsummary: 9999999999999999999\n", "larger"),
        ("events: Ir\nfl=a\nfn=f\n1 5\nevents: Ir Dr\n2 5 6\nsummary: 10 6\n", "out:5"),
        ("1 5\nevents: Ir\nsummary: 5\n", "out:1"),
        ("events: Ir Dr\n1 5\nsummary: 5", "cut off"),
        ("events: Ir\n² 5\nsummary: 5\n", "out:2"),
    ],
)
def test_damaged_counts_of_cachegrind(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "out").write_text(text)
    with pytest.raises(CorrError, match=why):
        cachegrind.table(cachegrind.parse(tmp_path / "out"))
    with pytest.raises(CorrError, match="cannot be read"):
        cachegrind.parse(tmp_path / "none")


def test_times_that_no_kernel_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "times"
    path.write_bytes(
        b"kernel_seconds 1\nkernel_seconds 1e308\nkernel_seconds 1e308\n\xff\0\nkernel_seconds\n"
    )
    assert timings.read_times(path) == ([1.0], 4)
    monkeypatch.setattr(timings, "MOST_TIMES", 17)
    assert timings.read_times(path) == ([1.0], 1)


def test_what_is_told_of_a_wholly_damaged_export_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"data": [{"files": [1] * 50_000, "functions": []}]}))
    _, problems = execution.read(path)
    assert len(problems) == tool_output.TOLD + 1 and sum(p.count for p in problems) == 50_000
