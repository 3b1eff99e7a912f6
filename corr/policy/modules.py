"""Compile modules of a corpus, and say how large their code became."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors.base import elf, process
from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from collectors.decisions import inliner
from collectors.decisions.host import Advisor, Driven, Limits, drive
from collectors.decisions.trace import Compilation
from corr.policy.corpus import Corpus, Module

#: Flags of a command line, with a value each, that name files of the build that it is from, or
#: write the command line itself into the object, which then is another one for each way to compile.
_NOT_OURS = frozenset(
    {
        *("-o", "-x", "-dependency-file", "-MT", "-split-dwarf-file", "-split-dwarf-output"),
        *("-coverage-data-file", "-coverage-notes-file", "-serialize-diagnostic-file"),
        *("-opt-record-file", "-opt-record-passes", "-opt-record-format"),
        *("-record-command-line", "-dwarf-debug-flags"),
    }
)
#: What mlgo-utils asks of a build: the module and its command line in the object.
_EMBEDDED = "-fembed-bitcode"
_SHF_EXECINSTR = 0x4


@dataclass(frozen=True)
class Code:
    """The executable sections of an object: their size in bytes, and a hash of their content."""

    text: int
    hash: str


def code_of(object: Path) -> Code:
    """Raises CorrError for what is no object."""
    digest, text = hashlib.sha256(), 0
    with elf.opened(object) as file:
        for section in file.iter_sections():
            header: Any = section.header
            if header["sh_flags"] & _SHF_EXECINSTR:
                data = section.data()
                text += len(data)
                digest.update(data)
    return Code(text, digest.hexdigest())


def cleaned(command: Sequence[str]) -> list[str]:
    """A command line without its input, and without the files of its build."""
    words, kept = iter(command), []
    for word in words:
        if word in _NOT_OURS:
            next(words, None)
        elif not word.startswith(_EMBEDDED):
            kept.append(word)
    return kept


@dataclass(frozen=True)
class Builds:
    """Compiles the modules of one corpus."""

    corpus: Corpus
    toolchain: Toolchain
    limits: Limits = field(default_factory=Limits)

    def compilation(self, module: Module, more: Sequence[str | Path] = ()) -> Compilation:
        clang = self.toolchain.path("clang")
        command = self.corpus.command(module)
        bitcode = self.corpus.bitcode(module)
        return Compilation((clang, *command, "-x", "ir", bitcode, *more))

    def build(self, module: Module, output: Path, more: Sequence[str | Path] = ()) -> Code | None:
        """The code with some more flags; None if the compiler fails."""
        done = process.run(
            self.compilation(module, more).to(output), timeout=self.limits.seconds, limit=1 << 16
        )
        try:
            return code_of(output) if done.ok else None
        except CorrError:
            return None

    def drive(
        self, module: Module, output: Path, advisor: Advisor, growth: float = inliner.SEARCHING,
        more: Sequence[str | Path] = (),
    ) -> Driven:  # fmt: skip
        """Compile it with calls inlined as an advisor says."""

        def flags(base: Path) -> list[str]:
            return inliner.flags(base, growth)

        return self.ask(module, output, advisor, flags, more)

    def ask(
        self, module: Module, output: Path, advisor: Advisor, flags: Callable[[Path], list[str]],
        more: Sequence[str | Path] = (),
    ) -> Driven:  # fmt: skip
        """Compile it with the channel that some flags open answered by an advisor."""
        base, error = output.with_suffix(".channel"), output.with_suffix(".err")
        argv = self.compilation(module, more).to(output, *flags(base))
        return drive(argv, base, advisor, stderr=error, limits=self.limits)


def pool(jobs: int | None) -> ThreadPoolExecutor:
    """Threads, each of which waits for a compiler."""
    from corr.program import machine

    return ThreadPoolExecutor(max_workers=jobs or machine.cores())
