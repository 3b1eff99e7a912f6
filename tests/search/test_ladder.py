"""Ladders against every ladder there is; planted ones come back, and nothing where none was."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corr.search.fitting import SIGNIFICANT, Table, fit
from corr.search.ladder import FAILED, Allowed, Ladder, best_path, between, groups, least_costs

VALUES = (1, 8, 32, 64, 128, 256)
NAMES = ("off", *map(str, VALUES))


def every_path(count: int, width: int, *, free: bool) -> list[tuple[int, ...]]:
    paths = itertools.product(range(width), repeat=count)
    return [p for p in paths if free or list(p) == sorted(p)]


@given(
    st.integers(1, 6), st.integers(1, 4), st.booleans(), st.integers(1, 3), st.integers(0, 2**31)
)
def test_the_cheapest_of_all_ladders(
    count: int, width: int, free: bool, fewest: int, seed: int
) -> None:
    """With so many cases a step at least, where groups have one to three of them."""
    random = np.random.default_rng(seed)
    costs = random.normal(size=(count, width)).round(2)
    sizes = random.integers(1, 4, count)
    may = Allowed(free, sizes, fewest)
    found = least_costs(costs, 4, may)
    batched = least_costs(np.stack([costs, costs]), 4, Allowed(free, np.stack([sizes] * 2), fewest))
    assert np.array_equal(batched[0], found) and np.array_equal(batched[1], found)

    def cases(path: tuple[int, ...]) -> list[int]:
        steps = itertools.groupby(range(count), key=lambda g: path[g])
        return [sum(int(sizes[g]) for g in members) for _, members in steps]

    for steps in range(1, 5):
        paths = [
            path
            for path in every_path(count, width, free=free)
            if len(cases(path)) <= steps and min(cases(path)) >= fewest
        ]
        if not paths:
            assert found[steps - 1] == math.inf
            continue
        cheapest = min(sum(costs[g, v] for g, v in enumerate(path)) for path in paths)
        assert found[steps - 1] == pytest.approx(cheapest)
        path = tuple(best_path(costs, steps, may))
        assert sum(costs[g, v] for g, v in enumerate(path)) == pytest.approx(cheapest)
        assert len(cases(path)) <= steps and min(cases(path)) >= fewest


@given(st.floats(0, 1e9), st.floats(1e-6, 1e9))
def test_a_threshold_lies_between(low: float, more: float) -> None:
    high = low + more
    if high > low:
        assert low < between(low, high) <= high


@pytest.mark.parametrize(
    ("low", "high", "round_one"),
    [(512, 2048, 2048), (700, 1500, 1024), (300, 400, 400), (311, 395, 390), (0.123, 0.2, 0.2)],
)
def test_thresholds_are_round(low: float, high: float, round_one: float) -> None:
    assert between(low, high) == pytest.approx(round_one)


def test_coarse_groups_keep_equal_values_together() -> None:
    values = [1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 4.0, 5.0, 9.0, 9.0]
    found = groups(values, 3)
    assert found.count <= 3 and len({int(found.member[n]) for n in (1, 2, 3, 4)}) == 1
    assert list(found.starts) == sorted(found.starts) and found.ends[-1] == 9


def synthetic(seed: int, *, planted: bool) -> tuple[Table, dict[str, list[float]]]:
    """A compiler with a known optimum by size, noise of 3 %, and values that fail somewhere."""
    random = np.random.default_rng(seed)
    count = 40
    size = 2.0 ** random.integers(4, 24, count)
    other = 2.0 ** random.integers(4, 16, count)
    best = np.where(size < 1024, 256, np.where(size < 65536, 32, 1))
    costs = np.zeros((count, len(NAMES)))
    for column, value in enumerate(VALUES, start=1):
        costs[:, column] = random.normal(0, 0.03, count) - 0.5
        # where nothing was planted every case has a best value, but none that its features tell
        costs[:, column] += (
            0.15 * abs(np.log2(value / best)) if planted else random.normal(0, 0.3, count)
        )
    for case, column in zip(random.integers(0, count, 4), random.integers(1, 7, 4), strict=True):
        if VALUES[column - 1] != best[case]:
            costs[case, column] = FAILED
    return Table(costs, NAMES, (None, *VALUES)), {"size": list(size), "other": list(other)}


def test_a_planted_ladder_comes_back() -> None:
    """In 19 of 20 studies at least: same values, thresholds within the gap of the cases."""
    right = 0
    for seed in range(20):
        table, features = synthetic(seed, planted=True)
        found = fit(table, features, loss=0.01, most_steps=6)
        assert found is not None
        told = [found.ladder.setting({"size": size, "other": 0}) for size in features["size"]]
        best = ["256" if s < 1024 else "32" if s < 65536 else "1" for s in features["size"]]
        right += found.p_value <= SIGNIFICANT and found.ladder.features == ["size"] and told == best
    assert right >= 19


def test_nothing_is_found_where_nothing_was_planted() -> None:
    found = [fit(*synthetic(seed, planted=False), loss=0.01, most_steps=6) for seed in range(20)]
    assert sum(one is not None and one.p_value > SIGNIFICANT for one in found) >= 19


def test_a_value_that_fails_is_never_chosen() -> None:
    costs = np.array([[0.0, -1.0], [0.0, -1.0], [0.0, FAILED], [0.0, -1.0], [0.0, -1.0]] * 6)
    sizes = [float(n) for n in range(30)]
    found = fit(Table(costs, ("off", "8"), (None, 8.0)), {"size": sizes}, loss=0.01, most_steps=6)
    assert found is not None
    for size, row in zip(sizes, costs, strict=True):
        assert row[("off", "8").index(found.ladder.setting({"size": size}))] < FAILED


def test_ladders_over_two_features() -> None:
    """Output size and reduction size, as IREE's own: each decides only beside the other."""
    random = np.random.default_rng(3)
    count = 120
    out, red = (2.0 ** random.integers(4, 20, count) for _ in range(2))
    best = np.where(out < 4096, np.where(red < 2048, 0, 2), np.where(red < 2048, 2, 1))
    costs = np.array([[0.2 * abs(v - b) for v in range(3)] for b in best])
    costs += random.normal(0, 0.02, costs.shape)
    table = Table(costs, ("off", "8", "64"), (None, 8.0, 64.0))
    found = fit(table, {"out": list(out), "red": list(red)}, loss=0.01, most_steps=6)
    assert found is not None and found.p_value <= SIGNIFICANT
    assert sorted(found.ladder.features) == ["out", "red"] and found.ladder.leaves == 4
    chosen = [
        table.names.index(found.ladder.setting({"out": o, "red": r}))
        for o, r in zip(out, red, strict=True)
    ]
    assert chosen == list(best)


