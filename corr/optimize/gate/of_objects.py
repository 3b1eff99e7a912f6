"""The gate for what was compiled: names that got past the text are seen in the object file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from corr.optimize.gate.known_names import harmless_symbol
from corr.optimize.gate.refusal import Refusal, shown

_RUN_BY_THE_LOADER = re.compile(r"\.(?:(?:pre)?init|fini)(?:_array)?(?:\.|$)|\.[cd]tors")
#: The optimiser turns calls of one into calls of another.
_PRINTING = frozenset({"printf", "puts", "putchar", "fprintf", "fwrite", "fputc", "fputs", "putc"})
_REPLACES_NEW = re.compile(r"_Z(?:n[wa]|d[la])")
_NUMBERED = re.compile(r"(?:\.\d+)+$")
_WRITE = 0x1
_IFUNC = "STT_LOOS"  # 10, STT_GNU_IFUNC


@dataclass(frozen=True)
class _Object:
    imported: frozenset[str]
    exported: frozenset[str]
    writable: frozenset[str]
    indirect: frozenset[str]
    run_by_loader: int


def objects(before: Path, after: Path, known: Collection[str] = frozenset()) -> list[Refusal]:
    """Why the object file (or program) `after` may not stand in for `before`; empty if it may.

    New symbols from elsewhere, new ones for others, new variables that last, and code that runs
    outside of main. `known` are names of the original's source: a variable of it may appear that
    the optimiser had no use for before. A file that is not ELF is refused; of a program that is
    optimised when it is linked, compare the programs.
    """
    try:
        old, new = _read(before), _read(after)
    except (ELFError, OSError, ValueError, UnicodeDecodeError) as error:
        return [Refusal("object", 0, f"{after.name}: cannot be read as an object file: {error}")]
    found = []
    for symbol in sorted(new.imported - old.imported):
        printing = symbol in _PRINTING and old.imported & _PRINTING
        if not harmless_symbol(symbol) and not printing:
            found.append(("symbol", symbol, "is called or read, which the original does not"))
    for symbol in sorted(new.exported - old.exported):
        if not symbol.startswith("_Z") or _REPLACES_NEW.match(symbol):
            found.append(("symbol", symbol, "is new and visible to other files; make it static"))
    for symbol in sorted(new.writable - old.writable - set(known)):
        found.append(("variable", symbol, "is new and keeps its value between calls"))
    for symbol in sorted(new.indirect - old.indirect):
        found.append(("symbol", symbol, "is chosen when the program is loaded"))
    if new.run_by_loader > old.run_by_loader:
        found.append(("constructor", "code", "is run before or after main"))
    return [Refusal(rule, 0, f"{after.name}: {shown(name)} {why}") for rule, name, why in found]


def _read(path: Path) -> _Object:
    imported: set[str] = set()
    exported: set[str] = set()
    writable: set[str] = set()
    indirect: set[str] = set()
    with path.open("rb") as stream:
        elf: Any = ELFFile(stream)
        sections = list(elf.iter_sections())
        for table in sections:
            if table["sh_type"] not in ("SHT_SYMTAB", "SHT_DYNSYM"):
                continue
            for symbol in table.iter_symbols():
                name = _plain(symbol.name)
                kind, index = symbol["st_info"]["type"], symbol["st_shndx"]
                if index == "SHN_UNDEF":
                    imported.add(name)
                    continue
                if symbol["st_info"]["bind"] != "STB_LOCAL":
                    exported.add(name)
                if kind == _IFUNC or kind == "STT_GNU_IFUNC":
                    indirect.add(name)
                section = sections[index] if isinstance(index, int) else None
                lasting = index == "SHN_COMMON" or (section is not None and _lasts(section))
                if kind in ("STT_OBJECT", "STT_TLS", "STT_COMMON") and lasting:
                    writable.add(name)
        started = sum(s["sh_size"] for s in sections if _RUN_BY_THE_LOADER.match(s.name))
    one, two, three, four = (frozenset(s - {""}) for s in (imported, exported, writable, indirect))
    return _Object(one, two, three, four, run_by_loader=started)


def _plain(name: str) -> str:
    """Without a linker's version, and without the number by which the compiler told two apart."""
    return _NUMBERED.sub("", name.split("@")[0])


def _lasts(section: Any) -> bool:
    return bool(section["sh_flags"] & _WRITE) and not section.name.startswith(".data.rel.ro")
