"""Caliper's files, .cali and JSON, read right: columns, kinds, values."""

from __future__ import annotations

import json
from pathlib import Path

import caliperreader
import pytest

from collectors.base.errors import CorrError
from collectors.regions import caliper, json_files, papi
from collectors.regions.marks import Profile
from tests.support.region_files import CALI, rows, said


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


def test_json_numbers_of_cpp() -> None:
    text = '{"a": nan, "b": -inf, "c": "nan \\" inf", "nan": -nan}'
    value = json_files.Json(text, "x").value
    assert value["c"] == 'nan " inf' and value["a"] != value["a"] and value["b"] < 0
    assert value["nan"] != value["nan"]
