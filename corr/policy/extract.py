"""Make a corpus, or add to one: from sources, a build folder, or a folder of mlgo-utils."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from collectors.base import process
from collectors.base.errors import UsageError
from collectors.base.scratch import scratch
from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from collectors.decisions.replay import DEBUG
from collectors.decisions.trace import Compilation, said
from corr.console.progress import Progress
from corr.policy.corpus import (
    OURS,
    THEIRS,
    Corpus,
    Module,
    read_command,
    split_of,
    write_command,
)
from corr.policy.modules import Code, cleaned, code_of, pool
from corr.program.build import QUIET
from corr.program.compile_commands import read_database
from corr.program.model import Unit, relative
from corr.system.disk import disk_errors, write_whole

_Item = TypeVar("_Item")
LAYER = "corpus"
_LEVEL = re.compile(r"-O(\w*)$")
_HAS_DEBUG = re.compile(r"-g(?!0)")
_NO_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Origin:
    """Where modules come from: their project, the folder that their names are relative to."""

    project: str
    root: Path


@dataclass(frozen=True)
class Into:
    """What is added to, and how. All of a project that is held `apart` is held out."""

    corpus: Corpus
    origin: Origin
    tools: Toolchain
    progress: Progress
    apart: Sequence[str] = ()
    jobs: int | None = None


@dataclass
class Added:
    """What came of it. `twice` are modules whose code was there already."""

    corpus: Corpus
    modules: list[Module] = field(default_factory=list)
    twice: int = 0
    empty: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    """A module on its way into the corpus: its name there, bitcode and command line in a folder."""

    source: str
    bitcode: Path
    command: Sequence[str]


def open_or_new(folder: Path, llvm: int, held_out: float) -> Corpus:
    """The corpus in a folder, or a new one. Raises UsageError for one of another LLVM."""
    if not (folder / OURS).exists():
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty, and no corpus", "name another with -o")
        return Corpus(folder, llvm, held_out)
    corpus = Corpus.open(folder)
    if corpus.llvm != llvm:
        raise UsageError(
            f"{folder} is of LLVM {corpus.llvm}, this is {llvm}", f"--llvm {corpus.llvm}"
        )
    return corpus


def of_build(build: Path) -> list[Unit]:
    """The units of a build folder."""
    return [entry.unit for entry in read_database(build)]


def add_units(into: Into, units: Sequence[Unit]) -> Added:
    """Add translation units as they are compiled; each flag of theirs counts."""
    with scratch("corpus") as folder:

        def one(number: int) -> _Found | Problem:
            bitcode = folder / f"{number}.bc"
            return _extract(units[number], bitcode, into.origin, into.tools)

        return _add(into, range(len(units)), one, len(units))


def add_folder(into: Into, theirs: Path) -> Added:
    """Add the modules of a folder with a corpus_description.json, as extract_ir leaves it."""
    try:
        described = json.loads((theirs / THEIRS).read_bytes())
        names = [str(name) for name in described["modules"]]
        override = described.get("global_command_override")
        thin = described.get("has_thinlto")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{theirs / THEIRS} cannot be read: {error}") from error
    if thin:
        raise UsageError(f"{theirs} is of ThinLTO", "extract without it: it is not driven yet")

    def one(name: str) -> _Found | Problem:
        try:
            command = list(override) if override else read_command(theirs / f"{name}.cmd")
            return _Found(name, theirs / f"{name}.bc", cleaned(command))
        except UsageError as error:
            return Problem(LAYER, name, error.message)

    return _add(into, names, one, len(names))


def _extract(unit: Unit, bitcode: Path, origin: Origin, tools: Toolchain) -> _Found | Problem:
    """The front end's output, and how the rest of the compiler would be called for it."""
    name = relative(unit.source, origin.root)
    flags = [f for f in unit.flags if not f.startswith("-flto")]
    levels = [match[1] for flag in flags if (match := _LEVEL.match(flag))]
    if not levels or levels[-1] == "0":
        return Problem(LAYER, name, "compiled without optimisation: nothing is inlined",
                       "add a level after --: -- -O2")  # fmt: skip
    if not any(_HAS_DEBUG.match(flag) for flag in flags):
        flags.append(DEBUG)
    clang = tools.path("clang++" if unit.cxx else "clang")
    front: list[str | Path] = [
        "-Xclang",
        "-disable-llvm-passes",
        "-emit-llvm",
        "-c",
        unit.source,
        "-o",
        bitcode,
    ]
    done = process.run([clang, *flags, *QUIET, *front], cwd=unit.directory, limit=1 << 20)
    if not done.ok:
        return Problem(LAYER, name, f"it does not compile: {said(done)}")
    rest: list[str | Path] = ["-###", "-x", "ir", bitcode, "-c", "-o", bitcode.with_suffix(".o")]
    told = process.run([clang, *flags, *QUIET, *rest], cwd=unit.directory, limit=1 << 20)
    command = _frontend_command(told.stderr.decode("utf-8", "surrogateescape"), bitcode)
    if command is None:
        return Problem(LAYER, name, "clang does not tell how it would compile it")
    return _Found(name, bitcode, command)


