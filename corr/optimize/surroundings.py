"""Where a program runs while it is judged: copies of its working folder and of what it is given.

It may write there as it likes, and whatever it leaves is looked at. Of the working folder it finds
only what the original was seen to use: nothing else is shown to a candidate.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from collectors.base.errors import CorrError, UsageError
from collectors.sandbox.confined import NOBODY
from collectors.sandbox.mounts import check_place, check_readonly
from collectors.sandbox.places import Entry, Place

#: Files of the working folder that are tried: how many, how deep below it, and bytes of all.
MOST_FILES, DEEPEST, MOST_BYTES = 500, 3, 128 << 20
#: A file that is only read is shown and not copied from so many bytes on.
LARGE = 8 << 20
#: Files and folders that are shown one by one.
MOST_SHOWN = 200


@dataclass(frozen=True)
class Surroundings:
    """What a program finds where it runs. `cwd` None: an empty folder.

    `places` may be written, `readable` files are only shown. `copies` are where the files that it
    is given stand on the host; `named` are those that an argument names; `folders` are empty ones;
    what is `gone` stands on the host, and is not shown.
    """

    cwd: Path | None = None
    places: tuple[Place, ...] = ()
    readable: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()
    named: frozenset[Path] = frozenset()
    folders: tuple[Path, ...] = ()
    gone: frozenset[Path] = frozenset()

    def name(self, path: Path) -> str:
        """A file as the program would name it."""
        inside = self.cwd is not None and path.is_relative_to(self.cwd)
        return str(path.relative_to(self.cwd)) if inside and self.cwd else str(path)

    def written(self, entries: Mapping[Path, Entry]) -> dict[str, Entry]:
        """What a run wrote, by name."""
        return {self.name(path): entry for path, entry in entries.items() if entry.written}

    def used(self, entries: Mapping[Path, Entry]) -> dict[Path, bool]:
        """The copies that a run read or wrote, and which of them it wrote, or removed."""
        found = {path: entries.get(path) for path in self.copies}
        return {p: e is None or e.written for p, e in found.items() if not e or e.read or e.written}

    def only(self, used: Mapping[Path, bool], folder: Path) -> Surroundings:
        """Without what the original does not use; what is large and only read is not copied."""
        kept = [path for path in self.copies if path in self.named or path in used]
        large = [p for p in kept if not used.get(p) and p.stat().st_size >= LARGE]
        kept = [path for path in kept if path not in large]
        places = _places([place.folder for place in self.places], kept, self.folders, folder)
        readable = (*self.readable, *large)
        return replace(self, places=places, readable=readable, copies=tuple(kept))

    def without(self, paths: Iterable[Path], folder: Path) -> Surroundings:
        """As if these files were not there."""
        gone = frozenset(paths)
        kept = tuple(path for path in self.copies if path not in gone)
        places = _places([place.folder for place in self.places], kept, self.folders, folder)
        return replace(self, places=places, copies=kept, named=self.named - gone, gone=gone)

    def with_all_of(self, directory: Path, staging: Path) -> Surroundings:
        """For a command of the user's: what else is in a folder is there as well, to be read.

        Raises UsageError for a folder that must not be shown.
        """
        check_readonly(directory, NOBODY if os.geteuid() == 0 else None)
        apart = self.gone.union(self.copies)
        others = list(islice(_besides(directory, apart), MOST_SHOWN + 1))
        if self.cwd != directory or len(others) > MOST_SHOWN:
            return Surroundings(directory, readable=(directory, *self.readable))
        places = _places([place.folder for place in self.places], self.copies, (), staging)
        return replace(self, places=places, readable=(*self.readable, *others))


@dataclass
class Wanted:
    """What is found while one looks at the arguments: folders to write in, files to copy."""

    directory: Path
    roots: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    readable: list[Path] = field(default_factory=list)

    def add(self, word: str) -> None:
        """What a word of the command line may name: a file, a folder, or a file to be."""
        path = resolved(self.directory, word)
        try:
            if path.is_file():
                self._file(path)
            elif path.is_dir():
                self.folder(path)
            elif "/" in word and path.parent.is_dir():
                self.root(path.parent)
        except (OSError, ValueError):  # too long for a name, or with a zero in it: names no file
            return

    def folder(self, path: Path) -> bool:
        """A folder that the program may read from besides."""
        found = self.root(path)
        self.folders += [path] if found and not Path("~").expanduser().is_relative_to(path) else []
        return found

    def root(self, path: Path) -> bool:
        """The program may write in this folder, if that can be."""
        try:
            check_place(path)
        except UsageError:
            return False
        self.roots.append(path)
        return True

    def _file(self, path: Path) -> None:
        """A file that is named: given as a copy, unless it stands where none can be written."""
        check_readonly(path, NOBODY if os.geteuid() == 0 else None)
        (self.files if self.root(path.parent) else self.readable).append(path)


def surroundings(
    directory: Path,
    words: Iterable[str],
    results: Iterable[str],
    folder: Path,
    apart: Sequence[Path] = (),
) -> Surroundings:
    """All that a program may find and use where it is started in `directory` with these words.

    `results` are files that it is said to write; copies are laid out in `folder`; what is `apart`
    is shown in another way, or not. Raises UsageError for a file that must not be shown, or a
    result that cannot be written.
    """
    wanted = Wanted(directory)
    cwd = directory if wanted.folder(directory) else None
    for word in dict.fromkeys(words):
        for part in {word, word.partition("=")[2]} - {""}:
            wanted.add(part)
    for name in results:
        path = resolved(directory, name)
        check_place(path.parent)
        wanted.root(path.parent)
        wanted.files += [path] if path.is_file() else []
    others = [path for above in wanted.folders for path in _below(above, apart)]
    copies = tuple(path for path in dict.fromkeys((*wanted.files, *others)) if path not in apart)
    folders = tuple(path for above in wanted.folders for path in _folders(above, apart))
    return Surroundings(
        cwd,
        _places(_topmost(wanted.roots), copies, folders, folder),
        tuple(wanted.readable),
        copies,
        frozenset(wanted.files),
        folders,
    )


def resolved(directory: Path, name: str) -> Path:
    """The file that a program started in this folder means."""
    return Path(os.path.normpath(directory / name))


def _topmost(folders: Iterable[Path]) -> list[Path]:
    """Folders that are in none of the others."""
    every = sorted(set(folders))
    return [f for f in every if not any(f != g and f.is_relative_to(g) for g in every)]


def _below(root: Path, apart: Sequence[Path]) -> Iterator[Path]:
    """Files in a folder that a program may be after, the nearest first; no hidden ones."""
    count, size, level = 0, 0, [root]
    for _ in range(DEEPEST):
        deeper: list[Path] = []
        for entry in (entry for folder in level for entry in _entries(folder)):
            path = Path(entry.path)
            if path in apart:
                continue
            if entry.is_dir(follow_symlinks=False):
                deeper.append(path)
            elif entry.is_file() and _readable(path):
                count, size = count + 1, size + entry.stat().st_size
                if count > MOST_FILES or size > MOST_BYTES:
                    return
                yield path
        level = deeper


def _besides(folder: Path, copies: frozenset[Path]) -> Iterator[Path]:
    """What is in a folder and may be shown, whole where none of the copies is in it."""
    above = {folder for path in copies for folder in path.parents}
    with os.scandir(folder) as every:
        paths = sorted(Path(entry.path) for entry in every)
    for path in paths:
        if path in above:
            yield from _besides(path, copies)
        elif path not in copies and _readable(path):
            yield path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as every:
            return sorted((e for e in every if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError:
        return []


def _readable(path: Path) -> bool:
    try:
        check_readonly(path, NOBODY if os.geteuid() == 0 else None)
    except UsageError:
        return False
    return os.access(path, os.R_OK)


def _places(
    roots: Iterable[Path], copies: Iterable[Path], folders: Iterable[Path], staging: Path
) -> tuple[Place, ...]:
    """The places, and in `staging` what is copied into each, of the year 1970."""
    copies, folders = list(copies), list(folders)
    places = []
    for number, root in enumerate(roots):
        given = staging / str(number)
        shutil.rmtree(given, ignore_errors=True)
        for path in (path for path in folders if path.is_relative_to(root)):
            (given / path.relative_to(root)).mkdir(parents=True, exist_ok=True)
        for path in (path for path in copies if path.is_relative_to(root)):
            _copy(path, given / path.relative_to(root))
        _open_to_all(given)
        places.append(Place(root, given if given.is_dir() else None))
    return tuple(places)


def _folders(above: Path, apart: Sequence[Path]) -> list[Path]:
    """Folders right in a folder: a program may write into one that stands there."""
    found = [Path(e.path) for e in _entries(above) if e.is_dir(follow_symlinks=False)]
    return [path for path in found if path not in apart][:MOST_FILES]


def _copy(path: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(path, copy)
    except OSError as error:
        raise CorrError(f"{path}: cannot be copied for the program: {error.strerror}") from error
    copy.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    os.utime(copy, (0, 0))


def _open_to_all(folder: Path) -> None:
    """Whoever the program is may read its copies."""
    for above, _, _ in os.walk(folder):
        Path(above).chmod(0o755)
