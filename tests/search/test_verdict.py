"""What is said of a study: never more than its cases bear out, and why what fails does."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from collectors.base.errors import CorrError, UsageError
from corr.commands.search import _hand_over
from corr.console.output import Format, shown
from corr.lake.store import Lake
from corr.search import comprehensive
from corr.search.analysis import ALL
from corr.search.cases import Case, cases
from corr.search.imported import enter, read
from corr.search.modes import MODES, Done, go
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting
from corr.search.study import Cases, Knob, KnobKind, Prove, Study
from corr.search.verdict import failing, state
from corr.timing.significance import student_tail
from tests.support.search_lab import FakeLab, done, study

SIZES: list[int | float | str] = [2**n + k for n in range(4, 20) for k in range(3)]


def planted(case: Case, setting: Setting) -> float:
    """64 is best below 1024, 8 above."""
    size, value = case.features["size"], setting.number
    if value is None:
        return size
    return size * 0.5 * (1 + 0.3 * abs(math.log2(value / (64 if size < 1024 else 8))))


def imported(folder: Path, made: Study, rows: list[str]) -> Done:
    (folder / "times.csv").write_text("\n".join(["case,setting,time", *rows]))
    lake = Lake.open(folder / "data", create=True)
    return enter(made, lake, read(folder / "times.csv"), lambda _line: None)


@pytest.mark.parametrize("count", [2, 3, 4, 7, 11, 12, 13, 40, 200])
def test_intervals_over_cases_are_students(tmp_path: Path, count: int) -> None:
    """Their ends are where 5 % of Student's distribution lie beyond; of two cases there are none."""
    ratios = [0.5 + 0.1 * math.sin(n) for n in range(count)]
    made = study([8], {"n": [*range(count)]}, prove=Prove(held_out=0))
    rows = [f"{n},{s},{t!r}" for n, r in enumerate(ratios) for s, t in (("off", 1.0), ("8", r))]
    (row,) = [r for r in imported(tmp_path, made, rows).analysis.settings() if r["value"] == 8]
    if count < 3:
        ends = ("speedup_low", "speedup_high", "improvement_low", "improvement_high")
        assert {row[end] for end in ends} == {None} and row["speedup"] > 1
        return
    logs, gains = [-math.log(r) for r in ratios], [1 - r for r in ratios]
    for values, low, high in (
        (logs, math.log(row["speedup_low"]), math.log(row["speedup_high"])),
        (gains, row["improvement_low"], row["improvement_high"]),
    ):
        mean = math.fsum(values) / count
        error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1) / count)
        for end in (low, high):
            assert student_tail((end - mean) / error, count - 1) == pytest.approx(0.05, rel=1e-4)


@pytest.mark.parametrize(("held", "ready"), [(1, False), (2, False), (3, True)])
def test_few_held_out_cases_prove_nothing(tmp_path: Path, held: int, ready: bool) -> None:
    count = 10 * held
    made = study([8], {"n": [*range(count)]}, prove=Prove(held_out=0.1))
    rows = [f"{n},{s},{t}" for n in range(count) for s, t in (("off", 1), ("recommended", 0.5))]
    result = imported(tmp_path, made, rows)
    assert result.analysis.search["held_out"] == held and result.analysis.ready == ready
    said = state(result.analysis)
    assert ("so few cases prove nothing" in said) != ready
    assert f"on {held} held-out case{'s' * (held > 1)}, " in said
    assert "not tested" in said
    assert "too few cases" in comprehensive.text(result.analysis) or held == 3


def test_what_an_import_proves_has_its_name(tmp_path: Path) -> None:
    """Nothing is recommended from the imported values, and yet an imported row is proved."""
    made = study([8], {"n": [*range(40)]}, prove=Prove(held_out=0.3))
    times = (("off", 1), ("8", 1), ("recommended", 0.5))
    result = imported(tmp_path, made, [f"{n},{s},{t}" for n in range(40) for s, t in times])
    assert [one.verdict for one in result.advice] == ["no recommendation"]
    assert state(result.analysis).startswith("the imported recommendation is ready: ×2 ")


def test_a_proved_single_value_has_its_name(tmp_path: Path) -> None:
    def model(case: Case, setting: Setting) -> float:
        other = SIZES.index(int(case.features["size"])) % 5 == 0  # no feature tells which
        return case.features["size"] / (2 if setting.number == (64 if other else 8) else 1)

    made = study([8, 64], {"size": SIZES})
    result = done(made, FakeLab(model), tmp_path)
    said = state(result.analysis)
    assert "best single value, 8 (×1.6" in said and "test-optimized --single" in said
    mode = replace(MODES["test-optimized"], single=True)
    lake = Lake.open(tmp_path / "data")
    proved = go(made, lake, mode, lambda _line: None, FakeLab(model)).analysis
    assert state(proved).startswith("the best single value, 8, is ready: ×1.")


