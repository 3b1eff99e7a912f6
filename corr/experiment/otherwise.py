"""A build run in another way, its code as it is: numbers flushed, memory kept, data moved.

What is changed is the run alone: by variables that the C library and the loader read, or by a
library of a few lines that is loaded before the program. So it works where the sources are gone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from collectors.measured import subnormals

TUNABLES = "GLIBC_TUNABLES"
#: A section of static data that is written, as llvm-objdump lists it, with its size.
_STATIC = re.compile(r"^\s*\d+ \.(?:data|bss|ldata|lbss)\S*\s+([0-9a-f]+)\b", re.MULTILINE)
#: Bytes of static data below which no array of them shares sets of a cache with another.
PAGE = 4096


@dataclass(frozen=True)
class Otherwise:
    """Another way to run a program: variables, glibc's settings, the library loaded first."""

    words: str
    variables: Mapping[str, str] = field(default_factory=dict)
    tunables: str | None = None
    preload: bool = False


WAYS = {
    "flush-subnormals": Otherwise(
        "with subnormal numbers taken for zero", subnormals.FLUSH, preload=True
    ),
    "keep-memory": Otherwise(
        "with memory kept by the allocator",
        tunables="glibc.malloc.trim_threshold=4294967296:glibc.malloc.mmap_threshold=2147483648"
        ":glibc.malloc.top_pad=16777216",
    ),
    # other pages for what is large on the heap, and the stack some lines on
    "moved-data": Otherwise(
        "with its stack and heap elsewhere",
        {"CORR_PADDING": "x" * 1480},
        tunables="glibc.malloc.mmap_threshold=2147483648",
    ),
}


def otherwise(program: Invocation, name: str, tools: Toolchain, folder: Path) -> Invocation:
    """The program run in that way. Raises CorrError where the library cannot be built."""
    way = WAYS[name]
    changed = dict(way.variables)
    if way.preload:
        changed |= subnormals.preloaded(program, tools, folder)
    if way.tunables:
        given = program.environment().get(TUNABLES)
        changed[TUNABLES] = f"{given}:{way.tunables}" if given else way.tunables
    return replace(program, env={**program.env, **changed})


def untouched(program: Invocation, name: str, tools: Toolchain) -> str | None:
    """What of the program's data that way leaves where it is, in words; None: nothing to speak of.

    Raises CorrError where the program cannot be read.
    """
    if name != "moved-data":
        return None
    done = process.run([tools.path("llvm-objdump"), "-h", program.binary], timeout=60)
    if not done.ok:
        raise CorrError("the sections of the program cannot be read")
    sizes = (int(size, 16) for size in _STATIC.findall(done.stdout.decode(errors="replace")))
    if sum(sizes) < PAGE:
        return None
    return (
        "what is static stays where the linker put it, which is not tested: pad those arrays by a"
        " cache line"
    )
