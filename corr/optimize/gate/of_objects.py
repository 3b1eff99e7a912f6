"""The gate for what was compiled: names that got past the text are seen in the object file.

What an optimiser does to a program's imports by itself is let through, by kind:

- Mathematics and functions on memory and texts in memory come and go: they are computed in line,
  or a loop becomes a call of memset. So do allocations, and what the compiler itself calls.
- Printing changes within its kind, and so does reading: printf of a line is puts, letters are read
  as a block. One of the kind must remain, for the same stream as far as names tell (`stdio`).
- How a program ends when something is wrong may go: the optimiser may see that nothing is.
- Error messages (streams in a program whose only stream is stderr) go with it.

All else that the original imports must still be there: a program that asks for no time, prints
nothing or reads nothing is not the one that is timed and checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from collectors.base.errors import CorrError
from corr.optimize.gate import library, stdio
from corr.optimize.gate.known_names import compiler_symbol, harmless_symbol, mathematics_symbol
from corr.optimize.gate.object_file import ObjectFile, may_be, read
from corr.optimize.gate.refusal import Refusal, refusal, shown

_REPLACES_NEW = re.compile(r"_Z(?:n[wa]|d[la])")
#: Parts of the C++ library that only compute, or fail.
_CXX_WITHOUT_EFFECT = re.compile(
    r"_Z(?:n[wa]|d[la])|_ZSt7nothrow|_ZSt10from_chars|_ZSt8to_chars|_ZSt\d+__throw_|_ZSt9terminatev|_ZT[VIS]|_ZSt\d+_Rb_tree_|_ZSt\d+_Hash_bytes"
    r"|_ZNK?S[ts](?:7__cxx11(?:12basic_string|4list)|8__detail|9exception|\d+\w*error|\d+bad_\w+"
    r"|\d+out_of_range|\d+invalid_argument|\d*__exception_ptr|12basic_string|6localeC|6localeD)"
    r"|_ZNKSt9exception|_ZNSs"
    r"|_ZNKSt9basic_iosIcSt11char_traitsIcEE(?:5widen|4fill|7rdstate|4good|3eof|4fail|3bad)"
    r"|_ZNKSt5ctypeIcE8do_widenE"  # members that only ask, and are inline as a rule
)
_CXX_PRINTING = re.compile(r"_ZNSo|_ZSt4cout|_ZStls|_ZSt16__ostream_insert|_ZSt4endl|_ZSt5flush")
_CXX_READING = re.compile(r"_ZNSi|_ZStrs|_ZSt7getline")
#: Streams that are texts in memory, and what all streams begin and end with.
_CXX_IN_MEMORY = re.compile(
    r"_Z(?:TTN|NK?)St7__cxx11(?:18basic_stringstream|19basic_[io]stringstream|15basic_stringbuf)"
    r"|_ZNSt8ios_base[CD]\dEv|_ZNSt9basic_iosIcSt11char_traitsIcEE(?:4init|5clear)"
    r"|_ZNKSt5ctypeIcE13_M_widen_initEv"
)
_CXX_TEXTS_READ = re.compile(r"basic_i?stringstream")
_CXX_OUTSIDE = re.compile(r"_ZSt\dw?c(?:in|out|err|log)|_Z\w*(?:basic_[io]?fstream|basic_filebuf)")
_OFTEN_WEAK = re.compile(r"__gmon_start__|_ITM_\w+|__cxa_\w+|__tls_get_addr|_GLOBAL_OFFSET_TABLE_")
#: What shares out the work of a loop among threads.
_SHARING = re.compile(r"__kmpc_\w+|GOMP_\w+|omp_(?:get|set)_(?!wti)\w+")
_SECTIONS = re.compile(
    r"|\.(?:text|rodata|data|bss|tdata|tbss|ldata|lbss|lrodata|eh_frame|eh_frame_hdr|comment"
    r"|gcc_except_table|note|symtab|strtab|shstrtab|symtab_shndx|rela|rel|relr|debug\w*|group|gnu"
    r"|interp|dynamic|dynsym|dynstr|hash|got|plt|llvm\w*|init|fini|init_array|fini_array"
    r"|preinit_array|ctors|dtors|tm_clone_table|jcr|stack_sizes)(?:\..*)?"
)
#: What the C start-up files bring, by the way a program is linked.
_START_UP = frozenset({"_dl_relocate_static_pie", "__data_start", "data_start", "__dso_handle"})
_LIBRARIES = re.compile(
    r"(?:libm|libc|libmvec|libomp|libiomp5|libgomp|libgcc_s|libstdc\+\+|libc\+\+|libc\+\+abi"
    r"|libpthread|ld-linux[\w-]*)\.so[\d.]*|ld-linux[\w.-]*"
)
#: What a loader is told of tables that any program may come to have; paths are looked at apart.
_ORDERS = re.compile(
    r"DT_(?:NULL|NEEDED|RPATH|RUNPATH|INIT|FINI|(?:INIT|FINI)_ARRAY(?:SZ)?|HASH|GNU_HASH|STRTAB"
    r"|SYMTAB|STRSZ|SYMENT|DEBUG|PLTGOT|PLTRELSZ|PLTREL|JMPREL|RELA?(?:SZ|ENT|COUNT)?"
    r"|RELR(?:SZ|ENT)?|FLAGS|FLAGS_1|VERNEED|VERNEEDNUM|VERSYM|AARCH64_\w+)"
)
_GONE = (
    (library.CLOCKS, "what is timed would not be there"),
    (library.READING, "what it reads would not be there"),
    (
        library.PRINTING | library.STREAM_PRINTING | library.WRITING,
        "what it prints or writes, by which it is checked, would not be there",
    ),
)
_OTHER_STREAMS = frozenset(
    {"stdout", "stdin", "fopen", "fopen64", "fdopen", "freopen", "open_memstream", "popen"}
)
#: Streams of C++, and what gives them buffers of their own.
_STREAMS_OF_CXX = frozenset({"_ZSt3cin", "_ZSt4cout", "_ZNSt8ios_base15sync_with_stdioEb"})
Found = Iterator[tuple[str, str, str]]


def objects(before: Path, after: Path, known: Collection[str] = frozenset()) -> list[Refusal]:
    """Why the object file (or program) `after` may not stand in for `before`; empty if it may.

    New symbols from elsewhere and such that are gone, new ones for others, new variables that
    last, code that runs outside of main, other sections and libraries. `known` are names of the
    original's source: a variable or an import of it may appear that the optimiser had no use for
    before. A file that is not ELF is refused; of a program that is optimised when it is linked,
    compare the programs.
    """
    try:
        old, new = read(before), read(after)
    except CorrError as error:
        what = f"cannot be read as an object file: {shown(error.message)}"
        return [refusal("object", after.name, 0, what)]
    return [
        refusal(rule, after.name, 0, f"{shown(name)} {why}")
        for rules in (_imports(old, new, known), _exports(old, new, known), _loading(old, new))
        for rule, name, why in rules
    ]


def _imports(old: ObjectFile, new: ObjectFile, known: Collection[str]) -> Found:
    for symbol in sorted(new.imported.keys() - old.imported.keys() - set(known)):
        harmless = harmless_symbol(symbol) or stdio.plain(symbol) in library.IN_MEMORY
        harmless = harmless or _CXX_WITHOUT_EFFECT.match(symbol) is not None
        if not harmless and not _of_a_kind(symbol, old):
            yield "symbol", symbol, "is called or read, which the original does not"
    for symbol in sorted(old.imported.keys() - new.imported.keys()):
        if symbol in new.defined:
            why = "is defined by the change; the original takes it from a library"
            yield "symbol", symbol, why
        elif not _may_go(symbol, old, new):
            gone = (why for names, why in _GONE if symbol in names)
            why = next(gone, "it is part of the program")
            yield "vanished", symbol, f"is not called or read any more, as the original does: {why}"


def _of_a_kind(symbol: str, old: ObjectFile) -> bool:
    if symbol in _STREAMS_OF_CXX and old.imported.keys() & _STREAMS_OF_CXX:
        return True
    kinds = (_CXX_PRINTING, _CXX_READING) if symbol not in _STREAMS_OF_CXX else ()
    return stdio.may_come(stdio.plain(symbol), _plain(old)) or any(
        kind.match(symbol) and any(map(kind.match, old.imported)) for kind in kinds
    )


def _plain(file: ObjectFile) -> frozenset[str]:
    return frozenset(map(stdio.plain, file.imported))


def _may_go(symbol: str, old: ObjectFile, new: ObjectFile) -> bool:
    """The optimiser may have made the import superfluous."""
    name = stdio.plain(symbol)
    if stdio.may_go(name, _plain(old), _plain(new)):
        return True
    if symbol == "stderr" or name in library.STREAM_PRINTING:
        return _only_errors(old)
    for kind in (_CXX_PRINTING, _CXX_READING):
        if kind.match(symbol):
            left = any(map(kind.match, new.imported))
            if kind is _CXX_READING:  # what is left is of the program's input, not of a text
                left = left and not any(map(_CXX_TEXTS_READ.search, new.imported))
            return left or _only_in_memory(old)
    return (
        name in library.WITHOUT_EFFECT
        or name in library.FAILING
        or mathematics_symbol(name)
        or compiler_symbol(name)
        or any(
            p.match(symbol) for p in (_CXX_WITHOUT_EFFECT, _CXX_IN_MEMORY, _OFTEN_WEAK, _SHARING)
        )
    )


def _only_in_memory(old: ObjectFile) -> bool:
    """All streams of C++ that the program has are texts in memory."""
    return any("stringstream" in one for one in old.imported) and not any(
        map(_CXX_OUTSIDE.match, old.imported)
    )


def _only_errors(old: ObjectFile) -> bool:
    """The one stream that the program knows is stderr."""
    return "stderr" in old.imported and not _OTHER_STREAMS & old.imported.keys()


def _exports(old: ObjectFile, new: ObjectFile, known: Collection[str]) -> Found:
    for symbol in sorted(new.exported.keys() - old.exported.keys() - _START_UP):
        inlined = symbol.startswith("_Z") and new.exported[symbol].binding in ("WEAK", "LOOS")
        if not compiler_symbol(symbol) and (not inlined or _REPLACES_NEW.match(symbol)):
            yield "symbol", symbol, "is new and visible to other files; make it static"
    for symbol in sorted(new.exported.keys() & old.exported.keys()):
        mine, theirs = old.exported[symbol], new.exported[symbol]
        if mine.binding != theirs.binding:
            how = f"is {theirs.binding.lower()} and not {mine.binding.lower()} any more"
            yield "symbol", symbol, f"{how}: the linker may take another"
        elif mine.visibility != theirs.visibility:
            how = f"{theirs.visibility.lower()} and not {mine.visibility.lower()} any more"
            yield "symbol", symbol, f"is {how} to other files"
        elif mine.kind and theirs.kind and mine.kind != theirs.kind:
            yield "symbol", symbol, f"is of the kind {theirs.kind} and not {mine.kind} any more"
    for symbol in sorted(new.writable - old.writable - set(known)):
        yield "variable", symbol, "is new and keeps its value between calls"
    if old.has_names and not new.has_names:
        yield "symbol", "the table of symbols", "is gone"
    for symbol in sorted(new.indirect - old.indirect):
        yield "symbol", symbol, "is chosen when the program is loaded"


def _loading(old: ObjectFile, new: ObjectFile) -> Found:
    for kind, size in sorted(new.run_by_loader.items()):
        if size > old.run_by_loader[kind]:
            yield "constructor", f".{kind}", "holds more: code is run before or after main"
    for name in sorted(new.started - old.started):
        yield "constructor", name, "is run before or after main"
    if new.entry != old.entry:
        yield "loading", new.entry or "a place without a name", "is where the program starts"
    for name in sorted(new.orders - old.orders):
        if not _ORDERS.fullmatch(name):
            yield "loading", name, "tells the loader what the original does not"
    for name, flags in sorted(new.sections.items()):
        if name not in old.sections and not _SECTIONS.fullmatch(name):
            yield "section", name, "is a section that the original does not have"
        elif name in old.sections and may_be(flags) & ~may_be(old.sections[name]):
            yield "section", name, "may be written or run, as it may not in the original"
    for name in sorted(new.libraries - old.libraries):
        if not _LIBRARIES.fullmatch(name):
            yield "loading", name, "is a library that the original does not load"
    for name in sorted(new.search_paths - old.search_paths):
        yield "loading", name, "is a place where libraries are looked for"
    if new.loader != old.loader:
        why = f"loads the program, not {shown(old.loader or 'none')}"
        yield "loading", new.loader or "no loader", why
    if new.odd_segments > old.odd_segments:
        yield "section", "memory", "may be both written and run, the stack perhaps"
