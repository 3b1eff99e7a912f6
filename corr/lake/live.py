"""The progress of running optimisations: a file each in the lake, locked while it is written.

`corr optimize` says there what it does (`Beacon`), `corr serve` reads it (`running`). The file of a
process that was killed has lost its lock; it is not read, and the next beacon removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from corr.lake.store import Lake

FOLDER = ".live"
#: Lines that are kept of each.
LINES = 40
#: Bytes of a file of progress beyond which it is not read.
LONGEST = 200_000


class Beacon:
    """Says what a process does. A lake that cannot be written to is no reason to stop."""

    def __init__(self, lake: Lake, program: str, session: str | None = None) -> None:
        self._folder = lake.root / FOLDER
        self._facts: dict[str, Any] = {
            "program": program,
            "session": session,
            "pid": os.getpid(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._lines: deque[str] = deque(maxlen=LINES)
        self._told = 0
        self._file: IO[str] | None = None

    def __enter__(self) -> Beacon:
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            _sweep(self._folder)
            path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
            self._file = path.open("w+")
            fcntl.flock(self._file, fcntl.LOCK_EX)
        self._write()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                Path(self._file.name).unlink()
                self._file.close()

    def telling(self, tell: Callable[[str], None]) -> Callable[[str], None]:
        """`tell`, which keeps each line here too."""

        def both(line: str) -> None:
            self.note(line)
            tell(line)

        return both

    def note(self, line: str, **facts: Any) -> None:
        """Keep a line, and facts such as the session's name once it is known."""
        self._facts |= facts
        self._lines.append(line[:400])
        self._told += 1
        self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        text = json.dumps(self._facts | {"told": self._told, "lines": list(self._lines)})
        with contextlib.suppress(OSError):
            self._file.seek(0)
            self._file.write(text)
            self._file.truncate()
            self._file.flush()


def running(lake: Lake) -> list[dict[str, Any]]:
    """What each process that is at work now says of itself, the oldest first."""
    found = []
    for path, locked in _files(lake.root / FOLDER):
        if not locked:
            continue
        with contextlib.suppress(OSError, ValueError, TypeError):
            facts = json.loads(path.read_bytes()[:LONGEST])
            if isinstance(facts, dict):
                names = ("program", "session", "started", "told")
                shown = {name: facts.get(name) for name in names}
                lines = facts.get("lines")
                found.append(shown | {"lines": [str(x) for x in lines or ()][-LINES:]})
    return sorted(found, key=lambda one: str(one["started"]))


def _files(folder: Path) -> Iterator[tuple[Path, bool]]:
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield path, True
            else:
                yield path, False


def _sweep(folder: Path) -> None:
    for path, locked in _files(folder):
        if not locked:
            path.unlink(missing_ok=True)
