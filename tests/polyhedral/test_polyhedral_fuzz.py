"""A slice of `python -m tests.fuzz_polyhedral`: random programs in random legal orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz_polyhedral import FAST, SANITIZED, Batch

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [2, 3, 4, 10])
def test_random_programs_compute_the_same(seed: int, tmp_path: Path) -> None:
    batch = Batch(seed, functions=3, orders=4)
    assert batch.check(tmp_path, *(SANITIZED if seed % 2 else FAST)) is None
    assert batch.counts["orders"] >= 6
    assert batch.counts["refused"] == 0
