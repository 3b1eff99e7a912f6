"""Pairs of small programs that differ in one planted cause: tests/causes/NAME/{a,b}.c.

A pair of one source has a.c alone, built with two sets of flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
VECTOR = "-O2 -mavx512f -mavx512vl -mavx512dq"


@dataclass(frozen=True)
class Cause:
    """A planted cause: how both sides are built, and what corr is to say of the loop.

    `rule` None: there is nothing to explain. `verdict` is given where the time is sure to move.
    """

    name: str
    rule: str | None
    verdict: str | None = None
    a: str = "-O2"
    b: str = "-O2"
    loop: str = "kernel/1"
    more_b: tuple[str, ...] = ()

    def files(self, side: str) -> list[str]:
        """The sources of a side, relative to the folder of the pair."""
        own = f"{side}.c" if (FOLDER / self.folder / f"{side}.c").exists() else "a.c"
        return [own, *(self.more_b if side == "b" else ())]

    def flags(self, side: str) -> list[str]:
        return (self.a if side == "a" else self.b).split()

    @property
    def folder(self) -> str:
        return self.name.split(":")[0]


CAUSES = (
    Cause("axpy:vectorise", "vectorised", "faster", a="-O2 -fno-vectorize"),
    Cause("axpy:o1", "vectorised", "faster", a="-O1"),
    Cause("axpy:o0", "unoptimised", "slower", b="-O0"),
    Cause("axpy:nothing", None, "same"),
    Cause("axpy:wider", "wider_vectors", "faster", b="-O2 -mavx2"),
    Cause(
        "triad:wider",
        "wider_vectors_no_gain",
        a=f"{VECTOR} -mprefer-vector-width=128",
        b=f"{VECTOR} -mprefer-vector-width=512",
    ),
    Cause("double_sum:fast_math", "fast_math", "faster", b="-O2 -ffast-math"),
    Cause("sum_of_floats", "vectorisation_lost_float_order", "slower"),
    Cause("call", "vectorisation_lost_call", "slower", more_b=("weight.c",)),
    Cause("inlining", "inlining_lost", "slower"),
    Cause("inlining:flag", "inlined", "faster", a="-O2 -fno-inline"),
    Cause("column_walk", "access_pattern", "slower", loop="kernel/1.1"),
    Cause("interchange", "interchanged", "faster", loop="kernel/1.1"),
    Cause("array_of_structs", "access_pattern", "slower"),
    Cause("indirect", "indirect_access", "slower"),
    Cause(
        "alignment",
        "alignment",
        a="-O2 -mavx512f -mprefer-vector-width=512",
        b="-O2 -mavx512f -mprefer-vector-width=512",
    ),
    Cause("unroll", "unrolled", "faster", a="-O2 -fno-vectorize", b="-O2 -fno-vectorize"),
    Cause("spills", "register_pressure"),
    Cause("early_exit", "vectorisation_lost_control_flow", "slower"),
    Cause("dependence", "vectorisation_lost_dependence", "slower"),
    Cause("aliasing", "vectorisation_lost_aliasing", loop="kernel/1.1"),
    Cause("short_trips", "runtime_checks"),
    Cause("vectorize_disable", "vectorisation_off", "slower"),
    Cause("load_not_hoisted", "load_not_hoisted", a="-O2 -fno-vectorize", b="-O2 -fno-vectorize"),
    Cause("division", "division_removed", "faster"),
    Cause(
        "branches", "branches_to_selects", "faster", a="-O2 -fno-vectorize", b="-O2 -fno-vectorize"
    ),
    Cause("element_type", "element_width", "slower"),
    Cause("zero_fill:builtin", "library_call", a="-O2 -fno-builtin"),
    Cause("work", "work", "slower", loop="kernel/1.1"),
    Cause("off_critical_path", "off_critical_path"),
    Cause("volatile", "volatile_access", "slower"),
    Cause("atomic", "atomics", "slower"),
    Cause("denormals", "denormals", "faster"),
    Cause("chain", "dependency_chain", "faster"),
    Cause("horner:fma", "fused", "faster", b="-O2 -mfma -ffp-contract=fast"),
    Cause("pixels:slp", "slp_vectorised", "faster", a="-O2 -fno-slp-vectorize"),
    Cause("deleted", "deleted"),
    Cause("transpose", "tiled", loop="kernel/1.1"),
    Cause("prefetch", "prefetched", "faster"),
)
