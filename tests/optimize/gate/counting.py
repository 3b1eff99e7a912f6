"""Lines of the gate that run for a judgement: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from corr.optimize import gate

ROOM = str(Path(gate.__file__).parent)
#: Twice as much more text may take this much more.
TWICE = 2.5


def lines_run(judgement: Callable[[], object]) -> int:
    """How many lines of the gate are executed."""
    lines = 0

    def count(_frame: FrameType, event: str, _: object) -> Callable[..., object] | None:
        nonlocal lines
        lines += event == "line"
        return count

    def begin(frame: FrameType, _event: str, _: object) -> Callable[..., object] | None:
        return count if frame.f_code.co_filename.startswith(ROOM) else None

    traced = sys.gettrace()
    sys.settrace(begin)
    try:
        judgement()
    finally:
        sys.settrace(traced)
    return lines


def is_steady(piece: str) -> bool:
    """Repeated, it is the same again: two of `*/` begin a comment, and three of them end it."""
    return ("/*" in piece) == ("/*" in 2 * piece) and ("//" in piece) == ("//" in 2 * piece)


def is_linear(once: int, twice: int, again: int, least: int) -> bool:
    """Doubled and doubled again, the second step is twice the first, and not four times.

    `least` is what a step may take anyway.
    """
    return again - twice <= TWICE * max(twice - once, least)
