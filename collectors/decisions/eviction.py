"""Register allocation: which live range to evict, asked through the same kind of channel.

Of each of up to 32 registers that could be freed for a live range, and of the live range itself
(the last place), the compiler sends features in arrays of 33; `mask` says which may be chosen.
It does not tell what its own heuristic would do: there is no default to trace or to clone.
"""

from __future__ import annotations

from pathlib import Path

#: The array that says what may be chosen.
MASK = "mask"


def flags(base: Path) -> list[str]:
    """Flags of `clang -cc1` (or clang) that let a host at `base` decide what is evicted."""
    options = (
        "-regalloc-enable-advisor=release",
        f"-regalloc-evict-interactive-channel-base={base}",
    )
    return [word for option in options for word in ("-mllvm", option)]
