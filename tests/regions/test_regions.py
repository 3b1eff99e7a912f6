"""Regions of Caliper and PAPI: read right, joined to loops, and broken files end in one message."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import caliperreader
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base.errors import CorrError, UsageError
from collectors.base.invocation import Invocation
from collectors.regions import caliper, json_files, papi, while_running
from collectors.regions.marks import REGIONS, Place, Profile, Record, locate, marks, tables
from corr.imports.profiles import import_caliper, import_papi
from corr.lake.sql import connect, query
from corr.lake.store import Lake
from corr.lake.tables import TABLES

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CALI = FIXTURES / "caliper"
PAPI = FIXTURES / "papi"
KERNEL = Path(__file__).resolve().parents[2] / "kernels" / "regions_papi.c"


def rows(*profiles: Profile) -> list[dict]:
    return tables(profiles)[0].to_pylist()


def said(profile: Profile) -> str:
    return "\n".join(p.what for p in profile.problems)


# --- Caliper: .cali ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["example-profile", "rajaperf-gcc-1048576-O3-1", "small"])
def test_cali_holds_what_calipers_own_reader_gives(name: str) -> None:
    path = CALI / f"{name}.cali"
    reader = caliperreader.CaliperReader()
    reader.read(str(path))
    profile = caliper.read(path, name)
    found = rows(profile)
    expected = []
    for record in reader.records:
        for key, text in record.items():
            if key != "path" and reader.attribute(key).is_value() and key != "mpi.rank":
                expected.append((record.get("path", []), key, text))
    assert [(r["path"], r["attribute"], r["text"]) for r in found] == expected
    assert all(r["value"] == float(r["text"]) for r in found)
    assert len(profile.records) == len(reader.records)
    assert {k: v for k, v in reader.globals.items() if v} == {
        k: v for k, v in profile.metadata.items() if v
    }
    assert profile.problems == []


def test_cali_columns() -> None:
    profile = caliper.read(CALI / "small.cali", "s")
    found = rows(profile)
    solver = next(
        r for r in found
        if r["region"] == "solver.c:12" and r["rank"] == 1 and r["attribute"].startswith("incl")
    )  # fmt: skip
    assert (solver["path"], solver["kind"]) == (["main", "solve", "solver.c:12"], "region")
    assert (solver["function"], solver["file"], solver["line"]) == ("solve", "solver.c", 12)
    assert (solver["count"], solver["inclusive"], solver["value"]) == (100, True, 8.0)
    outside = [r for r in found if r["path"] == []]
    assert len(outside) == 4 and outside[0]["region"] is None
    time = next(r for r in found if r["metric"] == "Time (E)")
    assert (time["attribute"], time["unit"], time["inclusive"]) == (
        "sum#time.duration.x", "sec", False,
    )  # fmt: skip
    assert 'set,up=<b>"1"\\2</b>\nend' in {r["region"] for r in found}
    assert profile.metadata == {"cali.channel": "hatchet-region-profile", "cluster": ""}
    big = next(r for r in found if r["text"] == "9007199254740993")
    assert big["value"] == 9007199254740992.0  # a double; the text keeps the last digit


def test_kinds_of_the_real_file() -> None:
    found = rows(caliper.read(CALI / "example-profile.cali", "e"))
    kinds = {r["region"]: r["kind"] for r in found if r["region"]}
    assert kinds["lulesh.cycle"] == "loop" and kinds["main"] == "function"
    assert kinds["MPI_Barrier"] == "mpi.function"
    assert {r["unit"] for r in found} == {"sec"} and {r["inclusive"] for r in found} == {True}


# --- Caliper: JSON -------------------------------------------------------------------------------


def test_json_split() -> None:
    profile = caliper.read(CALI / "split.json", "j")
    found = {(tuple(r["path"]), r["rank"], r["metric"]): r for r in rows(profile)}
    assert len(found) == 7 * 3 and profile.metadata["executablepath"].endswith("lulesh2.0")
    assert found[("main", 'setup "<b>"\\ \n'), 1, "time"]["value"] == 2.5
    solver = found[("main", "solve", "solver.c:12"), 0, "time (inc)"]
    assert (solver["count"], solver["inclusive"], solver["line"]) == (100, True, 12)
    assert found[(), 0, "time"]["value"] == 0.5
    assert found[("main",), 0, "time"]["unit"] == "sec"


def test_json_object() -> None:
    profile = caliper.read(CALI / "object.json", "j")
    found = {(tuple(r["path"]), r["metric"]): r for r in rows(profile)}
    assert found[("main", "solve"), "Visits"]["value"] == 20
    assert found[("main",), "Time"]["value"] == 0.125 and found[("main",), "Time"]["unit"] == "sec"
    missing = found[("main", "solve"), "Time"]
    assert missing["value"] is None and missing["text"] == "nan"
    assert profile.metadata["cmdline"] == "[./a.out,-n,10]"
    assert found[(), "Time"]["context"] == [{"name": "kernel", "value": "none", "type": "string"}]
    assert "Time: not a finite number" in said(profile)


@pytest.mark.parametrize("name", ["records", "lines", "quoted"])
def test_json_records(name: str) -> None:
    profile = caliper.read(CALI / f"{name}.json", "j")
    found = {(tuple(r["path"]), r["metric"]): r for r in rows(profile)}
    inner = ("main", "solve", "mainloop") if name == "quoted" else ("main", "solve")
    assert found[("main",), "time"]["value"] == 0.125
    assert found[inner, "count"]["value"] == 20 and found[inner, "count"]["count"] == 20
    assert found[inner, "time"]["value"] == (None if name == "records" else 2.5)
    assert ("order in the path is a guess" in said(profile)) == (name == "quoted")


def test_the_bom_and_other_endings_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "profile.txt"
    path.write_bytes(b"\xef\xbb\xbf\n " + (CALI / "split.json").read_bytes())
    assert rows(caliper.read(path, "x")) == rows(
        Profile("x", "x", "caliper", caliper.read(CALI / "split.json", "x").records)
    )


# --- PAPI ----------------------------------------------------------------------------------------


def test_papi_sums_are_papis_own() -> None:
    """Against papi_hl_output_writer, which sums by name over visits and threads."""
    (profile,) = papi.read(PAPI / "threads", "t")
    summary = json.loads((PAPI / "threads" / "summary.json").read_text())
    for region, entry in summary.items():
        mine = [r for r in rows(profile) if r["region"] == region]
        assert sum(r["count"] for r in mine if r["metric"] == "cycles") == entry["region_count"]
        for metric in ("cycles", "real_time_nsec", "perf::TASK-CLOCK", "perf::PAGE-FAULTS"):
            total = entry[metric]["total"] if isinstance(entry[metric], dict) else entry[metric]
            assert sum(r["value"] for r in mine if r["metric"] == metric) == total
    assert profile.problems == []


def test_papi_paths_threads_and_reads() -> None:
    (profile,) = papi.read(PAPI / "threads" / "papi_hl_output", "t")
    found = rows(profile)
    assert {tuple(r["path"]) for r in found} == {("outer",), ("outer", "inner <b>&x"), ("par",)}
    assert {r["thread"] for r in found if r["region"] == "par"} == {"0", "1"}
    assert {r["rank"] for r in found} == {561332}
    reads = [r for r in found if r["metric"] == "cycles [read_1]"]
    assert len(reads) == 3 and all(r["inclusive"] is None for r in reads)
    cycles = next(r for r in found if r["metric"] == "real_time_nsec")
    assert (cycles["unit"], cycles["inclusive"], cycles["kind"]) == ("nsec", True, "region")
    assert profile.metadata["papi_version"] == "7.0.0.0"
    assert profile.metadata["perf::TASK-CLOCK type"] == "delta"


def test_papi_before_7() -> None:
    (profile,) = papi.read(PAPI / "papi5", "old")
    found = {(r["region"], r["metric"]): r for r in rows(profile)}
    assert found["computation", "cycles"]["count"] == 4
    assert found["computation", "cycles"]["rank"] == 3
    assert found["computation", "PAPI_TOT_INS"]["text"] == "9007199254740993"
    assert found["computation", "PAPI_TOT_CYC"]["value"] == 40
    assert found["computation", "PAPI_TOT_CYC [max]"]["value"] == 15
    assert found["solver.c:120", "cycles"]["line"] == 120


def test_papis_own_sums_are_not_counted_twice(tmp_path: Path) -> None:
    shutil.copytree(PAPI / "kernel", tmp_path / "k")
    (tmp_path / "k" / "papi_hl_output" / "papi_sum.json").write_text("{}")
    (profile,) = papi.read(tmp_path / "k", "k")
    assert "papi_sum.json beside the rank files was not read" in said(profile)
    names = [r.path for r in profile.records]
    assert names.count(("kernel_regions_papi", "smooth")) == 20


# --- broken files --------------------------------------------------------------------------------


def read_any(path: Path) -> None:
    """Each of the two readers either gives tables or a CorrError: anything else is a traceback."""
    for reader in (lambda: [caliper.read(path, "x")], lambda: papi.read(path, "x")):
        try:
            tables(reader())
        except CorrError as error:
            assert error.message and str(path) in error.message
            assert "\n" not in error.message and error.message.isprintable()


def test_a_cali_file_cut_anywhere_is_never_taken_as_whole(tmp_path: Path) -> None:
    data = (CALI / "small.cali").read_bytes()
    path = tmp_path / "cut.cali"
    for end in range(1, len(data)):
        path.write_bytes(data[:end])
        try:
            profile = caliper.read(path, "cut")
        except CorrError as error:
            assert str(path) in str(error)
        else:
            assert data[end - 1 : end] == b"\n"
            assert "may be cut off" in said(profile), end


@pytest.mark.parametrize("name", ["split", "object", "records", "lines"])
def test_json_cut_anywhere_is_never_taken_as_whole(tmp_path: Path, name: str) -> None:
    data = (CALI / f"{name}.json").read_bytes().rstrip()
    path = tmp_path / "cut.json"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        if name == "lines" and data[:end].rstrip(b", \n").endswith(b"}"):
            continue  # whole records: this form has no end
        with pytest.raises(CorrError, match=r"cut\.json"):
            caliper.read(path, "cut")


def test_papi_json_cut_anywhere_is_never_taken_as_whole(tmp_path: Path) -> None:
    data = (PAPI / "papi5" / "rank_3.json").read_bytes().rstrip()
    path = tmp_path / "rank_1.json"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(CorrError, match=r"rank_1\.json"):
            papi.read(path, "cut")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("parent=50\n__rec=node,id=52", "parent=51\n__rec=node,id=52"), "parent 51"),
        (("parent=50\n__rec=node,id=52", "parent=99\n__rec=node,id=52"), "parent 99"),
        (("ref=53,attr=31", "ref=93,attr=31"), "node 93"),
        (("attr=31=43=45=47=48,data=0=7", "attr=31=43=45=47=99,data=0=7"), "attribute 99"),
        (("data=0=7=7=70=100", "data=0=7=7=70"), "5 attributes, but 4 values"),
        (("attr=21,data=solve", "attr=50,data=solve"), "attribute 50"),
        (("__rec=ctx,ref=50", "__rec=what,ref=50"), "not a record"),
        (("__rec=ctx,ref=50", "ref=50"), "not a record"),
        (("id=52,attr=21", "id=5x,attr=21"), "not a number"),
        (("id=52,attr=21", "id=52=53,attr=21"), "needs an id"),
        (("id=52,attr=21", "id=3,attr=21"), "Caliper's own"),
        (("data=0=1=10=", "data=0=1=10=\x00"), "zero bytes"),
        (("ref=64", "ref=64\\"), "within an escape"),
        (("attr=10,data=268,parent=3", "attr=10,data=x,parent=3"), "gave up"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, change: tuple[str, str], what: str) -> None:
    text = (CALI / "small.cali").read_text()
    assert change[0] in text
    path = tmp_path / "broken.cali"
    path.write_text(text.replace(*change, 1))
    with pytest.raises(CorrError, match=what) as caught:
        caliper.read(path, "x")
    assert "broken.cali:" in caught.value.message and caught.value.message.isprintable()


def test_values_that_are_no_numbers_are_null_and_said(tmp_path: Path) -> None:
    path = tmp_path / "odd.cali"
    text = (CALI / "small.cali").read_text()
    path.write_text(text.replace("=8=8=80", "=nan=1e999=" + "9" * 5000))
    profile = caliper.read(path, "x")
    found = [r for r in rows(profile) if r["rank"] == 1 and r["region"] == "solver.c:12"]
    assert [r["value"] for r in found] == [None, None, None, 100.0]
    assert [len(r["text"]) for r in found] == [3, 5, 5000, 3]
    assert said(profile).count("not a finite number") == 3


def test_what_ends_empty_or_with_a_space_is_kept(tmp_path: Path) -> None:
    """Caliper's reader alone would lose all values of such a record."""
    path = tmp_path / "ends.cali"
    text = (CALI / "small.cali").read_text()
    path.write_text(text.replace("=8=8=80=100", "=8=8=80=").replace("=main\n", "=main \n"))
    found = [r for r in rows(caliper.read(path, "x")) if r["rank"] == 1 and r["line"]]
    assert [r["value"] for r in found] == [8.0, 8.0, 80.0, None]
    assert {r["path"][0] for r in found} == {"main "}


