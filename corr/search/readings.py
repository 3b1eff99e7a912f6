"""The time of a run out of what it printed: by a regular expression, or a path into JSON."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from corr.search.study import Clock, Time
from corr.timing.clocks import UNITS
from corr.timing.patterns import VALUE, groups_of

#: Longest line that is looked at for a time.
LONGEST_LINE = 10_000
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\*)\]")


class NoTime(CorrError):
    """A run did not say how long it took."""


def seconds_of(time: Time, output: str) -> float:
    """The seconds that a run says it took. Raises NoTime."""
    if time.clock == Clock.regex:
        found = _matched(time, output)
    elif time.clock == Clock.json:
        found = [_number(value) * UNITS[time.unit] for value in _at(_parsed(output), time.path)]
    else:
        found = _benchmark(_parsed(output))
    if not found:
        raise NoTime("its output has no time in it: " + one_line(output[-400:], 160))
    taken = _TAKE[time.take](found)
    if not (math.isfinite(taken) and taken > 0):
        raise NoTime(f"it says that it took {taken:g} s")
    return taken


_TAKE: dict[str, Callable[[Sequence[float]], float]] = {
    "first": lambda found: found[0],
    "last": lambda found: found[-1],
    "min": min,
    "median": statistics.median,
    "sum": math.fsum,
}


def _matched(time: Time, output: str) -> list[float]:
    """Line by line; a group `unit` in the expression may name the unit."""
    lines = [line[:LONGEST_LINE] for line in output.splitlines()]
    found = []
    for groups in groups_of(time.pattern, lines):
        if groups is not None:
            text = groups.get(VALUE) or next(iter(groups.values()))
            found.append(_number(text) * UNITS.get(groups.get("unit") or time.unit, 1.0))
    return found


def _benchmark(document: Any) -> list[float]:
    """real_time of google-benchmark, iree-benchmark-module: the median where it was aggregated."""
    rows = [row for row in _at(document, "benchmarks[*]") if isinstance(row, dict)]
    medians = [row for row in rows if row.get("aggregate_name") == "median"]
    plain = [row for row in rows if row.get("run_type", "iteration") == "iteration"]
    return [
        _number(row.get("real_time")) * UNITS.get(row.get("time_unit", "ns"), 1e-9)
        for row in medians or plain
    ]


def _parsed(output: str) -> Any:
    """The JSON in an output, which may have other lines before it."""
    start = min((n for n in (output.find("{"), output.find("[")) if n >= 0), default=-1)
    if start < 0:
        raise NoTime("its output is no JSON: " + one_line(output[-400:], 160))
    try:
        return json.JSONDecoder().raw_decode(output, start)[0]
    except (ValueError, RecursionError) as error:
        raise NoTime(f"its output is no JSON: {one_line(str(error), 120)}") from error


def _at(document: Any, path: str) -> list[Any]:
    """What stands at `benchmarks[*].real_time`, `results[0].time`."""
    found: Sequence[Any] = [document]
    for name, number in _STEP.findall(path):
        if name:
            found = [one[name] for one in found if isinstance(one, dict) and name in one]
        else:
            lists = [one for one in found if isinstance(one, list)]
            if number == "*":
                found = [value for one in lists for value in one]
            else:
                found = [one[int(number)] for one in lists if int(number) < len(one)]
    return list(found)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise NoTime(f"{one_line(str(value), 60)!r} is no time") from error
