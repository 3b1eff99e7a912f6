"""What machine this is and which revision of the source: the circumstances of a run."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from collectors.base import process, toolchain


def cpu_model() -> str:
    """The processor as the kernel names it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1] if match else platform.machine()


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def kernel() -> str:
    """The kernel's release."""
    return platform.release()


def git_revision(folder: Path) -> str | None:
    """The commit checked out in `folder`, `-dirty` if anything is changed; None outside git."""
    git = toolchain.other("git")
    if git is None or not folder.is_dir():
        return None
    answer = process.run(
        [git, "-C", folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        timeout=30,
    )
    return answer.stdout.decode().strip() or None if answer.ok else None


def caches(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> list[dict[str, Any]]:
    """The data caches of the first processor, nearest first; empty where the kernel names none.

    Each has its `level`, its size in `bytes`, the bytes of a `line`, and how many processors are
    `shared_by` it.
    """
    found = []
    for entry in sorted(folder.glob("index*")):
        try:
            if (entry / "type").read_text().strip() == "Instruction":
                continue
            found.append(
                {
                    "level": int((entry / "level").read_text()),
                    "bytes": _size((entry / "size").read_text().strip()),
                    "line": int((entry / "coherency_line_size").read_text()),
                    "shared_by": _listed((entry / "shared_cpu_list").read_text().strip()),
                }
            )
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda cache: cache["level"])


def vector_bits(cpuinfo: Path = Path("/proc/cpuinfo")) -> int | None:
    """Bits of the widest vector register of this processor; None where it is not known."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return None
    match = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    features = set(match[1].split()) if match else set()
    for feature, bits in (("avx512f", 512), ("avx", 256), ("sse2", 128), ("asimd", 128)):
        if feature in features:
            return bits
    return None


def clock_said(cpuinfo: Path = Path("/proc/cpuinfo")) -> float:
    """The clock in Hz as the kernel says it; 0 where it says none. A processor may run quicker."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return 0.0
    match = re.search(r"^cpu MHz\s*:\s*([\d.]+)$", text, re.MULTILINE)
    return 1e6 * float(match[1]) if match else 0.0


def _size(text: str) -> int:
    """Bytes of a size as sysfs writes it: 32K, 8M."""
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:])
    return int(text[:-1]) * unit if unit else int(text)


def _listed(text: str) -> int:
    """How many numbers a list such as 0-3,8 holds."""
    ends = [part.split("-") for part in text.split(",")]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends)


def this_machine() -> str:
    """What kind of machine this is: times of one kind are compared, of two never."""
    return f"{cpu_model()}, {cores()} cores"
