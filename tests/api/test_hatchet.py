"""A run's regions in Hatchet and Thicket, held against what their own readers make of the file."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import corr
from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.regions.marks import Measure, Profile, Record, tables
from corr.imports.profiles import import_caliper, import_papi
from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES

pytestmark = pytest.mark.filterwarnings("ignore")  # they warn as they are imported
hatchet = pytest.importorskip("hatchet")
thicket = pytest.importorskip("thicket")

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CALI = FIXTURES / "caliper"
RAJA = [CALI / "rajaperf-gcc-1048576-O3-1.cali", CALI / "rajaperf-gcc-1048576-O3-2.cali"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "data", create=True)


def path_of(node: Any) -> tuple[str, ...]:
    return tuple(n.frame["name"] for n in node.path())


def named(frame: Any) -> dict[int, tuple[str, ...]]:
    """Call path by node: from the roots down, as Hatchet's reader of JSON sets no parents."""
    found: dict[int, tuple[str, ...]] = {}
    todo = [(root, ()) for root in frame.graph.roots]
    while todo:
        node, above = todo.pop()
        found[id(node)] = (*above, node.frame["name"])
        todo += [(child, found[id(node)]) for child in node.children]
    return found


def paths(frame: Any) -> list[tuple[str, ...]]:
    names = named(frame)
    return [names[id(node)] for node in frame.graph.traverse()]


def values(frame: Any, columns: list[str]) -> dict[tuple, dict[str, float]]:
    """Metrics by call path and the rest of the index.

    Hatchet's reader of ranks gives each root a second row, of zeros: the first one counts.
    """
    found: dict[tuple, dict[str, float]] = {}
    names = named(frame)
    for index, row in frame.dataframe.iterrows():
        node, *others = index if isinstance(index, tuple) else (index,)
        key = (names[id(node)], *(int(o) for o in others))
        metrics = {c: row[c] for c in columns}
        if key not in found or any(metrics.values()):
            found[key] = metrics
    return found


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("file", ["example-profile.cali", RAJA[0].name, "small.cali"])
def test_round_trip_of_a_cali_file(lake: Lake, file: str, native: bool) -> None:
    run, _ = import_caliper([CALI / file], lake)
    mine = corr.to_hatchet(run, native=native)
    theirs = hatchet.GraphFrame.from_caliperreader(str(CALI / file), native=native)
    assert set(paths(mine)) == set(paths(theirs)) and len(paths(mine)) == len(paths(theirs))
    metrics = sorted(theirs.exc_metrics + theirs.inc_metrics)
    measured = [m for m in metrics if m not in ("rank", "min#min#aggregate.slot")]
    assert sorted(mine.exc_metrics + mine.inc_metrics) == measured and measured
    expected = values(theirs, measured)
    found = values(mine, measured)
    for key, row in expected.items():
        if any(key[0] == p for p in with_values(run)):
            assert found[key] == row, key
    assert set(expected) <= set(found)
    assert theirs.metadata.items() <= mine.metadata.items()
    assert mine.metadata["corr.run_id"] == run.run_id
    assert [str(t) for t in mine.dataframe[measured].dtypes] == [
        str(t) for t in theirs.dataframe[measured].dtypes
    ] or file == "small.cali"


def with_values(run: RunInfo) -> set[tuple[str, ...]]:
    import pyarrow.parquet as pq

    return {tuple(p) for p in pq.read_table(run.folder / "regions.parquet")["path"].to_pylist()}


def test_node_order_is_the_programs(lake: Lake) -> None:
    run, _ = import_caliper([RAJA[0]], lake)
    theirs = hatchet.GraphFrame.from_caliperreader(str(RAJA[0]))
    assert paths(corr.to_hatchet(run)) == paths(theirs)


def test_round_trip_of_json_split(lake: Lake) -> None:
    run, _ = import_caliper([CALI / "split.json"], lake)
    mine = corr.to_hatchet(run)
    theirs = hatchet.GraphFrame.from_caliper(str(CALI / "split.json"), node_ordering=False)
    assert set(paths(mine)) == set(paths(theirs))
    assert mine.inc_metrics == theirs.inc_metrics == ["time (inc)"]
    assert sorted(mine.exc_metrics) == sorted(theirs.exc_metrics) == ["count", "time"]
    found, expected = (values(f, ["time", "time (inc)", "count"]) for f in (mine, theirs))
    assert set(found) == set(expected)
    for key, row in expected.items():
        if key[0] != ("main", "solve"):
            assert found[key] == row
    # Hatchet writes 0 for a region that was never measured; here it is not a number
    assert all(math.isnan(found[("main", "solve"), rank]["time"]) for rank in (0, 1))


