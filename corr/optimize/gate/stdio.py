"""Functions of C's streams by what they do: one that reads may stand for another, and so writers.

What reads a stream, or prints to one, may come where another of its kind is: that a block is read
at once is what such programs gain by. Which stream it is stays guarded apart (`calls`), and the
streams that need no name, stdin and stdout, are no new ones only where the original has them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Set

from corr.optimize.gate.library import PRINTING, STREAM_PRINTING


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Of stdin, which they do not name.
OF_STDIN = _words("getchar getchar_unlocked scanf vscanf")
#: What is left of those of streams where they are inlined is last.
READING = _words(
    """
    fgetc getc fgets fread getline getdelim fscanf vfscanf fgetc_unlocked getc_unlocked
    fgets_unlocked fread_unlocked __uflow
    """
)
WRITING = STREAM_PRINTING | {"__overflow"}
#: They tell how reading and writing went.
_ASKING = _words("feof ferror feof_unlocked ferror_unlocked")
#: Nothing is a stream of theirs: texts in memory.
_IN_MEMORY = _words("sprintf snprintf sscanf")
_OPENING = _words(
    "fopen fopen64 fdopen freopen freopen64 popen tmpfile tmpfile64 fmemopen open_memstream"
)
_VARIANT = re.compile(r"__(?:isoc\d+_(\w+)|(\w+)_chk|(getdelim))\Z")


def plain(symbol: str) -> str:
    """The name in a source: `__isoc99_sscanf` is sscanf, `__fgets_chk` fgets."""
    found = _VARIANT.match(symbol)
    return (found[1] or found[2] or found[3]) if found else symbol


def may_be_named(word: str, names: Collection[str]) -> bool:
    """A text may come to call, or name, what it did not, by the names that it has."""
    if word in _IN_MEMORY:
        return True
    if word.startswith(("v", "_")):  # they take what no change has, or are the library's own
        return False
    return may_come(word, frozenset(names))


def may_come(word: str, old: Set[str]) -> bool:
    """Another of its kind is among `old`, and what stream it is of, if it names none."""
    reads, writes = old & (OF_STDIN | READING), old & (PRINTING | WRITING)
    if word in OF_STDIN:
        return bool(old & OF_STDIN) or "stdin" in old
    if word in PRINTING:
        return bool(old & PRINTING) or "stdout" in old
    return bool(
        (word in READING and reads)
        or (word in WRITING and writes)
        or (word in _ASKING and (reads or writes))
        or (word == "stdin" and old & OF_STDIN)
        or (word == "stdout" and old & PRINTING)
    )


def may_go(word: str, old: Set[str], new: Set[str]) -> bool:
    """Another of its kind is left for its stream, as far as names tell.

    What is of another stream does not count: where all that names none is gone, its stream must
    have come, or another function for it; where all that names one is gone, it must have been
    the same, and the other function must be new.
    """
    for stream, silent, named in (("stdin", OF_STDIN, READING), ("stdout", PRINTING, WRITING)):
        if word in silent:
            came = stream not in old or not new & named <= old
            return bool(new & silent or (stream in new and new & named and came))
        if word == stream:
            return not new & silent <= old
        if word in named:
            others = ({"stdin", "stdout", "stderr"} - {stream}) | _OPENING
            alone = stream in old and not old & (others if stream == "stdout" else _OPENING)
            return bool(new & named or (alone and not new & silent <= old))
    if word == "feof":
        return bool(new & (OF_STDIN | READING))
    if word == "ferror":  # without a lock it is no call
        return bool({"__uflow", "__overflow"} & new) or any(s.endswith("_unlocked") for s in new)
    return False


def how(word: str) -> str:
    """Where a change may have what is told to be unknown; empty for what is none of these."""
    for stream, silent, named in (("stdin", OF_STDIN, READING), ("stdout", PRINTING, WRITING)):
        some = ", ".join(sorted(one for one in silent if one.isalpha())[:4])
        if word == stream:
            return f"it may be named where the original names it, or calls {some}"
        if word in silent:
            return f"it may be called where the original calls {some}, or names {stream}"
        if word in named:
            does = "reads a stream" if stream == "stdin" else "prints to a stream"
            return f"it may be called where the original {does} by another function, of that stream"
    if word in _ASKING:
        return "it may be called where the original reads or prints to the stream"
    return ""
