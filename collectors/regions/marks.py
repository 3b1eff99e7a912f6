"""Regions that a program marks in itself (Caliper, PAPI), as rows that join loops by their place.

Readers turn a foreign file into `Profile`s of `Record`s; this module makes the tables of them and
finds where in the source a region is marked. `while_running.py` runs a marked program.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base.foreign_text import visible
from collectors.base.table import BOOL, INT, LINE, REAL, STRING, Problem, Table, column

LAYER = "regions"
#: Regions within regions that are taken; real call paths stay far below it.
MAX_DEPTH = 1000
#: Metrics that say how often a region was visited.
VISITS = frozenset({"count", "sum#count", "aggregate.count", "sum#aggregate.count", "region_count"})
_INT64 = 2**63
_CONTEXT = pa.list_(
    pa.struct([pa.field("name", STRING), pa.field("value", STRING), pa.field("type", STRING)])
)

REGIONS = Table(
    "regions",
    "what a region that the program marks in itself was measured to take: a record's one metric",
    pa.schema(
        [
            column("profile", STRING, "file, or folder of one file a rank, that is one profile"),
            column("source", STRING, "file that it was read from"),
            column("format", STRING, "caliper or papi"),
            column("record", INT, "which record of the source, from 0: its rows belong together"),
            column("rank", INT, "MPI rank, or the number in PAPI's file name"),
            column("thread", STRING, "thread, as the tool numbers it"),
            column("path", pa.list_(STRING), "regions from the root to this one; empty: outside"),
            column("region", STRING, "innermost region of the path"),
            column("kind", STRING, "how it was marked: function, region, loop, mpi.function…"),
            column("function", STRING, "innermost function on the path, where the tool knows it"),
            column("file", STRING, "source file of the place or of the mark"),
            column("line", LINE, "line of the place, or where the region begins"),
            column("end_line", LINE, "line where the region ends; NULL: a single place"),
            column("count", INT, "visits that the record stands for; the same in each of its rows"),
            column("metric", STRING, "metric as one reads it; NULL: the record has none"),
            column("attribute", STRING, "metric as the tool calls it"),
            column("value", REAL, "its value; NULL where it is no finite number"),
            column("text", STRING, "its value as it was written"),
            column("type", STRING, "int, uint or double"),
            column("unit", STRING, "unit, where the tool gives it"),
            column("inclusive", BOOL, "inner regions are part of it; NULL: not known"),
            column("context", _CONTEXT, "everything else that the record says"),
        ]
    ),
)

REGION_METADATA = Table(
    "region_metadata",
    "what a profile of regions says of its run as a whole",
    pa.schema(
        [
            column("profile", STRING, "profile that it belongs to"),
            column("source", STRING, "file that it was read from"),
            column("format", STRING, "caliper or papi"),
            column("key", STRING, "name of the entry"),
            column("value", STRING, "its value as it was written"),
        ]
    ),
)


@dataclass(frozen=True)
class Description:
    """What a file says of an attribute; `is_value` is false for what a tree of nodes holds."""

    type: str = "string"
    is_value: bool = False
    nested: bool = False
    alias: str | None = None
    unit: str | None = None


Describe = Callable[[str], Description]


@dataclass(frozen=True)
class Measure:
    """One metric of a record; `text` as written, `attribute` the tool's own name for `metric`."""

    metric: str
    text: str
    attribute: str
    type: str = "double"
    unit: str | None = None
    inclusive: bool | None = None

    @property
    def value(self) -> float | None:
        """The number, None if it is not a finite one."""
        try:
            number = float(self.text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Place:
    """Where a region is in the source; lines from 1."""

    file: str
    line: int
    end_line: int | None = None


@dataclass
class Record:
    """One record of a profile: a region, in one rank and thread, with its metrics."""

    path: tuple[str, ...] = ()
    kind: str | None = None
    rank: int | None = None
    thread: str | None = None
    function: str | None = None
    place: Place | None = None
    count: int | None = None
    measures: list[Measure] = field(default_factory=list)
    context: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Profile:
    """One file's records and metadata. `name` is shared by the rank files of one run."""

    name: str
    source: str
    format: str
    records: list[Record] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, fix: str = "", count: int = 1) -> None:
        """Note something about this file that the reader must know."""
        self.problems.append(Problem(LAYER, visible(self.source), what, fix, count))


