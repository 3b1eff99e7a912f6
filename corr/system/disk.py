"""Writing to disks that are full, read-only, or looked at by other processes."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from collectors.base.errors import CorrError

ELSEWHERE = "name another folder"


@contextlib.contextmanager
def disk_errors(where: Path, otherwise: str = ELSEWHERE, lost: str = "") -> Iterator[None]:
    """Turn a full disk or a missing permission into one clear line.

    `otherwise`: what to do where no space can be freed; `lost`: what is not there now.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise CorrError(
            f"cannot write {error.filename or where}: {reason}{f'; {lost}' if lost else ''}",
            f"free some space or {otherwise}" if full else otherwise,
        ) from error


def check_room(folder: Path, need: int = 64 << 20, otherwise: str = ELSEWHERE) -> None:
    """Raise CorrError before any work when fewer than `need` bytes are free."""
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < need:
        raise CorrError(
            f"less than {need >> 20} MB are free in {folder}", f"free some space or {otherwise}"
        )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file that appears at once, or not at all; it takes the place of another.

    Whoever looks meanwhile sees the earlier one, also where several write. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
