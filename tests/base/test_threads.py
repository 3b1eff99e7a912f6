"""Jobs side by side: results in the order of the jobs, whichever is done first."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from collectors.base.threads import run_together, workers


def test_results_come_in_the_order_of_the_jobs() -> None:
    others = threading.Event()
    done: list[int] = []

    def job(number: int) -> int:
        if number == 0 and workers() > 1:
            assert others.wait(60)
        done.append(number)
        others.set()
        return number

    assert run_together([partial(job, number) for number in range(4)]) == [0, 1, 2, 3]
    assert done[0] != 0 or workers() == 1


def test_the_first_error_in_that_order_is_raised() -> None:
    def fails(what: str) -> None:
        raise ValueError(what)

    with pytest.raises(ValueError, match="first"):
        run_together([lambda: None, partial(fails, "first"), partial(fails, "second")])


def test_nothing_to_do() -> None:
    assert run_together([]) == []
