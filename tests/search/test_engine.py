"""What is measured, once each; what fails and how; what a kill costs; two drivers of one study."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import UsageError
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.search.cases import Case
from corr.search.journal import study_folder
from corr.search.lab import Lab
from corr.search.modes import MODES, go
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting
from corr.search.study import Measure
from tests.support.search_lab import FakeLab, Killed, done, study

SIZES: dict[str, list[int | float | str]] = {"size": [2**n for n in range(4, 16)]}


def faster_by_half(case: Case, setting: Setting) -> float:
    return case.features["size"] * (1.0 if setting.number is None else 0.5)


def rows(folder: Path, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(Lake.open(folder / "data"), query).to_pylist()
    return found


def test_everything_is_measured_once(tmp_path: Path) -> None:
    lab = FakeLab(faster_by_half)
    first = done(study([1, 2], SIZES), lab, tmp_path)
    assert first.missing == 0 and lab.runs > 0
    again = FakeLab(faster_by_half)
    second = done(study([1, 2], SIZES), again, tmp_path)
    assert again.runs == again.builds == 0
    assert second.analysis.values and second.run.run_id != first.run.run_id
    found = rows(tmp_path, "SELECT run_id, setting, ratio FROM search_results WHERE current")
    by_run = [[r["ratio"] for r in found if r["run_id"] == d.run.run_id] for d in (first, second)]
    assert by_run[0] == by_run[1] and len(by_run[0]) > 24


def test_a_new_value_is_all_that_is_measured(tmp_path: Path) -> None:
    done(study([1, 2], SIZES), FakeLab(faster_by_half), tmp_path, "run")
    lab = FakeLab(faster_by_half)
    result = done(study([1, 2, 4], SIZES), lab, tmp_path, "run")
    cases = len(result.analysis.best)
    # a baseline and a value to begin with, and at most five pairs
    assert cases < lab.runs <= cases * 12
    (row,) = [r for r in result.analysis.settings() if r["setting"] == "4"]
    assert row["speedup"] == pytest.approx(2, rel=0.05) and row["improved"] == cases


def test_equal_code_is_measured_once(tmp_path: Path) -> None:
    """150 and 300 give one program, 1 that of the baseline."""

    def code(case: Case, setting: Setting) -> str:
        value = setting.number or 0
        return f"{case.name} {'big' if value >= 150 else 'base'}"

    def model(case: Case, setting: Setting) -> float:
        return case.features["size"] * (0.5 if (setting.number or 0) >= 150 else 1.0)

    lab = FakeLab(model, code=code)
    result = done(study([1, 150, 300], SIZES), lab, tmp_path, "run")
    one = FakeLab(model, code=code)
    done(study([150], SIZES, name="one"), one, tmp_path, "run")
    assert lab.runs == one.runs
    found = {(r["setting"], r["same_code_as"]) for r in result.analysis.changes}
    assert found == {("off", None), ("1", "off"), ("150", None), ("300", "150")}
    ratios = {r["setting"]: r["ratio"] for r in result.analysis.changes if r["case_name"] == "16"}
    assert ratios["1"] == 1.0 and ratios["150"] == ratios["300"]


def test_failures_have_a_kind(tmp_path: Path) -> None:
    def model(case: Case, setting: Setting) -> float | Failed:
        if setting.number == 1 and case.features["size"] > 1000:
            return Failed(Outcome.not_built, "error: too large")
        return case.features["size"] * {2: 20.0, 3: 2.5}.get(int(setting.number or 0), 1.0)

    def output(_case: Case, setting: Setting) -> str:
        return "wrong" if setting.number == 4 else "right"

    lab = FakeLab(model, output=output)
    result = done(study([1, 2, 3, 4], SIZES), lab, tmp_path, "run")
    outcomes = {(r["setting"], r["outcome"]) for r in result.analysis.changes}
    assert outcomes == {
        ("off", "ok"), ("1", "ok"), ("1", "does not build"), ("2", "timed out"), ("3", "ok"),
        ("4", "wrong result"),
    }  # fmt: skip
    slow = [r for r in result.analysis.changes if r["setting"] == "3"]
    assert {r["detail"] for r in slow} == {"given up: slower by far"}
    assert {r["pairs"] for r in slow} == {3} and {r["change"] for r in slow} == {"regressed"}


def test_a_baseline_that_fails_costs_its_case(tmp_path: Path) -> None:
    def model(case: Case, setting: Setting) -> float | Failed:
        broken = case.name == "64" and setting.number is None
        return Failed(Outcome.crashed, "SIGSEGV") if broken else 1.0

    result = done(study([1], SIZES, prove=replace(study([1], SIZES).prove, held_out=0)),
                  FakeLab(model), tmp_path, "run")  # fmt: skip
    (failed,) = [r for r in result.analysis.changes if r["outcome"] != "ok"]
    assert (failed["case_name"], failed["outcome"]) == ("64", "baseline failed")
    assert failed["detail"] == "crashed: SIGSEGV"


def test_a_baseline_whose_output_varies_says_so(tmp_path: Path) -> None:
    count = iter(range(10_000))
    lab = FakeLab(faster_by_half)
    prepare = lab.prepare

    def varied(case: Case, setting: Setting) -> Any:
        arm = prepare(case, setting)
        once = arm.once
        arm.once = lambda limit: replace(once(limit), output=str(next(count)))  # type: ignore[method-assign]
        return arm

    lab.prepare = varied  # type: ignore[method-assign]
    result = done(study([1], SIZES), lab, tmp_path, "run")
    said = {r["detail"] for r in result.analysis.changes if r["outcome"] == "wrong result"}
    assert len(said) == 1 and "the baseline prints something else each time" in said.pop()


@pytest.mark.parametrize("after", [1, 7, 51, 52])
def test_a_kill_costs_the_pair_in_flight(tmp_path: Path, after: int) -> None:
    """Whatever had been measured is known to the next driver, and not measured again."""
    made = study([1, 2], {"size": [1, 2, 3, 4]}, measure=Measure(fewest=9, most=9))
    lab = FakeLab(faster_by_half, dies_after=after)
    with pytest.raises(Killed):
        done(made, lab, tmp_path, "run")
    goes_on = FakeLab(faster_by_half)
    result = done(made, goes_on, tmp_path, "run")
    assert result.missing == 0
    whole = FakeLab(faster_by_half)
    done(made, whole, tmp_path / "other", "run")
    # the runs of a pair, and those that see whether baseline and value work at all
    assert after + goes_on.runs <= whole.runs + 4
    (pairs,) = rows(
        tmp_path, "SELECT count(*) AS n, count(DISTINCT (key, pair)) AS d FROM search_pairs"
    )
    assert pairs["n"] == pairs["d"] == 9 * 2 * len(result.analysis.best)
    assert not list(study_folder(Lake.open(tmp_path / "data"), "fake").glob("*"))


def test_a_line_that_a_kill_cut_off_is_no_result(tmp_path: Path) -> None:
    made = study([1], SIZES)
    with pytest.raises(Killed):
        done(made, FakeLab(faster_by_half, dies_after=60), tmp_path, "run")
    (journal,) = study_folder(Lake.open(tmp_path / "data"), "fake").glob("*.jsonl")
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20] + b'\n[]\n{"pair"\n')
    assert done(made, FakeLab(faster_by_half), tmp_path, "run").missing == 0


def test_two_drivers_share_a_study(tmp_path: Path) -> None:
    """They measure each setting once between them, and both end with everything."""
    made = study([1, 2, 3], {"size": [2**n for n in range(4, 34)]})
    lake = Lake.open(tmp_path / "data", create=True)
    labs = [FakeLab(faster_by_half, seed=n) for n in range(2)]
    ended: list[Any] = []

    def drive(lab: Lab) -> None:
        ended.append(go(made, lake, MODES["run"], lambda _line: None, lab))

    threads = [threading.Thread(target=drive, args=(lab,)) for lab in labs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.missing for result in ended] == [0, 0]
    found = rows(tmp_path, "SELECT key, pair, count(*) AS n FROM search_pairs GROUP BY ALL")
    assert {row["n"] for row in found} == {1}
    first, second = (
        {(r["case_name"], r["setting"]): r["ratio"] for r in result.analysis.changes}
        for result in ended
    )
    assert first == second


def test_results_of_another_request_are_not_used(tmp_path: Path) -> None:
    """A study whose compiler, input or command changed is measured anew; the old rows stay."""
    done(study([1], SIZES), FakeLab(faster_by_half), tmp_path, "run")
    lab = FakeLab(lambda case, _setting: case.features["size"])
    lab.request = lambda case, setting: f"new {case.name} {setting.name}"  # type: ignore[method-assign]
    lab.code = lambda case, setting: f"new {case.name} {setting.name}"
    result = done(study([1], SIZES), lab, tmp_path, "run")
    assert lab.runs > 0
    (row,) = [r for r in result.analysis.settings() if r["setting"] == "1"]
    assert row["speedup"] == pytest.approx(1, abs=0.05)


def test_retry_tries_what_failed(tmp_path: Path) -> None:
    broken = FakeLab(lambda _c, s: 1.0 if s.number is None else Failed(Outcome.crashed, "x"))
    done(study([1], SIZES), broken, tmp_path, "run")
    lake = Lake.open(tmp_path / "data")
    lab = FakeLab(faster_by_half)
    kept = go(study([1], SIZES), lake, MODES["run"], lambda _l: None, lab)
    assert lab.runs == 0 and all(r["change"] == "failed" for r in kept.analysis.changes
                                 if r["setting"] == "1")  # fmt: skip
    mode = replace(MODES["run"], retry=True)
    again = go(study([1], SIZES), lake, mode, lambda _l: None, lab)
    assert {r["change"] for r in again.analysis.changes if r["setting"] == "1"} == {"improved"}


def test_more_pairs_are_measured_where_more_are_asked_for(tmp_path: Path) -> None:
    """`fewest` raised: what is known goes on from its pairs, and then it is known."""
    few = study([1, 2], SIZES, measure=Measure(fewest=3, most=15))
    first = done(few, FakeLab(faster_by_half), tmp_path, "run")
    more = replace(few, measure=Measure(fewest=9, most=15))
    lab = FakeLab(faster_by_half, seed=1)
    second = done(more, lab, tmp_path, "run")
    before, after = (
        {r["pairs"] for r in result.analysis.changes if r["role"] == "value"}
        for result in (first, second)
    )
    assert before == {3} and after == {9}
    cases = len(second.analysis.best)
    assert lab.runs == cases * (2 * 2 * 6 + 1)
    (pairs,) = rows(
        tmp_path, "SELECT count(*) AS n, count(DISTINCT (key, pair)) AS d FROM search_pairs"
    )
    assert pairs["n"] == pairs["d"] == cases * 2 * 9
    assert done(more, again := FakeLab(faster_by_half), tmp_path, "run").missing == again.runs == 0


def test_what_quick_left_undecided_goes_on_in_full(tmp_path: Path) -> None:
    made = study([1], SIZES, measure=Measure(fewest=3, most=15))
    slower = FakeLab(lambda c, s: c.features["size"] * (1.2 if s.number else 1.0), noise=0.2)
    done(made, slower, tmp_path, "quick")
    found = done(made, slower, tmp_path, "run").analysis
    rows_ = [r for r in found.changes if r["role"] == "value"]
    assert all(r["pairs"] == 15 for r in rows_ if r["change"] == "undecided")
    assert max(r["pairs"] for r in rows_) > 5


def test_what_was_measured_before_a_file_changed_is_shown(tmp_path: Path) -> None:
    """`analyze` says what changed and shows what is known; a run that measures does not take it."""
    made = study([1, 2], SIZES)
    first = done(made, FakeLab(faster_by_half, depends={"in.bin": "a", "b": "b"}), tmp_path)
    lake = Lake.open(tmp_path / "data")
    for _ in range(2):
        told: list[str] = []
        lab = FakeLab(faster_by_half, depends={"in.bin": "c", "b": "b"})
        shown = go(made, lake, MODES["analyze"], told.append, lab)
        assert lab.runs == 0 and any("before in.bin changed" in line for line in told)
        tuned = {
            (r["case_name"], r["setting"]): r["ratio"]
            for r in shown.analysis.changes if r["role"] == "value"
        }  # fmt: skip
        assert (
            tuned
            and tuned.items()
            <= {(r["case_name"], r["setting"]): r["ratio"] for r in first.analysis.changes}.items()
        )
    with pytest.raises(UsageError, match=r"before in\.bin changed"):
        go(made, lake, MODES["test-optimized"], lambda _l: None, lab)
    again = go(made, lake, MODES["run"], lambda _l: None, lab)
    assert lab.runs > 0 and again.missing == 0
    told.clear()
    go(made, lake, MODES["analyze"], told.append, lab)
    assert not any("changed" in line for line in told)
