"""What is known of a study: results in the lake, and journals of drivers that run or were killed.

A journal is a file of lines in `<data>/search/<study>/`; a driver appends each pair as it is
measured and each result as it is decided, and holds the file's lock. When it commits its run, which
has all of it, the journal goes. One without a lock is of a driver that was killed: the next one
takes it over. Drivers of one study read each other's journals as they grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from corr.lake.sql import ask, literal
from corr.lake.store import Lake
from corr.search.outcome import Result
from corr.timing.clocks import Reading

FOLDER = "search"
#: Series whose pairs are asked for at a time.
AT_ONCE = 1000
Row = dict[str, Any]


@dataclass
class Known:
    """Results by what was asked for and by what ran, and pairs of series that are not done, by
    what ran and their number.
    """

    by_request: dict[str, Result] = field(default_factory=dict)
    by_key: dict[str, Result] = field(default_factory=dict)
    pairs: dict[str, dict[int, Row]] = field(default_factory=dict)

    forgotten: set[str] = field(default_factory=set)

    def forget(self, result: Result) -> None:
        """Let it be measured again, whatever the lake has of it."""
        self.by_request.pop(result.request, None)
        if result.key is not None:
            self.by_key.pop(result.key, None)
        self.forgotten.add(result.request)

    def take(self, result: Result) -> None:
        self.by_request[result.request] = result
        if result.key is not None:
            self.by_key[result.key] = result


class Journal:
    """The journal of one driver, and what the others say. Use it as a context."""

    def __init__(self, lake: Lake, study: str) -> None:
        self.folder = study_folder(lake, study)
        self.known = Known()
        self.study = study
        self._lake = lake
        self._file: IO[bytes] | None = None
        self._read: dict[Path, int] = {}
        self._taken_over: list[Path] = []
        self._seen = 0
        self._asked: set[str] = set()
        #: Rows of `search_pairs`, and results, that are in no run yet.
        self.pairs: list[Row] = []
        self.results: list[Result] = []

    def __enter__(self) -> Journal:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._from_lake()
        self._take_over()
        path = self.folder / f"{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._file = path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if not (self.pairs or self.results):
                self._remove(Path(self._file.name))

    def pair(self, row: Row) -> None:
        """Keep a pair: from now on a kill cannot lose it."""
        self.pairs.append(row)
        self._take({"pair": row})
        self._append({"pair": row})

    def result(self, result: Result) -> None:
        """Keep a result."""
        self.known.take(result)
        self.results.append(result)
        self._append({"result": result.to_row()})

    def readings(self, key: str) -> list[tuple[Reading, Reading]]:
        """All pairs that are known of what ran, in the order in which they were measured."""
        self.fetch([key])
        rows = self.known.pairs.get(key, {})
        return [(_side(rows[n], "a"), _side(rows[n], "b")) for n in sorted(rows)]

    def fetch(self, keys: Iterable[str]) -> None:
        """Have the pairs of series that are done, which are in the lake only, at hand."""
        wanted = sorted(set(keys) - self._asked)
        self._asked.update(wanted)
        for start in range(0, len(wanted), AT_ONCE):
            listed = ", ".join(map(literal, wanted[start : start + AT_ONCE]))
            found = ask(
                self._lake,
                "SELECT DISTINCT ON (key, pair) * EXCLUDE (run_id) FROM search_pairs"
                f" WHERE study = {literal(self.study)} AND key IN ({listed}) ORDER BY ALL",
            )
            for row in found.to_pylist():
                self._take({"pair": row})

    def refresh(self) -> None:
        """Read what other drivers have appended, and committed, since.

        The lake is looked at last: whatever a journal no longer has, the lake has by then.
        """
        own = Path(self._file.name) if self._file else None
        for path in sorted(self.folder.glob("*.jsonl")):
            if path != own and path not in self._taken_over:
                for row in self._new_lines(path):
                    self._take(row)
        if self._stamp() != self._seen:
            self._from_lake()

    def _stamp(self) -> int:
        """Another one once a run was committed."""
        return self._lake.runs.stat().st_mtime_ns

    def committed(self) -> None:
        """A run has all that the journal had."""
        for path in self._taken_over:
            self._remove(path)
        self._taken_over = []
        self.pairs, self.results = [], []
        if self._file is not None:
            self._file.truncate(0)

    def _append(self, row: Row) -> None:
        assert self._file is not None
        # one write: a reader, or a kill, finds the line whole or not at all
        self._file.write((json.dumps(row, separators=(",", ":")) + "\n").encode())
        self._file.flush()

    def _from_lake(self) -> None:
        self._seen = self._stamp()
        name = literal(self.study)
        results = ask(
            self._lake,
            "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY request ORDER BY run_id DESC)"
            f" AS newest FROM search_results WHERE study = {name}) WHERE newest = 1",
        )
        known = {*self.known.by_request, *self.known.forgotten}
        for row in results.to_pylist():
            if row["request"] not in known:
                self.known.take(Result.from_row(row))
        unfinished = ask(
            self._lake,
            f"SELECT p.* EXCLUDE (run_id) FROM search_pairs p WHERE study = {name} AND NOT EXISTS"
            " (FROM search_results r WHERE r.study = p.study AND r.key = p.key) ORDER BY ALL",
        )
        for row in unfinished.to_pylist():
            self._take({"pair": row})

    def _take_over(self) -> None:
        """Take what killed drivers left; their locks are gone with them."""
        for path in sorted(self.folder.glob("*.jsonl")):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for row in self._new_lines(path):
                    self._take(row)
                    if "pair" in row:
                        self.pairs.append(row["pair"])
                    else:
                        self.results.append(Result.from_row(row["result"]))
                self._taken_over.append(path)

    def _take(self, row: Row) -> None:
        if "pair" in row:
            pair = row["pair"]
            self.known.pairs.setdefault(pair["key"], {})[pair["pair"]] = pair
        elif "result" in row:
            self.known.take(Result.from_row(row["result"]))

    def _new_lines(self, path: Path) -> Iterator[Row]:
        """Whole lines since the last look; what a kill cut off is left."""
        start = self._read.get(path, 0)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < start:
                    start = 0  # its driver has committed it and goes on
                file.seek(start)
                data = file.read()
        except OSError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._read[path] = start + len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                if isinstance(row, dict):
                    yield row

    @staticmethod
    def _remove(path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()


def _side(row: Row, side: str) -> Reading:
    """A run of a pair as it was kept."""
    own = row[f"seconds_{side}"]
    return Reading(row[f"wall_{side}"], row[f"cpu_{side}"], None, own, int(own is not None))


def study_folder(lake: Lake, study: str) -> Path:
    """Where the journals of a study are, and what is kept for it. Names are no paths."""
    plain = re.sub(r"[^\w.-]", "_", study)[:40].lstrip(".")
    return lake.root / FOLDER / f"{plain}-{sha256(study.encode()).hexdigest()[:8]}"


@contextlib.contextmanager
def claimed(folder: Path, key: str) -> Iterator[bool]:
    """Whether this driver may measure it now: another one does not do so at this moment."""
    path = folder / f"{key[:40]}.claim"
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        if os.fstat(file.fileno()).st_nlink == 0:
            yield False  # of one who has just finished: its result is in its journal by now
            return
        try:
            yield True
        finally:
            Journal._remove(path)
