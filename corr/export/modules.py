"""The optimised IR of a run as files: what clang made of each unit, ready to be compiled again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from corr.lake.store import RunInfo
from corr.system.disk import disk_errors

#: `gemm.opt.ll`, or compressed with zstd behind it.
_MODULE = re.compile(r"^(.+)\.opt\.ll(\.zst)?$")


def write(run: RunInfo, folder: Path, stem: str) -> list[Path]:
    """Copy the run's modules to `STEM.opt.ll`, of several units to `STEM.UNIT.opt.ll`.

    Returns what was written: nothing for a run that kept no artifacts. Raises CorrError.
    """
    import pyarrow as pa

    found = sorted(run.artifacts.glob("*.opt.ll*"))
    modules = [(path, match) for path in found if (match := _MODULE.match(path.name))]
    written = []
    with disk_errors(folder):
        for path, match in modules:
            unit = f".{match[1]}" if len(modules) > 1 else ""
            target = folder / f"{stem}{unit}.opt.ll"
            if match[2]:
                source = pa.input_stream(str(path), compression="zstd")
                with source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
            else:
                shutil.copyfile(path, target)
            written.append(target)
    return written
