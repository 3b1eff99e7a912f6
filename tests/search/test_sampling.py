"""Several knobs: settings that Optuna asks for, tried on more and more cases."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.errors import ToolMissing, UsageError
from corr.search.cases import Case
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting, baseline, parsed
from corr.search.study import Knob, Powers, Prove, Sample, Study
from tests.support.search_lab import FakeLab, done, study

SIZES: dict[str, list[int | float | str]] = {"size": [*range(1, 13)]}


def two_knobs() -> Study:
    """132 combinations: powers of two, and off; and three words."""
    knobs = [
        Knob(name="width", option="-w={value}", powers=Powers(1, 512)),
        Knob(name="unroll", option="-u={value}", powers=Powers(1, 2)),
        Knob(name="order", option="-o={value}", values=["row", "column, major", "z"]),
    ]
    made = study([1], SIZES, prove=Prove(held_out=0.0), sample=Sample(trials=40))
    return replace(made, knobs=knobs)


def model(case: Case, setting: Setting) -> float | Failed:
    """Best at 64, column-wise; z fails for the larger cases."""
    width, _, order = setting.values
    if order == "z" and case.features["size"] > 6:
        return Failed(Outcome.not_built, "no z")
    away = 3.0 if width is None else abs(math.log2(float(width) / 64)) / 2
    return case.features["size"] * (1 + 0.2 * away) * (0.8 if order == "column, major" else 1.0)


def test_the_best_combination_is_found(tmp_path: Path) -> None:
    lab = FakeLab(model)
    result = done(two_knobs(), lab, tmp_path)
    (advice,) = result.advice
    assert advice.single is not None
    width, _, order = parsed(two_knobs(), advice.single).values
    assert width in (32, 64, 128) and order == "column, major"
    tried = {r["setting"] for r in result.analysis.changes} - {"recommended"}
    assert 15 < len(tried) <= 41
    # what was worse early was tried on a quarter or half of the cases only
    counts = {name: sum(r["setting"] == name for r in result.analysis.changes) for name in tried}
    assert {3, 12} <= set(counts.values()) and counts[advice.single] == 12
    again = FakeLab(model)
    second = done(two_knobs(), again, tmp_path)
    assert again.runs == 0 and second.advice[0].single == advice.single
    known = done(two_knobs(), again, tmp_path, "analyze")
    assert again.runs == 0 and known.advice[0].single == advice.single


def test_names_of_settings_are_read_back() -> None:
    made = two_knobs()
    for values in ((None, None, None), (1, 2, "column, major"), (512, None, "z")):
        setting = Setting(values, baseline(made).names)
        assert parsed(made, setting.name) == setting
    for wrong in ("", "width=1", "width=3, unroll=1, order=z", "width=1, unroll=1, order=zz"):
        with pytest.raises(UsageError, match="has no setting"):
            parsed(made, wrong)


def test_without_optuna_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ToolMissing, match="need Optuna"):
        done(two_knobs(), FakeLab(model), tmp_path)