def test_texts_have_no_order() -> None:
    sizes = [float(n) for n in range(30)]
    best = [1 if n < 10 else 0 if n < 20 else 2 for n in range(30)]
    costs = np.array([[0.0 if v == b else 0.5 for v in range(3)] for b in best])
    found = fit(
        Table(costs, ("off", "fast", "small"), (None, None, None), free=True),
        {"size": sizes}, loss=0.01, most_steps=6,
    )  # fmt: skip
    assert found is not None
    assert str(found.ladder) == "size < 10: fast, size < 20: off, else small"


def test_one_step_loses_less_than_it_may() -> None:
    """A second value that gains half a per cent is not worth a threshold."""
    costs = np.array([[0.0, -math.log(2)]] * 20 + [[0.0, -math.log(2) + 0.005]] * 20)
    costs = np.column_stack([costs, np.where(np.arange(40) < 20, -0.69, -0.6931)])
    sizes: dict[str, Any] = {"size": [float(n) for n in range(40)]}
    found = fit(Table(costs, NAMES[:3], (None, 1.0, 8.0)), sizes, loss=0.01, most_steps=6)
    assert found is not None and found.ladder.leaves == 1


def test_a_knob_that_does_nothing_hides_no_pattern() -> None:
    """Twelve cases without noise: small ones want 1, large ones 8. Of settings that may go any way
    long ladders explain shuffled cases as well; the two steps that are recommended do not.
    """
    sizes = [float(n) for n in range(12)]
    costs = np.array([[0.0, -0.3, 0.0] if n < 6 else [0.0, -0.2, -0.5] for n in range(12)])
    twice = np.repeat(costs, 2, axis=1)  # the other knob makes no difference
    names = tuple(f"a={a}, b={b}" for a in (0, 1, 8) for b in (0, 1))
    numbers = (None,) * 6
    found = fit(Table(twice, names, numbers, free=True), {"size": sizes}, loss=0.01, most_steps=6)
    assert found is not None and found.p_value <= SIGNIFICANT
    assert str(found.ladder) == "size < 6: a=1, b=0, else a=8, b=0"


