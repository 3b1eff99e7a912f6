"""What an object file or a program (ELF) says of itself, as far as the gate compares it."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.dynamic import DynamicSection

from collectors.base import elf
from corr.optimize.gate.loader_lists import places

#: Sections whose functions the loader runs, of any of which there may be several.
_RUN_BY_THE_LOADER = re.compile(r"\.((?:(?:pre)?init|fini)(?:_array)?|[cd]tors)(?:\.|$)")
_NUMBERED = re.compile(r"(?:\.\d+)+$")
_WRITE, _EXECUTE = 0x1, 0x4
_SEGMENT_WRITE, _SEGMENT_EXECUTE = 0x2, 0x1
_IFUNC = ("STT_LOOS", "STT_GNU_IFUNC")  # 10
#: Program headers of a file, and words for the loader; a linker writes some dozens.
MOST_SEGMENTS = 1024
_KINDS = {"STT_COMMON": "OBJECT", "STT_NOTYPE": ""}


@dataclass(frozen=True)
class Exported:
    """How others see a symbol: binding (GLOBAL, WEAK, …), visibility, kind (FUNC, OBJECT, TLS)."""

    binding: str
    visibility: str
    kind: str


@dataclass(frozen=True)
class ObjectFile:
    """Names without versions and numbers. `imported` maps to whether it must be there (not weak).

    `defined` are all names that stand for code or data here, `writable` those of data that lasts
    and changes, `indirect` functions that are chosen when the program is loaded. `run_by_loader`
    are bytes by kind of section, `sections` flags by name. `libraries`, `search_paths` and
    `loader` say what is loaded with it, `odd_segments` what may be written and run. `started` are
    the functions that the loader runs by themselves, `entry` the one that it goes to, `orders` the
    kinds of all that it is told; `has_names` is false of a file without its table of symbols.
    """

    imported: dict[str, bool]
    exported: dict[str, Exported]
    defined: frozenset[str]
    writable: frozenset[str]
    indirect: frozenset[str]
    run_by_loader: Counter[str]
    sections: dict[str, int]
    libraries: frozenset[str]
    search_paths: frozenset[str]
    loader: str
    odd_segments: int
    started: frozenset[str]
    entry: str
    orders: frozenset[str]
    has_names: bool


def read(path: Path) -> ObjectFile:
    """Raises CorrError for what is no ELF file, or a damaged one."""
    with elf.opened(path) as file, elf.guarded(path):
        if file.num_segments() > MOST_SEGMENTS:
            raise ValueError(f"{file.num_segments()} segments")
        return _Reader(file, list(file.iter_sections())).read(list(file.iter_segments()))


def may_be(flags: int) -> int:
    """Of a section's flags those that say what may be done with it."""
    return flags & (_WRITE | _EXECUTE)


class _Reader:
    def __init__(self, file: Any, sections: list[Any]) -> None:
        self.file = file
        self.sections = sections
        self.functions: dict[int, str] = {}
        self.imported: dict[str, bool] = {}
        self.exported: dict[str, Exported] = {}
        self.defined: set[str] = set()
        self.writable: set[str] = set()
        self.indirect: set[str] = set()
        self.copied: set[str] = set()

    def read(self, segments: list[Any]) -> ObjectFile:
        for table in self.sections:
            if table["sh_type"] in ("SHT_SYMTAB", "SHT_DYNSYM"):
                for symbol in table.iter_symbols():
                    self._symbol(symbol)
        for name in self.copied:  # a variable of a library, for which the program keeps the place
            self.imported[name] = True
            self.exported.pop(name, None)
            self.defined.discard(name)
            self.writable.discard(name)
        started: Counter[str] = Counter()
        flags: dict[str, int] = {}
        for section in self.sections:
            found = _RUN_BY_THE_LOADER.match(section.name)
            if found:
                started[found[1]] += section["sh_size"]
            flags[section.name] = flags.get(section.name, 0) | section["sh_flags"]
        tags = self._tags()
        linked = self.file["e_type"] != "ET_REL"
        lists = places(self.file, self.sections) if linked else ()
        paths = (t for t in tags if t.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"))
        loader = (s.get_interp_name() for s in segments if s["p_type"] == "PT_INTERP")
        return ObjectFile(
            imported=self.imported,
            exported=self.exported,
            defined=frozenset(self.defined),
            writable=frozenset(self.writable),
            indirect=frozenset(self.indirect),
            run_by_loader=started,
            sections=flags,
            libraries=frozenset(t.needed for t in tags if t.entry.d_tag == "DT_NEEDED"),
            search_paths=frozenset(getattr(t, t.entry.d_tag[3:].lower()) for t in paths),
            loader=str(next(loader, "")),
            odd_segments=sum(_is_odd(segment) for segment in segments),
            started=frozenset(self.functions.get(place, "code without a name") for place in lists),
            entry=self.functions.get(self.file["e_entry"], "") if linked else "",
            orders=frozenset(str(tag.entry.d_tag) for tag in tags),
            has_names=any(s["sh_type"] == "SHT_SYMTAB" for s in self.sections),
        )

    def _tags(self) -> list[Any]:
        found = []
        for section in self.sections:
            if isinstance(section, DynamicSection):
                found += list(itertools.islice(section.iter_tags(), MOST_SEGMENTS))
        return found

    def _symbol(self, symbol: Any) -> None:
        name = _plain(symbol.name)
        kind, index = symbol["st_info"]["type"], symbol["st_shndx"]
        binding = symbol["st_info"]["bind"].removeprefix("STB_")
        if not name or kind in ("STT_FILE", "STT_SECTION"):
            return
        if index == "SHN_UNDEF":
            self.imported[name] = self.imported.get(name, False) or binding != "WEAK"
            return
        self.defined.add(name)
        if "@" in symbol.name and kind == "STT_OBJECT":
            self.copied.add(name)
        if kind in _IFUNC:
            self.indirect.add(name)
        if kind == "STT_FUNC":
            self.functions.setdefault(symbol["st_value"], name)
        if binding != "LOCAL":
            visibility = symbol["st_other"]["visibility"].removeprefix("STV_")
            how = _KINDS.get(kind, kind.removeprefix("STT_"))
            self.exported[name] = Exported(binding, visibility, how)
        section = self.sections[index] if isinstance(index, int) else None
        lasting = index == "SHN_COMMON" or (section is not None and _lasts(section))
        if kind in ("STT_OBJECT", "STT_TLS", "STT_COMMON") and lasting:
            self.writable.add(name)


def _plain(name: str) -> str:
    """Without a linker's version, and without the number by which the compiler told two apart."""
    return _NUMBERED.sub("", name.split("@")[0])


def _lasts(section: Any) -> bool:
    return bool(section["sh_flags"] & _WRITE) and not section.name.startswith(".data.rel.ro")


def _is_odd(segment: Any) -> bool:
    """It may be written and run, or it makes the stack such."""
    flags = segment["p_flags"]
    stack = segment["p_type"] == "PT_GNU_STACK" and flags & _SEGMENT_EXECUTE
    both = flags & _SEGMENT_EXECUTE and flags & _SEGMENT_WRITE
    return bool(stack or (segment["p_type"] == "PT_LOAD" and both))
