"""The program under study: which sources, compiled how, run how."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collectors.base.errors import UsageError
from collectors.base.invocation import Invocation
from collectors.base.table import Problem
from corr.system.shipped_files import shipped

C_SUFFIXES = frozenset({".c"})
CXX_SUFFIXES = frozenset({".cc", ".cpp", ".cxx", ".c++", ".C"})
DEFAULT_FLAGS = ("-O3",)
_POLYBENCH = re.compile(rb'^\s*#\s*include\s*[<"](?:.*/)?polybench\.h[>"]', re.MULTILINE)
#: Flags that would make clang do something other than compile a unit to an object file.
_REFUSED = ("-c", "-S", "-E", "-o", "-fsyntax-only", "-emit-llvm", "-M", "-MM", "-###")


@dataclass(frozen=True)
class Unit:
    """One translation unit. `source` is absolute; `directory` is where its compiler runs.

    With `ir`, an optimised module of the unit, that is built as it is in place of the source.
    `adopt` is told (compiler command, input, its folder) before IR whose blocks were renamed is
    compiled: what the flags import by block names must be made known under the new ones.
    """

    source: Path
    directory: Path
    flags: tuple[str, ...]
    ir: Path | None = None
    adopt: Callable[[Sequence[str | Path], Sequence[str | Path], Path], object] | None = field(
        default=None, compare=False
    )

    @property
    def cxx(self) -> bool:
        return self.source.suffix in CXX_SUFFIXES


@dataclass(frozen=True)
class Run:
    """How the program is run. Environment entries are additions to the caller's.

    It has failed when it takes longer than `time_limit` seconds, or ends with an exit status that
    is not in `ok_status`.
    """

    args: tuple[str, ...] = ()
    stdin: Path | None = None
    env: dict[str, str] = field(default_factory=dict)
    directory: Path = field(default_factory=Path.cwd)
    time_limit: float = 60.0
    ok_status: tuple[int, ...] = (0,)

    def invocation(self, binary: Path) -> Invocation:
        """This way to run a build of the program."""
        return Invocation(
            binary,
            self.args,
            self.stdin,
            self.env,
            self.directory,
            self.time_limit,
            self.ok_status,
        )


@dataclass(frozen=True)
class Program:
    """What is studied. `root` is the folder that file names are shown relative to.

    Relative names in `link_flags` are taken from `directory`. `overlay` names files whose content
    is read in place of others: the compiler and every table know them by the others' names. With
    `revision` it is the program of that commit, by an overlay. `notes` say what is otherwise than
    in the project's own build.
    """

    name: str
    units: tuple[Unit, ...]
    link_flags: tuple[str, ...]
    run: Run
    root: Path
    directory: Path = field(default_factory=Path.cwd)
    overlay: Mapping[Path, Path] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    revision: str | None = None

    def content(self, path: Path) -> Path:
        """The file that holds the content of a source."""
        return self.overlay.get(path, path)

    def label(self, unit: Unit) -> str:
        """The name of a unit in tables: its source, relative to the root where it lies there."""
        return relative(unit.source, self.root)


def from_files(files: Sequence[str], flags: Sequence[str], run: Run, root: Path) -> Program:
    """The program made of these source files, compiled with these clang flags.

    A file that is not here but is a shipped kernel is found; a source that includes polybench.h
    finds PolyBench's utilities. Raises UsageError for a file that cannot be taken.
    """
    if not files:
        raise UsageError("no source file given", "try `corr collect gemm.c`")
    given = tuple(flags) or DEFAULT_FLAGS
    for flag in given:
        if flag in _REFUSED:
            raise UsageError(
                f"{flag} after -- would stop corr from building the program", "leave it out"
            )
    sources = [find_source(name, root) for name in files]
    units = [Unit(source, root, given) for source in sources]
    for source in sources:
        utilities = polybench_utilities(source)
        if utilities is not None:
            extra = (*given, f"-I{utilities}", f"-I{source.parent}")
            units = [Unit(u.source, root, extra) if u.source == source else u for u in units]
            helper = utilities / "polybench.c"
            if helper not in {u.source for u in units}:
                units.append(Unit(helper, root, extra))
    if not any(source.is_relative_to(root) for source in sources):
        root = sources[0].parent  # a shipped kernel: names relative to where it lies
    return Program(sources[0].stem, tuple(units), (*given, "-lm"), run, root)


def find_source(name: str, root: Path) -> Path:
    """The absolute path of a source file, or of the shipped kernel of that name."""
    path = Path(os.path.normpath(root / name))
    if path.is_dir():
        raise UsageError(f"{name} is a folder", "name its source files, or use -p BUILD_DIR")
    if path.suffix not in C_SUFFIXES | CXX_SUFFIXES:
        wanted = " ".join(sorted(C_SUFFIXES | CXX_SUFFIXES))
        raise UsageError(f"{name}: not a C or C++ source (by its ending: {wanted})")
    if path.is_file():
        return path
    kernel = shipped("kernels") / name
    if Path(name).name == name and kernel.is_file():
        return kernel
    near = difflib.get_close_matches(Path(name).name, shipped_kernels(), n=1, cutoff=0.75)
    hint = f"did you mean the shipped kernel {near[0]}?" if near else ""
    raise UsageError(f"no such file: {name}", hint)


def shipped_kernels() -> list[str]:
    """File names of the kernels that ship with corr."""
    suffixes = C_SUFFIXES | CXX_SUFFIXES
    return sorted(p.name for p in shipped("kernels").iterdir() if p.suffix in suffixes)


def polybench_utilities(source: Path) -> Path | None:
    """PolyBench's `utilities` folder if the source includes polybench.h.

    Looked for in the source's own folder and upwards. Raises UsageError if it is not there.
    """
    try:
        text = source.read_bytes()
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror}") from error
    if b"polybench.h" not in text or source.name == "polybench.c" or not _POLYBENCH.search(text):
        return None
    for folder in (source.parent, *source.parents):
        for candidate in (folder / "utilities", folder):
            if (candidate / "polybench.c").is_file() and (candidate / "polybench.h").is_file():
                return candidate
    raise UsageError(
        f"{source} includes polybench.h, but no utilities/polybench.c is above it",
        "run it inside the PolyBench tree",
    )


def relative(path: Path | str, root: Path) -> str:
    """A path relative to `root` where it lies below it, absolute otherwise."""
    text = os.path.normpath(path)
    prefix = str(root).rstrip("/") + "/"
    return text[len(prefix) :] if text.startswith(prefix) else text
