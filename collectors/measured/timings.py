"""Time the program in fresh processes with nothing attached to it."""

from __future__ import annotations

import math
import os
import resource
import statistics
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import processor, toolchain
from collectors.base.errors import UsageError
from collectors.base.invocation import TIMES_VARIABLE, Invocation, failure
from collectors.base.process import Completed
from collectors.base.scratch import scratch
from collectors.base.table import INT, REAL, STRING, Problem, Table, column

LAYER = "timings"
#: Relative standard deviation above which a series of wall times is called unsteady.
UNSTEADY = 0.10
#: Seconds of wall time below which process start-up drowns what is measured.
TOO_SHORT = 0.020
#: Seconds that a kernel may say it took: thirty years.
LONGEST = 1e9
#: Bytes of a file of times that are read: a few million calls of the kernel.
MOST_TIMES = 1 << 26

#: Bytes of output that a pipe takes without anyone's waiting for it.
LITTLE = 1 << 15

TIMINGS = Table(
    "timings",
    "one repetition of the program in a fresh process, nothing else attached",
    pa.schema(
        [
            column("repetition", INT, "which repetition, from 0"),
            column("wall", REAL, "seconds from just before the start to the end"),
            column("user", REAL, "seconds of CPU time in the program"),
            column("system", REAL, "seconds of CPU time in the kernel for it"),
            column("max_rss", INT, "largest resident set in bytes; NULL below that of corr itself"),
            column("kernel_seconds", REAL, "seconds that the program itself measured, summed"),
            column("kernel_count", INT, "how many values the program itself measured"),
            column("idle", REAL, "seconds that processors had nothing to do meanwhile, summed"),
            column(
                "load",
                REAL,
                "wall over CPU time where other work kept a single thread waiting for a processor;"
                " NULL where it had one",
            ),
            column(
                "printed",
                STRING,
                "hash of what it printed, of the first repetition; NULL where "
                "that differs from run to run, or is much",
            ),
        ]
    ),
    version=3,
)


def _dying_with_us() -> tuple[str, ...]:
    """Puts a program that may hang under a leash: it dies if we are killed outright."""
    setpriv = toolchain.other("setpriv")
    return (str(setpriv), "--pdeathsig", "KILL", "--") if setpriv else ()


def trial(invocation: Invocation) -> Completed:
    """Run the program once, its output kept up to 1 MiB, to see whether it works at all.

    Raises CorrError when it crashed, ended with a status that counts as a failure, or hit the
    time limit; the message has the last lines it wrote.
    """
    done = invocation.run(_dying_with_us())
    done = replace(done, argv=tuple(map(os.fspath, invocation.argv)))
    error = failure(done)
    if error is not None:
        raise error
    return done


def measure(
    invocation: Invocation, repetitions: int, printed: bytes | None = None
) -> tuple[pa.Table, list[Problem]]:
    """Time `repetitions` runs, each in a fresh process with its output discarded.

    `printed`: what a run before printed; the first repetition's output is compared with it, if it
    is little.

    Returns a `timings` table, one row a repetition that worked, and the problems: repetitions
    that failed, an unsteady series, runs too short to trust. After a time-out it stops.
    Raises UsageError for fewer than one repetition.
    """
    if repetitions < 1:
        raise UsageError(f"repetitions must be at least 1, not {repetitions}")
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    with scratch("times") as folder:
        for repetition in range(repetitions):
            times = folder / str(repetition)
            before = processor.idle_seconds()
            kept = repetition == 0 and printed is not None and len(printed) <= LITTLE
            done = invocation.run(additions={TIMES_VARIABLE: str(times)}, discard=not kept)
            error = failure(done)
            if error is not None:
                what = f"repetition failed: {done.ending()}"
                problems.append(Problem(LAYER, invocation.binary.name, what, error.fix))
                if done.timed_out:
                    break
                continue
            seconds, bad_lines = read_times(times)
            if bad_lines:
                problems.append(_bad_lines(invocation, bad_lines))
            row = _row(repetition, done, seconds) | _beside(done, before)
            same = kept and done.stdout == printed
            rows.append(row | {"printed": sha256(done.stdout).hexdigest() if same else None})
    if any(row["max_rss"] is None for row in rows):
        what = f"the program's memory peak is not known: it is below corr's own {own_peak()} bytes"
        problems.append(Problem(LAYER, "max_rss", what))
    loads = [row["load"] for row in rows if row["load"] is not None]
    if 2 * len(loads) > len(rows):
        problems.append(_loaded(invocation, statistics.median(loads)))
    walls = [row["wall"] for row in rows]
    return TIMINGS.rows(rows), problems + doubts(invocation.binary.name, walls)


