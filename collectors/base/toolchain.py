"""Find the tools: one LLVM version for a whole run, and the measuring tools beside it."""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.base import process
from collectors.base.errors import ToolMissing, UsageError

OLDEST_LLVM = 17
NEWEST_TRIED = 40
LLVM_TOOLS = (
    "clang",
    "clang++",
    "llvm-objdump",
    "llvm-symbolizer",
    "llvm-cxxfilt",
    "llvm-mca",
    "llvm-profdata",
    "llvm-cov",
    "llvm-extract",
    "llvm-link",
    "llvm-objcopy",
    "llvm-nm",
    "opt",
    "ld.lld",
    "llvm-bolt",
    "clang-format",
    "merge-fdata",
)
INSTALL_LLVM = "on Debian: apt-get install clang-22 llvm-22 llvm-22-tools libclang-rt-22-dev"


@dataclass(frozen=True)
class Toolchain:
    """One LLVM installation: its major version, its version text, and the tools that it has."""

    major: int
    version: str
    tools: dict[str, Path]

    def path(self, tool: str) -> Path:
        """Where a tool of this LLVM is. Raises ToolMissing."""
        if tool not in self.tools:
            raise ToolMissing(f"{tool} of LLVM {self.major} is not installed", INSTALL_LLVM)
        return self.tools[tool]

    def has(self, tool: str) -> bool:
        return tool in self.tools


def find(wanted: str | None = None) -> Toolchain:
    """The newest LLVM from 17 up, or the `wanted` one: a major version, a clang, or its folder.

    Raises ToolMissing when there is none, UsageError when `wanted` cannot be taken.
    """
    if wanted:
        found = _inspect(_wanted_clang(wanted))
        if found is None:
            raise UsageError(f"{wanted} is not a clang of LLVM {OLDEST_LLVM} or newer")
        return found
    newest = next(installed(), None)
    if newest is None:
        raise ToolMissing(f"no clang from LLVM {OLDEST_LLVM} up is installed", INSTALL_LLVM)
    return newest


def installed() -> Iterator[Toolchain]:
    """Every LLVM on this machine from 17 up, newest first; plain `clang` last."""
    seen = set()
    names = [f"clang-{n}" for n in range(NEWEST_TRIED, OLDEST_LLVM - 1, -1)]
    for name in (*names, "clang"):
        path = shutil.which(name)
        found = _inspect(Path(path)) if path else None
        if found and found.version not in seen:
            seen.add(found.version)
            yield found


def _wanted_clang(wanted: str) -> Path:
    if wanted.isdigit():
        suffixed = shutil.which(f"clang-{wanted}")
        if suffixed is None:
            raise ToolMissing(
                f"clang-{wanted} is not installed",
                INSTALL_LLVM.replace("22", wanted),
            )
        return Path(suffixed)
    path = Path(wanted)
    candidates = [path / "clang", path / "bin" / "clang", path]
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    named = shutil.which(wanted)
    if named is None:
        raise ToolMissing(f"no clang at {wanted}", "give a major version, a clang or its folder")
    return Path(named)


@functools.cache
def _inspect(clang: Path) -> Toolchain | None:
    answer = process.run([clang, "--version"], timeout=30)
    text = answer.stdout.decode("utf-8", "replace")
    match = re.search(r"clang version (\d+)\.(\S+)", text)
    if not match or int(match[1]) < OLDEST_LLVM:
        return None
    major = int(match[1])
    home = Path(os.path.realpath(clang)).parent
    tools = {}
    for tool in LLVM_TOOLS:
        for candidate in (home / tool, home / f"{tool}-{major}"):
            if candidate.exists():
                tools[tool] = candidate
                break
        else:
            suffixed = shutil.which(f"{tool}-{major}")
            if suffixed:
                tools[tool] = Path(suffixed)
    tools["clang"] = clang
    return Toolchain(major, f"{match[1]}.{match[2]}", tools)


def other(tool: str) -> Path | None:
    """A tool that is not LLVM's (perf, valgrind, bwrap, git), or None."""
    path = shutil.which(tool)
    return Path(path) if path else None


@functools.cache
def repeatable() -> tuple[str, ...]:
    """What to put before a compiler so that it says the same twice: no address randomisation.

    Some remarks (GVN's choice of a clobbering store) depend on the order of addresses. Empty where
    the machine does not allow it.
    """
    setarch = other("setarch")
    prefix = (str(setarch), "--addr-no-randomize")
    return prefix if setarch and process.run([*prefix, "true"], timeout=30).ok else ()


def version_of(path: Path, argument: str = "--version") -> str:
    """The first version-like word that a tool prints about itself, or `unknown`."""
    answer = process.run([path, argument], timeout=30)
    text = (answer.stdout or answer.stderr).decode("utf-8", "replace")
    match = re.search(r"\d+(\.\d+)+\S*", text)
    return match[0].rstrip(",)") if match else "unknown"
