"""The samples as a profile of the Firefox Profiler (profiler.firefox.com), processed format.

Version 56 of the format: a newer profiler upgrades it when it loads it. Tables are stored by
column, and refer to each other and to one list of strings by index.
"""

from __future__ import annotations

from typing import Any

from corr import __version__
from corr.export.stacks import Frame, Kind, Profile
from corr.lake.store import RunInfo

VERSION = 56
#: Categories by the kind of a frame: name and colour.
CATEGORIES = (("Other", "grey"), ("Program", "blue"), ("Loop", "orange"), ("System", "brown"))
_, PROGRAM, LOOP, SYSTEM = range(len(CATEGORIES))


class Columns:
    """A table by column whose rows are kept once each."""

    def __init__(self, *names: str) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in names}
        self._rows: dict[tuple[Any, ...], int] = {}

    def add(self, *row: Any) -> int:
        """The number of the row, a new one if need be."""
        if row not in self._rows:
            self._rows[row] = len(self._rows)
            for column, value in zip(self.columns.values(), row, strict=True):
                column.append(value)
        return self._rows[row]

    def table(self) -> dict[str, Any]:
        return {**self.columns, "length": len(self._rows)}


class Tables:
    """The tables of the one thread."""

    def __init__(self) -> None:
        self.strings: dict[str, int] = {}
        names = ("name", "isJS", "relevantForJS", "resource", "fileName", "lineNumber")
        self.functions = Columns(*names, "columnNumber")
        names = ("address", "inlineDepth", "category", "subcategory", "func", "nativeSymbol")
        self.frames = Columns(*names, "innerWindowID", "line", "column")
        self.stacks = Columns("frame", "prefix")
        self.resources = Columns("lib", "name", "host", "type")

    def string(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def stack(self, frames: tuple[Frame, ...]) -> int | None:
        """The number of a stack. The binary is no frame but the origin of those in it."""
        own = any(frame.file for frame in frames[1:])
        number = None
        for frame in frames[1:]:
            if frame.kind == Kind.line:
                continue
            origin = self.string(frame.origin or frames[0].name)
            resource = self.resources.add(None, origin, None, 1)
            file = self.string(frame.file) if frame.file else None
            row = (self.string(frame.name), False, False, resource, file, None, None)
            category = LOOP if frame.kind == Kind.loop else SYSTEM
            if own and frame.origin is None and category != LOOP:
                category = PROGRAM
            function = self.functions.add(*row)
            numbers = (-1, 0, category, 0, function, None, 0, frame.line, None)
            number = self.stacks.add(self.frames.add(*numbers), number)
        return number


def firefox(profile: Profile, run: RunInfo) -> dict[str, Any]:
    """One thread with a row for each stack, its weight the number of samples.

    Time is the sum of the periods from the hottest stack to the coldest: the samples have no order
    in time, so the chart along the time says nothing.
    """
    tables = Tables()
    stacks = [tables.stack(stack.frames) for stack in profile.stacks]
    weights = [stack.samples for stack in profile.stacks]
    interval = _interval(profile)
    times, at = [], 0.0
    for weight in weights:
        times.append(round(at, 6))
        at += weight * interval
    samples = {
        "stack": stacks,
        "time": times,
        "weight": weights,
        "weightType": "samples",
        "length": len(stacks),
    }
    thread = _thread(profile.program, tables, samples)
    return {
        "meta": _meta(profile, run, interval, at),
        "libs": [],
        "pages": [],
        "shared": {"stringArray": list(tables.strings)},
        "threads": [thread],
    }


def _interval(profile: Profile) -> float:
    """Milliseconds between two samples; 1 where the samples are of cycles."""
    samples = sum(stack.samples for stack in profile.stacks)
    period = sum(stack.period for stack in profile.stacks)
    return period / samples / 1e6 if profile.in_ns and period else 1.0


def _meta(profile: Profile, run: RunInfo, interval: float, end: float) -> dict[str, Any]:
    started = run.facts.started
    return {
        "interval": interval,
        "startTime": started.timestamp() * 1000 if started else 0.0,
        "profilingStartTime": 0,
        "profilingEndTime": end,
        "processType": 0,
        "product": profile.program,
        "importedFrom": f"corr {__version__}",
        "stackwalk": 1,
        "debug": False,
        "version": 31,
        "preprocessedProfileVersion": VERSION,
        "symbolicated": True,
        "symbolicationNotSupported": True,
        "usesOnlyOneStackType": True,
        "sourceCodeIsNotOnSearchfox": True,
        "oscpu": run.facts.cpu or "",
        "categories": [
            {"name": name, "color": colour, "subcategories": ["Other"]}
            for name, colour in CATEGORIES
        ],
        "markerSchema": [],
    }


def _thread(name: str, tables: Tables, samples: dict[str, Any]) -> dict[str, Any]:
    markers = ("data", "name", "startTime", "endTime", "phase", "category")
    return {
        "processType": "default",
        "processStartupTime": 0,
        "processShutdownTime": None,
        "registerTime": 0,
        "unregisterTime": None,
        "pausedRanges": [],
        "name": name,
        "processName": name,
        "isMainThread": True,
        "pid": "1",
        "tid": 1,
        "samples": samples,
        "markers": Columns(*markers).table(),
        "stackTable": tables.stacks.table(),
        "frameTable": tables.frames.table(),
        "funcTable": tables.functions.table(),
        "resourceTable": tables.resources.table(),
        "nativeSymbols": Columns("libIndex", "address", "name", "functionSize").table(),
    }