def read_times(path: Path) -> tuple[list[float], int]:
    """The `kernel_seconds` values in a CORR_TIMES file (none if absent), and its bad lines."""
    if not path.is_file():
        return [], 0
    with path.open("rb") as file:
        data = file.read(MOST_TIMES + 1)
    values, bad = parse_times(data[:MOST_TIMES].decode("utf-8", "replace"))
    return values, bad + (len(data) > MOST_TIMES)


def parse_times(text: str) -> tuple[list[float], int]:
    """The `kernel_seconds` values in the text of a CORR_TIMES file, and how many lines are bad."""
    values: list[float] = []
    bad = 0
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        try:
            name, value = words[0], float(words[1])
        except (IndexError, ValueError):
            bad += 1
            continue
        if name != "kernel_seconds" or not 0 <= value <= LONGEST:
            bad += 1
            continue
        values.append(value)
    return values, bad


def own_peak() -> int:
    """The largest resident set of this process so far, in bytes.

    Linux starts a child's account with the memory of the process that spawned it, so a child's
    peak is only known when it is above this.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _row(repetition: int, done: Completed, seconds: list[float]) -> dict[str, Any]:
    return {
        "repetition": repetition,
        "wall": done.wall,
        "user": done.user,
        "system": done.system,
        "max_rss": done.max_rss if done.max_rss > own_peak() else None,
        "kernel_seconds": math.fsum(seconds) if seconds else None,
        "kernel_count": len(seconds),
    }


def _beside(done: Completed, idle_before: float | None) -> dict[str, Any]:
    """What the machine did beside a run that has just ended."""
    idle = processor.idle_between(idle_before)
    return {"idle": idle, "load": processor.load(done.wall, done.cpu, idle)}


def _loaded(invocation: Invocation, load: float) -> Problem:
    return Problem(
        LAYER,
        invocation.binary.name,
        f"other work on this machine: the program had a processor for {1 / load:.0%} of its time",
        "CPU time counts instead of wall time; stop the other work to have both",
    )


def _bad_lines(invocation: Invocation, count: int) -> Problem:
    return Problem(
        LAYER,
        invocation.binary.name,
        f"the program wrote lines to {TIMES_VARIABLE} that are not `kernel_seconds NUMBER`",
        "append one line `kernel_seconds 0.123` for each call of the kernel",
        count,
    )


def doubts(name: str, walls: Sequence[float]) -> list[Problem]:
    """Why these wall times (in seconds) should not be trusted; nothing if they may be."""
    found = []
    if walls and statistics.median(walls) < TOO_SHORT:
        found.append(
            Problem(
                LAYER,
                name,
                f"a run takes less than {TOO_SHORT * 1000:.0f} ms, too short to trust its time",
                "give the program more to do, or let it time its kernel itself (CORR_TIMES)",
            )
        )
    if len(walls) > 1 and statistics.stdev(walls) > UNSTEADY * statistics.mean(walls):
        found.append(
            Problem(
                LAYER,
                name,
                f"wall times are unsteady: standard deviation over {UNSTEADY:.0%} of the mean",
                "stop other work on this machine, or ask for more repetitions",
            )
        )
    return found