def _frontend_command(text: str, bitcode: Path) -> list[str] | None:
    """The one `clang -cc1` command of what `clang -###` prints."""
    for line in text.splitlines():
        words = shlex.split(line) if '"-cc1"' in line else []
        if "-cc1" in words:
            words = cleaned(words[words.index("-cc1") :])
            return [word for word in words if word != str(bitcode)]
    return None


def _add(
    into: Into, items: Iterable[_Item], one: Callable[[_Item], _Found | Problem], count: int
) -> Added:
    """Compile each once as it is, which tells modules without code, and those that are there."""
    corpus, added = into.corpus, Added(into.corpus)
    known = {module.code for module in corpus.modules}
    with disk_errors(corpus.folder):
        corpus.folder.mkdir(parents=True, exist_ok=True)
    with pool(into.jobs) as workers, into.progress.amount("extracting", count) as done:
        compiled = workers.map(lambda item: _compiled(one(item), into.tools), items)
        for number, result in enumerate(compiled, 1):
            done(number)
            if isinstance(result, Problem):
                added.problems.append(result)
            elif not result.code.text:
                added.empty += 1
            elif result.code.hash in known:
                added.twice += 1
            else:
                known.add(result.code.hash)
                added.modules.append(_kept(into, result))
    modules = (*corpus.modules, *added.modules)
    added.corpus = replace(corpus, modules=modules)
    added.corpus.write()
    return added


@dataclass(frozen=True)
class _Compiled:
    """A module that compiles: its files' content, and its code."""

    source: str
    bitcode: bytes
    command: Sequence[str]
    code: Code


def _compiled(found: _Found | Problem, tools: Toolchain) -> _Compiled | Problem:
    if isinstance(found, Problem):
        return found
    with scratch("corpus") as folder:
        argv: tuple[str | Path, ...] = (
            tools.path("clang"),
            *found.command,
            "-x",
            "ir",
            found.bitcode,
        )
        done = process.run(Compilation(argv).to(folder / "plain.o"), limit=1 << 20)
        if not done.ok:
            return Problem(LAYER, found.source, f"its bitcode does not compile: {said(done)}")
        code = code_of(folder / "plain.o")
        return _Compiled(found.source, found.bitcode.read_bytes(), found.command, code)


def _kept(into: Into, built: _Compiled) -> Module:
    """Write a module's files, named by where it is from and what it is."""
    project, sha256 = into.origin.project, hashlib.sha256(built.bitcode).hexdigest()
    stem = _NO_NAME.sub("-", Path(built.source).stem).strip(".-") or "module"
    name = f"{_NO_NAME.sub('-', project).strip('.-') or 'project'}/{stem}-{sha256[:12]}"
    with disk_errors(into.corpus.folder):
        path = into.corpus.folder / name
        path.parent.mkdir(exist_ok=True)
        write_whole(path.with_name(f"{path.name}.bc"), built.bitcode)
        write_command(path.with_name(f"{path.name}.cmd"), built.command)
    split = split_of(project, built.source, into.corpus.held_out, into.apart)
    return Module(name, project, built.source, split, sha256, built.code.hash, built.code.text)
