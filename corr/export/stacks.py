"""The samples of a run as call stacks: what a flame graph is drawn from.

perf sampled addresses, no call chains, so a stack begins at the binary and the function whose code
holds the address; below it are the inline frames, the nest of source loops, and the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
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
    connection = connect(lake, [run], ["samples", "instructions", "loops", "functions"])
    try:
        found = rows(connection, SAMPLES_SQL)
        loops = {row["key"]: row for row in rows(connection, "FROM loops")}
        names = rows(connection, NAMES_SQL)
    finally:
        connection.close()
    if not found:
        raise CorrError(
            f"{run.run_id} has no samples",
            "`corr doctor` says whether perf can sample here; --no-run collects none",
        )
    readable = {row["linkage"]: row["name"] for row in names}
    merged: dict[tuple[Frame, ...], list[int]] = {}
    for row in found:
        sums = merged.setdefault(tuple(_frames(row, loops, readable)), [0, 0])
        sums[0] += row["samples"]
        sums[1] += row["period"] or 0
    stacks = [Stack(frames, *sums) for frames, sums in merged.items()]
    stacks.sort(key=lambda stack: -stack.samples)
    return Profile(run.facts.program or run.run_id, found[0]["event"] or "", stacks)


def _frames(
    row: Mapping[str, Any], loops: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]
) -> list[Frame]:
    """Binary, functions from the one that holds the code to the innermost inlined one, loops."""
    frames = [Frame(Kind.object, PurePosixPath(row["object"] or "[unknown]").name)]
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
    if last["file"] and last["line"]:
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
