"""What files hold, as hashes: inputs, tools, and the code of an executable."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from collectors.base import elf
from collectors.base.errors import CorrError

#: Bytes up to which a file is known by its content, above by its size and time.
LARGEST = 64 << 20
#: Of a section's flags: it is there when the program runs.
_ALLOCATED = 0x2


def hash_of(value: Any, default: Any = None) -> str:
    """The hash of what JSON can say."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=default).encode()).hexdigest()


def hash_of_file(path: Path) -> str | None:
    """The hash of a file's content; None where there is no such file."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    if not path.is_file():
        return None
    return _hashed(os.path.realpath(path), stat.st_mtime_ns, stat.st_size)


@cache
def _hashed(path: str, stamp: int, size: int) -> str | None:
    if size > LARGEST:
        return f"{path} {stamp} {size}"
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def files_in(words: Iterable[str], folder: Path) -> Mapping[str, str]:
    """Hashes of the files that a command's arguments name, and of the program that it starts."""
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        if not word or "\0" in word or len(word) > 4096:
            continue
        known = hash_of_file(folder / word) if place or "/" in word else None
        if known is None and place == 0:
            program = shutil.which(word)
            known = hash_of_file(Path(program)) if program else None
        if known is not None:
            found[word] = known
    return found


def code_of(path: Path) -> str:
    """The hash of what an executable brings into memory: code, constants, and what it links to.

    Not of where it was built, when, and from which lines. Of what is no ELF file it is all.
    """
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    try:
        with elf.opened(path) as opened:
            for section in opened.iter_sections():
                header: Any = section.header
                kept = header["sh_flags"] & _ALLOCATED and header["sh_type"] != "SHT_NOTE"
                if not kept:
                    continue
                digest.update(f"{section.name} {header['sh_addr']} {header['sh_size']}\n".encode())
                if header["sh_type"] != "SHT_NOBITS":
                    digest.update(section.data())
    except CorrError:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return digest.hexdigest()