@pytest.mark.slow
def test_a_recommendation_that_fails_wherever_it_is_tried(tmp_path: Path) -> None:
    """The constant stands where no code may: its values build, the recommended code does not."""

    def model(case: Case, setting: Setting) -> float | Failed:
        if setting.code:
            return Failed(Outcome.not_built, "error: expected identifier before 'if'")
        return planted(case, setting)

    words = {"file": "f.c", "find": "limit = {value};", "rebuild": ["cc"], "artifact": "cc1"}
    knob = Knob(name="limit", kind=KnobKind.source, values=[8, 64], **words)
    made = study([8], {"size": SIZES}, knobs=[knob])
    result = done(
        replace(made, run=replace(made.run, command=["{artifact}"])), FakeLab(model), tmp_path
    )
    assert result.advice[0].ladder is not None and not result.analysis.ready
    said = state(result.analysis)
    assert said.startswith("not ready: fails in 15 of 15 held-out cases: does not build (")
    assert "expected identifier before" in said and said in comprehensive.text(result.analysis)
    with pytest.raises(CorrError, match="fails in every case"):
        _hand_over(result, tmp_path / "results", Format.table)


def test_why_a_value_fails_is_said(tmp_path: Path) -> None:
    def model(case: Case, setting: Setting) -> float | Failed:
        size = case.features["size"]
        if setting.number == 8 and size > 40:
            return Failed(Outcome.no_time, "it says that it took 0 s")
        if setting.number == 64:
            return Failed(Outcome.crashed, "killed by SIGSEGV")
        return size

    made = study([8, 64], {"size": [10, 20, 30, 40, 50]}, prove=Prove(held_out=0))
    result = done(made, FakeLab(model, noise=0), tmp_path)
    assert list(failing(result.analysis)) == [
        "8 fails in 1 of 5 cases: no time (50: it says that it took 0 s);"
        " the others take 100 s, the baseline 100 s",
        "64 fails in 5 of 5 cases: crashed (10: killed by SIGSEGV)",
    ]
    (row,) = [r for r in result.analysis.settings(ALL) if r["setting"] == "64"]
    assert (row["win_rate"], row["win_low"], row["win_high"]) == (None, None, None)
    text = comprehensive.text(result.analysis)
    assert "of the other 4 tests: 100000 ms of the baseline there" in text


def test_values_that_all_fail_are_no_missing_measurement(tmp_path: Path) -> None:
    made = study([8], {"size": [10, 20]}, prove=Prove(held_out=0))

    def model(case: Case, setting: Setting) -> float | Failed:
        if setting.number is None:
            return case.features["size"]
        return Failed(Outcome.timed_out, "still running after 2 s")

    (advice,) = done(made, FakeLab(model), tmp_path).advice
    assert advice.why == "every value fails for every case that was measured"
    assert advice.cases == 0


def test_what_failed_of_a_recommendation_is_tried_again(tmp_path: Path) -> None:
    """`--retry` is for the proof too, and `test-optimized --retry` measures no value."""
    made = study([8, 64], {"size": SIZES})
    broken = True

    def model(case: Case, setting: Setting) -> float | Failed:
        held = setting.number is not None and not tuned(case)
        return Failed(Outcome.crashed, "busy") if held and broken else planted(case, setting)

    parts: dict[str, str] = {}

    def tuned(case: Case) -> bool:
        return parts.get(case.name) == "tuning"

    from corr.search.cases import cases
    from corr.search.split import parts as split

    parts.update(split(cases(made), made.prove))
    assert done(made, FakeLab(model), tmp_path).analysis.proof("held-out")["failed"] == 15
    broken = False
    lake = Lake.open(tmp_path / "data")
    again = replace(MODES["test-optimized"], retry=True)
    assert go(made, lake, again, lambda _line: None, FakeLab(model)).analysis.ready


def test_repeated_rows_are_repetitions(tmp_path: Path) -> None:
    """Three rows of each: medians, an interval and a test, beyond which no noise is called so."""
    random = np.random.default_rng(0)
    made = study([8, 64], {"n": [*range(30)]}, prove=Prove(held_out=0))
    rows = [
        f"{n},{setting},{factor * random.lognormal(0, 0.1)}"
        for n in range(30)
        for _ in range(4)
        for setting, factor in (("off", 1), ("8", 1), ("64", 0.2))
    ]
    found = imported(tmp_path, made, rows).analysis
    changes = {(r["setting"], r["change"]) for r in found.changes if r["role"] != "recommended"}
    undecided = {("8", "undecided")}  # beyond 5 % by chance, and not called so
    assert changes - undecided == {("off", "neutral"), ("8", "neutral"), ("64", "improved")}
    first = [float(row.split(",")[2]) for row in rows if row.startswith("0,8,")]
    (one,) = [r for r in found.changes if (r["case_name"], r["setting"]) == ("0", "8")]
    assert one["pairs"] == 4 and one["seconds"] == pytest.approx(statistics.median(first))
    assert one["low"] < one["ratio"] < one["high"] and one["p_value"] is not None
    assert found.tested and "of a false discovery rate" in comprehensive.text(found)


