"""Packs: the tables of many runs in few files, `<data>/compacted/<pack>/*.parquet`.

A run *is* its folder in `runs/`: run.json and artifacts stay there, and removing the folder removes
the run. Only its rows move. `pack.json` lists the runs whose rows a pack holds; the pack appears
by one rename, and from then on it wins over the tables that are still in the folders. So a run's
rows are in exactly one place at every moment, whatever has been deleted by then.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from collectors.base.errors import CorrError
from corr.lake import remote
from corr.lake.run_ids import RUN_ID

FOLDER = "compacted"
INDEX = "pack.json"
#: Layout of a pack. One with a higher number was written by a newer corr.
FORMAT = 1


@dataclass(frozen=True)
class Pack:
    """A committed pack. `problem`: why its index cannot be used; it then names no run."""

    folder: Path
    runs: frozenset[str] = frozenset()
    #: Rows by table.
    tables: Mapping[str, int] = field(default_factory=dict)
    #: Packs whose rows this one has taken over.
    replaces: frozenset[str] = frozenset()
    problem: str | None = None

    @property
    def size(self) -> int:
        """Bytes of its tables."""
        return sum(path.stat().st_size for path in self.folder.glob("*.parquet"))

    def file(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"


@dataclass(frozen=True)
class Rows:
    """Where the rows of one table are: these files, but only or not those of these runs."""

    files: Sequence[str]
    only: Sequence[str] | None = None
    without: Sequence[str] = ()


class Layout:
    """Where the rows of each run are, as found at one moment (see `reading`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.remote = remote.of(root)
        if self.remote is not None:
            self.remote.refresh()
        self.names = run_names(root)
        found = read_packs(root)
        replaced = frozenset().union(*(pack.replaces for pack in found))
        #: Packs in use, those with a broken index apart.
        self.packs = [p for p in found if not p.problem and p.folder.name not in replaced]
        self.broken = [p for p in found if p.problem and p.folder.name not in replaced]
        #: Packs whose rows a newer pack has.
        self.replaced = [p for p in found if p.folder.name in replaced]

    @cached_property
    def pack_of(self) -> dict[str, Pack]:
        """The pack with a run's rows; runs that are not in it have their own files."""
        return {run: pack for pack in self.packs for run in pack.runs}

    @cached_property
    def dead(self) -> frozenset[str]:
        """Runs that were deleted after they had been compacted: rows that do not count."""
        return frozenset(self.pack_of).difference(self.names)

    def tables(self, run: str) -> list[str]:
        """The tables that a run has rows of."""
        if run in self.pack_of:
            return sorted(self.pack_of[run].tables)
        if self.remote is not None:
            return sorted(self.remote.tables(run))
        names = os.listdir(self.root / "runs" / run)
        return sorted(n.removesuffix(".parquet") for n in names if n.endswith(".parquet"))

    def rows(self, table: str, runs: Sequence[str] | None = None) -> Rows:
        """The files to read for a table of all runs, or of some.

        Raises CorrError when the rows of a run that is asked for are in a broken pack.
        """
        wanted = self.names if runs is None else list(runs)
        if self.remote is not None:
            return Rows(self._there(self.remote, table, wanted))
        packs = {self.pack_of[r].folder: self.pack_of[r] for r in wanted if r in self.pack_of}
        files = [str(p.file(table)) for p in packs.values() if table in p.tables]
        if runs is not None:
            self._need(wanted)
            only = wanted if files else None
        elif self.broken:
            raise self._error(self.broken[0])
        # The newest first: where runs differ in their columns, it is the one that has them all.
        loose = [r for r in reversed(wanted) if r not in self.pack_of]
        own = (f"{self.root}/runs/{r}/{table}.parquet" for r in loose)
        # 10,000 of them: as a Path each takes three times as long
        files = [path for path in own if os.path.exists(path)] + files  # noqa: PTH110
        if runs is not None:
            return Rows(files, only)
        dead = self.dead if any(p.runs & self.dead for p in packs.values()) else ()
        return Rows(files, None, sorted(dead))

    def _there(self, there: remote.Remote, table: str, runs: Sequence[str]) -> list[str]:
        """The files of a table on shared storage, the newest first."""
        return [there.file(run, table) for run in reversed(runs) if table in there.tables(run)]

    def _need(self, runs: Sequence[str]) -> None:
        """Raise CorrError when a run has rows nowhere, and a broken pack may have them."""
        for run in runs if self.broken else ():
            folder = self.root / "runs" / run
            if run not in self.pack_of and not any(folder.glob("*.parquet")):
                raise self._error(self.broken[0], f"; run {run} may be in it")

    def _error(self, pack: Pack, more: str = "") -> CorrError:
        return CorrError(
            f"the pack {pack.folder} cannot be read: {pack.problem}{more}",
            f"restore its {INDEX}; runs outside it can be read (corr sql --run RUN)",
        )


def run_names(root: Path) -> list[str]:
    """The ids of all committed runs, oldest first, readable or not."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(name for name in os.listdir(root / "runs") if RUN_ID.match(name))
    return []


def read_packs(root: Path) -> list[Pack]:
    """Every pack of the lake, oldest first, replaced and broken ones too."""
    try:
        names = sorted(name for name in os.listdir(root / FOLDER) if RUN_ID.match(name))
    except FileNotFoundError:
        return []
    return [_read(root / FOLDER / name) for name in names]


def _read(folder: Path) -> Pack:
    try:
        index = json.loads((folder / INDEX).read_bytes())
        if index["format"] > FORMAT:
            return Pack(folder, problem=f"a newer corr wrote it (format {index['format']})")
        runs, replaces = frozenset(index["runs"]), frozenset(index["replaces"])
        tables = {str(name): int(rows) for name, rows in index["tables"].items()}
        if not all(RUN_ID.match(name) for name in runs | replaces):
            raise ValueError("it names a run that cannot be one")
    except OSError as error:
        return Pack(folder, problem=error.strerror or str(error))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Pack(folder, problem=f"{INDEX} is damaged ({type(error).__name__}: {error})")
    return Pack(folder, runs, tables, replaces)


class Lock:
    """A lock on the lake's rows; the kernel drops it with the process that holds it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    __del__ = release


def reading(root: Path) -> Lock:
    """Keep the files that are there now until `release`: what a pack replaces is not deleted."""
    descriptor = os.open(root, os.O_RDONLY)
    with contextlib.suppress(OSError):  # a file system without locks: compaction cannot lock too
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return Lock(descriptor)


@contextlib.contextmanager
def nobody_reads(root: Path) -> Iterator[bool]:
    """False when some reader holds `reading`; new readers wait until the block ends."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