def tables(profiles: Iterable[Profile]) -> tuple[pa.Table, pa.Table, list[Problem]]:
    """The `regions` and `region_metadata` rows of profiles, and the problems met in them."""
    columns: dict[str, list[Any]] = {name: [] for name in REGIONS.schema.names}
    metadata: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for profile in profiles:
        for number, record in enumerate(profile.records):
            _append(columns, profile, number, record)
        _note_values(profile)
        problems += profile.problems
        entry = {"profile": profile.name, "source": profile.source, "format": profile.format}
        metadata += [
            {k: clean(v) for k, v in (entry | {"key": key, "value": value}).items()}
            for key, value in profile.metadata.items()
        ]
    arrays = [pa.array(columns[f.name], f.type) for f in REGIONS.schema]
    rows = pa.Table.from_arrays(arrays, schema=REGIONS.schema)
    return rows, REGION_METADATA.rows(metadata), problems


def _append(columns: dict[str, list[Any]], profile: Profile, number: int, record: Record) -> None:
    path = [clean(name) for name in record.path]
    place = record.place
    shared: dict[str, Any] = {
        "profile": clean(profile.name),
        "source": clean(profile.source),
        "format": profile.format,
        "record": number,
        "rank": bounded(record.rank),
        "thread": clean(record.thread),
        "path": path,
        "region": path[-1] if path else None,
        "kind": clean(record.kind),
        "function": clean(record.function),
        "file": clean(place.file) if place else None,
        "line": place.line if place else None,
        "end_line": place.end_line if place else None,
        "count": bounded(record.count),
        "context": [{"name": clean(n), "value": clean(v), "type": t} for n, v, t in record.context],
    }
    # A region without a metric is a region all the same: it has one row.
    for measure in record.measures or [None]:  # type: ignore[list-item]
        own: dict[str, Any] = dict.fromkeys(
            ("metric", "attribute", "value", "text", "type", "unit", "inclusive")
        )
        if measure is not None:
            own = {
                "metric": clean(measure.metric),
                "attribute": clean(measure.attribute),
                "value": measure.value,
                "text": clean(measure.text),
                "type": measure.type,
                "unit": clean(measure.unit),
                "inclusive": measure.inclusive,
            }
        for name, value in (shared | own).items():
            columns[name].append(value)


def _note_values(profile: Profile) -> None:
    """A value that is no finite number is NULL, with the reason."""
    missing: dict[str, int] = {}
    for record in profile.records:
        for measure in record.measures:
            if measure.value is None:
                missing[measure.metric] = missing.get(measure.metric, 0) + 1
    for metric, count in missing.items():
        profile.problem(f"{visible(metric)}: not a finite number; value is NULL", count=count)


