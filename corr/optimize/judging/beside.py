"""Nothing of a kernel was moved out of its clock, where set-up is paid once for many repetitions.

Repeated n times in a process, a kernel that is made ready in the set-up seems to take n times less
than it should: what the set-up takes more is seen once. So a candidate is also run without being
repeated, in turn with the original's text under the same flags, and the whole process has to take
less by half at least of what it saves in one kernel.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from pathlib import Path

from corr.optimize.judging.speed import Contest, standard_error
from corr.timing.clocks import Pairs
from corr.timing.interleave import Limits, interleaved

#: Pairs of runs, and the share of the saving of one kernel that must be seen.
PAIRS = Limits(fewest=11, most=61, seconds=20.0)
SEEN = 0.5
#: Standard errors that a difference of medians may be off. It is looked at after each pair, up to
#: sixty times: with two, noise alone was believed once in ten.
SURE = 3.0


def moved_out(contest: Contest, like: Path, candidate: Path, saved: float) -> str:
    """Why a saving of so many seconds in one kernel is not believed; empty if it is.

    `like` is the original's text built as the candidate is. Raises Failed.
    """
    once = replace(contest, repeat=None)

    def decided(pairs: Pairs) -> bool:
        less, error = _less(pairs)
        return abs(less - SEEN * saved) > SURE * error

    pairs = Pairs((), ())
    for pairs in interleaved(  # noqa: B007 (the last of them counts)
        lambda: once.once(like).reading, lambda: once.once(candidate).reading, decided, PAIRS
    ):
        pass
    less, error = _less(pairs)
    if less - SURE * error >= SEEN * saved:
        return ""
    if less + SURE * error < SEEN * saved:
        return f"it saves {saved:.4g} s in a kernel, but {max(less, 0.0):.4g} s of a single run"
    return f"it saves {saved:.4g} s in a kernel, too little to be seen in the time of a single run"


def _less(pairs: Pairs) -> tuple[float, float]:
    """How much less the second takes in all, and the standard error of that."""
    by_cpu = all(reading.single for reading in pairs.every)
    a, b = (
        tuple((reading.cpu if by_cpu else None) or reading.wall for reading in side)
        for side in (pairs.a, pairs.b)
    )
    error = math.hypot(standard_error(a), standard_error(b))
    return statistics.median(a) - statistics.median(b), error
