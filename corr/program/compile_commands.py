"""A built project: its compile_commands.json, and the link lines that its generator left."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from collectors.base import process
from collectors.base.errors import CorrError, UsageError
from collectors.base.table import Problem
from corr.program import from_executable, shared_libraries
from corr.program.model import C_SUFFIXES, CXX_SUFFIXES, Program, Run, Unit

#: Compiler arguments that are about one output file; those in the second set take a value.
_DROPPED = frozenset({"-c", "-MD", "-MMD", "-MP", "-Winvalid-pch", "-pipe"})
_ARCHIVER = re.compile(r"(^|-)ar(-[\d.]+)?$")
#: Compilers that are no clang, by their names.
_OTHERS = re.compile(r"(^|-)(gcc|g\+\+|icc|icpc|nvc|nvc\+\+)(-[\d.]+)?$")
#: Response files in response files.
DEEPEST = 8
_DROPPED_WITH_VALUE = frozenset({"-o", "-MF", "-MT", "-MQ", "-MJ"})


@dataclass(frozen=True)
class Entry:
    """One command of the database: its output object, the unit that it compiles, and what with."""

    unit: Unit
    output: Path | None
    compiler: str = ""


@dataclass(frozen=True)
class Link:
    """One link or archive command: what it writes, from what, run where."""

    output: Path
    argv: tuple[str, ...]
    directory: Path


def from_build(
    build: Path, command: Sequence[str], run: Run, root: Path, extra: Sequence[str] = ()
) -> Program:
    """The program that `command` runs, rebuilt from a build folder's own commands.

    `extra` flags are added to each unit's own, and to the link's. Raises UsageError when the
    database or the link line cannot be read, or the command runs no executable of that build.
    """
    entries = read_database(build)
    links = {link.output: link for link in find_links(build)}
    executable = _executable(command, build, run.directory, links)
    others = tuple(_other_compilers(entries))
    if executable not in links:
        program = _by_itself(executable, entries, command, run, root, extra)
        return replace(program, notes=(*program.notes, *others))
    objects = {e.output: e.unit for e in entries if e.output is not None}
    project = _Project(links, objects)
    rest = list(project.expand(links[executable]))
    units = project.units
    unbuilt = [w for w in rest if w.endswith((".o", ".a")) and _inside(w, links[executable], build)]
    if unbuilt:
        raise UsageError(
            f"{', '.join(unbuilt)}: linked into {executable.name}, but {build} does not say how"
            " it is made",
            "build it with CMake's Makefiles or Ninja generator",
        )
    if not units:
        raise UsageError(f"{executable} is linked from no unit of compile_commands.json")
    flagged = tuple(Unit(u.source, u.directory, (*u.flags, *extra)) for u in units)
    folder = links[executable].directory
    # some flags ask something of the linker, too (-flto, -fsanitize=, -fopenmp)
    link_flags = (*(_absolute(flag, folder) for flag in rest), *extra)
    run = replace(run, args=tuple(command[1:]))
    return Program(executable.name, flagged, link_flags, run, root, notes=(*project.notes, *others))


def _other_compilers(entries: Iterable[Entry]) -> Iterator[Problem]:
    """What the project's own build is compiled with, where that is not clang."""
    for name in sorted({entry.compiler for entry in entries if _OTHERS.search(entry.compiler)}):
        what = "the project's own compiler: what is measured here was built by clang, by its flags"
        yield Problem("program", name, what, "compare with the project's build by its own timing")


def _by_itself(
    executable: Path,
    entries: Sequence[Entry],
    command: Sequence[str],
    run: Run,
    root: Path,
    extra: Sequence[str],
) -> Program:
    """The program whose link command nobody left, from what the executable says of itself."""
    if not entries:
        raise UsageError(f"{executable} is linked from no unit of compile_commands.json")
    try:
        units, notes = from_executable.units_of(executable, (e.unit for e in entries))
        flags = from_executable.link_flags(executable, units)
    except CorrError as error:
        what = f"no link command for {executable}, and {error.message}"
        raise UsageError(what, "build the project first; name its executable by --run") from error
    flagged = tuple(Unit(u.source, u.directory, (*u.flags, *extra)) for u in units)
    run = replace(run, args=tuple(command[1:]))
    link_flags = (*flags, *extra)
    return Program(executable.name, flagged, link_flags, run, root, notes=tuple(notes))


