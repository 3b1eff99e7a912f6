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
    Planted("call.cpp", "call", ("calls weight",)),
    Planted("early_exit.c", "early_exit", ("left at any element",)),
    Planted("branch.cpp", "branch", ("line 9", "50 %")),
    Planted("indirect.c", "indirect", ("order of an index",)),
    Planted("division.c", "division", ("line 8",)),
    Planted("memory.c", "memory", ("67 MB",)),
    Planted("page_faults.cpp", "page_faults", ("anew in filled",)),
    Planted("chase.cpp", "pointer_chase", ("place of the next",)),
    Planted("library.c", "library", ("exp of libm", "called in kernel"), link=("-lm",)),
    Planted("spills.c", "spills", ("stack",)),
    Planted("short_trips.c", "short_trips", ("3.0 times an entry",)),
    Planted("near_roof.c", "near_roof", ("ittle to gain",)),
    Planted("tiny.c", "too_short", ("too short to say",)),
)
