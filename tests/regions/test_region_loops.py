"""Regions joined to loops: by marks in the source, by line, by function."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from collectors.regions import caliper
from collectors.regions.marks import REGIONS, Place, Profile, Record, locate, marks, tables
from corr.lake.run_facts import RunFacts
from corr.lake.sql import connect, query
from corr.lake.store import Lake
from corr.lake.tables import TABLES
from tests.support.region_files import CALI

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
        staging.commit(RunFacts())
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


def test_tables_match_their_schemas() -> None:
    found, metadata, _ = tables([])
    assert isinstance(found, pa.Table) and found.schema == REGIONS.schema
    assert len(found) == len(metadata) == 0
