"""A compiler that asks a policy: `corr policy clang POLICY clang -O2 -c a.c -o a.o`.

What compiles one source with optimisation is driven; links, assembler and whatever asks nothing
go to the compiler as they are. For CMake: -DCMAKE_C_COMPILER_LAUNCHER="corr;policy;clang;POLICY".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.base import process
from collectors.base.errors import UsageError
from collectors.base.scratch import scratch
from collectors.decisions import inliner
from collectors.decisions.host import drive
from corr.policy.policies import Policy
from corr.program.model import C_SUFFIXES, CXX_SUFFIXES

_LEVEL = re.compile(r"-O(\w*)$")
_SOURCES = C_SUFFIXES | CXX_SUFFIXES | {".bc", ".ll"}


@dataclass(frozen=True)
class Ended:
    """How the compiler ended, what it said, and how many decisions the policy took.

    `note` says why it cannot be asked at all.
    """

    status: int
    stdout: bytes
    stderr: bytes
    decisions: int = 0
    note: str = ""


def driven_sources(command: Sequence[str]) -> list[str]:
    """The sources that a command compiles with optimisation; none where it does something else."""
    levels = [match[1] for word in command if (match := _LEVEL.match(word))]
    if "-c" not in command or not levels or levels[-1] == "0":
        return []
    words, found = iter(command[1:]), []
    for word in words:
        if word in ("-o", "-MF", "-MT", "-MQ", "-I", "-include", "-isystem", "-D", "-x"):
            next(words, None)
        elif not word.startswith("-") and Path(word).suffix in _SOURCES:
            found.append(word)
    return found


def is_clang(compiler: str) -> bool:
    """By its name, or by what it says of itself."""
    if "clang" in Path(compiler).name:
        return True
    return b"clang" in process.run([compiler, "--version"], stdin=None).stdout


def compile(policy: Policy, command: Sequence[str]) -> Ended:
    """Run a compiler's command, asking the policy where it can be asked. Raises CorrError."""
    if not command:
        raise UsageError("corr policy clang POLICY COMPILER ARGUMENTS", "name the compiler, too")
    foreign = "" if is_clang(command[0]) else f"{command[0]} is no clang: no policy is asked"
    if len(driven_sources(command)) != 1:  # several have one channel each, one after the other
        done = process.run(command, stdin=None)
        return Ended(_status(done.returncode), done.stdout, done.stderr, note=foreign)
    if foreign:
        raise UsageError(foreign, "compile with clang: corr policy clang POLICY clang -O2 -c a.c")
    with scratch("policy") as folder:
        base, stderr = folder / "channel", folder / "stderr"
        argv = [*command, *inliner.flags(base)]
        driven = drive(argv, base, policy.advisor, stderr=stderr)
        ended = driven.completed
        return Ended(_status(ended.returncode), b"", stderr.read_bytes(), len(driven.answers))


def _status(returncode: int) -> int:
    """As a shell says it."""
    return returncode if returncode >= 0 else 128 - returncode
