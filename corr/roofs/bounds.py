"""The least seconds that so many operations and bytes take below the roofs of a machine.

The roofline (Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model",
CACM 52(4), 2009) with the ceilings of what the arithmetic is made of, and a slope for each level of
the memory (Ilic, Pratas and Sousa, "Cache-aware Roofline Model", IEEE CAL 13(1), 2014):

- additions and multiplications in the widest vectors, fused where that is allowed, else in turn; an
  excess of one over the other cannot be fused, and has the roof of its own kind. Divisions and
  square roots have a unit of their own. Whole numbers have the roof of their additions;
- bytes that are touched once: of those that a cache cannot hold, the rest has to come from the
  level behind it.

The largest of these is the least time: nothing that the machine can do is quicker. What it misses
makes a time at the roof too short, never too long, but for work that can be spared altogether:
chains of operations that wait for each other, latencies, calls, addresses and branches, writing
back what was changed, and reading again what was thrown out of a cache. A roof is measured, so
other work can only have made it too low.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corr.roofs.peaks import Peaks

ADD, MULTIPLY, DIVIDE = "add", "mul", "div"
#: Types of elements with roofs of their own; others are whole numbers of so many bytes.
REAL = ("f64", "f32")


@dataclass(frozen=True)
class Touched:
    """Bytes, and how often they have to be touched one set after another. `sure`: in any order."""

    bytes: float
    times: float = 1.0
    sure: bool = True


@dataclass(frozen=True)
class Need:
    """What has to be done: operations by kind and element (f64, f32, i8 to i64), and bytes."""

    operations: Mapping[tuple[str, str], float] = field(default_factory=dict)
    touched: tuple[Touched, ...] = ()


@dataclass(frozen=True)
class Bound:
    """The least seconds, and what they are for, in words. `sure`: in any order of the work."""

    seconds: float
    by: str
    sure: bool = True


def bound(need: Need, peaks: Peaks, *, fused: bool) -> Bound:
    """The least time of a need. `fused`: additions and multiplications may be contracted."""
    real = sum(_arithmetic(need, element, peaks, fused=fused) for element in REAL)
    named = "fused multiply-adds" if fused else "additions and multiplications"
    found = [
        Bound(real, named),
        Bound(_divisions(need, peaks), "divisions"),
        Bound(_whole(need, peaks), "whole numbers"),
    ]
    for touched in need.touched:
        memory = bytes_once(touched.bytes, peaks)
        by = memory.by if touched.sure or touched.times == 1 else f"{memory.by} in each turn"
        found.append(Bound(touched.times * memory.seconds, by, touched.sure))
    return max(found, key=lambda one: one.seconds)


def _arithmetic(need: Need, element: str, peaks: Peaks, *, fused: bool) -> float:
    added = need.operations.get((ADD, element), 0.0)
    multiplied = need.operations.get((MULTIPLY, element), 0.0)
    rate = {name: peaks.operations[f"{name}_{element}"] for name in ("fma", "add", "mul", "both")}
    if not fused:
        return max(
            added / rate["add"], multiplied / rate["mul"], (added + multiplied) / rate["both"]
        )
    return max(
        (added + multiplied) / max(rate["fma"], rate["both"]),
        multiplied / max(rate["fma"] / 2, rate["mul"]),
        max(added - multiplied, 0.0) / rate["add"],
    )


def _divisions(need: Need, peaks: Peaks) -> float:
    return sum(
        need.operations.get((DIVIDE, element), 0.0) / peaks.operations[f"div_{element}"]
        for element in REAL
    )


def _whole(need: Need, peaks: Peaks) -> float:
    """Seconds of operations on whole numbers, at the rate of additions of that size."""
    rate = peaks.operations["add_i32"]
    return sum(
        times * int(element[1:]) / 32 / rate
        for (_, element), times in need.operations.items()
        if element not in REAL
    )


def bytes_once(touched: float, peaks: Peaks) -> Bound:
    """Seconds to read so many bytes once, where the caches may hold as much of them as they can."""
    found, held = Bound(0.0, ""), 0
    for level, rate in peaks.bandwidths.items():
        seconds = max(touched - held, 0.0) / rate
        if seconds > found.seconds:
            found = Bound(seconds, f"reading {level}")
        held = peaks.sizes.get(level, held)
    return found
