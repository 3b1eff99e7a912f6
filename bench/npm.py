"""Sources of programs that are not ours, from the npm registry, kept beside the benchmarks."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

CACHE = Path(__file__).resolve().parent / ".cache"


def unpacked(package: str, names: Iterable[str], folder: Path) -> None:
    """Put these files of a package into a folder, without the folders that they are in."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", package]
    done = subprocess.run(command, cwd=CACHE, check=True, capture_output=True)
    with tarfile.open(CACHE / done.stdout.decode().split()[-1]) as archive:
        for name in names:
            member = archive.extractfile(f"package/{name}")
            assert member is not None
            (folder / Path(name).name).write_bytes(member.read())
