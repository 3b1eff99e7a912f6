"""A variant of a small program, written to a folder."""

from __future__ import annotations

from pathlib import Path

from corr.optimize.variant import Variant
from corr.program.model import Run, from_files


def variant_of(folder: Path, files: dict[str, str], *units: str, flags: str = "-O1") -> Variant:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    return Variant(from_files(units or list(files)[:1], [flags], Run(directory=folder), folder))