def test_bytes_that_are_not_utf8_are_said(tmp_path: Path) -> None:
    path = tmp_path / "latin.cali"
    path.write_bytes((CALI / "small.cali").read_bytes().replace(b"data=solve", b"data=s\xf6lve"))
    profile = caliper.read(path, "x")
    assert "bytes that are not UTF-8" in said(profile)
    assert "s\ufffdlve" in {r["path"][1] for r in rows(profile) if len(r["path"]) > 1}


def test_deep_nesting(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    for text in ("[" * 100_000 + "]" * 100_000, '{"data":' * 100_000, '[{"path":' * 100_000):
        deep.write_text(text)
        for read in (caliper.read, papi.read):
            with pytest.raises(CorrError, match=r"deep\.json"):
                read(deep, "x")
    nodes = [{"label": "f", "column": "path"}]
    nodes += [{"label": "f", "column": "path", "parent": n} for n in range(100_000)]
    document = {"data": [[100_000]], "columns": ["path"], "nodes": nodes}
    deep.write_text(json.dumps(document | {"column_metadata": [{"is_value": False}]}))
    with pytest.raises(CorrError, match="nested deeper"):
        caliper.read(deep, "x")
    deep.write_text(json.dumps([{"path": "/".join("f" * 100_000), "time": 1}]))
    with pytest.raises(CorrError, match="deeper"):
        caliper.read(deep, "x")
    lines = [
        "__rec=node,id=20,attr=10,data=268,parent=3",
        "__rec=node,id=21,attr=8,data=f,parent=20",
    ]
    lines += ["__rec=node,id=100,attr=21,data=f"]
    lines += [f"__rec=node,id={n},attr=21,data=f,parent={n - 1}" for n in range(101, 100_000)]
    cali = tmp_path / "deep.cali"
    cali.write_text("\n".join([*lines, "__rec=ctx,ref=99999"]) + "\n")
    with pytest.raises(CorrError, match="nested deeper"):
        caliper.read(cali, "x")
    regions = {str(n): {"name": "f", "parent_region_id": str(n - 1)} for n in range(100_000)}
    deep.write_text(json.dumps({"threads": {"0": {"regions": regions}}}))
    with pytest.raises(CorrError, match="nested deeper"):
        papi.read(deep, "x")


SPLIT = {
    "data": [[1.5, 0]],
    "columns": ["time", "path"],
    "column_metadata": [{"is_value": True}, {"is_value": False}],
    "nodes": [{"label": "main", "column": "path"}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"data": [[1.5]]},
        {"data": [[1.5, 7]]},
        {"data": [[1.5, -1]]},
        {"data": [[1.5, True]]},
        {"data": [[1.5, "0"]]},
        {"data": [5]},
        {"data": "x"},
        {"data": None},
        {"columns": ["path", "path"]},
        {"columns": ["time"]},
        {"columns": [1, 2]},
        {"columns": ["time", "way"]},
        {"column_metadata": [1, 2]},
        {"column_metadata": []},
        {"nodes": [{}]},
        {"nodes": [{"label": 3}]},
        {"nodes": [{"label": "a", "parent": 0}]},
        {"nodes": [{"label": "a", "parent": "x"}]},
        {"nodes": {"label": "a"}},
    ],
)
def test_json_split_that_breaks_its_form(tmp_path: Path, change: dict) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps(SPLIT))
    assert len(caliper.read(path, "x").records) == 1
    path.write_text(json.dumps(SPLIT | change))
    with pytest.raises(CorrError, match=r"split\.json: ") as caught:
        caliper.read(path, "x")
    assert caught.value.fix


