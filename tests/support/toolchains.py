"""An LLVM whose tools are missing or broken, as `corr --llvm FOLDER` finds it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from collectors.base.toolchain import Toolchain


def damaged(
    folder: Path,
    tools: Toolchain,
    without: Sequence[str] = (),
    scripts: Mapping[str, str] | None = None,
) -> tuple[Path, str]:
    """The folder of an LLVM like `tools`, and a PATH on which no other one is.

    `scripts` are shell commands to be run in place of a tool; `"$tool"` in them is the real one.
    """
    llvm, path = folder / "llvm", folder / "path"
    for place in (llvm, path):
        place.mkdir()
    for name, real in tools.tools.items():
        if name not in without:
            command = (scripts or {}).get(name, 'exec "$tool" "$@"')
            script = llvm / name
            script.write_text(f"#!/bin/sh\ntool='{real.resolve()}'\n{command}\n")
            script.chmod(0o755)
    for name in (
        "sh",
        "ld",
        "as",
        "perf",
        "uname",
        "setarch",
        "setpriv",
        "prlimit",
        "true",
        "sed",
        "awk",
    ):
        found = shutil.which(name)
        if found:
            (path / name).symlink_to(found)
    return llvm, str(path)
