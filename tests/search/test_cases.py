"""Cases and their features: lines, tables, generated; arithmetic that is nothing but arithmetic."""

from __future__ import annotations

import time
from dataclasses import replace
from math import log2
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.search.cases import Case, cases
from corr.search.expressions import value_of
from corr.search.study import Cases
from tests.support.search_lab import study


def found(folder: Path, told: Cases) -> list[Case]:
    return cases(study([1], {"none": [1]}, cases=told, folder=folder))


def test_lines_of_a_tools_arguments(tmp_path: Path) -> None:
    """As the toolkit's files have them."""
    (tmp_path / "c").write_text(
        "# comment\nconvbfp16 -n 16 -c 2048 --in_layout NHWC -F 4\n\n"
        "matmul m=64 n=-3 --k=1e3 -x -5 --last\nmatmul m=64 n=-3 --k=1e3 -x -5 --last\n"
    )
    conv, matmul = found(tmp_path, Cases(file="c", features={"out": "n * c"}))
    assert conv.name == conv.line == "convbfp16 -n 16 -c 2048 --in_layout NHWC -F 4"
    assert conv.features == {"n": 16, "c": 2048, "F": 4, "out": 32768}
    assert conv.labels == {"op": "convbfp16", "in_layout": "NHWC"}
    # what is worked out from a feature that only others have, it has not either
    assert matmul.features == {"m": 64, "n": -3, "k": 1000, "x": -5, "last": 1}
    with pytest.raises(UsageError, match="no feature 'q'"):
        found(tmp_path, Cases(file="c", features={"out": "n * q"}))


def test_lines_by_an_expression(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("mm 64x32\nconv 8x8\n")
    pattern = r"(?P<op>\w+) (?P<m>\d+)x(?P<n>\d+)"
    told = Cases(file="c", pattern=pattern, features={"size": "m * n"}, where="op == 'mm'")
    (only,) = found(tmp_path, told)
    assert only.features == {"m": 64, "n": 32, "size": 2048} and only.labels == {"op": "mm"}
    with pytest.raises(UsageError, match="'conv 8x8' does not match"):
        found(tmp_path, replace(told, pattern=r"mm (?P<m>\d+)"))


def test_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("op,m,input size\nmm,4,1e2\nconv,5,7\n")
    first, second = found(tmp_path, Cases(table="t.csv"))
    assert first.name == "op=mm m=4 input_size=1e2" and second.features == {"m": 5, "input_size": 7}
    (tmp_path / "t.csv").write_text("op,m\nmm\n")
    with pytest.raises(UsageError, match=r"t\.csv:2: not as many cells"):
        found(tmp_path, Cases(table="t.csv"))


def test_generated_cases(tmp_path: Path) -> None:
    made = found(tmp_path, Cases(generate={"m": [1, 2], "n": [3, 4], "op": ["a b"]}))
    assert [case.name for case in made] == [f"m={m} n={n} op=a b" for m in (1, 2) for n in (3, 4)]
    assert made[0].fillings["m"] == "1" and made[0].fillings["op"] == "a b"


@pytest.mark.parametrize(
    "expression", ["m * n / 2", "min(m, n) + log2(8)", "-m ** 2 + 22 % 7", "m < n"]
)
def test_arithmetic(expression: str) -> None:
    names = {"m": 6.0, "n": 7.0, "log2": 0.0}
    assert value_of(expression, names) == eval(expression, {**names, "log2": log2, "min": min})


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("__import__('os').system('true')", "only numbers"),
        ("(1).__class__", "only numbers"),
        ("[1 for _ in (1,)]", "only numbers"),
        ("9**9**9", "exponent over"),
        ("q", "there is no feature 'q'"),
        ("op + 1", "is a word"),
        ("1 / 0", "division by zero"),
        ("1 +", "not an expression"),
        ("(" * 500 + "1", "not an expression"),
        ("1e308 * " * 200, "longer than"),
    ],
)
def test_what_is_no_arithmetic(expression: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(UsageError, match=said):
        value_of(expression, {"op": "mm"})
    assert time.monotonic() - started < 5


def test_cases_that_are_there_twice_are_one(tmp_path: Path) -> None:
    (tmp_path / "twice.txt").write_text("a -n 1\na -n 2\na -n 1\n")
    told: list[str] = []
    made = study([1], {"none": [1]}, cases=Cases(file="twice.txt"), folder=tmp_path)
    assert [case.name for case in cases(made, told.append)] == ["a -n 1", "a -n 2"]
    assert told == ["1 of 3 cases are there twice: each counts once"]
    twice = study([1], {"n": [1, 2, 1]})
    assert [case.name for case in cases(twice)] == ["1", "2"]
    (tmp_path / "named.csv").write_text("case,n,op\nx,1,a\nx,2,a\nx,1,a\n")
    named = study([1], {"none": [1]}, cases=Cases(table="named.csv"), folder=tmp_path)
    assert [(case.name, case.features["n"]) for case in cases(named)] == [
        ("x", 1), ("x op=a n=2", 2),
    ]  # fmt: skip