def test_inclusive_metrics_are_told_by_what_they_are(lake: Lake) -> None:
    run, _ = import_caliper([CALI / "example-profile.cali"], lake)
    frame = corr.to_hatchet(run)
    assert frame.inc_metrics == ["Min time/rank", "Max time/rank", "Avg time/rank", "Total time"]
    assert frame.exc_metrics == []


def test_a_large_counter_keeps_its_last_digit(lake: Lake) -> None:
    """As text it survives the table's doubles; a column with a gap can only be of doubles."""
    counts = [Measure("PAPI_TOT_CYC", "18446744073709551615", "PAPI_TOT_CYC", "uint")]
    profile = Profile("p", "p", "papi", [Record(("a",), measures=counts)])
    with lake.stage() as staging:
        staging.write(TABLES["regions"], tables([profile])[0])
        run = staging.commit(RunFacts())
    assert corr.to_hatchet(run).dataframe["PAPI_TOT_CYC"].tolist() == [2**64 - 1]


def test_papi_visits_are_summed(lake: Lake) -> None:
    run, _ = import_papi([FIXTURES / "papi" / "threads"], lake)
    frame = corr.to_hatchet(run)
    assert frame.dataframe.index.names == ["node", "thread"]
    found = {
        (path_of(node), thread): row["perf::TASK-CLOCK"]
        for (node, thread), row in frame.dataframe.iterrows()
    }
    one = "inner <b>&x"
    assert found[("outer", one), "0"] == 9876003  # as papi_hl_output_writer has it
    assert found[("par",), "0"] + found[("par",), "1"] == 6602790
    assert frame.inc_metrics[:3] == ["cycles", "real_time_nsec", "perf::TASK-CLOCK"]
    assert "outer" in frame.tree(metric_column="cycles", rank=0, thread="0")
    one_thread, _ = import_papi([FIXTURES / "papi" / "kernel"], lake)
    assert corr.to_hatchet(one_thread).dataframe.index.names == ["node"]


def test_hatchet_can_work_with_it(lake: Lake) -> None:
    run, _ = import_papi([FIXTURES / "papi" / "kernel"], lake)
    frame = corr.to_hatchet(run)
    slow = frame.filter(lambda row: row["real_time_nsec"] > 0).squash()
    assert ("kernel_regions_papi", "accumulate") in paths(slow)
    difference = frame - corr.to_hatchet(run)
    assert difference.dataframe["cycles"].abs().sum() == 0


def test_thicket_of_two_repetitions(lake: Lake) -> None:
    run, _ = import_caliper(RAJA, lake, label="raja")
    mine = corr.to_thicket([run])
    theirs = thicket.Thicket.from_caliperreader([str(f) for f in RAJA], disable_tqdm=True)
    assert set(paths(mine)) == set(paths(theirs))
    assert len(mine.profile) == 2 and mine.dataframe.index.names == ["node", "profile"]
    assert sorted(mine.metadata["corr.label"]) == ["raja", "raja"]
    assert sorted(mine.metadata["variant"]) == sorted(theirs.metadata["variant"])
    for column in ("Avg time/rank", "Reps"):
        mean = lambda th, column=column: {  # noqa: E731
            path_of(node): rows[column].mean() for node, rows in th.dataframe.groupby(level="node")
        }
        found, expected = mean(mine), mean(theirs)
        assert found.keys() == expected.keys()
        assert all(found[k] == pytest.approx(expected[k], nan_ok=True) for k in found)
    thicket.stats.mean(mine, columns=["Total time"])
    assert "Total time_mean" in mine.statsframe.dataframe.columns


def test_thicket_of_several_runs(lake: Lake) -> None:
    first, _ = import_caliper([RAJA[0]], lake, label="one")
    import_caliper([RAJA[1]], lake, label="two")
    both = corr.to_thicket([first, "two"], data=lake.root)
    assert sorted(both.metadata["corr.label"]) == ["one", "two"]
    assert len(both.dataframe) == 2 * 74
    assert len(corr.to_thicket("one", data=str(lake.root)).profile) == 1


