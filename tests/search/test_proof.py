"""Held-out cases decide: planted regressions are found, and nothing is ready that has one."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest

from corr.search import comprehensive
from corr.search.cases import Case, cases
from corr.search.code import code
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting
from corr.search.split import HELD_OUT, parts
from corr.search.study import Measure, Prove, Recommend
from corr.search.verdict import failing, state
from tests.support.search_lab import FakeLab, done, study

SIZES: list[int | float | str] = [2**n + k for n in range(4, 20) for k in range(3)]


def planted(case: Case, setting: Setting) -> float:
    """64 is best below 1024, 8 above."""
    size, value = case.features["size"], setting.number
    if value is None:
        return size
    return size * 0.5 * (1 + 0.3 * abs(math.log2(value / (64 if size < 1024 else 8))))


def test_a_planted_ladder_is_recommended_and_proved(tmp_path: Path) -> None:
    result = done(study([8, 16, 64], {"size": SIZES}), FakeLab(planted), tmp_path)
    (advice,) = result.advice
    assert str(advice.ladder) == "size < 1024: 64, else 8"
    proof = result.analysis.proof(HELD_OUT)
    assert proof is not None
    assert proof["cases"] == result.analysis.search["held_out"] == 15  # of 48
    assert proof["speedup"] == pytest.approx(2, rel=0.03) and proof["improved"] == 15
    assert result.analysis.ready and state(result.analysis).startswith("ready: ×2")
    # nothing but the baseline and what is recommended was measured there
    held = {r["setting"] for r in result.analysis.changes if r["part"] == HELD_OUT}
    assert held == {"recommended"}


def regressing(made_parts: dict[str, str], how: float | Failed) -> FakeLab:
    """As planted, but one held-out case is slower, or fails, under what is best elsewhere."""
    victim = next(name for name, part in made_parts.items() if part == HELD_OUT)

    def model(case: Case, setting: Setting) -> float | Failed:
        if case.name != victim or setting.number is None:
            return planted(case, setting)
        return how if isinstance(how, Failed) else case.features["size"] * how

    return FakeLab(model)


@pytest.mark.parametrize("how", [1.2, 1.07, Failed(Outcome.wrong, "another result")])
def test_a_planted_regression_is_found(tmp_path: Path, how: float | Failed) -> None:
    made = study([8, 64], {"size": SIZES})
    shares = parts(cases(made), made.prove)
    result = done(made, regressing(shares, how), tmp_path)
    proof = result.analysis.proof(HELD_OUT)
    assert proof is not None and proof["regressed"] + proof["failed"] == 1
    assert not result.analysis.ready and state(result.analysis).startswith("not ready")


def test_what_gains_nothing_there_is_not_ready(tmp_path: Path) -> None:
    """Fitted to tuning cases that gain; the held-out ones neither gain nor lose."""
    made = study([8, 64], {"size": SIZES})
    shares = parts(cases(made), made.prove)

    def model(case: Case, setting: Setting) -> float:
        held = shares[case.name] == HELD_OUT
        return case.features["size"] if held else planted(case, setting)

    result = done(made, FakeLab(model, noise=0.0), tmp_path)
    proof = result.analysis.proof(HELD_OUT)
    assert proof is not None and proof["neutral"] == proof["cases"]
    assert not result.analysis.ready and state(result.analysis).endswith("no gain beyond doubt")


def test_without_held_out_cases_nothing_is_ready(tmp_path: Path) -> None:
    made = study([8, 64], {"size": SIZES}, prove=Prove(held_out=0))
    result = done(made, FakeLab(planted), tmp_path)
    assert result.advice[0].ladder is not None and not result.analysis.ready


def test_no_dependence_on_size_is_no_recommendation(tmp_path: Path) -> None:
    """One kernel of three is six times faster from 150 on, and another slower: a best single value,
    and no ladder.
    """

    def model(case: Case, setting: Setting) -> float:
        factor = {"a": 6.0, "b": 1.0, "c": 0.8}[case.labels["kernel"]]
        return case.features["size"] / (factor if (setting.number or 0) >= 150 else 1)

    features: dict[str, list[int | float | str]] = {
        "kernel": ["a", "b", "c"], "size": [2**n for n in range(6, 16)],
    }  # fmt: skip
    result = done(study([50, 150, 300], features), FakeLab(model), tmp_path)
    (advice,) = result.advice
    assert advice.verdict == "no recommendation" and advice.ladder is None
    assert advice.single in ("150", "300") and advice.single_speedup > 1.5
    assert "best single value" in state(result.analysis)


def test_a_constant_that_is_best_in_every_case_of_a_class(tmp_path: Path) -> None:
    """It is recommended and proved; what is ready is said with the classes that it covers."""

    def model(case: Case, setting: Setting) -> float:
        wins = case.labels["op"] == "conv" and setting.number == 8
        return case.features["size"] * (0.5 if wins else 1.0)

    features: dict[str, list[int | float | str]] = {
        "op": ["conv", "matmul"], "size": [2**n for n in range(4, 20)],
    }  # fmt: skip
    made = study([8, 64], features, recommend=Recommend(classes="op"))
    result = done(made, FakeLab(model), tmp_path)
    assert {one.group: (one.verdict, str(one.ladder)) for one in result.advice} == {
        "conv": ("recommended", "8"),
        "matmul": ("no recommendation", "None"),
    }
    assert {r["class"] for r in result.analysis.changes if r["role"] == "recommended"} == {"conv"}
    assert code(result.advice[0], made, "c++") == "int64_t limit;\nlimit = 8;\n"
    assert code(result.advice[0], made, "python") == "def limit():\n    return 8\n"
    assert tomllib.loads(code(result.advice[0], made, "toml"))["rule"] == [{"value": 8}]
    said = state(result.analysis)
    assert result.analysis.ready and said.startswith("the constant 8 is ready for conv (as they")
    assert "(as they are: matmul): ×2" in said


def test_each_class_has_a_recommendation_of_its_own(tmp_path: Path) -> None:
    """Convolutions want 64 when small, products 8; as one class they would want neither."""

    def model(case: Case, setting: Setting) -> float:
        size, value = case.features["size"], setting.number
        small, large = (64, 8) if case.labels["op"] == "conv" else (8, 64)
        best = small if size < 1024 else large
        return size if value is None else size * 0.5 * (1 + abs(math.log2(value / best)))

    features: dict[str, list[int | float | str]] = {
        "op": ["conv", "matmul"], "size": [2**n + k for n in range(4, 20) for k in (0, 1)],
    }  # fmt: skip
    made = study([8, 64], features, recommend=Recommend(classes="op"))
    result = done(made, FakeLab(model), tmp_path)
    assert {one.group: str(one.ladder) for one in result.advice} == {
        "conv": "size < 1024: 64, else 8",
        "matmul": "size < 1024: 8, else 64",
    }
    assert result.analysis.ready
    assert {r["class"] for r in result.analysis.clusters} == {"conv", "matmul"}


def test_the_split_is_stratified_and_stays() -> None:
    features: dict[str, list[int | float | str]] = {
        "op": ["conv", "matmul"], "size": [*range(100)],
    }  # fmt: skip
    made = cases(study([1], features))
    shares = parts(made, Prove(0.3, by="size"), "op")
    for op in ("conv", "matmul"):
        held = [c for c in made if c.labels["op"] == op and shares[c.name] == HELD_OUT]
        assert len(held) == 30
        for low in range(0, 100, 10):
            assert 2 <= sum(low <= c.features["size"] < low + 10 for c in held) <= 4
    assert parts(made[::-1], Prove(0.3, by="size"), "op") == shares
    more = cases(study([1], {**features, "size": [*range(101)]}))
    moved = parts(more, Prove(0.3, by="size"), "op")
    assert sum(moved[c.name] != shares[c.name] for c in made) <= 2
    assert set(parts(made, Prove(0)).values()) == {"tuning"}


def test_whole_sizes_are_held_out() -> None:
    features: dict[str, list[int | float | str]] = {"size": [*range(10)], "seed": [*range(5)]}
    made = cases(study([1], features))
    shares = parts(made, Prove(0.3, by="size", whole=True))
    by_size = {s: {shares[c.name] for c in made if c.features["size"] == s} for s in range(10)}
    assert all(len(found) == 1 for found in by_size.values())
    assert sum(found == {HELD_OUT} for found in by_size.values()) == 3


@pytest.mark.parametrize("noise", [0.1, 0.2])
def test_what_may_be_much_slower_is_not_ready(tmp_path: Path, noise: float) -> None:
    """One held-out case in three takes 1.6 times as long, on a machine as noisy as that."""
    made = study([8, 64], {"size": SIZES}, measure=Measure(fewest=3, most=15))
    shares = parts(cases(made), made.prove)
    victims = [name for name, part in shares.items() if part == HELD_OUT][::3]

    def model(case: Case, setting: Setting) -> float:
        slow = case.name in victims and setting.number is not None
        return case.features["size"] * 1.6 if slow else planted(case, setting)

    found = done(made, FakeLab(model, noise=noise), tmp_path, "quick").analysis
    rows = [r for r in found.changes if r["part"] == HELD_OUT and r["case_name"] in victims]
    assert {r["change"] for r in rows} <= {"regressed", "undecided"} and not found.ready
    # the proof of `quick` goes on to the study's own number of pairs
    assert all(r["change"] == "regressed" or r["pairs"] == 15 for r in rows)
    undecided = sum(r["change"] == "undecided" for r in rows)
    assert bool(undecided) == ("undecided, may be slower" in state(found))
    assert not undecided or "undecided, may be slower" in comprehensive.text(found)


def test_pairs_that_say_slower_are_those_that_prove_it(tmp_path: Path) -> None:
    """Measuring stops by the test that gives the verdict: whatever is clear is significant."""
    made = study([8], {"size": SIZES}, measure=Measure(fewest=3, most=15))
    lab = FakeLab(lambda c, s: c.features["size"] * (1.3 if s.number else 1.0), noise=0.06)
    found = done(made, lab, tmp_path, "run").analysis
    rows = [row for row in found.changes if row["role"] == "value"]
    assert {row["change"] for row in rows} == {"regressed"} and len(rows) == 33
    assert len({row["pairs"] for row in rows}) > 1


def one_command_for_all_seeds(case: Case, setting: Setting) -> str:
    return f"size {case.features['size']} {setting.name}"


@pytest.mark.parametrize("whole", [False, True])
def test_one_command_is_in_one_part_and_counts_once(tmp_path: Path, whole: bool) -> None:
    """Cases that differ by what the command does not use: each is there, none is proof of another."""
    features: dict[str, list[int | float | str]] = {"seed": [1, 2, 3], "size": SIZES}
    made = study([8, 64], features, prove=Prove(held_out=0.3, by="size", whole=whole))
    lab = FakeLab(planted, code=one_command_for_all_seeds)
    lab.request = lambda c, s: f"{c.features['size']} {s.name} {s.code}"  # type: ignore[method-assign]
    result = done(made, lab, tmp_path)
    alone = study([8, 64], {"size": SIZES}, prove=Prove(held_out=0.3), name="alone")
    single = FakeLab(planted)
    done(alone, single, tmp_path)
    assert lab.runs == single.runs
    found = result.analysis
    by_size: dict[float, set[str]] = {}
    for row in found.cases:
        by_size.setdefault(dict(row["features"])["size"], set()).add(row["part"])
    assert all(len(both) == 1 for both in by_size.values())
    assert len(found.cases) == 3 * len(SIZES) and found.twins == 2 * len(SIZES)
    # each case has its own row, with what was measured for all of them
    ratios: dict[tuple[str, str], set[float]] = {}
    for row in found.changes:
        size = row["case_name"].split("size=")[1]
        ratios.setdefault((size, row["setting"]), set()).add(row["ratio"])
    assert len(found.changes) == 3 * len(ratios) and all(len(r) == 1 for r in ratios.values())
    row = next(row for row in found.settings() if row["setting"] == "8")
    proof = found.proof(HELD_OUT)
    assert row["cases"] == len(SIZES) - 15 and proof is not None and proof["cases"] == 15
    assert str(result.advice[0].ladder) == "size < 1024: 64, else 8"
    assert result.advice[0].cases == len(SIZES) - 15


def test_a_command_that_fails_fails_once(tmp_path: Path) -> None:
    features: dict[str, list[int | float | str]] = {"seed": [1, 2, 3], "size": [1, 2, 3, 4]}
    made = study([8], features, prove=Prove(held_out=0))

    def model(case: Case, setting: Setting) -> float | Failed:
        if setting.number == 8 and case.features["size"] == 3:
            return Failed(Outcome.crashed, "SIGSEGV")
        return case.features["size"]

    lab = FakeLab(model, code=one_command_for_all_seeds)
    lab.request = lambda c, s: f"{c.features['size']} {s.name}"  # type: ignore[method-assign]
    (line,) = failing(done(made, lab, tmp_path, "run").analysis)
    assert line.startswith("8 fails in 1 of 4 cases: crashed (seed=1 size=3: SIGSEGV)")


def test_classes_that_share_commands(tmp_path: Path) -> None:
    """A command of two classes counts in each class, and once over all."""
    features: dict[str, list[int | float | str]] = {"op": ["a", "b"], "size": SIZES}
    made = study([8, 64], features, recommend=Recommend(classes="op"))
    lab = FakeLab(planted, code=one_command_for_all_seeds)
    lab.request = lambda c, s: f"{c.features['size']} {s.name} {s.code}"  # type: ignore[method-assign]
    result = done(made, lab, tmp_path)
    assert {one.group: str(one.ladder) for one in result.advice} == dict.fromkeys(
        "ab", "size < 1024: 64, else 8"
    )
    proof = result.analysis.proof(HELD_OUT)
    assert proof is not None and proof["cases"] == result.analysis.search["held_out"] // 2
