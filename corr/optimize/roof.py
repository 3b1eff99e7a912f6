"""How much is left: the least time that the original's work takes by what the machine allows.

The *share of the roof* of a program is that least time over the time that it takes. The work is
that of the original, whatever a variant does, so one that does more than it must looks no better:

    nests that are modelled  the operations of their expressions and the bytes that they touch,
                             at the sizes that the trip counts of its run tell (polyhedral.work)
    other hot loops          the operations of their code (roofs.counted), which may do more than
                             is needed

What may be spared, by another order or another code, makes a roof that is told, but ends no search.

Each nest, and each other loop, takes at least what the machine's roofs say (roofs.bounds has the
definition, its sources, and what it misses); these times are added. That is the mean of the loops'
own shares, weighted by their times. What is left over of the program counts as if it took no time
at all, so the share is a lower bound; it is not told where that is more than a fifth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corr.console.short_names import short_name
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.optimize.hot_nests import HotNests, Nest
from corr.optimize.inputs import outside_kernel, takes_input
from corr.polyhedral.work import BYTES, Trips, Work, work
from corr.program.model import Program
from corr.roofs import peaks as roofs
from corr.roofs.bounds import Bound, Need, Touched, bound
from corr.roofs.counted import Place, places, several_threads
from corr.roofs.peaks import Peaks
from corr.timing.verdict import Ratio

LAYER = "roof"
#: The part of the time that must lie in places whose work is known.
LEAST_KNOWN = 0.8
#: A search ends where no more than this part of the best's time is left; where it takes less than
#: the roof says, work was spared, and the roof is none.
ENOUGH, SPARED = 0.9, 1.1
#: How far the samples' time of what is timed and its clock's may be apart.
APART = 2.5
_HARNESS = re.compile(r"(?:^|/)corr_harness\.h$")
_CONTRACT = "-ffp-contract="
_REALS = {"double": "f64", "float": "f32"}


@dataclass(frozen=True)
class Share:
    """The share of the roof that something has, and its interval where that is known."""

    value: float
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> Share:
        """The share below a roof so many times as long."""
        ends = (end if end is None else end * factor for end in (self.low, self.high))
        return Share(self.value * factor, *ends)

    @property
    def enough(self) -> bool:
        """It is beyond doubt within a tenth of the roof, and there is nothing to doubt the roof."""
        return self.low is not None and self.low >= ENOUGH and self.value <= SPARED


@dataclass(frozen=True)
class Roof:
    """The least seconds of one kernel of the original's work, and what they go to; or `why` not.

    `sure`: every part of it has to be done, however the program is written.
    """

    seconds: float | None = None
    detail: str = ""
    sure: bool = False
    why: str = ""

    def share(self, seconds: float | None, ratio: Ratio | None = None) -> Share | None:
        """The share of what takes so long; `ratio` is that of its times, with its interval."""
        if self.seconds is None or not seconds:
            return None
        value = self.seconds / seconds
        if ratio is None or not ratio.known:
            return Share(value)
        return Share(value, value * ratio.value / ratio.high, value * ratio.value / ratio.low)

    def row(self, share: Share | None) -> dict[str, Any]:
        """The columns of `iterations` that say it."""
        found: dict[str, Any] = {"roof_seconds": self.seconds, "roof": self.detail or self.why}
        if share is not None:
            found |= {
                "roof_share": share.value,
                "roof_share_low": share.low,
                "roof_share_high": share.high,
            }
        return found


@dataclass(frozen=True)
class Part:
    """A nest, or a loop by itself: its share of the samples, and what it needs."""

    name: str
    share: float
    need: Need
    sure: bool


@dataclass(frozen=True)
class Parts:
    """What is known of a run's work. `known`: the part of the time that was meant in it.

    `seconds` and `wall`: what is timed takes so long, of CPU time and by the wall clock.
    """

    parts: tuple[Part, ...] = ()
    known: float = 0.0
    seconds: float | None = None
    wall: float = 0.0
    why: str = ""

    def roof(self, peaks: Peaks, *, fused: bool) -> Roof:
        """The least time of all parts."""
        found = [(part, bound(part.need, peaks, fused=fused)) for part in self.parts]
        seconds = sum(one.seconds for _, one in found)
        sure = all(part.sure and one.sure for part, one in found)
        return Roof(seconds or None, _words(found), sure, "" if seconds else "nothing is computed")


def parts(lake: Lake, run: RunInfo, program: Program, nests: HotNests, *, own_clock: bool) -> Parts:
    """What the original has to do, by a run of it with all layers."""
    if several_threads(lake, run):
        return Parts(why="it runs several threads, and the roofs are those of one core")
    timed = [p for p in places(lake, run) if not _outside(p, program, own_clock=own_clock)]
    total = sum(place.share for place in timed)
    if not total:
        return Parts(why="nothing of what is timed was sampled")
    trips = _trips(lake, run)
    found: list[Part] = []
    left = list(timed)
    for nest in nests.modelled:
        inside = [p for p in left if _within(p, nest)]
        done = work(nest.scop, [t for line, t in trips.get(nest.file, ()) if _in(line, nest)])
        if inside and done is not None:
            left = [p for p in left if p not in inside]
            share = sum(p.share for p in inside)
            found.append(Part(nest.scop.function, share, _need(done), True))
    found += [
        Part(short_name(p.loop), p.share, p.need, False)
        for p in left
        if p.loop and p.need is not None
    ]
    found.sort(key=lambda part: -part.share)
    known = sum(part.share for part in found) / total
    if known < LEAST_KNOWN:
        return Parts(
            why=f"what has to be done is known of {known:.0%} of the time only: other loops are "
            "not modelled, and compute nothing in floating point"
        )
    cpu, wall = _taken(lake, run)
    return Parts(tuple(found), known, total * cpu, total * wall)


def find(
    lake: Lake,
    run: RunInfo,
    program: Program,
    nests: HotNests,
    *,
    seconds: float,
    own_clock: bool,
    reassociation: bool,
) -> tuple[Roof, Parts]:
    """The roof of the original that takes so many seconds by its clock, and what it is made of."""
    made = parts(lake, run, program, nests, own_clock=own_clock)
    if made.why or made.seconds is None:
        return Roof(why=made.why), made
    if not made.seconds / APART <= seconds <= APART * made.wall:
        why = f"its loops take {made.seconds:.3g} s of its run, and its clock says {seconds:.3g} s"
        return Roof(why=why), made
    peaks, why = roofs.of_run(lake, run)
    if peaks is None:
        return Roof(why=why), made
    return made.roof(peaks, fused=contracted(program, reassociation=reassociation)), made


def contracted(program: Program, *, reassociation: bool) -> bool:
    """A multiplication and an addition may be fused: clang's default, within an expression."""
    if reassociation:
        return True
    given = [f for unit in program.units for f in unit.flags if f.startswith(_CONTRACT)]
    return not given or given[-1] != f"{_CONTRACT}off"


