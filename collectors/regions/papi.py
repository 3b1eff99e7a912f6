"""Read what PAPI's high-level interface writes: `papi_hl_output/rank_*.json`, one file a rank.

PAPI 7 numbers each visit of a region and names its parent; PAPI 5.7 and 6 give a list of regions
without parents, the visits summed. A value may be one number, or several: `region_value` and
the `read_N` of PAPI_hl_read, or `min`, `avg` and `max`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import one_line, visible
from collectors.regions import json_files
from collectors.regions.marks import MAX_DEPTH, Measure, Profile, Record, place_of, whole

FORMAT = "papi"
#: The folder that PAPI makes in PAPI_OUTPUT_DIRECTORY.
FOLDER = "papi_hl_output"
_RANK = re.compile(r"^rank_(\d+)\.json$")
_UNITS = {"cycles": "cycles", "real_time_nsec": "nsec", "perf::TASK-CLOCK": "nsec"}
_NOT_METRICS = ("name", "parent_region_id", "region_count")
_LEARN = "run the program again with PAPI_EVENTS set to events that exist (`papi_avail`)"


def read(path: Path, name: str) -> list[Profile]:
    """A folder of PAPI's (or the one that holds `papi_hl_output`, or one file) as one profile.

    Each file is a part of it, all under the same name. Raises UsageError where there is no such
    output, CorrError for a file that is broken.
    """
    files, passed_over = _files(path)
    profiles = []
    for file in files:
        source = name if file == path else f"{name.rstrip('/')}/{file.relative_to(path)}"
        profile = Profile(name, source, FORMAT)
        rank = _RANK.match(file.name)
        _read_file(file, profile, whole(rank[1]) if rank else None)
        profiles.append(profile)
    for file in passed_over:
        profiles[0].problem(f"{visible(file.name)} beside the rank files was not read")
    return profiles


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    if not path.is_dir():
        json_files.check_file(path)
        return [path], []
    name = visible(str(path))
    folder = path / FOLDER if (path / FOLDER).is_dir() else path
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix == ".json")
    except OSError as error:
        raise CorrError(f"cannot read {name}: {json_files.reason(error)}") from error
    if not found:
        raise UsageError(f"{name} holds no output of PAPI (rank_*.json)", _LEARN)
    ranks = [p for p in found if _RANK.match(p.name)]
    # papi_hl_output_writer puts its sums beside them, which would count everything twice
    return (ranks, [p for p in found if p not in ranks]) if ranks else (found, [])


def _read_file(path: Path, profile: Profile, rank: int | None) -> None:
    text, bad = json_files.read_text(path)
    document = json_files.Json(text, str(path))
    if bad:
        profile.problem("bytes that are not UTF-8 are shown as U+FFFD", count=bad)
    for key in sorted(set(document.twice)):
        profile.problem(f"an object has the key {visible(key)} twice: the last one counts")
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("threads"), dict | list):
        raise _other_kind(path, value)
    events = value.get("event_definitions")
    about: dict[str, Any] = {}
    if isinstance(events, dict):
        about = {k: v for k, v in events.items() if isinstance(v, dict)}
    for thread, regions in _threads(path, value["threads"]):
        for record in _thread(path, thread, regions, about):
            record.rank, record.thread = rank, thread
            profile.records.append(record)
    profile.metadata |= {k: str(v) for k, v in value.items() if not isinstance(v, dict | list)}
    profile.metadata |= {
        f"{event} {key}": str(v) for event, entry in about.items() for key, v in entry.items()
    }
    if not profile.records:
        profile.problem("PAPI measured no region", _LEARN)


def _other_kind(path: Path, value: Any) -> UsageError:
    what = f"{visible(str(path))} is JSON, but not of PAPI's high-level interface"
    if isinstance(value, dict) and ("columns" in value or "records" in value):
        return UsageError(f"{what}: it looks like Caliper's", "use `corr import caliper`")
    if isinstance(value, dict) and "ranks" in value:
        return UsageError(
            f"{what}: these are sums over its files", "name the folder of rank_*.json"
        )
    return UsageError(what, "name the folder papi_hl_output that the program wrote")


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind)


def _threads(path: Path, threads: Any) -> Iterator[tuple[str, Any]]:
    """Each thread's id and regions: an object by id (PAPI 7), or a list (before)."""
    if isinstance(threads, dict):
        pairs = list(threads.items())
    else:
        pairs = [(str(t.get("id", n)) if _is(t, dict) else "", t) for n, t in enumerate(threads)]
    for thread, entry in pairs:
        if not _is(entry, dict) or not _is(entry.get("regions"), dict | list):  # type: ignore[arg-type]
            raise _broken(path, f"thread {thread} has no regions")
        yield thread, entry["regions"]


def _thread(path: Path, thread: str, regions: Any, about: Mapping[str, Any]) -> Iterator[Record]:
    if isinstance(regions, list):
        for entry in regions:
            if not _is(entry, dict) or not all(_is(v, dict) for v in entry.values()):
                raise _broken(path, f"thread {thread}: a region is not an object")
            for name, values in entry.items():
                yield _record(
                    path, (name,), values, whole(_text(values.get("region_count"))), about
                )
        return
    paths: dict[str, tuple[str, ...]] = {"-1": ()}
    for number, values in regions.items():
        if not _is(values, dict) or not _is(values.get("name"), str):
            raise _broken(path, f"thread {thread}: region {number} has no name")
        parent = _text(values.get("parent_region_id", "-1"))
        if parent not in paths:
            what = f"region {number} has the parent {parent}, which is not there before it"
            raise _broken(path, f"thread {thread}: {what}")
        chain = (*paths[parent], values["name"])
        if len(chain) > MAX_DEPTH:
            raise _broken(path, f"regions are nested deeper than {MAX_DEPTH}")
        paths[number] = chain
        yield _record(path, chain, values, whole(_text(values.get("region_count", "1"))), about)


def _record(
    path: Path,
    chain: tuple[str, ...],
    values: Mapping[str, Any],
    count: int | None,
    about: Mapping[str, Any],
) -> Record:
    record = Record(chain, kind="region", count=count, place=place_of(chain[-1]))
    for event, value in values.items():
        if event in _NOT_METRICS:
            continue
        for part, number in _parts(value):
            if isinstance(number, dict | list):
                raise _broken(path, f"region {chain[-1]}: {event} is not a number")
            record.measures.append(_measure(event, part, _text(number)))
        component = about.get(event, {}).get("component")
        if isinstance(component, str):
            record.context.append((f"{event} component", component, "string"))
    return record


def _parts(value: Any) -> Iterator[tuple[str | None, Any]]:
    """A metric's values by name: None is the region's own, the others were taken within it."""
    if not isinstance(value, dict):
        yield None, value
        return
    for part, number in value.items():
        yield (None if part in ("region_value", "total") else part), number


def _measure(event: str, part: str | None, text: str) -> Measure:
    metric = event if part is None else f"{event} [{part}]"
    kind = "int" if whole(text) is not None else "double"
    # Counted from the region's begin to its end, so the regions within it are part of it.
    return Measure(metric, text, metric, kind, _UNITS.get(event), part is None or None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _broken(path: Path, what: str) -> CorrError:
    return CorrError(f"{visible(str(path))}: {one_line(what, 200)}", "is the file complete?")
