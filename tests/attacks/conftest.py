"""An attack is a C program, built by the real clang and run in the real sandbox."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collectors.sandbox import confined
from collectors.sandbox.confined import Confined, Limits

#: Enough for any attack here, and soon over.
SHORT = Limits(wall=20, memory=512 << 20, file=8 << 20, scratch=16 << 20, kept=1 << 20)
HEADERS = """
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
"""


@pytest.fixture(scope="session", autouse=True)
def _sandbox() -> None:
    confined.available()


class Attack:
    """A built attack. Its processes have a name of their own, so that survivors are found."""

    count = 0

    def __init__(self, clang: str, folder: Path, code: str) -> None:
        Attack.count += 1
        self.name = f"atk{os.getpid() % 100000}x{Attack.count}"
        self.binary = folder / self.name
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        source = folder / "attack.c"
        source.write_text(HEADERS + code)
        argv = [clang, "-O0", "-w", source, "-o", self.binary, "-pthread"]
        subprocess.run(argv, check=True)

    def run(self, *args: str | Path | int, **options: Any) -> Confined:
        """Confined, with `out` as an output; its arguments are text."""
        options = {"limits": SHORT, "writable": self.scratch, "outputs": ["out"]} | options
        return confined.run([self.binary, *map(str, args)], **options)

    def survivors(self) -> list[int]:
        """Processes of this attack that are still there."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and (folder / "comm").read_text().strip() == self.name:
                    found.append(int(folder.name))
            except OSError:
                continue
        return found


Build = Callable[[str], Attack]


@pytest.fixture
def attack(clang: str, tmp_path: Path) -> Build:
    """Builds an attack from the C code of its functions."""
    return lambda code: Attack(clang, tmp_path, code)
