"""A CMake build folder as it would be at a revision: the commit's own CMakeLists.txt, configured.

    the commit's tree, beside → cmake with the answers that this build was given → its commands,
    in the names that sources and build folder have here

Nothing is built there, and the folder of the project stays as it is. Headers that configuring makes
are read in place of those that lie in the build folder.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from collectors.base import process, toolchain
from collectors.base.errors import ToolMissing, UsageError
from corr.program.model import Program, Unit

CACHE = "CMakeCache.txt"
#: Seconds that configuring may take.
LONGEST = 600.0
_ENTRY = re.compile(r"^([A-Za-z_][\w.+-]*):(BOOL|STRING|PATH|FILEPATH|UNINITIALIZED)=(.*)$")
#: Answers about one folder, which CMake gives itself.
_OWN = re.compile(r"CMAKE_(CACHEFILE_DIR|HOME_DIRECTORY|PROJECT_\w+|EXPORT_COMPILE_COMMANDS)$")
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inc", ".def", ".inl", ".ipp", ".tcc")

#: Makes the program of a build folder, whose commands are there, and maybe nothing else.
Read = Callable[[Path], Program]


@dataclass(frozen=True)
class Build:
    """A build folder of CMake, and how its program is read."""

    folder: Path
    read: Read

    @property
    def is_cmake(self) -> bool:
        """It holds the answers that CMake was given."""
        return (self.folder / CACHE).is_file()


def at(build: Build, top: Path, tree: Path, scratch: Path) -> tuple[Program, dict[Path, Path]]:
    """The program that a commit's own configuration makes, and the headers that this wrote.

    `tree` holds the commit's files, which are `top`'s. Raises UsageError with what CMake says.
    """
    answers, home = _answers(build.folder)
    if not home.is_relative_to(top):
        raise UsageError(f"{build.folder}: configured from {home}, which is not in {top}")
    place = {str(top): str(tree), str(build.folder): str(scratch)}
    argv: list[str | Path] = ["-S", tree / home.relative_to(top), "-B", scratch]
    argv += [*_generator(build.folder), "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-Wno-dev"]
    argv += [f"-D{name}={_moved(value, place)}" for name, value in answers.items()]
    cmake = toolchain.other("cmake")
    if cmake is None:
        raise ToolMissing("cmake is needed for revisions of other sources", "apt-get install cmake")
    done = process.run([cmake, *argv], timeout=LONGEST)
    if not done.ok:
        raise UsageError(f"cmake of that revision: {done.last_lines(3)}")
    back = {there: here for here, there in place.items()}
    return _named_as_here(build.read(scratch), back), dict(_headers(scratch, build.folder))


def _answers(build: Path) -> tuple[dict[str, str], Path]:
    """What CMake was told or found, and the folder that it was configured from."""
    text = (build / CACHE).read_text("utf-8", "surrogateescape")
    entries = [match.groups() for line in text.splitlines() if (match := _ENTRY.match(line))]
    home = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", text, re.M)
    if home is None:
        raise UsageError(f"{build / CACHE}: names no source folder")
    # what was not found may be there by now, and is looked for again
    kept = {n: v for n, _, v in entries if not _OWN.match(n) and not v.endswith("-NOTFOUND")}
    return kept, Path(home[1])


def _generator(build: Path) -> list[str]:
    text = (build / CACHE).read_text("utf-8", "surrogateescape")
    found = re.search(r"^CMAKE_GENERATOR:INTERNAL=(.*)$", text, re.M)
    return ["-G", found[1]] if found else []


def _moved(text: str, places: Mapping[str, str]) -> str:
    """A text with each folder's name replaced, the longest first."""
    for here in sorted(places, key=len, reverse=True):
        text = re.sub(rf"{re.escape(here)}(?=[/;:\s\"]|$)", lambda _, t=places[here]: t, text)  # type: ignore[misc]
    return text


def _named_as_here(program: Program, back: Mapping[str, str]) -> Program:
    """The program in the names of the project's own folders."""

    def path(of: Path) -> Path:
        return Path(_moved(str(of), back))

    units = tuple(
        Unit(path(u.source), path(u.directory), tuple(_moved(flag, back) for flag in u.flags))
        for u in program.units
    )
    link = tuple(_moved(flag, back) for flag in program.link_flags)
    return replace(program, units=units, link_flags=link, directory=path(program.directory))


def _headers(scratch: Path, build: Path) -> Iterator[tuple[Path, Path]]:
    """What configuring wrote to be included, by its name here, where that has other content."""
    for folder, folders, names in os.walk(scratch):
        folders[:] = [name for name in folders if name != "CMakeFiles"]
        for name in names:
            made = Path(folder, name)
            here = build / made.relative_to(scratch)
            if name.endswith(_HEADERS) and not _alike(made, here):
                yield here, made


def _alike(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def executable_in(folder: Path, build: Path, command: str, directory: Path) -> str:
    """A command whose executable is that of another build folder."""
    words = shlex.split(command)
    for base in (directory, build):
        path = Path(os.path.normpath(base / words[0]))
        if path.is_relative_to(build):
            return shlex.join([str(folder / path.relative_to(build)), *words[1:]])
    return command
