"""Whether a program got a processor when it wanted one, or other work kept it waiting."""

from __future__ import annotations

import os
from pathlib import Path

#: CPU time over wall time below which a single thread did not run all the time.
LEAST_SHARE = 0.8
_STAT = Path("/proc/stat")
_TICK = os.sysconf("SC_CLK_TCK")


def idle_seconds(stat: Path = _STAT) -> float | None:
    """Seconds that the processors we may use have had nothing to do, summed; None if unknown.

    The difference of two calls says what was free meanwhile.
    """
    allowed = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = 0
    total = 0
    try:
        for line in stat.read_text().splitlines():
            name, *fields = line.split()
            if name in allowed:
                values = [int(field) for field in fields[:8]]
                ticks += values[3] + values[4]  # idle, and idle with a disk to wait for
                total += sum(values)
    except (OSError, ValueError, IndexError):
        return None
    return ticks / _TICK if total else None


def idle_between(before: float | None) -> float | None:
    """How much `idle_seconds` grew since it was `before`."""
    now = idle_seconds()
    return None if now is None or before is None else now - before


def load(wall: float, cpu: float | None, idle: float | None) -> float | None:
    """Wall time over CPU time where a single thread had to wait for a processor; None if not.

    `idle` is what `idle_seconds` grew by meanwhile: where processors stood idle for half of the
    time that the program did not run, it waited by itself, for a disk or a clock.
    """
    if cpu is None or cpu <= 0 or cpu >= LEAST_SHARE * wall:
        return None
    if idle is not None and idle >= (wall - cpu) / 2:
        return None
    return wall / cpu
