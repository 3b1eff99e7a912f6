"""The weights put a setting that was measured to be fast among the first, and each is needed for it."""

from __future__ import annotations

import dataclasses
import functools
import json

import pytest

from bench.settings import RECORDED, WIDTH, Measured, region
from corr.optimize.rules.leaf_settings import Setting
from corr.optimize.rules.weights import WEIGHTS, Weights
from corr.polyhedral.expressions import NotAffine

#: The nests are read from what clang prints.
pytestmark = pytest.mark.slow

TIMES = json.loads(RECORDED.read_text())
#: At which place at the latest a setting within 10 % of the fastest one measured is tried.
PLACES = {
    "gemm:split:400": 1,
    "jacobi_2d:split:500": 2,
    "lu:skewed:500": 1,
    "heat_3d:split:64": 2,
    "seidel_2d:skewed:400": 1,
    "mvt:split:1600": 2,
    "mvt:fused:1600": 1,
    "trmm:fused:400": 14,  # the first is 1.4 times slower
    "syrk:split:400": 1,
    "floyd_warshall:split:300": 3,
    "ludcmp:skewed:400": 1,
    "adi:split:300": 3,
    "atax:fused:1600": 1,
    "atax:strips 0:2000": 1,
    "jacobi_2d:skewed:500": 20,  # the compiler's vectors are 1.3 times faster than ours
}
NAMES = [field.name for field in dataclasses.fields(Weights)]


@functools.cache
def measured(case: str) -> Measured:
    return Measured(case, TIMES[case])


def behind(weights: Weights) -> list[str]:
    """The cases whose good settings come later than they may."""
    return [case for case, place in PLACES.items() if measured(case).place(weights) > place]


def test_good_settings_are_tried_early() -> None:
    assert PLACES.keys() == TIMES.keys()
    assert behind(WEIGHTS) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_is_needed(name: str) -> None:
    assert behind(dataclasses.replace(WEIGHTS, **{name: 0.0}))
    assert behind(dataclasses.replace(WEIGHTS, **{name: -getattr(WEIGHTS, name)}))


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize("name", NAMES)
def test_no_weight_is_finer_than_its_evidence(name: str, factor: float) -> None:
    changed = dataclasses.replace(WEIGHTS, **{name: factor * getattr(WEIGHTS, name)})
    known = ("gemm:split", "jacobi_2d:split", "lu:skewed", "heat_3d:split", "seidel_2d:skewed")
    assert not [case for case in behind(changed) if case.startswith(known)]


#: kernel: (the best base, its setting, at which place of the nest's plans it may stand at the latest).
#: Times as fast as -O3, in CPU time on the machine of the fixture: gemm 12, jacobi_2d 3.5 (split: 1.5),
#: lu 9.2 (split: 1.7), heat_3d 1.8 (split: 0.8), seidel_2d 5.6 (split: 1.0).
BEST = {
    "gemm": ("split", Setting((0, 1, 2), (4, 32, 1), 1, 4), 1),
    "jacobi_2d": ("sweeps 0 of skewed", Setting((0, 1), (4, 16), 1, 2), 3),
    "lu": ("skewed", Setting((1, 2, 0), (4, 32, 1), 1, 4, (32, 64, 32)), 2),
    "heat_3d": ("sweeps 0 of skewed", Setting((0, 1, 2), (1, 4, 16), 2, 2), 3),
    "seidel_2d": ("skewed", Setting((0, 1, 2), (1, 8, 1), skew=((2, 1, 1),)), 2),
}


@pytest.mark.parametrize("name", list(BEST))
def test_the_best_order_is_among_the_first_proposals(name: str) -> None:
    base, setting, latest = BEST[name]
    _, found = region(name)
    found.width = WIDTH
    tried = 0
    for plan in found.search():
        try:
            found.edit(plan)
        except NotAffine:
            continue
        tried += 1
        heaviest = found.heaviest(plan.base)[0][0]
        if plan.base.name == base and dict(plan.settings)[heaviest] == setting:
            break
        assert tried < latest, f"{plan.describe()} comes before"
        found.ran(plan, 1.0, best=False)
    assert tried == latest
