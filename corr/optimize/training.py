"""The profile of a variant's own runs, which the compiler is given where a move says so.

    a variant → an instrumented build of it → runs on the inputs to train on → llvm-profdata

Trained is never on an input that was held out. Where the program has no other input than the one
that is timed, it is trained on that one, and `on` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from collectors.base import process
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from collectors.sandbox.confined import compiler_limits
from corr.optimize.inputs import Input
from corr.optimize.variant import Variant
from corr.program.build import uses_threads

#: Counters in LLVM IR, with the targets of indirect calls and the sizes of copies.
INSTRUMENTED = ("-fprofile-generate",)
#: Counters of several threads would lose counts.
ATOMIC = ("-fprofile-update=atomic",)
#: What was not run has no counts, and what was changed has others: nothing to speak of.
QUIET = tuple(
    f"-Wno-{warning}"
    for warning in (
        "profile-instr-out-of-date",
        "profile-instr-unprofiled",
        "profile-instr-missing",
        "backend-plugin",
    )
)
#: Inputs that a program is trained on at most, and how long merging their profiles may take.
MOST_INPUTS = 4
MERGE_SECONDS = 120.0
NO_PROFILE = "no profile was written: it ends without leaving main or calling exit"


class Instrumented(Protocol):
    """What builds and runs the program (`build_and_run.Builds`)."""

    toolchain: Toolchain
    folder: Path

    def build(self, variant: Variant, more: tuple[str, ...] = ()) -> Path:
        """The executable of a variant, with further flags. Raises CompileError."""

    def profiled(self, binary: Path, given: Input) -> bytes:
        """The raw profile of a run of an instrumented build; empty if it wrote none."""


@dataclass
class Training:
    """What the program is trained on, and the profiles that are known by now."""

    inputs: tuple[Input, ...] = ()
    _known: dict[str, Path | CompileError] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)

    @property
    def on(self) -> str:
        """What it is trained on, in words."""
        return ", ".join(given.label for given in self.inputs)

    def flags(self, builds: Instrumented, variant: Variant, key: str) -> tuple[str, ...]:
        """What a variant is compiled with for its profile. `key` tells it from others.

        Raises CompileError where there is no profile to be had.
        """
        if not variant.trained:
            return ()
        if key not in self._known:
            try:
                path = self._profile(builds, plain(variant), key)
                self._known[key], self._contents[key] = path, path.read_bytes()
            except CompileError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, CompileError):
            raise found
        return (f"-fprofile-use={found}", *QUIET)

    def content(self, key: str) -> bytes | None:
        """The profile of a variant that was built; it is kept for longer than its file."""
        return self._contents.get(key)

    def _profile(self, builds: Instrumented, variant: Variant, key: str) -> Path:
        more: tuple[str, ...] = INSTRUMENTED
        if uses_threads(builds.build(Variant(variant.program))):
            more = (*more, *ATOMIC)
        binary = builds.build(variant, more)
        folder = builds.folder / f"profile-{key[:20]}"
        folder.mkdir(parents=True, exist_ok=True)
        raw = []
        for number, given in enumerate(self.inputs):
            content = builds.profiled(binary, given)
            if content:
                path = folder / f"{number}.profraw"
                path.write_bytes(content)
                raw.append(path)
        if not raw:
            raise CompileError(NO_PROFILE)
        return _merged(builds.toolchain.path("llvm-profdata"), raw, folder / "program.profdata")


def chosen(visible: Sequence[Input], timed: Input) -> tuple[Input, ...]:
    """What to train on: inputs of the same build that are not timed, else the timed one."""
    others = [given for given in visible if given != timed and not given.flags]
    return tuple(others[:MOST_INPUTS]) or (timed,)


def plain(variant: Variant) -> Variant:
    """What is instrumented: counters come before schedules are read, and before the linker."""
    flags = tuple(flag for flag in variant.flags if not flag.startswith("-flto"))
    bare = replace(variant, trained=False, laid_out=False)
    return replace(bare, flags=flags, link=(), schedules={}, environment=())


def _merged(tool: Path, raw: Sequence[Path], out: Path) -> Path:
    """The profiles of several runs in one, without the raw ones, which are large."""
    merge: tuple[str | Path, ...] = (tool, "merge", "-o", out, *raw)
    done = process.run([*compiler_limits(), *merge], timeout=MERGE_SECONDS)
    for path in raw:
        path.unlink()
    if not done.ok:
        raise CompileError(f"llvm-profdata cannot merge the profile: {done.last_lines(2)}")
    return out