def test_what_cannot_be_shown_is_said(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = import_caliper(RAJA, lake)
    with pytest.raises(UsageError, match="has 2 profiles"):
        corr.to_hatchet(run)
    name = str(RAJA[1])
    assert corr.to_hatchet(run, name).metadata["corr.run_id"] == run.run_id
    with pytest.raises(UsageError, match="no profile"):
        corr.to_hatchet(run, "other")
    with pytest.raises(UsageError, match="no run was given"):
        corr.to_thicket([])
    with pytest.raises(UsageError, match="no run is called"):
        corr.to_hatchet("other", data=lake.root)
    with lake.stage() as staging:
        empty = staging.commit(RunFacts())
    with pytest.raises(UsageError, match="has no regions"):
        corr.to_hatchet(empty)
    monkeypatch.setitem(sys.modules, "hatchet", None)
    with pytest.raises(ToolMissing) as caught:
        corr.to_hatchet(run, name)
    assert "corr-llvm[hatchet]" in caught.value.fix


def test_odd_profiles(lake: Lake) -> None:
    """A region without a metric, two metrics of one readable name, a path deeper than Hatchet takes."""
    same = [Measure("time", "1", "a#time"), Measure("time", "2", "b#time")]
    shallow = Profile("odd", "odd", "caliper", [Record(("a",)), Record(("a", "b"), measures=same)])
    deep = Profile("deep", "deep", "caliper", [Record(tuple("x" * 900), measures=same)])
    with lake.stage() as staging:
        staging.write(TABLES["regions"], tables([shallow, deep])[0])
        run = staging.commit(RunFacts())
    frame = corr.to_hatchet(run, "odd")
    found = values(frame, ["a#time", "b#time"])
    assert found[("a", "b"),] == {"a#time": 1.0, "b#time": 2.0}
    assert math.isnan(found[("a",),]["a#time"])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(700)
    try:
        with pytest.raises(CorrError, match="nested too deeply for Hatchet"):
            corr.to_hatchet(run, "deep")
    finally:
        sys.setrecursionlimit(limit)


def test_several_records_of_one_path(lake: Lake) -> None:
    """Summed, but for minima, maxima and averages; a time series beside a profile is left out."""
    names = ("sum#t", "min#t", "max#t", "avg#t")
    first = Record(("a",), measures=[Measure(n, "3", n) for n in names])
    second = Record(("a",), measures=[Measure(n, "5", n) for n in names])
    series = Record(
        ("a",),
        measures=[Measure(n, "7", n) for n in names],
        context=[("spot.channel", "timeseries", "string"), ("iteration", "4", "int")],
    )
    profile = Profile("p", "p", "caliper", [first, second, series])
    with lake.stage() as staging:
        staging.write(TABLES["regions"], tables([profile])[0])
        run = staging.commit(RunFacts())
    frame = corr.to_hatchet(run)
    assert values(frame, list(names)) == {
        (("a",),): {"sum#t": 8.0, "min#t": 3.0, "max#t": 5.0, "avg#t": 4.0}
    }
    assert "iteration" not in frame.dataframe.columns


def test_the_files_own_order_of_nodes_and_numbers_that_are_no_metric(lake: Lake) -> None:
    slot = "min#min#aggregate.slot"
    records = [
        Record(path, measures=[Measure("Node order", str(order), slot, "uint")])
        for order, path in ((0, ("main",)), (2, ("main", "a")), (1, ("main", "b")))
    ]
    records[1].context.append(("iteration", "4", "int"))
    with lake.stage() as staging:
        staging.write(TABLES["regions"], tables([Profile("p", "p", "caliper", records)])[0])
        run = staging.commit(RunFacts())
    frame = corr.to_hatchet(run)
    assert paths(frame) == [("main",), ("main", "b"), ("main", "a")]
    assert "Node order" not in frame.dataframe.columns
    assert values(frame, ["iteration"])[("main", "a"),] == {"iteration": 4}


@pytest.mark.slow
def test_corr_starts_without_them() -> None:
    script = (
        "import sys, corr, corr.cli\n"
        "heavy = [m for m in ('hatchet', 'thicket', 'pandas', 'pyarrow') if m in sys.modules]\n"
        "print(heavy, corr.to_hatchet.__name__)\n"
        "print(hasattr(corr, 'other'), 'hatchet' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[] to_hatchet\nFalse False\n", done.stderr
