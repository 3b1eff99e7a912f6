"""Shared libraries of a project: linked into the program, so that every layer sees them, too.

What a program is linked with decides less of a loop than that nothing is said of it. The program's
own definitions come first, as the loader has it; a library that defines what another part of the
program defines, too, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from collectors.base import elf, process, toolchain
from collectors.base.errors import CorrError

_NAME = re.compile(r"\.(so(\.\d+)*|dylib)$")
#: Words of a library's link that are about the library alone.
_OF_THE_LIBRARY = re.compile(
    r"-shared$|-fPIC$|-fpic$|-Wl,(-soname|-h|--version-script|-z,defs|--no-undefined|-Bsymbolic)"
)
#: How bitcode begins, as it is or in its wrapper.
_BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
_OF_ALL_WITH_VALUE = "-Xlinker"


def is_shared(path: Path) -> bool:
    """Whether a file is a shared library by its name."""
    return _NAME.search(path.name) is not None


def link_words(argv: Sequence[str]) -> list[str]:
    """The words of a library's link that its code needs wherever it is linked."""
    return [word for word in argv if not _OF_THE_LIBRARY.match(word)]


def defined(objects: Iterable[Path]) -> frozenset[str] | None:
    """The names that objects define for others; None where one of them cannot be read.

    Weak ones, as of templates and inline functions, may be there twice.
    """
    found: set[str] = set()
    for path in objects:
        if is_bitcode(path):
            names = _of_bitcode(path)
            if names is None:
                return None
            found |= names
            continue
        try:
            with elf.opened(path) as file:
                section = file.get_section_by_name(".symtab")
                if section is None:
                    return None
                found.update(
                    symbol.name
                    for symbol in section.iter_symbols()
                    if symbol["st_info"]["bind"] == "STB_GLOBAL"
                    and symbol["st_shndx"] != "SHN_UNDEF"
                )
        except CorrError:
            return None
    return frozenset(found)


def is_bitcode(path: Path) -> bool:
    """Whether an object is LLVM's bitcode, which is compiled when it is linked (-flto)."""
    try:
        with path.open("rb") as file:
            return file.read(4) in _BITCODE
    except OSError:
        return False


def _of_bitcode(path: Path) -> set[str] | None:
    """The same of bitcode, as llvm-nm lists it; None where that cannot read it."""
    words = ("--defined-only", "--extern-only", "--no-weak", "--format=just-symbols")
    try:
        done = process.run([toolchain.find().path("llvm-nm"), *words, path], timeout=60)
    except CorrError:
        return None
    return set(done.stdout.decode(errors="replace").split()) if done.ok else None
