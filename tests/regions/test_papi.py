"""PAPI's folders read right: sums, paths, threads, and what breaks their form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from collectors.regions import papi
from tests.support.region_files import PAPI, rows, said


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
