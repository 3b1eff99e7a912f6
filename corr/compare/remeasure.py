"""The binaries that two runs kept, timed in turn."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from corr.collect.again import invocation
from corr.console.output import message
from corr.console.progress import Progress
from corr.lake.store import RunInfo
from corr.timing.clocks import Comparison, told
from corr.timing.interleave import interleave, strictly_clear


class NoBinary(CorrError):
    """A run kept no binary, so that nothing can be measured again."""

    def __init__(self) -> None:
        super().__init__(
            "a run kept no binary to measure again", "collect it without --no-artifacts"
        )


def binaries(
    a: RunInfo, b: RunInfo, ok_status: Sequence[int] | None = None
) -> tuple[Invocation, Invocation]:
    """How to run what each run measured, `ok_status` instead of their own. Raises NoBinary."""
    accepted = tuple(ok_status) if ok_status else None
    first, second = invocation(a, accepted), invocation(b, accepted)
    if first is None or second is None:
        raise NoBinary
    return first, second


def remeasure(a: RunInfo, b: RunInfo, ok_status: Sequence[int] | None = None) -> Comparison:
    """Times of both binaries in turn: runs of different times drift apart.

    Raises NoBinary, and CorrError for a binary that fails.
    """
    first, second = binaries(a, b, ok_status)
    with Progress() as progress, progress.step("timing both in turn"):
        measured = interleave(first, second, decide=strictly_clear)
    if measured.load is not None:
        message(f"  {told(measured.load)}")
    return measured
