"""What clang and the linker said when they refused a program: errors, and what to do about them.

A compiler prints what it warns of and what stops it in the order of the source: what stops it is
shown alone. Advice is a table: what the message says, and what that usually means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: The head of a diagnostic, `a.c:3:4: error: …`, and what leads to it.
_HEAD = re.compile(r"^\S.*?: (fatal error|error|warning|remark|note): ")
_LEADS = re.compile(r"^(In file included from|In module| {16,}from) ")
#: The group of warnings that made an error of it: `[-Wimplicit-int]`, `[-Werror,-Wunused]`.
_GROUP = re.compile(r"\[(?:-Werror,)?-W(?!error\b)([a-z0-9+-]+)(?:=\w*)?\]\s*$", re.MULTILINE)
_MISSING_HEADER = re.compile(r"fatal error: '([^']+)' file not found")
#: What stands before the words of a linker that misses something.
#: A linker that was asked for another processor, or given objects of one.
_OTHER_MACHINE = re.compile(
    r"unrecognised emulation mode|incompatible with elf|Relocations in generic ELF|unknown target"
    r"|architecture of input file|is incompatible with (?:elf|i386|aarch64)|cannot find crt1\.o"
)
#: Objects that a linker takes for no objects.
_UNREAD = re.compile(r"file (?:format )?not recognized")
_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:) [`']?([\w.]+)")
#: Longest that is shown of what a tool said.
MOST_LINES = 40

#: Symbols that a program has from a library, by how they begin, and the flag that brings it.
LIBRARIES = {
    ("omp_", "__kmpc_", "GOMP_"): "-fopenmp",
    ("pthread_", "sem_"): "-pthread",
    ("cblas_",): "-lopenblas (or -lcblas)",
    ("fftw_", "fftwf_"): "-lfftw3 (-lfftw3f)",
    ("deflate", "inflate", "compress", "uncompress", "crc32", "gz"): "-lz",
    ("MPI_",): "what `mpicc -show` prints",
    (
        "__asan_",
        "__ubsan_",
        "__tsan_",
        "__msan_",
    ): "the sources' -fsanitize=…",
    ("__gcov_", "llvm_gcda_"): "--coverage",
}


def compiler_words(said: str) -> str:
    """The errors of a compiler's output with the notes that explain them; all where none is one."""
    shown, kept, leading = [], False, []
    errors = 0
    for line in said.splitlines():
        head = _HEAD.match(line)
        if _LEADS.match(line):
            leading.append(line)
            continue
        if head and head[1] != "note":
            kept = head[1].endswith("error")
            errors += kept
            shown += leading if kept else []
        elif not head and re.match(r"\d+ (warning|error)s?\b.*generated\.$", line):
            kept = True
        elif leading and kept:
            shown += leading
        leading = []
        if kept:
            shown.append(line)
    if not errors:
        return _last(said.split("PLEASE submit")[0].splitlines())  # LLVM's crash banner
    return _first(shown)


def compiler_advice(said: str) -> str:
    """What to do about the errors, empty where nothing is known."""
    header = _MISSING_HEADER.search(said)
    if header:
        return f"the folder of {header[1]} among the flags: -- -O3 -I FOLDER"
    errors = "\n".join(line for line in said.splitlines() if " error: " in line)
    groups = sorted(set(_GROUP.findall(errors)))
    if groups and len(groups) <= 4:
        flags = " ".join(f"-Wno-error={group}" for group in groups)
        return f"if it is to be only a warning, as in older compilers: -- -O3 {flags}"
    return ""


def linker_advice(said: str) -> str:
    """What to do about symbols that nothing defines, or about a linker that cannot read what was
    compiled; empty where nothing is known.
    """
    if _OTHER_MACHINE.search(said):
        return (
            "built for another machine, whose linker or libraries are not here: --no-run looks at"
            " the code alone (corr collect, corr diff)"
        )
    if _UNREAD.search(said):
        return "bitcode (-flto) that the linker cannot read: -fuse-ld=lld among the flags"
    missing = set(_UNDEFINED.findall(said))
    flags = [
        flag for starts, flag in LIBRARIES.items() if any(n.startswith(starts) for n in missing)
    ]
    return f"among the flags: -- -O3 {' '.join(flags)}" if flags else ""


def _first(lines: Sequence[str]) -> str:
    left = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"… {left} more lines"] if left > 0 else [])])


def _last(lines: Iterable[str]) -> str:
    return "\n".join([*lines][-MOST_LINES:]).rstrip()
