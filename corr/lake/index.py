"""What `corr runs` lists of every run, kept in one file: reading 10,000 run.json takes seconds.

The file is a cache. Each entry carries the time and size of the run.json that it was read from,
so a stale one is never believed; it may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corr.lake.run_facts import built_with
from corr.system.disk import write_whole

NAME = ".index.json"
FORMAT = 3
#: Facts of run.json that are kept.
LISTED = (
    *("label", "program", "started", "wall", "cpu_seconds", "kernel_seconds", "compiler"),
    "flags",
)
#: And those that say which run a name means, and which page it has.
KEPT = (*LISTED, "aside", "kind")
#: So many run.json are read each time before the file is written again.
_WORTH_WRITING = 32


@dataclass(frozen=True)
class Entry:
    """The listed facts of a run, and the version of each of its tables."""

    facts: Mapping[str, Any]
    versions: Mapping[str, int]


def entries(root: Path, names: Iterable[str]) -> dict[str, Entry | None]:
    """An entry for each of these runs; None where run.json cannot be read."""
    known, kinds = _load(root / NAME)
    found: dict[str, Entry | None] = {}
    kept: dict[str, list[Any]] = {}
    read = 0
    for name in names:
        path = f"{root}/runs/{name}/run.json"
        try:
            status = os.stat(path)  # noqa: PTH116 (a Path each would take twice as long)
        except OSError:
            found[name] = None
            continue
        stamp = [status.st_mtime_ns, status.st_size]
        row = known.get(name)
        if row is None or row[0] != stamp:
            read += 1
            row = _row(path, stamp, kinds)
        found[name] = _entry(row, kinds)
        if row is not None:
            kept[name] = row
    if read >= _WORTH_WRITING or len(known) - len(kept) >= _WORTH_WRITING:
        _save(root / NAME, kept, kinds)
    return found


def facts_of(path: str | Path) -> dict[str, Any] | None:
    """What a run.json says; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            facts = json.load(file)
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _row(path: str, stamp: list[int], kinds: list[dict[str, int]]) -> list[Any] | None:
    """Stamp, which of `kinds` its table versions are, and the listed facts."""
    facts = facts_of(path)
    if facts is None:
        return None
    versions = facts.get("tables")
    versions = versions if isinstance(versions, dict) else {}
    if versions not in kinds:
        kinds.append(versions)
    return [stamp, kinds.index(versions), *(_kept(facts, name) for name in KEPT)]


def _kept(facts: Mapping[str, Any], name: str) -> Any:
    """A fact as it is listed: of the flags which units have others."""
    value = facts.get(name)
    if name != "flags" or not isinstance(value, list):
        return value
    sources = facts.get("sources")
    sources = sources if isinstance(sources, list) else []
    units = [one.get("flags") for one in sources if isinstance(one, dict)]
    lists = [unit for unit in units if isinstance(unit, list)]
    return built_with(_texts(value), [_texts(unit) for unit in lists])


def _texts(values: list[Any]) -> list[str]:
    return [str(value) for value in values]


def _entry(row: list[Any] | None, kinds: list[dict[str, int]]) -> Entry | None:
    if row is None:
        return None
    return Entry(dict(zip(KEPT, row[2:], strict=True)), kinds[row[1]])


def _load(path: Path) -> tuple[dict[str, list[Any]], list[dict[str, int]]]:
    """The rows and kinds of the file; nothing where it is missing or not as it should be."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        content = json.loads(path.read_bytes())
        rows, kinds = content["runs"], content["kinds"]
        whole = all(len(row) == len(KEPT) + 2 and row[1] < len(kinds) for row in rows.values())
        if content["format"] == FORMAT and content["facts"] == list(KEPT) and whole:
            return rows, kinds
    return {}, []


def _save(path: Path, rows: dict[str, list[Any]], kinds: list[dict[str, int]]) -> None:
    content = {"format": FORMAT, "facts": KEPT, "kinds": kinds, "runs": rows}
    with contextlib.suppress(OSError):  # a lake that may only be read, or a full disk
        write_whole(path, json.dumps(content, separators=(",", ":")))
