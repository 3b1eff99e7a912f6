"""What a program was linked from, where no generator left the command: the program itself says.

Make and others leave a compile_commands.json (by Bear, compiledb) and no link line. An executable
has the names of its sources in its symbols and, with `-g`, their places in DWARF, and the names of
the libraries that it is linked with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from collectors.base import elf
from collectors.base.table import Problem
from corr.program.model import Unit

#: Flags of units that linking needs as well.
_OF_LINK = re.compile(
    r"-(fsanitize|fopenmp|flto|fprofile|fcoverage|stdlib|-coverage|-target|pthread|m32|static$).*"
)
#: Libraries that a compiler adds by itself, the C++ one as the units need it.
_BY_COMPILER = re.compile(r"(libc|libgcc_s|libstdc\+\+|libc\+\+|libc\+\+abi|ld-[\w.-]+)\.so[.\d]*")
_BY_FLAG = {"-fopenmp": re.compile(r"lib(omp|gomp|iomp5)\.so[.\d]*")}
_FLAGS = "flags of the link are not known: libraries are taken from the program"


def units_of(executable: Path, units: Iterable[Unit]) -> tuple[list[Unit], list[Problem]]:
    """Those of the units that the executable was made of, and what is uncertain of that.

    Raises CorrError where it cannot be read.
    """
    known = list(units)
    places, names = _sources(executable)
    found = [u for u in known if str(u.source) in places or os.path.realpath(u.source) in places]
    named = {u.source.name for u in found}
    found += [u for u in known if u.source.name in names - named]
    if not found:
        what = "it names no source (stripped?): all units of the database are taken for its own"
        return _once(known), [Problem("program", executable.name, what, "link it with symbols")]
    chosen = _once(found)
    what = f"no link command: {len(chosen)} units by the names in the program; {_FLAGS}"
    return chosen, [Problem("program", executable.name, what)]


def link_flags(executable: Path, units: Sequence[Unit]) -> tuple[str, ...]:
    """What links the units with the libraries that the executable has.

    Raises CorrError where it cannot be read.
    """
    flags = list(dict.fromkeys(f for u in units for f in u.flags if _OF_LINK.fullmatch(f)))
    given = [by for flag, by in _BY_FLAG.items() if any(f.startswith(flag) for f in flags)]
    needed, folders = _libraries(executable)
    for folder in folders:
        flags += [f"-L{folder}", f"-Wl,-rpath,{folder}"]
    for name in needed:
        if not any(by.fullmatch(name) for by in (_BY_COMPILER, *given)):
            flags.append(f"-l:{name}")
    # of programs that were linked whole, no list of libraries is left
    return (*flags, *(("-lm", "-lpthread", "-ldl") if not needed else ()))


def _once(units: Iterable[Unit]) -> list[Unit]:
    """One unit for each source: of those compiled twice, the one that is no part of a library."""
    found: dict[Path, Unit] = {}
    for unit in units:
        before = found.get(unit.source)
        if before is None or (_shared(before) and not _shared(unit)):
            found[unit.source] = unit
    return list(found.values())


def _shared(unit: Unit) -> bool:
    return bool({"-fPIC", "-fpic"} & set(unit.flags))


def _sources(executable: Path) -> tuple[set[str], set[str]]:
    """The whole names of the sources in the debug information, and their bare names in symbols."""
    with elf.opened(executable) as file:
        places = set(_in_dwarf(file)) if file.has_dwarf_info() else set()
        names: set[str] = set()
        symbols = file.get_section_by_name(".symtab")
        if symbols is not None:
            for symbol in symbols.iter_symbols():
                if symbol["st_info"]["type"] == "STT_FILE":
                    names.add(os.path.basename(symbol.name))
    return places, names


def _in_dwarf(file: Any) -> Iterator[str]:
    for unit in file.get_dwarf_info().iter_CUs():
        attributes = unit.get_top_DIE().attributes
        texts = [attributes[a].value.decode("utf-8", "surrogateescape")
                 for a in ("DW_AT_comp_dir", "DW_AT_name") if a in attributes]  # fmt: skip
        if texts:
            yield os.path.normpath(os.path.join(*texts))


def _libraries(executable: Path) -> tuple[list[str], list[str]]:
    """The libraries that it needs, and the folders in which it looks for them."""
    needed: list[str] = []
    folders: list[str] = []
    with elf.opened(executable) as file:
        section = file.get_section_by_name(".dynamic")
        for tag in section.iter_tags() if section is not None else ():
            if tag.entry.d_tag == "DT_NEEDED":
                needed.append(tag.needed)
            elif tag.entry.d_tag in ("DT_RUNPATH", "DT_RPATH"):
                text = tag.runpath if tag.entry.d_tag == "DT_RUNPATH" else tag.rpath
                origin = str(executable.parent)
                found = (f.replace("$ORIGIN", origin) for f in text.split(":") if f)
                folders += (os.path.normpath(f) for f in found)
    return needed, list(dict.fromkeys(folders))
