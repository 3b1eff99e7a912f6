"""Compiler flags as candidates like any other, each with what speaks for it."""

from __future__ import annotations

from collections.abc import Iterator

from corr.lake import RunInfo
from corr.optimize.moves import Flags
from corr.optimize.proposal import Proposal

NATIVE = ("-O3", "-march=native")


def base_flags(run_flags: list[str]) -> tuple[str, ...]:
    """-O3 for this machine, but for what the program's own flags settle already."""
    if any(f.startswith(("-march=", "-mcpu=")) for f in run_flags):
        return ("-O3",)
    return NATIVE


def proposals(run: RunInfo) -> Iterator[Proposal]:
    """This machine's instructions, then Polly."""
    flags = base_flags(list(run.facts.get("flags") or ()))
    yield Proposal(
        (Flags(flags),),
        "the program was built for any x86-64: this machine has wider vectors and fused "
        "multiply-add",
        "rules",
        1.1,
        from_original=True,
        trusted=True,
    )
    yield Proposal(
        (Flags((*flags, "-mllvm", "-polly")),),
        "Polly tiles and exchanges the loops of affine nests",
        "rules",
        1.5,
        from_original=True,
        trusted=True,
    )


def refinements(run: RunInfo) -> Iterator[Proposal]:
    """Flags worth a try on top of the best, whatever it is."""
    for flags, reason in _LATE:
        yield Proposal((Flags(flags),), reason, "rules", 1.05, trusted=True)


_LATE = (
    (("-mprefer-vector-width=512",), "the compiler uses half of each vector register by default"),
    (("-mprefer-vector-width=256",), "narrower vectors are sometimes the better bargain"),
    (("-fno-slp-vectorize",), "straight-line code is sometimes packed at a loss"),
    (("-fno-vectorize",), "short or strided loops are sometimes vectorised at a loss"),
    (("-funroll-loops",), "more iterations in flight"),
)