@pytest.mark.slow
@pytest.mark.parametrize("free", [False, True])
def test_how_often_noise_is_called_a_pattern(free: bool) -> None:
    """One deal in a hundred, with room for chance in 200 studies."""
    called = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        costs = np.zeros((12, 4))
        costs[:, 1:] = random.normal(-0.2, 0.3, (12, 3))
        table = Table(costs, NAMES[:4], (None, 1.0, 2.0, 3.0), free)
        features = {name: list(random.normal(size=12)) for name in ("size", "other")}
        found = fit(table, features, loss=0.01, most_steps=6)
        called += found is not None and found.p_value <= SIGNIFICANT
    assert called <= 6


def losses(ladder: Ladder, table: Table, features: dict[str, list[float]]) -> float:
    """What a ladder costs over the cases."""
    told = [dict(zip(features, values, strict=True)) for values in zip(*features.values())]
    return sum(
        float(row[table.names.index(ladder.setting(one))])
        for one, row in zip(told, table.costs, strict=True)
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_step_is_for_a_case_alone(seed: int) -> None:
    """A single case that wants another value by far is no reason for a threshold."""
    random = np.random.default_rng(seed)
    sizes = np.sort(random.uniform(1, 1000, 60))
    best = np.where(sizes < 400, 1, 2)
    costs = np.array([[0.4 if v != b else 0.0 for v in range(3)] for b in best])
    costs += random.normal(0, 0.01, costs.shape)
    costs[30 + seed] = [0.0, 3.0, 3.0]
    costs[58 - seed] = [3.0, 0.0, 3.0]
    found = fit(Table(costs, ("off", "8", "64"), (None, 8.0, 64.0)), {"size": list(sizes)}, 0.01, 6)
    assert found is not None and found.ladder.leaves == 2
    assert [step.choice for step in found.ladder.steps] == ["8", "64"]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("free", [False, True])
def test_two_features_have_the_fewest_steps_at_the_right_places(seed: int, free: bool) -> None:
    """Four values by two thresholds, between cases whose features are all different: they come back
    as four leaves, which lose no more than 1 % to what was planted.
    """
    random = np.random.default_rng(seed)
    n, z = random.uniform(10, 2000, 70), random.uniform(1, 100, 70)
    names = ("off", "a", "b", "c") if free else ("off", "8", "64", "512")
    best = np.where(n < 1000, np.where(z < 50, 0, 1), np.where(z < 50, 2, 3))
    costs = np.array([[0.25 * (v != b) for v in range(4)] for b in best])
    costs += random.normal(0, 0.02, costs.shape)
    table = Table(costs, names, (None, *((None,) * 3 if free else (8.0, 64.0, 512.0))), free)
    features = {"n": list(n), "z": list(z)}
    found = fit(table, features, loss=0.01, most_steps=6)
    assert found is not None and found.p_value <= SIGNIFICANT
    assert sorted(found.ladder.features) == ["n", "z"] and found.ladder.leaves == 4
    planted = sum(float(row[b]) for row, b in zip(costs, best, strict=True))
    assert losses(found.ladder, table, features) <= planted + 70 * math.log1p(0.01)
    assert losses(found.ladder, table, features) == pytest.approx(found.cost)


@pytest.mark.parametrize("seed", range(6))
def test_an_optimum_that_goes_up_and_down(seed: int) -> None:
    """2, 32, 2 by size: no ladder goes one way, the one that does not is found as such."""
    random = np.random.default_rng(seed)
    sizes = list(random.uniform(1, 900, 45))
    best = [2 if 300 <= size < 600 else 1 for size in sizes]
    costs = np.array([[0.5 * (v != b) for v in range(3)] for b in best])
    costs += random.normal(0, 0.03, costs.shape)
    table = Table(costs, ("off", "2", "32"), (None, 2.0, 32.0))
    found = fit(table, {"size": sizes}, loss=0.01, most_steps=6)
    assert found is not None and found.p_value <= SIGNIFICANT and found.turns
    assert [step.choice for step in found.ladder.steps] == ["2", "32", "2"]
    chosen = [table.names.index(found.ladder.setting({"size": size})) for size in sizes]
    assert chosen == best
