"""Pairs of small programs that differ in one planted cause: NAME/{a,b}.c or .cpp."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corr.program.model import Run

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Cause:
    """A planted cause: how both sides are built, and what corr is to say of the loop.

    `rule` None: there is nothing to explain. `verdict` is given where the time is sure to move that way.
    A name `FOLDER:WHAT` builds a.c of the folder twice, with different flags, or runs it in two ways
    (`args`, `env`, `stdin` in the folder). `profiled`: b is built by a profile of a. Of a place that
    is no loop, `loop` is its name.
    """

    name: str
    rule: str | None
    verdict: str | None = None
    a: str = "-O2"
    b: str = "-O2"
    loop: str = "kernel/1"
    more_b: tuple[str, ...] = ()
    args: tuple[str, str] = ("", "")
    env_b: tuple[tuple[str, str], ...] = ()
    stdin: tuple[str, str] | None = None
    profiled: bool = False

    @property
    def folder(self) -> Path:
        return FOLDER / self.name.split(":")[0]

    def files(self, side: str) -> list[str]:
        """The sources of a side, relative to the folder of the pair."""
        stem = "a" if ":" in self.name else side
        own = next(f.name for f in self.folder.iterdir() if f.name in (f"{stem}.c", f"{stem}.cpp"))
        return [own, *(self.more_b if side == "b" else ())]

    def run(self, side: str) -> Run:
        at = "ab".index(side)
        return Run(
            args=tuple(self.args[at].split()),
            env=dict(self.env_b) if side == "b" else {},
            stdin=self.folder / self.stdin[at] if self.stdin else None,
            directory=self.folder,
        )

    def flags(self, side: str) -> list[str]:
        return (self.a if side == "a" else self.b).split()


TREE = (
    "std::_Rb_tree<unsigned int, std::pair<unsigned int const, int>, std::_Select1st<std::pair<"
    "unsigned int const, int>>, std::less<unsigned int>, std::allocator<std::pair<unsigned int "
    "const, int>>>::_M_lower_bound(std::_Rb_tree_node<std::pair<unsigned int const, int>>*, std"
    "::_Rb_tree_node_base*, unsigned int const&)/1"
)
SCALAR = "-O2 -fno-vectorize"
CHECKED = "-O2 -fsanitize=signed-integer-overflow -fsanitize-trap=all"
WIDE = "-O2 -mavx512f -mavx512vl -mprefer-vector-width="

FAULTS, ALLOCATOR = "(kernel page faults)", "(library malloc, free)"
NUMBERS = "std::vector<double, std::allocator<double>>"
FUNCTOR = f"double sum_of<double (*)(double)>({NUMBERS} const&, double (*)(double))/1"
PACKET = "Packet::sum(unsigned char const*, int)"

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
    Cause("volatile", "volatile_access", "slower", a=SCALAR, b=SCALAR),
    Cause("work", "work", loop="kernel/1.1"),
    # the data, the run, the build: what no remark tells
    Cause("settled_filter", "subnormal_data", "slower"),
    Cause("echoes", "subnormal_data", "slower", loop="Reverb::step()/1"),
    Cause("padded_rows", "set_conflicts", "slower"),
    Cause("signal_bank", "set_conflicts", "slower"),
    Cause("unsorted", "branch_data", "slower"),
    Cause("odd_numbers", "branch_data", "slower"),
    Cause("asked_for:arguments", "other_run", "slower", args=("4000000", "12000000")),
    Cause("asked_for:variable", "other_run", "slower", env_b=(("KERNEL_SIZE", "12000000"),)),
    Cause(
        "asked_for:input",
        "other_run",
        "slower",
        args=("1000000 -", "1000000 -"),
        stdin=("small.txt", "large.txt"),
    ),
    Cause("message", "store_forwarding", "slower"),
    Cause("packet", "store_forwarding", "slower", loop=f"{PACKET}/1"),
    Cause("lookup:gather", "gathers_no_gain", a=SCALAR, b=f"{WIDE}512"),
    Cause("palette:gather", "gathers_no_gain", a=SCALAR, b=f"{WIDE}512"),
    Cause("few_pixels:vectorise", "vector_body_not_reached", a=SCALAR),
    Cause("short_rows:wide", "vector_body_not_reached", a=SCALAR, b=f"{WIDE}512"),
    Cause("state_machine:profile", "profile_guided", profiled=True),
    Cause("shapes:profile", "profile_guided", profiled=True),
    Cause("state_machine:checked", "instrumented", b=CHECKED),
    Cause("fresh_buffer", "page_faults", loop=FAULTS),
    Cause("film", "page_faults", loop=FAULTS),
    Cause("digits", "allocator", loop=ALLOCATOR),
    Cause("short_lists", "allocator", loop=ALLOCATOR),
    Cause("placement", None),
    # C++, of the kinds above
    Cause("checked_access", "off_critical_path"),
    Cause("functor", "inlining_lost", "slower", loop=FUNCTOR),
    Cause("list", "pointer_chase"),
    Cause("ring", "division_removed", "faster", loop="Ring::walk(unsigned int) const/1"),
    Cause("shared_counters", "atomics", "slower"),
    Cause("signal", "element_width", "slower"),
    Cause("byte_store", "vectorised", "faster", loop="Image::brighten()/1"),
    Cause("counted", "container", loop=TREE),
    Cause("flushed", "system_calls", loop="(kernel input and output)"),
    Cause("dice", "library_calls", loop="(library __random)"),
)
