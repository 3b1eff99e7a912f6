"""A slice of `python -m tests.fuzz_irregular`: random searches and branches, written anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.irregular.borders.linear import Linear
from corr.irregular.borders.loops import Borders as Writer
from corr.irregular.lanes import Lanes
from corr.irregular.steps import Count
from tests.fuzz_ahead import CHECKED as AHEAD_CHECKED
from tests.fuzz_ahead import FAST as AHEAD_FAST
from tests.fuzz_ahead import Batch as Ahead
from tests.fuzz_borders import CHECKED as BORDERS_CHECKED
from tests.fuzz_borders import FAST as BORDERS_FAST
from tests.fuzz_borders import Batch as Borders
from tests.fuzz_irregular import CHECKED, FAST, Batch

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_programs_do_the_same(seed: int, tmp_path: Path) -> None:
    batch = Batch(seed, functions=3)
    assert batch.check(tmp_path, *(CHECKED if seed % 2 else FAST)) is None
    assert batch.counts["vectors"] and batch.counts["branches"]


def test_a_fault_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were places not compared, a search would go on with what is no longer there."""

    def nothing(lanes: Lanes, node: object, edits: object) -> None:
        """Compare nothing."""

    monkeypatch.setattr(Lanes, "_compare", nothing)
    noticed = 0
    for seed in range(0, 12, 2):
        (tmp_path / str(seed)).mkdir()
        noticed += Batch(seed).check(tmp_path / str(seed), *FAST) is not None
    assert noticed


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_loops_look_ahead_and_do_the_same(seed: int, tmp_path: Path) -> None:
    batch = Ahead(seed)
    assert batch.check(tmp_path, *(AHEAD_CHECKED if seed % 2 else AHEAD_FAST)) is None
    assert batch.counts["written anew"] and not batch.counts["no programs"]


def test_looking_too_far_ahead_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Count, "more", lambda _count, _width: "1")
    noticed = 0
    for seed in range(0, 4, 2):
        (tmp_path / str(seed)).mkdir()
        noticed += Ahead(seed).check(tmp_path / str(seed), *AHEAD_FAST) is not None
    assert noticed


@pytest.mark.parametrize("seed", [1, 2])
def test_random_filters_without_checks_do_the_same(seed: int, tmp_path: Path) -> None:
    batch = Borders(seed, functions=4)
    assert batch.check(tmp_path, *(BORDERS_CHECKED if seed % 2 else BORDERS_FAST)) is None
    assert batch.counts["written anew"] and not batch.counts["no programs"]


def test_checks_left_out_beyond_the_inside_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Writer._downwards

    def beyond(writer: Writer, sum_: Linear, factor: int) -> str:
        return right(writer, sum_ + 2, factor)

    monkeypatch.setattr(Writer, "_downwards", beyond)
    assert Borders(2, functions=4).check(tmp_path, *BORDERS_FAST) is not None