def read_database(build: Path) -> list[Entry]:
    """The C and C++ entries of compile_commands.json (`arguments` or `command` form)."""
    path = build / "compile_commands.json"
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is not there", "configure with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error
    if not isinstance(data, list):
        raise UsageError(f"{path}: a list of commands was expected")
    return [e for n, item in enumerate(data) if (e := _entry(item, n, path)) is not None]


def _entry(item: Any, number: int, path: Path) -> Entry | None:
    try:
        directory = path.parent.absolute() / item["directory"]
        source = Path(os.path.normpath(directory / item["file"]))
        argv = item["arguments"] if "arguments" in item else shlex.split(item["command"])
        argv = list(_written_out([str(a) for a in argv], directory))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UsageError(f"{path}: entry {number} cannot be read: {error}") from error
    if source.suffix not in C_SUFFIXES | CXX_SUFFIXES:
        return None
    flags, output = [], item.get("output")
    at = _compiler_at(argv, source, directory)
    words = iter(argv[at + 1 :])
    for word in words:
        if word in _DROPPED_WITH_VALUE:
            value = next(words, "")
            output = value if word == "-o" else output
        elif word not in _DROPPED and not _names(word, source, directory):
            flags.append(word)
    place = Path(os.path.normpath(directory / output)) if output else None
    return Entry(Unit(source, directory, tuple(flags)), place, Path(argv[at]).name if argv else "")


def _compiler_at(argv: Sequence[str], source: Path, directory: Path) -> int:
    """Where the compiler stands in a command: launchers and variables may stand before it.

    It is the last word before the first flag or the source; `ccache`, `env A=b` and others take
    no flags of their own here.
    """
    for at, word in enumerate(argv):
        if word.startswith(("-", "@")) or _names(word, source, directory):
            return max(0, at - 1)
    return 0


def _written_out(argv: Sequence[str], folder: Path, depth: int = 0) -> Iterator[str]:
    """The words, with those of response files (`@file`, from `folder`) in their place.

    Not every stage of corr runs where the command did. As for clang, a file that is not there is
    a word like any other. Raises ValueError for quotes that stay open.
    """
    for word in argv:
        path = folder / word[1:]
        if not word.startswith("@") or depth > DEEPEST or not path.is_file():
            yield word
            continue
        text = path.read_text("utf-8", "surrogateescape")
        yield from _written_out(shlex.split(text), folder, depth + 1)


def _names(word: str, source: Path, directory: Path) -> bool:
    return not word.startswith("-") and Path(os.path.normpath(directory / word)) == source


def find_links(build: Path) -> Iterator[Link]:
    """The link and archive commands that CMake's Makefile and Ninja generators left."""
    for path in sorted(build.rglob("CMakeFiles/*.dir/link.txt")):
        folder = path.parent.parent.parent
        for line in path.read_text(errors="replace").splitlines():
            yield from _link(line, folder)
    if (build / "build.ninja").is_file():
        ninja = shutil.which("ninja")
        if ninja is None:
            raise UsageError(f"{build} was built by ninja, which is not here", "install ninja")
        answer = process.run([ninja, "-C", build, "-t", "commands"])
        for line in answer.stdout.decode("utf-8", "replace").splitlines():
            for part in line.split(" && "):
                yield from _link(part, build)