def test_a_repetition_that_failed_is_a_failure(tmp_path: Path) -> None:
    made = study([8], {"n": [1, 2]}, prove=Prove(held_out=0))
    rows = ["1,off,1", "1,off,1", "1,8,1", "1,8,nan", "2,off,1", "2,off,3", "2,8,1"]
    found = imported(tmp_path, made, rows).analysis
    assert [r["change"] for r in found.changes if r["setting"] == "8"] == ["failed", "neutral"]
    text = comprehensive.text(found)
    assert not found.tested and "by more than 5 %: not tested" in text


def test_a_case_that_lacks_a_feature_is_named(tmp_path: Path) -> None:
    """That the feature could not decide is no wonder, and no silence."""
    (tmp_path / "cases.txt").write_text("\n".join([*(f"c{n} -n {n}" for n in range(30)), "c30"]))
    made = study(
        [8], {"n": [1]}, cases=Cases(file="cases.txt"), folder=tmp_path, prove=Prove(held_out=0)
    )
    rows = [f"{line},{s},{t}" for n, line in enumerate((tmp_path / "cases.txt").read_text().split("\n"))
            for s, t in (("off", 1), ("8", 0.5 if n < 15 else 2))]  # fmt: skip
    (advice,) = imported(tmp_path, made, rows).advice
    assert "n is no number in 1 of 31 cases, as 'c30'" in advice.why


def test_times_of_more_digits_than_say_anything(tmp_path: Path) -> None:
    made = study([8], {"n": [1, 2, 3]}, prove=Prove(held_out=0))
    rows = [f"{n},{s},1e300" for n in range(1, 4) for s in ("off", "8", "recommended")]
    text = comprehensive.text(imported(tmp_path, made, rows).analysis)
    assert max(map(len, text.split("\n"))) < 300 and "1e+303 ms" in text
    assert shown(1e300) == "1e+300" and shown(-1e300) == "-1e+300" and shown(123456.0) == "123,456"


def test_how_much_is_to_be_measured_is_no_progress(tmp_path: Path) -> None:
    made, told = study([8, 64], {"size": [10, 20]}, prove=Prove(held_out=0)), list[str]()
    lake = Lake.open(tmp_path / "data", create=True)
    for values in ([8], [8, 64]):
        knob = replace(made.knobs[0], values=values)
        lab = FakeLab(lambda case, _setting: case.features["size"])
        go(replace(made, knobs=[knob]), lake, MODES["run"], told.append, lab)
    assert told == [
        "fake: measuring: 2 results to go", "fake: measuring: 2 results to go, 2 are known",
    ]  # fmt: skip


def test_an_import_of_all_times_is_its_own_proof(tmp_path: Path) -> None:
    """What is recommended has the times of the values that it chooses, in the held-out cases too."""
    made = study([8, 64], {"size": SIZES}, prove=Prove(held_out=0.3))
    random = np.random.default_rng(0)
    rows = [
        f"{case.name},{setting},{planted(case, Setting((value,), ('limit',)))!r}"
        for case in cases(made)
        for setting, value in (("off", None), ("8", 8), ("64", 64))
    ]
    random.shuffle(rows)
    result = imported(tmp_path, made, rows)
    assert str(result.advice[0].ladder) == "size < 1024: 64, else 8"
    found = result.analysis
    assert found.ready and state(found).startswith("ready: ×2")
    assert {r["used"] for r in found.changes if r["role"] == "recommended"} == {"8", "64"}
    # values are told over the cases that the ladder was fitted to
    assert {row["cases"] for row in found.settings()} == {len(SIZES) - 15}
    assert found.search["held_out"] == 15


def test_a_case_that_there_is_not_is_told_one_that_there_is(tmp_path: Path) -> None:
    made = study([8], {"n": [1, 69, 70], "k": [2]}, prove=Prove(held_out=0))
    with pytest.raises(UsageError, match="no case '69'") as caught:
        imported(tmp_path, made, ["69,off,1", "69,8,1"])
    assert caught.value.fix == "cases are called as 'n=69 k=2'"


def test_the_best_of_noise_is_not_sure(tmp_path: Path) -> None:
    """Of eight values that are all alike the best one of each case is faster, by luck."""
    values: list[int | float | str] = [*range(1, 9)]
    made = study(values, {"size": [*range(1, 21)]}, prove=Prove(held_out=0))
    lab = FakeLab(lambda case, _setting: case.features["size"], noise=0.05)
    (advice,) = done(made, lab, tmp_path, "run").analysis.advice
    assert advice["best_speedup"] > 1.03 and advice["sure_speedup"] < 1.01
