"""Where the files that ship with corr are: queries and kernels, in a checkout or a wheel."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """The folder `queries` or `kernels` that belongs to this installation."""
    packaged = _HERE / name
    return packaged if packaged.is_dir() else _HERE.parent / name
