"""What machine this is and which revision of the source: the circumstances of a run."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from collectors import process, toolchain


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
