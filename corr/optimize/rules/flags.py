"""Compiler flags as candidates like any other, each with what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator

from corr.lake.store import RunInfo
from corr.optimize.moves.flags import Flags
from corr.optimize.proposal import Proposal

NATIVE = ("-O3", "-march=native")


def base_flags(run_flags: list[str]) -> tuple[str, ...]:
    """-O3 for this machine, but for what the program's own flags settle already."""
    if any(f.startswith(("-march=", "-mcpu=")) for f in run_flags):
        return ("-O3",)
    return NATIVE


def proposals(
    run: RunInfo, *, reassociation: bool = False
) -> Iterator[tuple[tuple[str, ...], Proposal]]:
    """This machine's instructions, with and without fused multiply-add; then Polly.

    With `reassociation` also sums in any order.
    """
    flags = base_flags(list(run.facts.flags))
    for more, expected, reason in (*_FIRST, *(_INEXACT if reassociation else ())):
        move = Flags((*flags, *more))
        base = "-polly" not in more
        yield (
            (*flags, *more),
            Proposal(
                (move,), reason, "rules", expected, from_original=True, base=base, trusted=True
            ),
        )


def refinements() -> Iterator[Proposal]:
    """Flags worth a try on top of the best, whatever it is."""
    for flags, reason in _LATE:
        yield Proposal((Flags(flags),), reason, "rules", 1.05, trusted=True)


_FIRST = (
    ((), 1.1, "the program was built for any x86-64: this machine has wider vectors"),
    (
        ("-ffp-contract=off",),
        1.1,
        "the same, but a chain of additions waits longer for fused multiply-adds",
    ),
    (("-mllvm", "-polly"), 1.5, "Polly tiles and exchanges the loops of affine nests"),
)
_INEXACT = ((("-ffast-math",), 2.0, "sums may be reordered: vectors, and several at once"),)
_LATE = (
    (("-mprefer-vector-width=512",), "the compiler uses half of each vector register by default"),
    (("-mprefer-vector-width=256",), "narrower vectors are sometimes the better bargain"),
    (("-fno-slp-vectorize",), "straight-line code is sometimes packed at a loss"),
    (("-fno-vectorize",), "short or strided loops are sometimes vectorised at a loss"),
    (("-funroll-loops",), "more iterations in flight"),
)
