"""What the hot places of a run need by its code, where nothing tells what they have to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.roofs.bounds import Need, Touched

_PLACES = """\
SELECT h.loop, h.place, h.function, h.object, h.share, h.entries,
       -- of a nest, the walk of an inner loop may be shared between the turns of those round it
       CASE WHEN l.parent IS NULL AND h.gathers = 0 AND h.computed_loads = 0
            THEN least(h.walked, h.bytes) * h.trip_count END AS touched
FROM hot_places h LEFT JOIN loops l ON l.run_id = h.run_id AND l.key = h.loop"""
_OPERATIONS = "SELECT loop, operation, element, times FROM loop_operations WHERE times > 0"
_THREADS = """\
SELECT median(("user" + system) / nullif(wall, 0)) AS processors FROM timings"""
#: More processors than this are kept busy by more threads than one.
ONE_PROCESSOR = 1.3


@dataclass(frozen=True)
class Place:
    """A hot place of a run; what its code needs is None where it computes no reals."""

    loop: str | None
    file: str
    line: int
    function: str | None
    own: bool
    share: float
    need: Need | None


def places(lake: Lake, run: RunInfo) -> list[Place]:
    """The hot places of a run, hottest first."""
    operations: dict[str, dict[tuple[str, str], float]] = {}
    for row in ask(lake, _OPERATIONS, runs=[run]).to_pylist():
        kinds = operations.setdefault(row["loop"], {})
        kinds[row["operation"], row["element"]] = row["times"]
    return [
        _place(row, operations.get(row["loop"] or "", {}))
        for row in ask(lake, _PLACES, runs=[run]).to_pylist()
    ]


def _place(row: Mapping[str, object], operations: Mapping[tuple[str, str], float]) -> Place:
    file, _, line = str(row["place"] or "").rpartition(":")
    need = None
    if operations:
        touched, entries = row["touched"], row["entries"]
        known = isinstance(touched, int | float) and isinstance(entries, int | float)
        walks = (Touched(float(str(touched)), float(str(entries)), sure=False),) if known else ()
        need = Need(operations, walks)
    return Place(
        str(row["loop"]) if row["loop"] else None,
        file,
        int(line) if line.isdigit() else 0,
        str(row["function"]) if row["function"] else None,
        row["object"] != "[kernel]",
        float(str(row["share"] or 0.0)),
        need,
    )


def several_threads(lake: Lake, run: RunInfo) -> bool:
    """The run kept more than one processor busy."""
    (row,) = ask(lake, _THREADS, runs=[run]).to_pylist() or [{"processors": None}]
    return bool(row["processors"] and row["processors"] > ONE_PROCESSOR)
