"""Small programs with one planted reason for their time, and how each is mended.

NAME.c or NAME.cpp has it, NAME.fixed.* is the textbook's mend (or the flags `mended_by` are).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Planted:
    """A program, the kind of finding that is planted, and words that its sentence must have."""

    source: str
    kind: str
    words: tuple[str, ...] = ()
    mended_by: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.source.partition(".")[0]

    @property
    def mended(self) -> Path | None:
        """The mended source; None where there is nothing to mend."""
        name, _, suffix = self.source.partition(".")
        fixed = FOLDER / f"{name}.fixed.{suffix}"
        if fixed.exists():
            return fixed
        return FOLDER / self.source if self.mended_by else None


PLANTED = (
    Planted("float_order.c", "float_order", ("addition waits",), ("-ffast-math",)),
    Planted("column_walk.c", "stride", ("columns", "xchange the loops")),
    Planted("aliasing.c", "aliasing", ("overlap", "restrict")),
    Planted("overlap.c", "overlap", ("where they do", "loop of its own")),
    Planted("call.cpp", "call", ("calls weight",)),
    Planted("early_exit.c", "early_exit", ("left at any element",)),
    Planted("branch.cpp", "branch", ("line 9", "50 %")),
    Planted("indirect.c", "indirect", ("order of an index",)),
    Planted("division.c", "division", ("line 8",)),
    Planted("memory.c", "memory", ("67 MB",)),
    Planted("bit_writer.c", "bits", ("bit by bit, 8 steps", "in a word")),
    Planted("lookup.c", "memory", ("waits for memory",)),
    Planted("page_faults.cpp", "page_faults", ("filled",)),
    Planted("chase.cpp", "pointer_chase", ("place of the next",)),
    Planted("library.c", "library", ("exp of libm", "called in kernel"), link=("-lm",)),
    Planted("spills.c", "spills", ("stack",)),
    Planted("short_trips.c", "short_trips", ("3.0 times an entry",)),
    Planted("near_roof.c", "near_roof", ("ittle to gain",), flags=("-march=native",)),
    Planted("unoptimised.c", "unoptimised", ("unoptimised.c", "(-O0)"), flags=("-O0",)),
    Planted("narrow.c", "narrow", ("vectors of 128 bits",), ("-march=native",)),
    Planted("subnormal.c", "subnormal", ("subnormal", "-mdaz-ftz"), ("-mdaz-ftz",)),
    Planted("tiny_bias.c", "subnormal", ("2e-39f in line 10",), ("-mdaz-ftz",)),
    Planted("shuffles.c", "shuffles", ("6 of the 25 instructions", "structure of arrays")),
    Planted("widened.c", "widened", ("elements of 1 byte are widened to 8",)),
    Planted("dispatch.c", "dispatch", ("interpreter", "-fprofile-use")),
    Planted("calls.cpp", "calls", ("sum is called 40.9 million times", "calls itself")),
    Planted("handlers.cpp", "calls", ("std::function", "filtered (handlers.cpp:9)", "template")),
    Planted(
        "waiting.c",
        "waiting",
        ("parallel loops in main", "one parallel region"),
        link=("-fopenmp",),
    ),
    Planted("store_forward.cpp", "store_forward", ("by 1 byte is soon loaded by 8",)),
    Planted("tree.cpp", "container", ("a tree", "called in main (tree.cpp:11)")),
    Planted("hash.cpp", "container", ("a hash table", "open addressing")),
    Planted("collisions.cpp", "container", ("keys collide", "mix the bits")),
    Planted("virtual.cpp", "virtual_calls", ("virtual.cpp:41 goes to 3 functions", "by type")),
    Planted("scan.c", "scan", ("running value",)),
    Planted("transpose.c", "stride", ("in blocks of both",)),
    Planted("shared.cpp", "atomic", ("shared_ptr by reference",)),
    Planted("conversions.c", "conversions", ("8 of the 23 instructions", "0.5f")),
    Planted("histogram.c", "dependence", ("several tables",)),
    Planted("bits.c", "bits", ("bit by bit, 8 steps", "a table of bytes")),
    Planted("copies.cpp", "copies", ("objects of std::string are copied", "called in main")),
    Planted("insertions.cpp", "copies", ("insertion into a std::vector",)),
    Planted("boards.cpp", "copies", ("objects of 2084 bytes", "by value in boards.cpp", "const &")),
    Planted("sums.cpp", "copies", ("each + of std::strings", "s += x", "main (sums.cpp:11)")),
    Planted("exceptions.cpp", "exceptions", ("240000 exceptions", "number (exceptions.cpp:10)")),
    Planted("streams.cpp", "streams", ("sync_with_stdio(false)", "main (streams.cpp:17)")),
    Planted("long_double.c", "long_double", ("x87",)),
    Planted("carried.cpp", "dependence", ("(length[i][j - 1])", "diagonals")),
    Planted("tiny.c", "too_short", ("too short to say",)),
)
#: Its cost is seen only where two processors do not share a first-level cache, and both are idle.
FALSE_SHARING = Planted(
    "false_sharing.cpp", "false_sharing", ("false sharing", "alignas(64)"), link=("-pthread",)
)
