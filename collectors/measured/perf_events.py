"""The events between the samples of `perf script`: mappings, forks, execs, lost samples."""

from __future__ import annotations

import os
import re

from collectors.base.foreign_text import visible
from collectors.base.table import Problem
from collectors.base.tool_output import Damage
from collectors.measured.mappings import AddressSpaces, Images

KERNEL, UNKNOWN, VDSO = "[kernel]", "[unknown]", ("[vdso]", "[vsyscall]")
#: What `perf script` is asked for beside the samples, and how.
SCRIPT = (
    *("--no-demangle", "--no-inline"),
    *("--show-mmap-events", "--show-task-events", "--show-lost-events"),
)


class Events:
    """What was mapped where when a sample was taken, and how many samples were lost."""

    def __init__(self, images: Images, damage: Damage) -> None:
        self.images = images
        self.spaces = AddressSpaces()
        self.damage = damage
        self.lost = 0

    def take(self, number: int, line: bytes) -> bool:
        """One line; False where it is no such event."""
        task = _TASK.match(line)
        if task is None:
            return False
        pid, what = int(task[1]), task[2]
        mapping, fork, lost = _MMAP.match(what), _FORK.match(what), _LOST.match(what)
        if mapping:
            start, length, offset = (int(mapping[i], 16) for i in (2, 3, 4))
            if max(start + length, offset) >> 64 or not length:
                self.damage.note(number, "a mapping outside the address space")
            else:
                self.spaces.map(int(mapping[1]), start, length, offset, os.fsdecode(mapping[5]))
        elif fork:
            self.spaces.fork(parent=int(fork[2]), child=int(fork[1]))
        elif lost:
            self.lost += int(lost[1])
        elif what.startswith(b"PERF_RECORD_COMM exec"):
            self.spaces.exec(pid)
        elif what.startswith((b"PERF_RECORD_MMAP", b"PERF_RECORD_FORK", b"PERF_RECORD_LOST ")):
            self.damage.note(number, "not an event that can be read")
        return True

    def place(self, pid: int, address: int) -> tuple[str, int | None]:
        """The binary that holds an address of a process, and the address in its ELF file."""
        if address >> 63:
            return KERNEL, None
        hit = self.spaces.find(pid, address)
        return (UNKNOWN, None) if hit is None else self.in_file(*hit)

    def in_file(self, path: str, offset: int) -> tuple[str, int | None]:
        """The binary, and the address in its ELF file of an offset in what is mapped of it."""
        if path.startswith("["):  # the kernel's own pages: [vdso], [vectors]; or [heap], [stack]
            return (path if path in VDSO else UNKNOWN), None
        if not path.startswith("/") or path.startswith(("//", "/dev/zero", "/anon_hugepage")):
            return UNKNOWN, None
        return path, self.images.address(path, offset)

    def problems(self, layer: str) -> list[Problem]:
        """Binaries that could not be read, and what was lost."""
        problems = [
            Problem(layer, visible(path), why, "do not rebuild or delete it while it is measured")
            for path, why in self.images.unreadable.items()
        ]
        if self.lost:
            what = "samples lost: perf could not keep up"
            fix = "stop other work on this machine"
            problems.append(Problem(layer, "perf record", what, fix, self.lost))
        return problems


def event_name(name: str) -> str:
    """`cycles` however the machine spells it; other events without their modifiers."""
    return "cycles" if "cycles" in name else name.partition(":")[0]


def symbol_name(text: bytes) -> str | None:
    """A symbol as perf printed it; None where it knew none."""
    name = text.strip().decode("utf-8", "replace")
    return None if name in ("", "[unknown]") else visible(name)


# Numbers are as long as the kernel writes them, and no longer: 32 bits for ids, 64 for the rest.
_TASK = re.compile(rb"\s*(-?\d{1,10})/-?\d{1,10}\s+(PERF_RECORD_.*)$", re.DOTALL)
_MMAP = re.compile(
    rb"PERF_RECORD_MMAP2? (-?\d{1,10})/-?\d+: \[(?:0x)?([0-9a-f]{1,16})"
    rb"\((?:0x)?([0-9a-f]{1,16})\) @ (?:0x)?([0-9a-f]{1,16})[^\]]*\]: \S+ (.*)"
)
_FORK = re.compile(rb"PERF_RECORD_FORK\((\d{1,10}):\d+\):\((\d{1,10}):\d+\)")
_LOST = re.compile(rb"PERF_RECORD_LOST lost (\d{1,18})\b")
