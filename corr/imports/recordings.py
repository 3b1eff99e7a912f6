"""Recordings that were read before, so that `corr import remarks` need not read them again.

`<lake>/cache/remarks/` holds an Arrow stream for each recording, named by its content, with the
rows as the reader gave them, and beside it a JSON file with what it counted and what was wrong.
`index.json` remembers which content a path had, by size, time and inode, and which run an import
ended in. All of it may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from collectors.base.table import Problem
from corr.system.disk import write_whole

#: What the cached rows mean; raise it when the reader reads otherwise.
VERSION = 1
#: Recordings up to this size are known again by their content, wherever they lie.
HASHED_UP_TO = 16 << 20
#: Bytes of cached rows beyond which those not used for longest are deleted.
LARGEST = 4 << 30


@dataclass
class Recording:
    """What is known of a recording: where its rows are, what it holds, and what is wrong with it.

    `documents`, `bad` and `replaced` count duplicates, `rows` does not; `size` is in
    bytes after decompression.
    """

    path: Path
    rows_file: Path
    documents: int = 0
    rows: int = 0
    bad: int = 0
    replaced: int = 0
    size: int = 0
    cached: bool = True
    problems: list[Problem] = field(default_factory=list)

    def facts(self) -> str:
        """As JSON; problems lie in the file that was read, whatever its name."""
        counts = {n: getattr(self, n) for n in ("documents", "rows", "bad", "replaced", "size")}
        prefix = str(self.path)
        problems = [asdict(p) | {"where": p.where.removeprefix(prefix)} for p in self.problems]
        return json.dumps({"version": VERSION, "counts": counts, "problems": problems})


@dataclass(frozen=True)
class Stamp:
    """What tells that a file is the same as before, without reading it."""

    size: int
    modified: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Raises OSError."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class Cache:
    """The folder of cached recordings; `save` when done."""

    def __init__(self, lake: Path) -> None:
        self.folder = lake / "cache" / "remarks"
        self._index = _load(self.folder / "index.json")
        self._files: dict[str, list[Any]] = self._index["files"]
        self._runs: dict[str, str] = self._index["runs"]

    def known(self, path: Path, stamp: Stamp) -> str | None:
        """The content of a file that is as it was when it was read."""
        entry = self._files.get(str(path.absolute()))
        if isinstance(entry, list) and entry[:3] == [stamp.size, stamp.modified, stamp.inode]:
            return str(entry[3])
        return None

    def content(self, path: Path, stamp: Stamp) -> str:
        """A name for the content of a file: of its bytes if it is small, else of its stamp."""
        known = self.known(path, stamp)
        if known:
            return known
        if stamp.size <= HASHED_UP_TO:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()[:40]
        text = f"{path.absolute()}\0{stamp.size}\0{stamp.modified}\0{stamp.inode}"
        return "f" + hashlib.sha256(os.fsencode(text)).hexdigest()[:39]

    def keep(self, content: str, recording: Recording) -> None:
        """Move the rows of a recording into the cache. Raises OSError."""
        place = self._place(content)
        os.replace(recording.rows_file, place)
        recording.rows_file = place
        write_whole(place.with_suffix(".json"), recording.facts())

    def find(self, content: str, path: Path) -> Recording | None:
        """The recording of that content, if its rows are there."""
        place = self._place(content)
        try:
            stored = json.loads(place.with_suffix(".json").read_text())
            if stored["version"] != VERSION:
                return None
            found = Recording(path, place, **stored["counts"])
            found.problems = [
                Problem(**p | {"where": f"{path}{p['where']}"}) for p in stored["problems"]
            ]
            os.utime(place)
        except (OSError, KeyError, TypeError, ValueError):
            return None
        return found

    def _place(self, content: str) -> Path:
        return self.folder / f"{content}.arrows"

    def remember(self, path: Path, stamp: Stamp, content: str) -> None:
        """Next time, a file with this stamp is known to have this content."""
        self._files[str(path.absolute())] = [stamp.size, stamp.modified, stamp.inode, content]

    def run_of(self, fingerprint: str) -> str | None:
        """The run that an import of just these recordings made."""
        run = self._runs.get(fingerprint)
        return run if isinstance(run, str) else None

    def made(self, fingerprint: str, run_id: str) -> None:
        """An import of these recordings made this run."""
        self._runs.pop(fingerprint, None)
        self._runs[fingerprint] = run_id

    def save(self) -> None:
        """Write the index; of two imports at once the last one's is kept, and nothing breaks."""
        for name in list(self._runs)[:-1000]:
            del self._runs[name]
        for name in list(self._files)[:-200_000]:
            del self._files[name]
        write_whole(self.folder / "index.json", json.dumps(self._index))
        self._shrink()

    def _shrink(self) -> None:
        entries = sorted(self._stored(), reverse=True)
        total = 0
        for _, size, path in entries:
            total += size
            if total > LARGEST:
                path.with_suffix(".json").unlink(missing_ok=True)
                path.unlink(missing_ok=True)

    def _stored(self) -> Iterator[tuple[float, int, Path]]:
        """Time of last use, size and path of every cached recording."""
        for path in self.folder.glob("*.arrows"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                yield status.st_mtime, status.st_size, path


def _load(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        if (
            isinstance(found, dict)
            and found.get("version") == VERSION
            and isinstance(found.get("files"), dict)
            and isinstance(found.get("runs"), dict)
        ):
            return found
    return {"version": VERSION, "files": {}, "runs": {}}
