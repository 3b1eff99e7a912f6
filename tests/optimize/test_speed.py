"""Times of programs without a clock of their own: the start comes off, and gains nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectors.sandbox.confined import Confined
from corr.optimize.build_and_run import Run
from corr.optimize.inputs import Input
from corr.optimize.judging.speed import Contest


class Walls:
    """A workshop whose programs take the times that it was given, by name."""

    def __init__(self, **times: float) -> None:
        self.times = times
        self.program = SimpleNamespace(run=SimpleNamespace(time_limit=60.0))

    def run(self, binary: Path, *_: object, **__: object) -> Run:
        done: Any = SimpleNamespace(ok=True, wall=self.times[binary.name], timed_out=False)
        confined: Confined = done
        return Run(confined, b"")


@pytest.mark.parametrize(
    ("start", "before", "after", "ratio"),
    [
        (0.0, 0.2, 0.1, 0.5),
        (0.03, 0.23, 0.13, 0.5),
        # not 0.01 / 0.1: what a subtraction leaves over is never taken for a time
        (0.03, 0.13, 0.04, 0.02 / 0.11),
        (9.0, 0.13, 0.04, 0.02 / 0.11),
    ],
)
def test_the_start_is_no_time_of_the_program(
    start: float, before: float, after: float, ratio: float
) -> None:
    workshop: Any = Walls(before=before, after=after)
    contest = Contest(workshop, Input("x"), own_clock=False, start=start)
    timed = contest.compare(Path("before"), Path("after"), most=5)
    assert timed.ratio.value == pytest.approx(ratio)
    assert timed.clock == "wall time"
