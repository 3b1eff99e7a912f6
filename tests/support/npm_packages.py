"""Programs from the npm registry that read what corr exports: one archive each, by its hash."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

#: Name and version, and the SHA-256 of the archive.
SPEEDSCOPE = (
    "speedscope@1.25.0",
    "2831f1e0d26df914b477e522d78b8485511495a6af81a0b88158f8b48f9e0d03",
)
PROFILER_CLI = (
    "@firefox-devtools/profiler-cli@0.10.0",
    "41a25d3ef0c1131f5286eb098489f2868d7b9a627424023fc6e7aff9a33f85e2",
)


def unpacked(package: tuple[str, str], cache: Path) -> Path:
    """The package's folder, fetched once with `npm pack` into the cache."""
    name, expected = package
    target = cache / expected[:16]
    if target.is_dir():
        return target
    assert shutil.which("npm"), "apt-get install npm"
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        subprocess.run(
            ["npm", "pack", "--silent", name],
            cwd=folder, env=os.environ | {"HOME": folder}, check=True, capture_output=True,
            timeout=300,
        )  # fmt: skip
        (archive,) = Path(folder).glob("*.tgz")
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == expected, name
        with tarfile.open(archive) as content:
            # Debian 12's Python 3.11.2 has no filters yet; the archive is the one of the hash above
            filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            content.extractall(folder, **filters)  # type: ignore[arg-type]
        (Path(folder) / "package").rename(target)
    return target
