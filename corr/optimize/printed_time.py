"""The time that a program prints of itself; and its output without it, which is what is compared.

One class a way of printing it. What is read here is believed only as far as the wall clock, or the
CPU time, bears it out (`judging/speed.py`).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Protocol

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line
from collectors.measured.timings import LONGEST
from corr.timing import patterns
from corr.timing.clocks import UNITS

#: What a run printed on stdout and stderr.
Printed = tuple[bytes, bytes]
BLANK = b"?"
#: Other spellings of units.
_SPELLED = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("usec", "usecs", "µs", "μs", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("nsec", "nsecs", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("mins", "minute", "minutes"), "min"),
}
_POLYBENCH = re.compile(rb"^\d+\.\d{6}$", re.MULTILINE)
#: Bytes of a document that are read.
_LARGEST_DOCUMENT = 4 << 20


@dataclass(frozen=True)
class Told:
    """Seconds that a run says its parts took; `times`: how often it chose to run them for that."""

    seconds: tuple[float, ...] = ()
    times: int | None = None


class PrintedTime(Protocol):
    """One way in which programs print their time."""

    def read(self, printed: Printed) -> Told:
        """What a run says of its time."""
        ...

    def without(self, text: bytes) -> bytes:
        """What it printed without what it says of its time."""
        ...


@dataclass(frozen=True)
class PolyBench:
    """Its timer's, of a build with -DPOLYBENCH_TIME; the arrays are on the other stream."""

    def read(self, printed: Printed) -> Told:
        return Told(tuple(map(float, _POLYBENCH.findall(printed[0][-1000:]))))

    def without(self, text: bytes) -> bytes:
        return text


@dataclass(frozen=True)
class GoogleBenchmark:
    """The document that --benchmark_format=json prints, if there is one.

    A benchmark runs as often as it likes: the times of all its iterations are summed, which is what
    the clocks outside see, and how many there were is compared.
    """

    def read(self, printed: Printed) -> Told:
        seconds, times = [], 0
        for row in _benchmarks(_document(printed[0])):
            try:
                count = int(row["iterations"])
                each = float(row["real_time"]) * UNITS[row.get("time_unit", "ns")]
            except (KeyError, TypeError, ValueError, OverflowError):
                continue
            if row.get("run_type", "iteration") == "iteration" and _possible(each * count):
                seconds.append(each * count)
                times += count
        return Told(tuple(seconds), times) if seconds else Told()

    def without(self, text: bytes) -> bytes:
        document = _document(text)
        if not _benchmarks(document):
            return text
        rows = [
            {name: value for name, value in row.items() if not _of_time(name)}
            for row in _benchmarks(document)
        ]
        return json.dumps(rows, indent=1).encode()


@dataclass(frozen=True)
class Declared:
    """What a regular expression finds in each line: a group `value`, or its first, is the time.

    A group `unit` may name the unit, else `unit` is it. Read on stdout, on stderr if there is none.
    Raises UsageError for what is no expression or no unit.
    """

    pattern: str
    unit: str = "s"

    def __post_init__(self) -> None:
        _seconds_of(self.unit)
        patterns.spans_of(self.pattern, b"")

    def read(self, printed: Printed) -> Told:
        return Told(next((tuple(found) for found in map(self._read, printed) if found), ()))

    def _read(self, text: bytes) -> list[float]:
        found = []
        for spans in patterns.spans_of(self.pattern, text):
            start, end = spans[patterns.value_of(spans)]
            first, last = spans.get("unit", (0, 0))
            unit = text[first:last].decode("utf-8", "replace") or self.unit
            try:
                seconds = float(text[start:end]) * _seconds_of(unit)
            except ValueError:
                return []
            if not _possible(seconds):
                return []
            found.append(seconds)
        return found

    def without(self, text: bytes) -> bytes:
        parts, at = [], 0
        for spans in patterns.spans_of(self.pattern, text):
            for start, end in sorted(span for span in spans.values() if span[0] < span[1]):
                if start < at:  # a group within another
                    continue
                # what is aligned has more or fewer blanks before it
                parts += [text[at:start].rstrip(b" \t"), b" ", BLANK]
                at = end
        return b"".join([*parts, text[at:]])


def _seconds_of(unit: str) -> float:
    """Raises UsageError for what is no unit of time."""
    found = UNITS.get(_SPELLED.get(unit.lower(), unit.lower()))
    if found is None:
        known = f"one of {', '.join(UNITS)}"
        raise UsageError(f"--time-regex: {one_line(unit, 20)!r} is no unit of time", known)
    return found


def _possible(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 <= seconds <= LONGEST


def _document(text: bytes) -> Any:
    if len(text) > _LARGEST_DOCUMENT or not text.lstrip().startswith(b"{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _benchmarks(document: Any) -> list[dict[str, Any]]:
    """The rows of google-benchmark's document; none if it is another."""
    if not isinstance(document, dict) or not isinstance(document.get("context"), dict):
        return []
    rows = document.get("benchmarks")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _of_time(name: str) -> bool:
    return name in ("real_time", "cpu_time", "iterations") or name.endswith("_per_second")
