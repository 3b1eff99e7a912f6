"""The lists of functions that a loader runs before and after main."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

_LISTS = re.compile(r"\.(?:(?:pre)?init|fini)_array(?:\.|$)|\.[cd]tors")


def places(file: Any, sections: Sequence[Any]) -> set[int]:
    """The addresses in a linked ELF file's lists, as they stand there or are put there."""
    words = dict(w for s in sections if _LISTS.match(s.name) for w in _words(file, s))
    for section in sections:
        if section["sh_type"] == "SHT_RELA":
            for relocation in section.iter_relocations():
                if relocation["r_offset"] in words and relocation["r_addend"]:
                    words[relocation["r_offset"]] = relocation["r_addend"]
    return {place for place in words.values() if place}


def _words(file: Any, section: Any) -> Iterator[tuple[int, int]]:
    """The words of a section, by their address."""
    size, letter = (8, "Q") if file.elfclass == 64 else (4, "I")
    order = "<" if file.little_endian else ">"
    data = section.data() if section["sh_type"] != "SHT_NOBITS" else b""
    whole = data[: len(data) // size * size]
    for number, (value,) in enumerate(struct.iter_unpack(order + letter, whole)):
        yield section["sh_addr"] + number * size, value