def clean(text: str | None) -> str | None:
    """Text that Parquet takes: half a surrogate pair becomes its escape."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def bounded(number: int | None) -> int | None:
    """A number that fits 64 bits, else None."""
    return number if number is not None and -_INT64 <= number < _INT64 else None


def whole(text: str | None) -> int | None:
    """The whole number that a text spells, None for anything else."""
    try:
        number = float(text) if text is not None and len(text) < 40 else math.nan
    except ValueError:
        return None
    if not math.isfinite(number) or number != int(number):
        return None
    try:
        return bounded(int(text or ""))
    except ValueError:
        return bounded(int(number))


# --- where a region is ---------------------------------------------------------------------------

_NAMED_PLACE = re.compile(
    r"^(?P<file>[^:\n]+\.(?:c|cc|cpp|cxx|C|h|hh|hpp|f|f90|cu)):(?P<line>[1-9]\d{0,6})$"
)
_STRING = r'"((?:[^"\\\n]|\\.)*)"'
_BEGINS = re.compile(
    r"\b(?:PAPI_hl_region_begin|CALI_MARK_BEGIN|CALI_MARK_PHASE_BEGIN|cali_begin_region"
    r"|cali_begin_phase|CALI_MARK_COMM_REGION_BEGIN)\s*\(\s*" + _STRING + r"\s*\)"
    r"|\b(?:CALI_MARK_LOOP_BEGIN|CALI_CXX_MARK_LOOP_BEGIN)\s*\(\s*\w+\s*,\s*" + _STRING + r"\s*\)"
)
_ENDS = re.compile(
    r"\b(?:PAPI_hl_region_end|CALI_MARK_END|CALI_MARK_PHASE_END|cali_end_region|cali_end_phase"
    r"|CALI_MARK_COMM_REGION_END)\s*\(\s*" + _STRING + r"\s*\)"
    r"|\b(?:CALI_MARK_LOOP_END|CALI_CXX_MARK_LOOP_END)\s*\(\s*(\w+)\s*\)"
)
_LOOP_ID = re.compile(r"\(\s*(\w+)\s*,")


def place_of(name: str | None) -> Place | None:
    """The place that a text like `solver.c:120` names, as sampled places and some regions do."""
    match = _NAMED_PLACE.match(name or "")
    return Place(match["file"], int(match["line"])) if match else None


def marks(sources: Mapping[str, str]) -> dict[str, Place]:
    """Where regions are marked in source texts (by file name), by region name.

    Read from PAPI's and Caliper's calls and macros with a literal name. A name that is begun at
    more than one place, or is never ended, has no place.
    """
    found: dict[str, list[Place | None]] = {}
    for file, text in sources.items():
        ends: dict[str, list[int]] = {}
        for match in _ENDS.finditer(text):
            ends.setdefault(match[1] or match[2] or "", []).append(match.start())
        for match in _BEGINS.finditer(text):
            name = match[1] if match[1] is not None else match[2]
            identifier = _LOOP_ID.search(match[0])
            key = name if match[1] is not None or identifier is None else identifier[1]
            after = [at for at in ends.get(key, []) if at > match.start()]
            line = text.count("\n", 0, match.start()) + 1
            end = text.count("\n", 0, after[-1]) + 1 if after else None
            found.setdefault(name, []).append(Place(file, line, end) if end else None)
    return {name: places[0] for name, places in found.items() if len(places) == 1 and places[0]}


def locate(profiles: Iterable[Profile], sources: Mapping[str, str]) -> None:
    """Give records without a place the one where their innermost region is marked."""
    places = marks(sources)
    for profile in profiles:
        for record in profile.records:
            if record.place is None and record.path:
                record.place = places.get(record.path[-1])


def read_sources(paths: Mapping[str, Path]) -> dict[str, str]:
    """The texts of source files by the name they go by; those that cannot be read are left out."""
    found = {}
    for name, path in paths.items():
        try:
            found[name] = path.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
    return found


def outline(profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    """One mapping a profile: how many regions, records, metrics, ranks and threads it has."""
    grouped: dict[str, list[Profile]] = {}
    for profile in profiles:
        grouped.setdefault(profile.name, []).append(profile)
    rows = []
    for name, parts in grouped.items():
        records = [r for part in parts for r in part.records]
        rows.append(
            {
                "profile": name,
                "format": parts[0].format,
                "regions": len({r.path for r in records if r.path}),
                "records": len(records),
                "metrics": len({m.attribute for r in records for m in r.measures}),
                "ranks": len({r.rank for r in records if r.rank is not None}) or None,
                "threads": len({(r.rank, r.thread) for r in records if r.thread is not None})
                or None,
            }
        )
    return rows
