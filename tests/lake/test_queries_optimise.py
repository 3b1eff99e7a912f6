"""The views over optimisations: on tables that fit on a page, and on a real optimisation."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from corr.lake.run_facts import RunFacts
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES
from tests.support.command import Corr
from tests.support.export_lakes import real_optimisation

VIEWS = (
    *("convergence", "trial_remarks", "move_payoff", "failure_remarks", "proposer_scores"),
    *("gain_cost", "kernel_bounds", "tried_where", "what_paid"),
)
FAILED = ("refused", "did not parse", "did not compile", "wrong output", "crashed", "timed out")
Rows = list[dict[str, Any]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "data", create=True)


@pytest.fixture
def stage(lake: Lake) -> Callable[..., RunInfo]:
    """Commit a run with rows of some tables, the columns that are not named NULL."""

    def commit(program: str = "p", **tables: Rows) -> RunInfo:
        with lake.stage() as staging:
            for name, rows in {"runs": [{"program": program, "wall": 2.0}], **tables}.items():
                schema = TABLES[name].schema
                full = [{field: row.get(field) for field in schema.names} for row in rows]
                staging.write(TABLES[name], pa.Table.from_pylist(full, schema))
            return staging.commit(RunFacts(program, "iteration"))

    return commit


def proposal(iteration: int, candidate: int, outcome: str, **more: Any) -> dict[str, Any]:
    known = {"session": "s", "program": "p", "role": "proposal", "proposer": "rules"}
    known |= {"kind": "flags", "outcome": outcome, "trial_seconds": 2.0}
    return {**known, "iteration": iteration, "candidate": candidate, **more}


def remark(loop: str, name: str, words: str, tag: str = "Missed") -> dict[str, Any]:
    text = {"key": "String", "value": words, "file": None, "line": None, "column": None}
    place = {"file": "p.c", "line": 3, "column": 1}
    said = {"unit": "p.c", "tag": tag, "pass": "loop-vectorize", "name": name, "loop": loop}
    return {**said, **place, "args": [text], "count": 1}


def sample(loop: str | None, count: int) -> dict[str, Any]:
    return {"object": "p", "event": "cpu-clock", "loop": loop, "count": count, "own": True}


def rows(lake: Lake, query: str) -> Rows:
    found: Rows = ask(lake, query).to_pylist()
    return found


def test_convergence(lake: Lake, stage: Callable[..., RunInfo]) -> None:
    stage(iterations=[
        proposal(1, 1, "accepted", speedup=2.0, speedup_original=2.0, cost=0.5),
        proposal(1, 2, "refused", prompt_tokens=100, completion_tokens=20, cost=0.25),
        {**proposal(0, 1, "faster", speedup_original=9.0), "role": "baseline"},
    ])  # fmt: skip
    stage(iterations=[proposal(2, 1, "slower", speedup=0.5, speedup_original=1.0)])
    stage(iterations=[proposal(3, 1, "accepted", speedup=2.0, speedup_original=4.0)])
    stage(iterations=[{**proposal(3, 0, "faster", speedup_original=3.0), "role": "best"}])
    found = rows(lake, "FROM convergence")
    assert [r["iteration"] for r in found] == [1, 2, 3]
    assert [r["speedup"] for r in found] == [2.0, 2.0, 4.0]
    assert [r["gain"] for r in found] == [2.0, 1.0, 2.0]
    assert [r["reached"] for r in found] == pytest.approx([0.5, 0.5, 1.0])
    assert [(r["tried"], r["timed"], r["accepted"], r["failed"]) for r in found] == [
        (2, 1, 1, 1), (1, 1, 0, 0), (1, 1, 1, 0)
    ]  # fmt: skip
    assert [r["seconds_so_far"] for r in found] == [4.0, 6.0, 8.0]
    assert [r["cost"] for r in found] == [0.75, None, None]
    assert found[0]["tokens"] == 120


def test_convergence_without_a_gain(lake: Lake, stage: Callable[..., RunInfo]) -> None:
    stage(iterations=[proposal(1, 1, "same", speedup=1.0, speedup_original=1.0)])
    (found,) = rows(lake, "FROM convergence")
    assert found["speedup"] == found["gain"] == 1.0 and found["reached"] is None


@pytest.fixture
def with_remarks(stage: Callable[..., RunInfo]) -> RunInfo:
    """A run whose loop f/1 says that it may alias, and g/1, which is cold, that it calls."""
    return stage(
        remarks=[
            remark("f/1.1", "CantIdentifyArrayBounds", "loop not vectorized: bounds", "Analysis"),
            remark("f/10", "NonReductionValue", "loop not vectorized: value", "Analysis"),
            remark("g/1", "CantVectorizeCall", "loop not vectorized: call", "Analysis"),
            remark("f/1.1", "Vectorized", "vectorized loop", "Passed"),
        ],
        samples=[sample("f/1.1", 900), sample("f/10", 99), sample("g/1", 1)],
    )


def test_trial_remarks(lake: Lake, stage: Callable[..., RunInfo], with_remarks: RunInfo) -> None:
    parent = with_remarks.run_id
    stage(iterations=[
        proposal(1, 1, "same", parent=parent),
        proposal(1, 2, "same", parent=parent, loop="f/1"),
        proposal(1, 3, "same", parent=parent, loop="f"),
        proposal(1, 4, "same", parent=parent, loop="g/1"),
        proposal(1, 5, "same", loop="f/1"),
    ])  # fmt: skip
    found: dict[int, set[str]] = {}
    for row in rows(lake, "FROM trial_remarks"):
        found.setdefault(row["candidate"], set()).add(row["name"])
        assert row["targeted"] == (row["candidate"] != 1)
    bounds, value, call = "CantIdentifyArrayBounds", "NonReductionValue", "CantVectorizeCall"
    # flags are for the hot loops; a nest is not the loop whose number only begins alike
    assert found == {1: {bounds, value}, 2: {bounds}, 3: {bounds, value}, 4: {call}}


def test_without_samples_every_loop_counts(lake: Lake, stage: Callable[..., RunInfo]) -> None:
    parent = stage(remarks=[remark("g/1", "MissedDetails", "loop not vectorized")])
    stage(iterations=[proposal(1, 1, "same", parent=parent.run_id)])
    assert [r["name"] for r in rows(lake, "FROM trial_remarks")] == ["MissedDetails"]


def test_move_payoff(lake: Lake, stage: Callable[..., RunInfo], with_remarks: RunInfo) -> None:
    place = {"parent": with_remarks.run_id, "loop": "f/1"}
    stage(iterations=[
        proposal(1, 1, "accepted", kind="pragma", speedup=3.0, **place),
        proposal(1, 2, "slower", kind="pragma", speedup=0.5, **place),
        proposal(1, 3, "same", kind="source", speedup=1.0, **place),
        proposal(1, 4, "wrong output", kind="source", **place),
    ])  # fmt: skip
    pragma, source = rows(lake, "FROM move_payoff")
    assert pragma["kind"] == "pragma" and pragma["name"] == "CantIdentifyArrayBounds"
    assert pragma["accepted_share"] == 0.5 and pragma["best_speedup"] == 3.0
    assert pragma["median_speedup"] == 1.75 and pragma["programs"] == ["p"]
    assert (source["tried"], source["timed"], source["accepted"]) == (2, 1, 0)
    assert source["best_speedup"] is None


def test_failure_remarks(lake: Lake, stage: Callable[..., RunInfo], with_remarks: RunInfo) -> None:
    parent = with_remarks.run_id
    stage(iterations=[
        proposal(1, 1, "wrong output", parent=parent, loop="f/1"),
        proposal(1, 2, "did not compile", parent=parent, loop="f/1"),
        proposal(1, 3, "slower", parent=parent, loop="f/10"),
        proposal(1, 4, "accepted", parent=parent, loop="f/10"),
        proposal(1, 5, "inconclusive", parent=parent, loop="g/1"),
    ])  # fmt: skip
    (found,) = rows(lake, "FROM failure_remarks")
    assert found["name"] == "CantIdentifyArrayBounds" and found["failed"] == found["tried"] == 2
    assert found["overall_share"] == 0.4 and found["lift"] == 2.5
    assert found["outcomes"] == ["did not compile", "wrong output"]


@pytest.mark.parametrize("outcome", FAILED)
def test_what_is_a_failure(lake: Lake, stage: Callable[..., RunInfo], outcome: str) -> None:
    stage(iterations=[proposal(1, 1, outcome)])
    assert rows(lake, "SELECT failed FROM convergence") == [{"failed": 1}]
    assert rows(lake, "SELECT failed FROM proposer_scores") == [{"failed": 1}]


def test_proposer_scores(lake: Lake, stage: Callable[..., RunInfo]) -> None:
    model = {"proposer": "llm", "model": "m", "prompt_tokens": 1000, "cost": 0.5}
    stage(iterations=[
        proposal(1, 1, "accepted", speedup=2.0, speedup_original=2.0, expected=4.0),
        proposal(1, 2, "same", speedup=1.0, speedup_original=2.0, expected=2.0),
        proposal(1, 3, "accepted", speedup=3.0, speedup_original=6.0, expected=3.0, **model),
        proposal(1, 4, "did not parse", **model),
        {**proposal(1, 0, "faster", speedup_original=5.0), "role": "best"},
    ])  # fmt: skip
    stage(iterations=[{**proposal(1, 1, "same", speedup=1.0), "session": "t"}])
    llm, rules = rows(lake, "FROM proposer_scores ORDER BY proposer")
    assert (llm["proposer"], llm["model"], llm["sessions"]) == ("llm", "m", 1)
    assert llm["gain"] == pytest.approx(3.0) and llm["failed"] == 1 and llm["cost"] == 1.0
    assert llm["tokens"] == 2000 and llm["expected_ratio"] == 1.0
    # twice as fast in one session, nothing in the other
    assert rules["sessions"] == 2 and rules["gain"] == pytest.approx(math.sqrt(2))
    assert rules["expected_ratio"] == pytest.approx(0.5) and rules["cost"] is None
    assert rules["accepted_share"] == pytest.approx(1 / 3)


def test_gain_cost(lake: Lake, stage: Callable[..., RunInfo]) -> None:
    stage(iterations=[
        proposal(1, 1, "accepted", speedup_original=1.6, cost=1.0, prompt_tokens=500),
        proposal(1, 2, "slower", speedup=0.5),
        {**proposal(1, 0, "faster", speedup_original=1.5), "role": "best", "trial_seconds": None},
        {**proposal(1, 1, "same"), "session": "none"},
    ])  # fmt: skip
    none, gained = rows(lake, "FROM gain_cost")
    assert gained["gained_percent"] == pytest.approx(50.0)  # as measured at the end
    assert gained["seconds"] == 4.0 and gained["seconds_per_percent"] == pytest.approx(0.08)
    assert gained["cost_per_percent"] == pytest.approx(0.02)
    assert gained["tokens_per_percent"] == pytest.approx(10.0)
    assert none["gained_percent"] == 0.0 and none["seconds_per_percent"] is None


def test_kernel_bounds(lake: Lake, stage: Callable[..., RunInfo]) -> None:
    def kernel(program: str, bound: str, **tables: Rows) -> RunInfo:
        return stage(
            program,
            samples=[sample("f/1", 60), sample("f/2", 40)],
            loops=[{"key": "f/1", "function": "f", "file": "p.c", "line": 7}],
            machine_loops=[{"machine_loop": 1, "loop": "f/1", "samples": 60, "instructions": 4}],
            mca=[{"machine_loop": 1, "bound": bound, "cycles_per_iteration": 3.0}],
            trips=[{"loop_key": "f/1", "iterations": 600}],
            **tables,
        )

    kernel("one", "old")
    kernel("one", "dependencies")
    best = {**proposal(1, 0, "faster", speedup_original=3.0), "role": "best", "program": "two"}
    kernel("two", "a unit", iterations=[{**best, "guarantee": "tested"}])
    stage("three", samples=[sample("f/1", 1)])
    stage("four", samples=[sample(None, 1)])
    found = {r["program"]: r for r in rows(lake, "FROM kernel_bounds")}
    assert {name: row["bound"] for name, row in found.items()} == {
        "one": "dependencies", "two": "a unit", "three": "not modelled"
    }  # fmt: skip
    one, two = found["one"], found["two"]
    assert one["place"] == "p.c:7" and one["share"] == 0.6 and one["mca_cycles"] == 3.0
    assert one["ns_per_iteration"] == pytest.approx(1e9 * 0.6 * 2.0 / 600)
    assert one["speedup"] is None and one["seconds"] == 2.0
    assert (two["speedup"], two["guarantee"]) == (3.0, "tested")


@pytest.mark.parametrize(
    ("cpu", "taken"),
    [(None, 2.0), (0.0, 2.0), (0.5, 0.5), (1.9, 1.9), (7.8, 2.0)],
    ids=["older", "none", "loaded", "quiet", "threads"],
)
def test_time_of_an_iteration_is_cpu_time_of_one_thread(
    lake: Lake, stage: Callable[..., RunInfo], cpu: float | None, taken: float
) -> None:
    """Beside other work the wall time is several times too large; of threads only it is known."""
    stage(
        runs=[{"program": "p", "wall": 2.0, "cpu_seconds": cpu}],
        samples=[sample("f/1", 60), sample("f/2", 40)],
        loops=[{"key": "f/1", "function": "f", "file": "p.c", "line": 7, "function_name": "f"}],
        trips=[{"loop_key": "f/1", "iterations": 600}],
    )
    (hot,) = rows(lake, "FROM hotspots WHERE loop = 'f/1'")
    (bound,) = rows(lake, "FROM kernel_bounds")
    for row in (hot, bound):
        assert row["ns_per_iteration"] == pytest.approx(1e9 * 0.6 * taken / 600)


VECTORISED = {
    "pass": "loop-vectorize", "name": "Vectorized", "tag": "Passed", "loop": "f/1",
    "args": [{"key": "VectorizationFactor", "value": "4"}, {"key": "InterleaveCount", "value": "2"}],
}  # fmt: skip


def unrolled(name: str, count: int) -> dict[str, Any]:
    args = [{"key": "UnrollCount", "value": str(count)}]
    return {"pass": "loop-unroll", "name": name, "tag": "Passed", "loop": "f/1", "args": args}


DELETED = {"pass": "loop-delete", "name": "Invariant", "tag": "Passed", "loop": "f/1", "args": []}


@pytest.mark.parametrize(
    ("remarks", "vector_bits", "trips", "expected"),
    [
        ([], 0, 100.0, 24.0),
        ([unrolled("PartialUnrolled", 3)], 0, 100.0, 8.0),
        ([unrolled("FullyUnrolled", 12)], 0, 12.0, 2.0),
        ([VECTORISED], 256, 100.0, 3.0),
        ([VECTORISED, unrolled("PartialUnrolled", 2)], 256, 100.0, 1.5),
        ([VECTORISED], 0, 3.0, 24.0),  # too few turns: what runs is scalar
        ([VECTORISED, unrolled("PartialUnrolled", 2)], 0, 3.0, None),  # which of them was unrolled?
        ([VECTORISED], 0, 100.0, None),  # a copy, or the remainder: nobody knows
        ([DELETED], 0, 100.0, None),  # the copies are one machine loop with others
    ],
)
def test_model_cycles_are_of_an_iteration(
    lake: Lake,
    stage: Callable[..., RunInfo],
    remarks: list[dict[str, Any]],
    vector_bits: int,
    trips: float,
    expected: float | None,
) -> None:
    stage(
        samples=[sample("f/1", 60)],
        loops=[{"key": "f/1", "function": "f", "file": "p.c", "line": 7, "function_name": "f"}],
        trips=[{"loop_key": "f/1", "iterations": 600, "mean_trip_count": trips}],
        remarks=remarks,
        machine_loops=[
            {"machine_loop": 1, "loop": "f/1", "samples": 60, "vector_bits": vector_bits}
        ],
        mca=[{"machine_loop": 1, "cycles_per_iteration": 24.0}],
    )
    (hot,) = rows(lake, "FROM hotspots WHERE loop = 'f/1'")
    assert hot["mca_cycles"] == 24.0 and hot["model_cycles"] == expected


def test_a_real_optimisation(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> None:
    folder = real_optimisation(tmp_path_factory)
    lake = Lake.open(folder / "data")
    (reached,) = rows(lake, "FROM convergence")
    assert reached["program"] == "jacobi_2d" and reached["tried"] == reached["timed"] == 1
    assert reached["seconds"] > 0 and reached["failed"] == 0
    # -O1 vectorises only what asks for it, and says so of the hot loops
    assert {r["pass"] for r in rows(lake, "FROM trial_remarks")} >= {"loop-vectorize"}
    (score,) = rows(lake, "FROM proposer_scores")
    assert score["proposer"] == "rules" and score["gain"] == pytest.approx(reached["speedup"])
    (cost,) = rows(lake, "FROM gain_cost")
    assert cost["seconds"] == reached["seconds"] and cost["gained_percent"] >= 0
    (kernel,) = rows(lake, "FROM kernel_bounds")
    assert kernel["loop"].startswith("kernel_jacobi_2d/") and kernel["bound"] != "not modelled"
    for view in VIEWS:
        done = corr("sql", f"FROM {view}", "--format", "json", cwd=folder)
        assert done.returncode == 0, done.stderr


def test_they_are_listed_and_documented(corr: Corr, tmp_path: Path) -> None:
    done = corr("sql", "--list", "--format", "json", cwd=tmp_path)
    listed = {row["name"]: row["columns"] for row in json.loads(done.stdout)}
    page = (Path(__file__).resolve().parents[2] / "docs" / "queries.md").read_text()
    for view in VIEWS:
        assert view in listed and f"## {view}" in page
        text = page.split(f"## {view}\n")[1].split("\n## ")[0]
        (shown,) = re.findall(r"\$ corr sql \"(.*?)\"\n(.*?)```", text, re.DOTALL)
        columns = shown[1].splitlines()[0].split()
        assert set(columns) <= set(listed[view].split(", ")), view
