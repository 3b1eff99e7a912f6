"""Outputs compared number by number within a stated tolerance; hostile values."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.search.study import Check, load
from corr.search.tolerance import Printed
from tests.support.command import Corr


def differs(one: str, two: str, tolerance: float = 1e-6, absolute: float = 0.0) -> str:
    return Printed(one, tolerance, absolute).differs(Printed(two, tolerance, absolute))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("sum 1.000000", "sum 1.0000005"),
        ("1 2 3", "1 2 3"),
        ("x=1e10;", "x=10000000001;"),
        ("a    9.9999999\nb", "a 10.0\nb"),
        ("nan inf -inf", "NaN Infinity -INF"),
        ("-0.0", "0"),
        (".5", "0.5"),
    ],
)
def test_what_counts_as_the_same(one: str, two: str) -> None:
    assert differs(one, two) == differs(two, one) == ""


@pytest.mark.parametrize(
    ("one", "two", "why"),
    [
        ("1.0", "1.00001", "number 1 "),
        ("3 1.0", "3 -1.0", "number 2 "),
        ("1 2", "1 2 3", "left out of account"),
        ("1\n2", "1 2", "left out of account"),
        ("ok 1", "no 1", "left out of account"),
        ("f32 1", "f64 1", "left out of account"),
        ("x86_64", "x86_63", "left out of account"),
        ("1.2.3", "1.2.4", "left out of account"),
        ("0", "1e-300", "number 1 "),
        ("nan", "0", "number 1 "),
        ("0", "nan", "number 1 "),
        ("inf", "-inf", "number 1 "),
        ("inf", "1e308", "number 1 "),
        ("1e400", "1e500", "number 1 "),
        ("1e400", "inf", "number 1 "),
        ("1.7e308", "-1.7e308", "number 1 "),
    ],
)
def test_what_does_not(one: str, two: str, why: str) -> None:
    assert why in differs(one, two) and why in differs(two, one)


def test_an_absolute_tolerance_is_for_numbers_about_zero() -> None:
    assert differs("0", "1e-9", 1e-6, 1e-8) == "" and differs("0", "1e-7", 1e-6, 1e-8)
    assert differs("5", "5.4", 0.0, 0.5) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "1" * 2_000_000 + "x",
        "1." * 1_000_000,
        "+-" * 1_000_000,
        "1e" * 1_000_000,
        "inf" * 700_000,
        " " * 2_000_000 + "x",
        "\u0661\u0662 \x00 \ufffd \u202e1",
        "9" * 5_000,
    ],
    ids=("digits", "points", "signs", "exponents", "infinities", "blanks", "odd", "long"),
)
def test_whatever_is_printed_is_read_in_linear_time(text: str) -> None:
    began = time.process_time()
    assert differs(text, text) == ""
    assert differs(text, text + "!") and differs("1", text)
    assert time.process_time() - began < 20


def test_a_tolerance_that_is_none_is_refused(tmp_path: Path) -> None:
    assert not Check().near and Check(tolerance=1e-3).near and Check(absolute=1.0).near
    knob = '[[knobs]]\nname = "k"\nvalues = [1]\noption = "-k={value}"\n[run]\ncommand = ["true"]\n'
    for bad in ("tolerance = -1", "tolerance = 1.0", "tolerance = nan", "absolute = inf"):
        (tmp_path / "s.toml").write_text(f"{knob}[check]\n{bad}\n")
        with pytest.raises(UsageError, match="must be"):
            load(tmp_path / "s.toml")


def test_a_study_of_values_that_round_otherwise(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "s.toml").write_text(
        '[[knobs]]\nname = "k"\noption = "-k={value}"\nvalues = [1, 2, 3]\n'
        '[cases]\ngenerate = { size = [4] }\n[run]\ncommand = ["sh", "run.sh", "{knob}"]\n'
        '[time]\nclock = "regex"\npattern = \'took ([0-9.]+) ms\'\nunit = "ms"\n'
        "[measure]\nfewest = 3\nmost = 3\n[check]\ntolerance = 1e-6\n[prove]\nheld-out = 0\n"
    )
    (tmp_path / "run.sh").write_text(
        "echo took 5 ms\ncase $1 in\n-k=1) echo sum 1.0000001 ;;\n-k=2) echo sum 1.01 ;;\n"
        "-k=3) echo sum nan ;;\n*) echo sum 1.0 ;;\nesac\n"
    )
    done = corr("search", "run", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    query = "SELECT setting, outcome, detail FROM search_results WHERE role = 'value' ORDER BY ALL"
    found = ask(Lake.open(tmp_path / "data"), query).to_pylist()
    assert [row["outcome"] for row in found] == ["ok", "wrong result", "wrong result"]
    assert all("number 1 of its output" in row["detail"] for row in found[1:])
