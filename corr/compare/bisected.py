"""The pass invocations that changed the hottest loops, where what changed is seen in the code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from collectors.base.errors import CorrError
from corr.compare.difference import Diff, LoopDiff
from corr.console.output import message
from corr.experiment.bisection import Bisected, Property, bisect
from corr.experiment.effects import Budget
from corr.experiment.places import place_of
from corr.lake.store import Lake, RunInfo

#: Loops with less than this share of the samples are not looked into, and so many at most.
HOT, MOST_LOOPS = 0.02, 3
#: Stack accesses that a loop has more on a side, from which it is said to spill there.
SPILLS = 2


def bisect_all(lake: Lake, runs: tuple[RunInfo, RunInfo], difference: Diff, seconds: float) -> Diff:
    """The comparison with the invocation that gave a loop vectors, took its calls, made it spill.

    Nothing is timed. Loops that cost or gained most come first, within so many seconds.
    """
    budget = Budget(seconds)
    hot = [loop for loop in difference.loops if loop.share >= HOT and not loop.only_in]
    found = {
        loop.key: tuple(_of_loop(lake, runs, loop, budget))
        for loop in [loop for loop in hot if any(questions(loop))][:MOST_LOOPS]
    }
    loops = (replace(loop, bisected=found.get(loop.key, ())) for loop in difference.loops)
    return replace(difference, loops=tuple(loops))


def questions(loop: LoopDiff) -> Iterator[tuple[int, Property]]:
    """What the builds differ in that a pass made: the side (0 or 1) that it made it in."""
    a, b = loop.sides
    if bool(a.vector_width) != bool(b.vector_width):
        yield int(bool(b.vector_width)), "vectors"
    if a.calls is not None and b.calls is not None and a.calls != b.calls:
        yield int(b.calls < a.calls), "calls"
    if abs((a.stack_accesses or 0) - (b.stack_accesses or 0)) >= SPILLS:
        yield int((b.stack_accesses or 0) > (a.stack_accesses or 0)), "spills"


def _of_loop(
    lake: Lake, runs: tuple[RunInfo, RunInfo], loop: LoopDiff, budget: Budget
) -> Iterator[Bisected]:
    for side, what in questions(loop):
        key = loop.sides[side].loop
        if budget.over:
            message(f"  {loop.place}: {what} not looked for: --budget-time was spent")
            continue
        try:
            assert key is not None, "a loop of both builds"
            found = bisect(runs[side], "ab"[side], place_of(lake, runs[side], key), what)
        except CorrError as error:
            message(f"  {loop.place}: {error.message.splitlines()[0]}")
            continue
        if found is not None:
            yield found
