"""The samples of a run as call stacks: what a flame graph is drawn from.

A stack goes from the program's start through every call to where the sample fell: each function
with those that were inlined, the nest of source loops that the call or the sample lies in, and the
line. Without call chains (an older run, or a machine where perf takes none) it begins at the binary
and the function whose code was sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from collectors.base.errors import CorrError
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo

SAMPLES_SQL = """\
SELECT s.object, s.own, coalesce(s.function, s.symbol, '[unknown]') AS function, s.loop, s.file,
       s.line, i.frames, s.event, sum(s.count)::BIGINT AS samples, sum(s.period)::BIGINT AS period
FROM samples s LEFT JOIN instructions i ON s.own AND i.address = s.address
GROUP BY ALL ORDER BY samples DESC, s.object, function, s.file, s.line, s.loop"""
CHAINS_SQL = """\
SELECT s.stack, s.event, s.count, s.period, s.kernel, f.object, f.own, f.symbol, f.loop,
       coalesce(f.function, f.symbol, '[unknown]') AS function, f.file, f.line, i.frames
FROM stacks s JOIN stack_frames f USING (run_id, stack)
LEFT JOIN instructions i ON f.own AND i.run_id = f.run_id AND i.address = f.instruction
ORDER BY s.count DESC, s.stack, f.position DESC"""
NAMES_SQL = "SELECT linkage, any_value(name) AS name FROM functions GROUP BY linkage"


class Kind(StrEnum):
    """What a frame stands for."""

    object = "object"
    function = "function"
    loop = "loop"
    line = "line"


@dataclass(frozen=True)
class Frame:
    """One step of a stack. `line`: of a function the line in it that the next step comes from."""

    kind: Kind
    name: str
    file: str | None = None
    line: int | None = None
    #: The library that it is in, where that is not the stack's binary.
    origin: str | None = None


@dataclass(frozen=True)
class Stack:
    """Frames from the outermost on, and what was sampled in the innermost."""

    frames: tuple[Frame, ...]
    samples: int
    period: int


@dataclass(frozen=True)
class Profile:
    """All stacks of a run, the hottest first. `event` is cpu-clock (periods in ns) or cycles."""

    program: str
    event: str
    stacks: Sequence[Stack]

    @property
    def in_ns(self) -> bool:
        return self.event in ("cpu-clock", "task-clock")


def profile(lake: Lake, run: RunInfo) -> Profile:
    """The samples of a run as stacks. Raises CorrError where it has none."""
    tables = ["samples", "instructions", "loops", "functions", "stacks", "stack_frames"]
    connection = connect(lake, [run], tables)
    try:
        chained = rows(connection, CHAINS_SQL)
        found = chained or rows(connection, SAMPLES_SQL)
        loops = {row["key"]: row for row in rows(connection, "FROM loops")}
        names = {row["linkage"]: row["name"] for row in rows(connection, NAMES_SQL)}
    finally:
        connection.close()
    if not found:
        raise CorrError(
            f"{run.run_id} has no samples",
            "`corr doctor` says whether perf can sample here; --no-run collects none",
        )
    program = run.facts.program or run.run_id
    counted: Iterable[tuple[list[Frame], int, int]]
    if chained:
        counted = _chains(chained, program, loops, names)
    else:
        counted = [(_frames(r, loops, names), r["samples"], r["period"]) for r in found]
    merged: dict[tuple[Frame, ...], list[int]] = {}
    for frames, samples, period in counted:
        sums = merged.setdefault(tuple(frames), [0, 0])
        sums[0] += samples
        sums[1] += period or 0
    stacks = [Stack(frames, *sums) for frames, sums in merged.items()]
    stacks.sort(key=lambda stack: -stack.samples)
    return Profile(program, found[0]["event"] or "", stacks)


def _chains(
    found: Sequence[Mapping[str, Any]],
    program: str,
    loops: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
) -> Iterator[tuple[list[Frame], int, int]]:
    """Whole call chains with their samples; `found` has a row a frame, the outermost first."""
    for _, chain in groupby(found, key=lambda row: row["stack"]):
        listed = list(chain)
        frames = [Frame(Kind.object, program)]
        for row in listed:
            innermost = row is listed[-1]
            if row["own"]:
                frames += _own_frames(row, loops, names, with_line=innermost)
                continue
            binary = PurePosixPath(row["object"] or "[unknown]").name
            if row["kernel"] and frames[-1].origin != binary and binary == "[kernel]":
                frames.append(Frame(Kind.function, row["kernel"], origin=binary))
            linkage = row["function"]
            frames.append(Frame(Kind.function, names.get(linkage, linkage), origin=binary))
        yield frames, listed[0]["count"], listed[0]["period"]


def _frames(
    row: Mapping[str, Any], loops: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> list[Frame]:
    """Binary, functions from the one that holds the code to the innermost inlined one, loops."""
    binary = Frame(Kind.object, PurePosixPath(row["object"] or "[unknown]").name)
    return [binary, *_own_frames(row, loops, names, with_line=True)]


def _own_frames(
    row: Mapping[str, Any],
    loops: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    with_line: bool,
) -> list[Frame]:
    """What one address of the program stands for: functions, loops, and perhaps its line."""
    frames: list[Frame] = []
    inline = list(reversed(row["frames"] or ()))
    if not inline:
        inline = [{"function": row["function"], "file": row["file"], "line": row["line"]}]
    nest = _nest(row["loop"], loops)
    holder = nest[0]["function"] if nest else None
    # the nest lies in the innermost frame of its function
    at = max((n for n, f in enumerate(inline) if f["function"] == holder), default=len(inline) - 1)
    for number, one in enumerate(inline):
        linkage = one["function"] or "[unknown]"
        name = names.get(linkage, linkage)
        frames.append(Frame(Kind.function, name, one["file"], one["line"] or None))
        if number == at:
            frames += [Frame(Kind.loop, f"loop {r['key']}", r["file"], r["line"]) for r in nest]
    last = inline[-1]
    if with_line and last["file"] and last["line"]:
        name = f"{PurePosixPath(last['file']).name}:{last['line']}"
        frames.append(Frame(Kind.line, name, last["file"], last["line"]))
    return frames


def _nest(key: str | None, loops: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A loop with those around it, the outermost first."""
    found: list[Mapping[str, Any]] = []
    while key is not None and key in loops and loops[key] not in found:
        found.append(loops[key])
        key = loops[key]["parent"]
    return found[::-1]