def _link(line: str, folder: Path) -> Iterator[Link]:
    try:
        argv = list(_written_out(shlex.split(line), folder))
    except (ValueError, OSError):
        return
    if not argv or "-c" in argv:
        return
    if (
        _ARCHIVER.search(Path(argv[0]).name)
        and len(argv) > 2
        and argv[1].startswith(("q", "r", "c"))
    ):
        yield Link(Path(os.path.normpath(folder / argv[2])), tuple(argv[3:]), folder)
    elif "-o" in argv[:-1]:
        at = argv.index("-o")
        output = Path(os.path.normpath(folder / argv[at + 1]))
        yield Link(output, (*argv[1:at], *argv[at + 2 :]), folder)


@dataclass
class _Project:
    """The links and objects of a build, and what was found to make up a program."""

    links: dict[Path, Link]
    objects: dict[Path, Unit]
    units: list[Unit] = field(default_factory=list)
    #: Names that the units define, and the libraries that are part of the program.
    _defined: set[str] = field(default_factory=set)
    _taken: set[Path] = field(default_factory=set)
    notes: list[Problem] = field(default_factory=list)

    def expand(self, link: Link) -> Iterator[str]:
        """Link words that stay; objects and the project's libraries become units instead."""
        words = list(link.argv)
        own = [path for path in map(partial(_place, link), words) if path in self.objects]
        self._defined |= shared_libraries.defined(own) or frozenset()
        for word in words:
            path = _place(link, word)
            if path in self.objects:
                if self.objects[path] not in self.units:
                    self.units.append(self.objects[path])
            elif path in self.links and path.suffix == ".a":
                yield from self.expand(self.links[path])
            elif self._becomes_part(path):
                library = self.links[path]
                if path not in self._taken:
                    self._taken.add(path)
                    what = "linked into the program, so that every layer sees it, too"
                    self.notes.append(Problem("program", path.name, what))
                    words_of_it = tuple(shared_libraries.link_words(library.argv))
                    yield from self.expand(replace(library, argv=words_of_it))
            else:
                yield word

    def _becomes_part(self, path: Path) -> bool:
        """Whether it is a shared library of the project that can be linked into the program."""
        if not shared_libraries.is_shared(path) or path not in self.links:
            return False
        link = self.links[path]
        own = [at for at in map(partial(_place, link), link.argv) if at in self.objects]
        if path in self._taken or not own:
            return bool(own)
        # of what is configured and not built nothing is known yet: the linker will say
        built = any(at.exists() for at in own)
        names = shared_libraries.defined(own) if built else frozenset[str]()
        if names is not None and self._defined.isdisjoint(names):
            return True
        why, fix = "it defines what the program does, too", ""
        if names is None and any(map(shared_libraries.is_bitcode, own)):
            why = "its objects are bitcode, compiled when they are linked (-flto), and not readable"
            fix = "build the project without -flto for corr, or by the LLVM that corr finds"
        elif names is None:
            why, fix = "its objects are not there, or no ELF", "build the project there first"
        what = f"stays a library of which little is known: {why}"
        self.notes.append(Problem("program", path.name, what, fix))
        return False


def _place(link: Link, word: str) -> Path:
    """The file that a word of a link is, with the file that a library's shorter name stands for."""
    path = Path(os.path.normpath(link.directory / word))
    if shared_libraries.is_shared(path) and path.is_symlink():
        return Path(os.path.normpath(path.parent / os.path.realpath(path)))
    return path


def _inside(word: str, link: Link, build: Path) -> bool:
    return Path(os.path.normpath(link.directory / word)).is_relative_to(build)


def _absolute(word: str, folder: Path) -> str:
    if not word.startswith("-") and (folder / word).exists():
        return str(folder / word)
    return word


def _executable(
    command: Sequence[str], build: Path, directory: Path, links: Collection[Path]
) -> Path:
    """What is run: a file, or what the build would make."""
    if not command:
        raise UsageError("--run needs a command", "--run './app --its arguments'")
    for folder in (directory, build):
        path = Path(os.path.normpath(folder / command[0]))
        if path.is_file() or path in links:
            return path
    raise UsageError(
        f"--run: no executable {command[0]}, neither here nor in {build}",
        "build the project there first; corr rebuilds it from the commands of that build",
    )
