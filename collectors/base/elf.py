"""ELF files, read through pyelftools, which trusts every number that it finds in one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line, visible

#: Sections of a file; a linker writes some dozens, an object with a section a function thousands.
MOST_SECTIONS = 1 << 20


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An ELF file for the time of the block. Raises CorrError for whatever fails in reading it."""
    with guarded(path), path.open("rb") as stream:
        elf = ELFFile(stream)
        _check_sizes(elf, os.fstat(stream.fileno()).st_size)
        yield elf


@contextlib.contextmanager
def guarded(path: Path, part: str = "") -> Iterator[None]:
    """Turn what pyelftools trips over into a CorrError that names the file and the part of it.

    It looks names up, unpacks and recurses as the file tells it to, so there is no end of kinds of
    exceptions that a damaged file can cause.
    """
    try:
        yield
    except CorrError:
        raise
    except OSError as error:
        why = error.strerror or str(error)
        raise CorrError(f"{visible(str(path))} cannot be read: {why}") from error
    except Exception as error:
        why = one_line(str(error), 120) or type(error).__name__
        place = f"{visible(str(path))}{part and f' ({part})'}"
        raise CorrError(f"{place} is damaged, or no ELF file: {why}", "build it again") from error


def _check_sizes(elf: ELFFile, size: int) -> None:
    """No section may be larger than the file: its data would be asked for at once."""
    if elf.num_sections() > MOST_SECTIONS:
        raise ValueError(f"{elf.num_sections()} sections")
    for number in range(elf.num_sections()):
        header: Any = elf._get_section_header(number)
        if header["sh_type"] != "SHT_NOBITS" and header["sh_offset"] + header["sh_size"] > size:
            raise ValueError(f"section {number} reaches past the end of the file")
