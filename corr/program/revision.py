"""A program as it was at a revision: git's content of what changed since, in place of the files.

Nothing is checked out: clang reads the old content under the names that the files have now, so the
folder stays as it is, generated headers are there, and both builds have one spelling for each file.
What the program reads when it runs is what lies there now.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from collectors.base import process, toolchain
from collectors.base.errors import ToolMissing, UsageError
from collectors.base.scratch import scratch
from collectors.base.table import Problem
from corr.program import configured
from corr.program.configured import Build
from corr.program.model import C_SUFFIXES, CXX_SUFFIXES, Program

OF_ITS_OWN = "collect that revision from a checkout of its own, then corr diff A B"
#: Folders with what was taken from git, kept until the process ends, by repository and commit.
_taken: dict[tuple[Path, str], Path] = {}
_held = contextlib.ExitStack()
_lock = threading.Lock()
atexit.register(_held.close)


def at_revision(program: Program, name: str, build: Build | None = None) -> Program:
    """The program with the sources of a commit, branch, tag or `HEAD~2`.

    Where sources came or went, `build` is configured as the commit has it, if it is CMake's. Else
    units whose source it does not have are left out, which a note says. Raises UsageError where git
    knows no such revision, or it has none of the sources.
    """
    folder = program.units[0].source.parent
    top, commit = _top(folder), _commit(folder, name)
    before, since = _changed(top, commit)
    if build is not None and build.is_cmake and _other_sources(before, since):
        return _configured(program, build, (top, commit), before)
    missing = [program.label(u) for u in program.units if u.source in since]
    units = tuple(u for u in program.units if u.source not in since)
    if not units:
        raise UsageError(
            f"{', '.join(missing)}: not in {name}",
            OF_ITS_OWN,
        )
    content = _content(top, commit, sorted(before))
    gone = [p for p in before if not p.exists() and p.suffix in C_SUFFIXES | CXX_SUFFIXES]
    notes = list(program.notes)
    if missing:
        what = f"sources that {name} does not have are left out: {', '.join(missing)}"
        notes.append(Problem("program", program.name, what))
    if gone:
        names = ", ".join(sorted(p.name for p in gone)[:3])
        what = f"{len(gone)} sources of {name} are there no more and in no unit: {names}"
        notes.append(Problem("program", program.name, what))
    return replace(
        program,
        units=units,
        overlay={**content, **program.overlay},
        revision=commit,
        notes=tuple(notes),
    )


def _other_sources(before: set[Path], since: set[Path]) -> bool:
    """Whether sources came or went, or the lists of them changed."""
    gone = {path for path in before if not path.exists()}
    lists = any(path.name == "CMakeLists.txt" or path.suffix == ".cmake" for path in before | since)
    return lists or any(p.suffix in C_SUFFIXES | CXX_SUFFIXES for p in gone | since)


def _configured(program: Program, build: Build, at: tuple[Path, str], before: set[Path]) -> Program:
    """The program that the commit's own configuration makes of its sources."""
    top, commit = at
    with _lock:
        place = _held.enter_context(scratch("configured"))
    tree = place / "tree"
    tree.mkdir()
    index = place / "index"
    _git(top, ["read-tree", commit], index)
    _git(top, ["checkout-index", "--all", "--force", f"--prefix={tree}/"], index)
    then, made = configured.at(build, top, tree, place / "build")
    content = _content(top, commit, sorted(before))
    missing = [u for u in then.units if not then.content(u.source).exists()]
    lost = [u for u in missing if u.source not in content]
    if lost:
        names = ", ".join(then.label(u) for u in lost)
        raise UsageError(f"{names}: made while building, which corr does not do", OF_ITS_OWN)
    what = f"configured as {commit[:12]} has it, with this build's answers to CMake"
    notes = (*then.notes, Problem("program", program.name, what))
    overlay = {**content, **made, **program.overlay}
    return replace(then, root=program.root, overlay=overlay, revision=commit, notes=notes)


def _git(
    folder: Path, arguments: Sequence[str], index: Path | None = None, stdin: bytes = b""
) -> bytes:
    """What git prints. Raises ToolMissing, or UsageError with what it says."""
    git = toolchain.other("git")
    if git is None:
        raise ToolMissing("git is needed for revisions", "apt-get install git")
    env = process.tool_environment() | {"GIT_OPTIONAL_LOCKS": "0"}
    if index is not None:
        env["GIT_INDEX_FILE"] = str(index)
    done = process.run([git, "-C", folder, *arguments], env=env, stdin=stdin, timeout=120)
    if not done.ok:
        raise UsageError(f"{folder}: git {arguments[0]}: {done.last_lines(2)}")
    return done.stdout


def _top(folder: Path) -> Path:
    """The folder of the repository, spelled like the sources' own folder."""
    up = _git(folder, ["rev-parse", "--show-cdup"]).decode().rstrip("\n")
    return Path(os.path.normpath(folder / up))


def _commit(folder: Path, name: str) -> str:
    asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    try:
        return _git(folder, asked).decode().strip()
    except UsageError:
        raise UsageError(
            f"{name}: no revision that git knows in {folder}", "git log --oneline"
        ) from None


def _changed(top: Path, commit: str) -> tuple[set[Path], set[Path]]:
    """The files of a commit that are otherwise now or not there, and those that came since."""
    listed = _git(
        top, ["diff", "--name-status", "--no-renames", "--no-ext-diff", "-z", commit, "--"]
    )
    words = [os.fsdecode(word) for word in listed.split(b"\0") if word]
    before, since = set[Path](), set[Path]()
    for status, name in zip(words[::2], words[1::2], strict=True):
        (since if status == "A" else before).add(top / name)
    return before, since


def _content(top: Path, commit: str, paths: Sequence[Path]) -> dict[Path, Path]:
    """Each file as the commit has it, in a folder that is there until the process ends."""
    with _lock:
        folder = _taken.get((top, commit))
        if folder is None:
            folder = _taken[top, commit] = _held.enter_context(scratch("revision"))
        names = [os.fsencode(path.relative_to(top)) for path in paths]
        index = folder / ".index"
        _git(top, ["read-tree", commit], index)
        take = ["checkout-index", "--force", "-z", "--stdin", f"--prefix={folder}/"]
        _git(top, take, index, b"".join(name + b"\0" for name in names))
    copies = {path: folder / path.relative_to(top) for path in paths}
    # a link leads elsewhere from there, and the content of a submodule is not this repository's
    return {p: copy for p, copy in copies.items() if copy.is_file() and not copy.is_symlink()}
