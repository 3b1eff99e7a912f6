"""Folders that a confined program may fill as it likes, and what it leaves in them.

A place is a tmpfs inside, over a folder of the same path: nothing of the host can be written,
linked or filled by it. Before the program starts, the sandbox waits until we hold its places open
from outside; they then outlive its last process, and are read when nobody is left who could change
them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Self

from collectors.base.scratch import scratch

#: What is looked at of what a program leaves: entries in all, folders below one another.
MOST_ENTRIES, DEEPEST = 1000, 16
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_KINDS = {stat.S_IFLNK: "link", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


@dataclass(frozen=True)
class Place:
    """A folder that the program may fill. What is in `given`, a folder of ours, is there first.

    Files that are given should be of the year 1970: whether they were read or written shows then.
    """

    folder: Path
    given: Path | None = None


@dataclass(frozen=True)
class Entry:
    """A file that a program left, or what it left in place of one: a link, a pipe, a socket.

    `content` of a link is where it leads. `read` and `written` tell of what the program was given;
    all else was written.
    """

    content: bytes
    kind: str = "file"
    read: bool = field(default=True, compare=False)
    written: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Left:
    """What a program left in its places, by path. `trouble`: why not all of it could be read."""

    entries: Mapping[Path, Entry] = field(default_factory=dict)
    trouble: str = ""


class Held:
    """The places of a sandbox, held open from outside. `let_in` is a pipe that it waits for."""

    def __init__(self, places: Sequence[Path], let_in: Path) -> None:
        self.places = tuple(places)
        self.open = False
        self._folders: list[int] = []
        os.mkfifo(let_in, 0o600)
        self._pipe = os.open(let_in, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        os.close(self._pipe)

    def take(self, process: int) -> None:
        """Hold the places of this process, if they are there yet, and let it go on."""
        try:
            for place in self.places:
                self._folders.append(_inside(process, place))
        except OSError:
            self._close()
            return
        self.open = True
        os.write(self._pipe, b".")

    def left(self, hidden: Sequence[Path], limit: int) -> Left:
        """What is in them, up to `limit` bytes in all; `hidden` are paths that are not its own."""
        if not self.open:  # its time was over before it began
            return Left()
        looked = _Look(frozenset(hidden), limit)
        try:
            for place, folder in zip(self.places, self._folders, strict=True):
                looked.at(folder, place, DEEPEST)
        except _TooMuch as reason:
            return Left(looked.entries, str(reason))
        except OSError as error:
            return Left(looked.entries, f"what it wrote cannot be read: {error.strerror}")
        return Left(looked.entries)

    def _close(self) -> None:
        for folder in self._folders:
            os.close(folder)
        self._folders = []


def filled(places: Sequence[Place]) -> str:
    """Shell commands that copy what is given into the places; each ends with `&&`."""
    copy = "cp -R --preserve=mode,timestamps --"
    given = [(place.given, place.folder) for place in places if place.given is not None]
    return "".join(f"{copy} {quote(f'{one}/.')} {quote(f'{there}/')} && " for one, there in given)


@contextlib.contextmanager
def in_place_of(place: Place | None, folder: Path | None) -> Iterator[Path | None]:
    """Where a program without a sandbox starts: in a folder of its own instead of a place."""
    if place is None:
        yield folder
        return
    with scratch("place") as own:
        if place.given is not None:
            shutil.copytree(place.given, own, dirs_exist_ok=True)
        yield own


def left_in(folder: Path, place: Path, limit: int) -> Left:
    """What is in a folder of the host that stood for a place."""
    with _opened(folder) as descriptor:
        looked = _Look(frozenset(), limit)
        try:
            looked.at(descriptor, place, DEEPEST)
        except (_TooMuch, OSError) as reason:
            return Left(looked.entries, str(reason))
    return Left(looked.entries)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _inside(process: int, place: Path) -> int:
    """A folder as this process of the sandbox sees it. Raises OSError while it is not there.

    Until bwrap has changed its root, what stands at that path is the host's.
    """
    found = os.open(f"/proc/{process}/root{place}", _FOLDER)
    with contextlib.suppress(FileNotFoundError):
        if os.fstat(found).st_dev == place.stat().st_dev:
            os.close(found)
            raise BlockingIOError(str(place))
    return found


class _TooMuch(Exception):
    """A program left more than is looked at."""


@dataclass
class _Look:
    """Reads folders that were a hostile program's: follows nothing, waits for nothing."""

    hidden: frozenset[Path]
    limit: int
    entries: dict[Path, Entry] = field(default_factory=dict)
    count: int = 0
    size: int = 0

    def at(self, folder: int, path: Path, deeper: int) -> None:
        """Note all that is in a folder. Raises _TooMuch, and OSError."""
        device = os.fstat(folder).st_dev
        for name in self._names(folder):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            there = path / name
            if found.st_dev != device or there in self.hidden:
                continue
            if not stat.S_ISDIR(found.st_mode):
                self.entries[there] = self._entry(folder, name, found)
                continue
            if not deeper:
                raise _TooMuch(f"it makes folders more than {DEEPEST} deep")
            below = os.open(name, _FOLDER, dir_fd=folder)
            try:
                self.at(below, there, deeper - 1)
            finally:
                os.close(below)

    def _names(self, folder: int) -> list[str]:
        names = []
        with os.scandir(folder) as every:
            for entry in every:
                self.count += 1
                if self.count > MOST_ENTRIES:
                    raise _TooMuch(f"it makes more than {MOST_ENTRIES} files")
                names.append(entry.name)
        return sorted(names)

    def _entry(self, folder: int, name: str, found: os.stat_result) -> Entry:
        used = found.st_atime_ns != 0, found.st_mtime_ns != 0
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "other")
        if kind == "link":
            return Entry(os.fsencode(os.readlink(name, dir_fd=folder)), kind, *used)
        if not stat.S_ISREG(found.st_mode):
            return Entry(b"", kind, *used)
        self.size += found.st_size
        if self.size > self.limit:
            raise _TooMuch(f"it writes more than {self.limit >> 20} MiB into files")
        with open(os.open(name, _FILE, dir_fd=folder), "rb") as stream:
            return Entry(stream.read(found.st_size), "file", *used)
