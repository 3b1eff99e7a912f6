"""Answers that are asked for all the time, kept with the run: first rows of views, and places.

A view is bound each time that it is asked, which takes longer than all else that a command does.
What is kept may be deleted at any time, and is not believed once a table of the run, or a view of
corr's, is another: `stamp`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corr import __version__
from corr.lake.store import Lake, RunInfo
from corr.system.disk import write_whole
from corr.system.shipped_files import shipped

FOLDER = "answers"
#: Rows of a view that are kept.
KEPT = 500
#: Answers that are kept of one run; what was asked first goes first.
MOST = 100


def first_rows(lake: Lake, run: RunInfo, view: str, limit: int) -> list[dict[str, Any]]:
    """The first rows of a view of one run, as `corr.lake.sql.view_records` has them."""
    if limit > KEPT:
        return _asked(lake, run, view, limit)
    rows: list[dict[str, Any]] = kept(run, view, lambda: _asked(lake, run, view, KEPT))
    return rows[:limit]


def kept(run: RunInfo, name: str, ask: Callable[[], Any]) -> Any:
    """What `ask` said the last time that the run was as it is now, or says now, as JSON has it.

    `name` tells what is asked; it may be any text.
    """
    known = stamp(run)
    place = run.folder / FOLDER / f"{_file_name(name)}.json"
    if known is None:
        return json.loads(json.dumps(ask(), default=str))
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(place.read_bytes())
        if found["stamp"] == known and found["asked"] == name:
            return found["answer"]
    text = json.dumps({"stamp": known, "asked": name, "answer": ask()}, default=str)
    with contextlib.suppress(OSError):  # a lake that may only be read
        place.parent.mkdir(exist_ok=True)
        _make_room(place.parent)
        write_whole(place, text)
    return json.loads(text)["answer"]


def _file_name(asked: str) -> str:
    return asked if asked.isidentifier() else hashlib.sha256(asked.encode()).hexdigest()[:32]


def _make_room(folder: Path) -> None:
    """Leave no more answers than MOST allows, one more among them."""
    answers = [(e.stat().st_mtime_ns, e.path) for e in os.scandir(folder)]
    for _, path in sorted(answers)[: max(0, len(answers) - MOST + 1)]:
        Path(path).unlink(missing_ok=True)


def stamp(run: RunInfo) -> str | None:
    """What tells the state of the run's tables and of the views; None where others have the rows.

    Size and time of each file: a run that is collected further has newer ones, another version of
    corr has other views.
    """
    tables = _states(run.folder)
    if not tables:  # compacted
        return None
    asked = [_states(shipped("queries") / folder, ".sql") for folder in ("views", "findings")]
    return hashlib.sha256(repr((__version__, tables, asked)).encode()).hexdigest()


def _states(folder: Path, ending: str = ".parquet") -> list[tuple[str, int, int]]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(ending):
                state = entry.stat()
                found.append((entry.name, state.st_size, state.st_mtime_ns))
    return sorted(found)


def _asked(lake: Lake, run: RunInfo, view: str, limit: int) -> list[dict[str, Any]]:
    from corr.lake.sql import view_records

    return view_records(lake, run, view, limit)
