"""Pairs of small programs that differ in one planted cause: tests/causes/NAME/{a,b}.c."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Cause:
    """A planted cause: how both sides are built, and what corr is to say of the loop.

    `rule` None: there is nothing to explain. `verdict` is given where the time is sure to move that way.
    A name `FOLDER:WHAT` builds a.c of the folder twice, with different flags.
    """

    name: str
    rule: str | None
    verdict: str | None = None
    a: str = "-O2"
    b: str = "-O2"
    loop: str = "kernel/1"
    more_b: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return FOLDER / self.name.split(":")[0]

    def files(self, side: str) -> list[str]:
        """The sources of a side, relative to the folder of the pair."""
        own = "a.c" if ":" in self.name else f"{side}.c"
        return [own, *(self.more_b if side == "b" else ())]

    def flags(self, side: str) -> list[str]:
        return (self.a if side == "a" else self.b).split()


SCALAR = "-O2 -fno-vectorize"
WIDE = "-O2 -mavx512f -mavx512vl -mprefer-vector-width="

CAUSES = (
    # the same source, other flags
    Cause("axpy:nothing", None),
    Cause("axpy:vectorise", "vectorised", "faster", a=SCALAR),
    Cause("axpy:o1", "vectorised", "faster", a="-O1"),
    Cause("axpy:off", "vectorisation_off", "slower", b=SCALAR),
    Cause("axpy:o0", "unoptimised", "slower", b="-O0"),
    Cause("axpy:wider", "wider_vectors", "faster", b="-O2 -mavx2"),
    Cause("triad:wider", "wider_vectors_no_gain", a=f"{WIDE}128", b=f"{WIDE}512"),
    Cause("shifts:sse", "vectorisation_lost_cost_model", "slower", a="-O2 -mavx2"),
    Cause("double_sum:fast_math", "fast_math", "faster", b="-O2 -ffast-math"),
    Cause("horner:fma", "fused", "faster", b="-O2 -mfma -ffp-contract=fast"),
    Cause("pixels:slp", "slp_vectorised", a=f"{SCALAR} -fno-slp-vectorize", b=SCALAR),
    Cause("inlining:flag", "inlined", "faster", a="-O2 -fno-inline"),
    Cause("unswitch:o3", "unswitched", a=SCALAR, b="-O3 -fno-vectorize"),
    Cause("zero_fill:builtin", "library_call", a="-O2 -fno-builtin"),
    # another source, the same flags
    Cause("aliasing", "vectorisation_lost_aliasing"),
    Cause("alignment", "alignment", a=f"{WIDE}512", b=f"{WIDE}512"),
    Cause("array_of_structs", "access_pattern", "slower"),
    Cause("atomic", "atomics", "slower"),
    Cause("branches", "branches_to_selects", "faster", a=SCALAR, b=SCALAR),
    Cause("call", "vectorisation_lost_call", "slower", more_b=("weight.c",)),
    Cause("chain", "dependency_chain", "faster"),
    Cause("column_walk", "access_pattern", "slower", loop="kernel/1.1"),
    Cause("deleted", "deleted"),
    Cause("denormals", "denormals", "faster"),
    Cause("dependence", "vectorisation_lost_dependence", "slower"),
    Cause("division", "division_removed", "faster"),
    Cause("early_exit", "vectorisation_lost_control_flow", "slower"),
    Cause("element_type", "element_width"),
    Cause("indirect", "indirect_access", "slower"),
    Cause("inlining", "inlining_lost", "slower"),
    Cause("interchange", "interchanged", "faster", loop="kernel/1.1"),
    Cause("load_not_hoisted", "load_not_hoisted", a=SCALAR, b=SCALAR),
    Cause("off_critical_path", "off_critical_path"),
    Cause("prefetch", "prefetched"),
    Cause("short_trips", "runtime_checks"),
    Cause("spills", "register_pressure"),
    Cause("strlen", "calls_added"),
    Cause("sum_of_floats", "vectorisation_lost_float_order", "slower"),
    Cause("transpose", "tiled", "faster", loop="kernel/1.1.1.1"),
    Cause("unroll", "unrolled", "faster", a=SCALAR, b=SCALAR),
    Cause("vectorize_disable", "vectorisation_off", "slower"),
    Cause("volatile", "volatile_access"),
    Cause("work", "work", loop="kernel/1.1"),
)
