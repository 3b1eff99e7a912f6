"""What a shell completes: runs, and places of the last run. Never an error, never a message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

#: So many are offered.
MOST = 60


def runs(incomplete: str) -> list[str]:
    """Names of runs that begin so: `last`, programs, labels, and ids, newest first."""
    with contextlib.suppress(Exception):
        return list(dict.fromkeys(n for n in _names() if n.startswith(incomplete)))[:MOST]
    return []


def _names() -> Iterator[str]:
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    lake = Lake.open(data_folder(None, load(Path.cwd())))
    listed = list(reversed(lake.listing().items()))
    yield "last"
    for key in ("program", "label"):
        yield from (str(entry.facts[key]) for _, entry in listed if entry and entry.facts.get(key))
    yield from (name for name, _ in listed)


def places(incomplete: str) -> list[str]:
    """Loops, and lines where they begin, of the last run, hottest first."""
    with contextlib.suppress(Exception):
        from corr.lake.sql import ask
        from corr.lake.store import Lake
        from corr.system.config import data_folder, load

        lake = Lake.open(data_folder(None, load(Path.cwd())))
        found = ask(
            lake,
            "SELECT loop, place FROM hotspots WHERE loop IS NOT NULL LIMIT 200",
            runs=[lake.find("last")],
        ).to_pylist()
        names = [name for row in found for name in (row["loop"], row["place"])]
        return list(dict.fromkeys(n for n in names if n.startswith(incomplete)))[:MOST]
    return []