def _words(found: Sequence[tuple[Part, Bound]]) -> str:
    """What takes the least time of the parts that take most of it."""
    most = max((one.seconds for _, one in found), default=0.0)
    named = [f"{p.name}: {one.by}" for p, one in found if one.seconds >= 0.1 * most and one.by]
    return "; ".join(dict.fromkeys(named))


def _outside(place: Place, program: Program, *, own_clock: bool) -> bool:
    """The place is not part of what the program's clock times."""
    if not own_clock:
        return False
    if not place.own:
        return True
    written = (place.function or "").partition("(")[0]
    return written in outside_kernel(program) or (
        takes_input(program) and _HARNESS.search(place.file) is not None
    )


def _in(line: int, nest: Nest) -> bool:
    first, last = nest.lines
    return first <= line <= last


def _within(place: Place, nest: Nest) -> bool:
    return place.loop is not None and place.file == nest.file and _in(place.line, nest)


def _need(done: Work) -> Need:
    operations: dict[tuple[str, str], float] = {}
    for (kind, type), times in done.operations.items():
        element = _REALS.get(type) or (f"i{8 * BYTES[type]}" if type in BYTES else None)
        if element is not None:
            key = kind, element
            operations[key] = operations.get(key, 0.0) + times * done.entries
    touched = [Touched(done.bytes, done.entries)] if done.bytes is not None else []
    if done.turn_bytes is not None:
        touched.append(Touched(done.turn_bytes, done.entries * done.turns, sure=False))
    return Need(operations, tuple(touched))


def _trips(lake: Lake, run: RunInfo) -> Mapping[str, Sequence[tuple[int, Trips]]]:
    """The loops of each file in the order of its text: line, and how often they ran."""
    query = """
        SELECT l.file, l.line, t.entries, t.iterations FROM loops l
        LEFT JOIN trips t ON t.run_id = l.run_id AND t.loop_key = l.key
        ORDER BY l.file, l.line, l."column", l.depth
    """
    found: dict[str, list[tuple[int, Trips]]] = {}
    for row in ask(lake, query, runs=[run]).to_pylist():
        ran = Trips(row["entries"] or 0, row["iterations"] or 0)
        found.setdefault(row["file"], []).append((row["line"], ran))
    return found


def _taken(lake: Lake, run: RunInfo) -> tuple[float, float]:
    """Seconds of the run, of CPU time and by the wall clock."""
    query = """SELECT median(least(wall, nullif("user" + system, 0))) AS cpu, median(wall) AS wall
               FROM timings"""
    (row,) = ask(lake, query, runs=[run]).to_pylist() or [{"cpu": None, "wall": None}]
    return float(row["cpu"] or 0.0), float(row["wall"] or 0.0)