@pytest.mark.parametrize(
    "threads",
    [
        {"0": {}},
        {"0": 1},
        {"0": {"regions": 5}},
        {"0": {"regions": {"0": {}}}},
        {"0": {"regions": {"0": {"name": 5}}}},
        {"0": {"regions": {"0": {"name": "a", "parent_region_id": "0"}}}},
        {"0": {"regions": {"0": {"name": "a", "parent_region_id": "7"}}}},
        {"0": {"regions": {"0": {"name": "a", "cycles": [1]}}}},
        {"0": {"regions": {"0": {"name": "a", "cycles": {"x": {"y": 1}}}}}},
        [1],
        [{"id": "1", "regions": [{"a": 5}]}],
        [{"id": "1", "regions": [5]}],
    ],
)
def test_papi_json_that_breaks_its_form(tmp_path: Path, threads: object) -> None:
    path = tmp_path / "rank_0.json"
    path.write_text(json.dumps({"threads": threads}))
    with pytest.raises(CorrError, match=r"rank_0\.json: "):
        papi.read(path, "x")


def test_odd_papi_values_are_kept_and_said(tmp_path: Path) -> None:
    path = tmp_path / "rank_0.json"
    region = {"name": "\ud800\x1b[31m</script>", "cycles": None, "a": "x", "b": 10**400, "c": True}
    threads = {"0": {"regions": {"0": region}}}
    text = json.dumps({"threads": threads, "event_definitions": {"a": 5}, "papi_version": "1"})
    path.write_text(text.replace('"c"', '"a"'))
    (profile,) = papi.read(path, "x")
    found = rows(profile)
    assert {r["region"] for r in found} == {"\\ud800\x1b[31m</script>"}
    assert [r["value"] for r in found] == [None, None, None]
    assert "the key a twice" in said(profile)


