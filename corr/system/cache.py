"""Where corr keeps what may be deleted at any time: `~/.cache/corr`, or CORR_CACHE."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def folder(name: str) -> Path | None:
    """The folder for one kind of thing; None where nothing may be kept (CORR_CACHE is empty)."""
    named = os.environ.get("CORR_CACHE")
    if named is not None:
        return Path(named).absolute() / name if named else None
    base = os.environ.get("XDG_CACHE_HOME")
    with contextlib.suppress(RuntimeError):  # a user without a home
        return (Path(base) if base else Path.home() / ".cache") / "corr" / name
    return None
