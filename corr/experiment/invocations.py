"""A compilation of which single pass invocations are left out, by LLVM's -opt-bisect.

LLVM numbers the invocations that it could do without, and prints each; what is left out shifts the
numbers behind it, so that a choice by name is made again until every number means what it should.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from collectors.base import process, toolchain
from collectors.base.errors import CompileError, CorrError, ToolMissing
from collectors.base.toolchain import INSTALL_LLVM, Toolchain
from corr.collect.again import rebuilt
from corr.experiment.modules import APART
from corr.lake.store import RunInfo
from corr.program.build import Builder
from corr.program.model import Program, Unit

#: The first LLVM that leaves out single invocations (-opt-bisect=INTERVALS).
FIRST_LLVM = 22
#: Attempts at a choice by name; a module in which this many do not do is not worth more.
ATTEMPTS = 12
_LINE = re.compile(r"^BISECT: (NOT )?running pass \((\d+)\) (.+?) on (.+)$", re.MULTILINE)
_LOOP = re.compile(r"loop (.*) in function (\S+)")
_MACHINE = re.compile(r"function \((.+)\)")
_ALL = 10**9


@dataclass(frozen=True)
class Invocation:
    """One invocation of a pass: on a loop, a function, several that call each other, or all.

    `functions` is empty where it was on the whole module.
    """

    number: int
    name: str
    functions: tuple[str, ...]
    ran: bool = True

    def on(self, functions: Collection[str]) -> bool:
        return any(name in functions for name in self.functions)


def parsed(text: str) -> list[Invocation]:
    """The invocations that LLVM printed, in order."""
    return [
        Invocation(int(found[2]), found[3], _functions(found[4]), found[1] is None)
        for found in _LINE.finditer(text)
    ]


def _functions(target: str) -> tuple[str, ...]:
    if found := _LOOP.fullmatch(target):
        return (found[2],)
    if found := _MACHINE.fullmatch(target):
        return (found[1],)
    if target.startswith("["):
        return ()
    return tuple(part.strip() for part in target.strip("()").split(",") if part.strip())


def intervals(left_out: Iterable[int]) -> str:
    """What -opt-bisect is told: every number but these."""
    parts, begin = [], 1
    for number in sorted(set(left_out)):
        if number > begin:
            last = number - 1
            parts.append(f"{begin}-{last}" if last > begin else str(last))
        begin = number + 1
    return ",".join([*parts, f"{begin}-{_ALL}"])


@dataclass(frozen=True)
class Compilation:
    """How a unit is compiled again and again, for what invocations do to it."""

    program: Program
    toolchain: Toolchain
    folder: Path
    unit: Unit

    @classmethod
    def of_run(cls, run: RunInfo, file: str, folder: Path) -> Self:
        """That of a run's unit, as it was. Raises CorrError."""
        program = rebuilt(run, ())
        major = run.facts.llvm_major
        unit = next((u for u in program.units if program.label(u) == file), None)
        if unit is None:
            raise CorrError(f"{file} is no unit of the run: where it is included is not known")
        return cls(program, toolchain.find(str(major) if major else None), folder, unit)

    def __post_init__(self) -> None:
        if self.toolchain.major < FIRST_LLVM:
            raise ToolMissing(
                f"LLVM {self.toolchain.major} cannot leave out single passes; {FIRST_LLVM} can",
                INSTALL_LLVM,
            )
        if any(flag.startswith("-flto") for flag in self.unit.flags):
            raise CorrError(
                "optimised at link time, where no pass can be left out of one unit",
                "collect a build without -flto",
            )

    def whole(self, out: Path, *more: str) -> list[Invocation]:
        """Compile with every pass."""
        return self._compile(out, "-opt-bisect-limit=-1", more)

    def up_to(self, last: int, out: Path, *more: str) -> None:
        """Compile with the first invocations only."""
        self._compile(out, f"-opt-bisect-limit={last}", more)

    def without(
        self, unwanted: Callable[[Invocation], bool], base: Sequence[Invocation], out: Path
    ) -> int:
        """Compile without some invocations, chosen from what each is; returns how many those are.

        `base` are those of the whole compilation. Raises CorrError if the choice does not settle.
        """
        chosen = {one.number for one in base if unwanted(one)}
        for _ in range(ATTEMPTS):
            listed = self._compile(out, f"-opt-bisect={intervals(chosen)}")
            right = {one.number for one in listed if unwanted(one)}
            if right == {one.number for one in listed if not one.ran}:
                return len(right)
            chosen = right
        raise CorrError("leaving it out changes what else is run, again and again")

    def _compile(self, out: Path, option: str, more: Sequence[str] = ()) -> list[Invocation]:
        builder = Builder(self.program, self.toolchain, self.folder)
        kind = more or ("-g0", "-c", *APART)
        argv = [*builder.argv(self.unit), *kind, self.unit.source, "-o", out, "-mllvm", option]
        answer = process.run(argv, cwd=self.unit.directory, limit=1 << 28)
        if not answer.ok:
            raise CompileError(f"{self.unit.source.name}: {answer.last_lines(4)}")
        return parsed(answer.stderr.decode("utf-8", "replace"))


def names_on(listed: Iterable[Invocation], functions: Collection[str]) -> Iterator[str]:
    """The passes that were run on these functions, in the order in which they first were."""
    yield from dict.fromkeys(one.name for one in listed if one.on(functions))