@pytest.mark.parametrize(
    "text",
    ["5", '"x"', "null", "[1, 2]", "[[]]", "{}", "[{}]", '{"a": 1}', '[{"a": 1}]', '{"x": {"y": []}}',
     '{"records": [5]}', '{"records": {}}', '{"data": []}', '{"threads": 5}', '{"ranks": {}}', "{} {}",
     "[] []", "1e99999", "9" * 5000, '{"traceEvents": []}'],
)  # fmt: skip
def test_json_of_another_kind(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    for read in (caliper.read, papi.read):
        with pytest.raises(CorrError, match=r"other\.json"):
            read(path, "x")


def test_the_two_are_told_apart() -> None:
    with pytest.raises(UsageError) as caught:
        caliper.read(PAPI / "papi5" / "rank_3.json", "x")
    assert "corr import papi" in caught.value.fix
    with pytest.raises(UsageError) as caught:
        papi.read(CALI / "split.json", "x")
    assert "corr import caliper" in caught.value.fix
    with pytest.raises(CorrError, match=":23: not valid JSON") as error:
        papi.read(PAPI / "quoted-name.json", "x")
    assert "do not escape" in error.value.fix


def test_what_is_no_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.cali"
    empty.touch()
    packed = tmp_path / "a.cali.gz"
    packed.write_bytes(b"\x1f\x8b\x08\x00rest")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, what in (
        (tmp_path / "none.cali", "no such file"),
        (tmp_path, "is a folder"),
        (empty, "is empty"),
        (packed, "compressed"),
        (pipe, "not a regular file"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "a\0b", "no such file"),
    ):
        with pytest.raises(CorrError, match=what):
            caliper.read(path, "x")
    with pytest.raises(UsageError, match="holds no output of PAPI"):
        papi.read(tmp_path, "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "secret.cali"
    path.write_text("__rec=")
    path.chmod(0)
    with pytest.raises(CorrError, match="Permission denied"):
        caliper.read(path, "x")


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.cali"
    path.write_text("__rec=")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    for read in (caliper.read, papi.read):
        with pytest.raises(CorrError, match=r"cannot read .*secret.cali: Permission denied"):
            read(path, "x")


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
def test_garbage(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "x"
    for start in (b"", b"__rec=", b"{", b"["):
        path.write_bytes(start + data)
        read_any(path)


def test_damaged_files_end_in_a_message_or_in_tables(tmp_path: Path) -> None:
    """Bytes of good files changed, dropped and repeated; the seed makes it repeatable."""
    chance = random.Random(20)
    path = tmp_path / "damaged"
    originals = [p.read_bytes() for p in (*CALI.glob("s*"), *CALI.glob("[olrq]*.json"))]
    originals.append((PAPI / "threads/papi_hl_output/rank_561332.json").read_bytes())
    for _ in range(600):
        data = bytearray(chance.choice(originals))
        for _ in range(chance.randrange(1, 4)):
            at, size = chance.randrange(len(data)), chance.randrange(1, 20)
            move = chance.randrange(3)
            if move == 0:
                data[at] = chance.randrange(256)
            elif move == 1:
                del data[at : at + size]
            else:
                data[at:at] = data[at : at + size]
        path.write_bytes(data)
        read_any(path)


def test_json_numbers_of_cpp() -> None:
    text = '{"a": nan, "b": -inf, "c": "nan \\" inf", "nan": -nan}'
    value = json_files.Json(text, "x").value
    assert value["c"] == 'nan " inf' and value["a"] != value["a"] and value["b"] < 0
    assert value["nan"] != value["nan"]


# --- places --------------------------------------------------------------------------------------

MARKED = """
PAPI_hl_region_begin("one");
  PAPI_hl_region_begin ( "twice" ); PAPI_hl_region_end("twice");
  PAPI_hl_region_begin("twice"); PAPI_hl_region_end("twice");
  PAPI_hl_region_begin("never ended");
  CALI_CXX_MARK_LOOP_BEGIN(loop_id, "time steps");
  CALI_CXX_MARK_LOOP_END(loop_id);
  CALI_MARK_BEGIN("with \\"quote\\"");
  CALI_MARK_END("with \\"quote\\"");
  if (early) PAPI_hl_region_end("one");
PAPI_hl_region_end("one");
"""


def test_marks_in_the_source() -> None:
    found = marks({"a.c": MARKED, "b.c": "int main(void) { return 0; }"})
    assert found == {
        "one": Place("a.c", 2, 11),
        "time steps": Place("a.c", 6, 7),
        'with \\"quote\\"': Place("a.c", 8, 9),
    }
    profile = Profile("p", "p", "papi", [Record(("main", "one")), Record(("two",))])
    locate([profile], {"a.c": MARKED})
    assert [r.place for r in profile.records] == [Place("a.c", 2, 11), None]


# --- joined to loops -----------------------------------------------------------------------------

LOOPS = [
    {"key": "solve/1", "function": "_Z5solvei", "function_name": "solve(int)", "depth": 1,
     "file": "src/solver.c", "line": 10, "end_line": 20},
    {"key": "solve/1.1", "function": "_Z5solvei", "function_name": "solve(int)", "depth": 2,
     "file": "src/solver.c", "line": 11, "end_line": 13},
    {"key": "main/1", "function": "main", "function_name": "main", "depth": 1,
     "file": "src/main.c", "line": 10, "end_line": 20},
]  # fmt: skip


def joined(tmp_path: Path, profiles: list[Profile]) -> set[tuple]:
    lake = Lake.open(tmp_path / "data", create=True)
    with lake.stage() as staging:
        staging.write(TABLES["regions"], tables(profiles)[0])
        staging.write(TABLES["loops"], TABLES["loops"].rows(LOOPS))
        staging.commit({})
    found = query(connect(lake), "FROM region_loops").to_pylist()
    return {
        (r["loop"], r["path"], r["joined_by"], r["metric"], r["value"], r["visits"]) for r in found
    }


def test_regions_join_loops_by_line(tmp_path: Path) -> None:
    found = joined(tmp_path, [caliper.read(CALI / "small.cali", "s")])
    mine = {f for f in found if "solver.c" in f[1]}
    path = "main/solve/solver.c:12"
    assert mine == {
        ("solve/1.1", path, "line", "inclusive#sum#time.duration", 15.0, 200),
        ("solve/1.1", path, "line", "Time (E)", 15.0, 200),
        ("solve/1.1", path, "line", "PAPI_TOT_CYC", 150.0, 200),
        ("solve/1.1", path, "line", "count", 200.0, 200),
    }
    # main is a function with a loop; what main marks as `setup` is not about that loop
    assert {f[1] for f in found if f[0] == "main/1"} == {"main"}


def test_regions_join_loops_by_function_and_by_marks(tmp_path: Path) -> None:
    made = [
        caliper.record(("solve",), {"function": "solve", "min#t": "3"}, described),
        caliper.record(("solve",), {"function": "solve", "min#t": "2"}, described),
        caliper.record(("phase",), {"region": "phase", "sum#t": "5"}, described),
    ]
    series = {"function": "solve", "min#t": "1", "spot.channel": "timeseries"}
    made.append(caliper.record(("solve",), series, described))
    profile = Profile("p", "p", "caliper", made)
    locate(
        [profile],
        {"solver.c": "\n" * 10 + 'CALI_MARK_BEGIN("phase");\n\n\nCALI_MARK_END("phase");'},
    )
    found = joined(tmp_path, [profile])
    assert found == {
        ("solve/1", "solve", "function", "min#t", 2.0, None),
        ("solve/1.1", "solve", "function", "min#t", 2.0, None),
        ("solve/1.1", "phase", "line", "sum#t", 5.0, None),
    }


def described(name: str) -> caliper.Description:
    metric = "#" in name
    nested = name in ("function", "region")
    return caliper.Description("double" if metric else "string", metric, nested)


# --- the import ----------------------------------------------------------------------------------


def test_import_is_one_run(tmp_path: Path, corr) -> None:
    files = sorted(CALI.glob("raja*.cali"))
    done = corr("import", "caliper", *files, "--label", "raja", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [r["regions"] for r in json.loads(done.stdout)] == [74, 74]
    lake = Lake.open(tmp_path / "data")
    (run,) = lake.all_runs()
    assert run.facts["kind"] == "import" and run.facts["label"] == "raja"
    assert run.facts["sources"][0]["sha256"] and run.facts["problems"] == 0
    connection = connect(lake)
    assert len(query(connection, "FROM regions")) == 2 * count_values(files[0])
    variant = "SELECT value FROM region_metadata WHERE key = 'variant'"
    assert query(connection, variant)["value"].to_pylist() == ["Base_Seq"] * 2
    assert query(connection, "SELECT kind, program FROM runs").num_rows == 1
    for command in ("hotspots", "runs"):
        assert corr(command, cwd=tmp_path).returncode == 0


def count_values(path: Path) -> int:
    return sum(len(r.measures) for r in caliper.read(path, "x").records)


def test_a_bad_file_imports_nothing(tmp_path: Path, corr) -> None:
    bad = tmp_path / "bad \x1b[31m.cali"
    bad.write_bytes((CALI / "small.cali").read_bytes()[:500])
    done = corr("import", "caliper", CALI / "small.cali", bad, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert "cut off within this line" in done.stderr and "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr and "→" in done.stderr
    assert Lake.open(tmp_path / "data").all_runs() == []
    for arguments in (
        ("caliper", "none.cali"),
        ("caliper", "."),
        ("papi", "none"),
        ("papi", "."),
        ("caliper", CALI / "small.cali", CALI / "small.cali"),
        ("caliper", CALI / "small.cali", "--loops", "nothing"),
    ):
        done = corr("import", *arguments, cwd=tmp_path)
        assert done.returncode == 2 and "Traceback" not in done.stderr, arguments
        assert done.stderr.startswith("corr: ")
    assert Lake.open(tmp_path / "data").all_runs() == []


def test_a_name_that_is_not_utf8(tmp_path: Path, corr) -> None:
    name = os.fsdecode(b"s\xf6lve\x1b[1m.cali")
    shutil.copy(CALI / "small.cali", tmp_path / name)
    done = corr("import", "caliper", name, cwd=tmp_path)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert "s\\udcf6lve" in done.stdout and "\x1b" not in done.stdout
    (run,) = Lake.open(tmp_path / "data").all_runs()
    assert run.facts["program"].startswith("s\\udcf6lve")


def test_nothing_to_import(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        import_caliper([], Lake.open(tmp_path / "data", create=True))


def test_a_file_cut_between_records_is_said(tmp_path: Path, corr) -> None:
    cut = tmp_path / "cut.cali"
    cut.write_bytes((CALI / "small.cali").read_bytes().split(b"__rec=globals")[0])
    done = corr("import", "caliper", cut, cwd=tmp_path)
    assert done.returncode == 0 and "may be cut off" in done.stderr
    sql = corr("sql", "SELECT what FROM problems", "--format", "csv", cwd=tmp_path)
    assert "may be cut off" in sql.stdout


# --- a real program ------------------------------------------------------------------------------


def build(clang: str, folder: Path, *flags: str) -> Path:
    binary = folder / "program"
    subprocess.run(
        [clang, "-O2", "-g", "-Wall", "-Wextra", "-Werror", KERNEL, "-lm", *flags, "-o", binary],
        check=True,
    )
    return binary


def digest(binary: Path) -> str:
    run = [binary, "--size", "mini", "--digest"]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


HAVE_PAPI = shutil.which("papi_avail") and Path("/usr/include/papi.h").exists()
needs_papi = pytest.mark.skipif(not HAVE_PAPI, reason="PAPI is not installed")


def test_the_kernel_computes_the_same_without_papi(clang: str, tmp_path: Path) -> None:
    import numpy as np
    from test_kernels import fill_f64

    expected = digest(build(clang, tmp_path, "-DCORR_NO_PAPI"))
    assert digest(build(clang, tmp_path)) == expected
    a, b = fill_f64(1, 0, (500,)), fill_f64(1, 1, (500,))
    for _ in range(20):
        b = np.concatenate([a[:1], (a[:-2] + a[1:-1] + a[2:]) / 3, a[-1:]])
        x = 0.0
        for i in range(500):
            x = 0.5 * x + b[i]
            a[i] = 0.5 * x
    sums = [float(line.split()[2]) for line in expected.splitlines()]
    assert sums == pytest.approx([a.sum(), b.sum()], rel=1e-12)
    assert while_running.annotated(build(clang, tmp_path)) == frozenset()


@needs_papi
def test_gather_runs_the_kernel_under_papi(clang: str, tmp_path: Path) -> None:
    binary = build(clang, tmp_path, "-lpapi")
    assert while_running.annotated(binary) == {"papi"}
    invocation = Invocation(binary, ("--size", "small"))
    sources = {"regions_papi.c": KERNEL.read_text()}
    found, metadata, problems = while_running.gather(invocation, tmp_path / "out", sources)
    assert problems == []
    entries = [r for r in found.to_pylist() if r["metric"] == "real_time_nsec"]
    visits = {path: sum(r["count"] for r in entries if r["path"][-1] == path) for path in
              ("kernel_regions_papi", "smooth", "accumulate")}  # fmt: skip
    assert visits == {"kernel_regions_papi": 1, "smooth": 20, "accumulate": 20}
    outer = sum(r["value"] for r in entries if len(r["path"]) == 1)
    assert 0 < sum(r["value"] for r in entries if len(r["path"]) == 2) <= outer
    lines = KERNEL.read_text().splitlines()
    smooth = next(r for r in entries if r["region"] == "smooth")
    assert 'begin("smooth")' in lines[smooth["line"] - 1]
    assert 'end("smooth")' in lines[smooth["end_line"] - 1]
    assert "papi_version" in metadata["key"].to_pylist()


@needs_papi
def test_gather_says_why_there_are_no_regions(clang: str, tmp_path: Path) -> None:
    binary = build(clang, tmp_path, "-lpapi")
    refused = Invocation(binary, ("--size", "mini"), env={"PAPI_EVENTS": "no::such"})
    found, _, problems = while_running.gather(refused, tmp_path / "a")
    assert len(found) == 0 and "no region was written" in problems[0].what
    assert "no::such" in problems[0].what and problems[0].fix
    failing = Invocation(binary, ("--size", "wrong"))
    found, _, problems = while_running.gather(failing, tmp_path / "b")
    assert len(found) == 0 and "exit status 2" in problems[0].what


def test_gather_leaves_other_programs_alone(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\ntouch ran\n")
    found, metadata, problems = while_running.gather(
        Invocation(script, cwd=tmp_path), tmp_path / "o"
    )
    assert (len(found), len(metadata), problems) == (0, 0, []) and not (tmp_path / "ran").exists()
    assert found.schema == REGIONS.schema


FAKE_CALIPER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* Stands for Caliper: copies the profile that FAKE names to the output that CALI_CONFIG asks for. */
void cali_begin_region(const char *name)
{
    const char *from = strstr(getenv("CALI_CONFIG"), "output=\\"");
    char path[4096];
    FILE *in = fopen(getenv("FAKE"), "rb"), *out;
    int c;
    (void)name;
    sscanf(from, "output=\\"%4095[^\\"]", path);
    out = fopen(path, "wb");
    while ((c = getc(in)) != EOF)
        putc(c, out);
    fclose(out);
    fclose(in);
}
"""


def test_gather_reads_what_caliper_writes(clang: str, tmp_path: Path) -> None:
    """The library is a stand-in: this shows how it is asked, not that Caliper answers."""
    (tmp_path / "c.c").write_text(FAKE_CALIPER)
    (tmp_path / "m.c").write_text(
        'void cali_begin_region(const char *); int main(void) { cali_begin_region("a"); return 0; }'
    )
    library = tmp_path / "libcaliper.so.2"
    link = ["-Wl,-soname,libcaliper.so.2", "-shared", "-fPIC"]
    subprocess.run([clang, *link, tmp_path / "c.c", "-o", library], check=True)
    binary = tmp_path / "program"
    subprocess.run(
        [clang, tmp_path / "m.c", library, f"-Wl,-rpath,{tmp_path}", "-o", binary], check=True
    )
    assert while_running.annotated(binary) == {"caliper"}
    invocation = Invocation(binary, env={"FAKE": str(CALI / "small.cali")})
    found, _, problems = while_running.gather(invocation, tmp_path / "with space, and comma")
    assert problems == [] and set(found["rank"].to_pylist()) == {0, 1}


def test_imported_papi_joins_the_loops_of_a_collected_run(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    source = KERNEL.read_text()
    smooth = source[: source.index("for (int i = 1;")].count("\n") + 1
    loops = [
        {"key": "kernel_regions_papi/1", "function": "kernel_regions_papi", "depth": 1,
         "function_name": "kernel_regions_papi", "file": KERNEL.name, "line": smooth - 4,
         "end_line": smooth + 20},
        {"key": "kernel_regions_papi/1.1", "function": "kernel_regions_papi", "depth": 2,
         "function_name": "kernel_regions_papi", "file": KERNEL.name, "line": smooth,
         "end_line": smooth + 1},
    ]  # fmt: skip
    import hashlib

    sha = hashlib.sha256(KERNEL.read_bytes()).hexdigest()
    with lake.stage() as staging:
        staging.write(TABLES["loops"], TABLES["loops"].rows(loops))
        facts = {"program": "regions_papi", "root": str(KERNEL.parent)}
        base = staging.commit(facts | {"sources": [{"file": KERNEL.name, "sha256": sha}]})
    run, _ = import_papi([PAPI / "kernel"], lake, loops_of=base)
    assert run.facts["program"] == "regions_papi" and run.facts["loops_of"] == base.run_id
    sql = "SELECT DISTINCT loop, region, joined_by, visits FROM region_loops WHERE run_id = ?"
    found = query(connect(lake), sql, [run.run_id]).to_pylist()
    assert {tuple(r.values()) for r in found} == {
        ("kernel_regions_papi/1.1", "smooth", "line", 20),
        ("kernel_regions_papi/1", "kernel_regions_papi", "function", 1),
        ("kernel_regions_papi/1.1", "kernel_regions_papi", "function", 1),
    }
    with pytest.raises(UsageError, match="no loops"):
        import_caliper([CALI / "small.cali"], lake, loops_of=lake_without_loops(lake))


def lake_without_loops(lake: Lake):
    with lake.stage() as staging:
        staging.write(TABLES["problems"], TABLES["problems"].empty())
        return staging.commit({})


def test_tables_match_their_schemas() -> None:
    found, metadata, _ = tables([])
    assert isinstance(found, pa.Table) and found.schema == REGIONS.schema
    assert len(found) == len(metadata) == 0
