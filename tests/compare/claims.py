"""What each rule claims of a loop, said once more, apart from the rule: what its row must bear out.

A row's columns are those of a `LoopDiff`. What a column does not know bears anything out.
"""

from __future__ import annotations

from collections.abc import Callable

from corr.compare.difference import LoopDiff
from corr.compare.judged import Hypothesis
from corr.compare.side import Side

Claim = Callable[[LoopDiff], bool]


def less(low: float | None, high: float | None) -> bool:
    """`low` is below `high`, or one of them is not known."""
    return low is None or high is None or low < high


def at_most(low: float | None, high: float | None) -> bool:
    return low is None or high is None or low <= high


def not_slower(loop: LoopDiff) -> bool:
    return loop.verdict != "slower" and (loop.time is None or loop.time.value < 1.3)


def not_faster(loop: LoopDiff) -> bool:
    return loop.verdict != "faster" and (loop.time is None or loop.time.value > 1 / 1.3)


def differs(loop: LoopDiff) -> bool:
    return loop.verdict in ("faster", "slower")


def slow_side(loop: LoopDiff) -> Side:
    return loop.b if loop.verdict == "slower" else loop.a


def same_code(loop: LoopDiff) -> bool:
    return not loop.code_changed and loop.a.instructions == loop.b.instructions


def same_work(loop: LoopDiff) -> bool:
    return loop.a.iterations == loop.b.iterations


def lost(loop: LoopDiff) -> bool:
    return not_faster(loop)


def undecided(loop: LoopDiff) -> bool:
    """A branch on the data goes either way now and then, on a side at least."""
    known = [s.undecided for s in loop.sides if s.undecided is not None]
    return not known or max(known) >= 0.01


def vectorised(loop: LoopDiff) -> bool:
    b = loop.b
    reached = at_most(b.vector_width, b.trip_count) and less(0.01, b.vector_share)
    return bool(b.vector_width) and reached and not_slower(loop)


def vectors_not_reached(loop: LoopDiff) -> bool:
    """On the side that takes longer, if any does."""
    wide = max(
        loop.sides, key=lambda s: s.vector_width * (s.interleave or 1) if s.vector_width else 1
    )
    elements = (wide.vector_width or 1) * (wide.interleave or 1)
    slow_side = not_faster(loop) if wide is loop.b else not_slower(loop)
    return less(wide.trip_count, elements) and at_most(wide.vector_share, 0.1) and slow_side


def one_side_only(column: str) -> Claim:
    """One side has none of it, the other some."""

    def claim(loop: LoopDiff) -> bool:
        low, high = sorted(getattr(side, column) or 0 for side in loop.sides)
        return low == 0 < high

    return claim


def with_more_is_slower(column: str) -> Claim:
    def claim(loop: LoopDiff) -> bool:
        a, b = (getattr(side, column) or 0 for side in loop.sides)
        return a != b and (not_faster(loop) if b > a else not_slower(loop))

    return claim


def work(loop: LoopDiff) -> bool:
    a, b = (side.iterations or 0 for side in loop.sides)
    return loop.verdict != "same" and a != b and (not_faster if b > a else not_slower)(loop)


def stored_and_loaded(loop: LoopDiff) -> bool:
    counts = [(side.stalled or 0, side.forwarded or 0) for side in loop.sides]
    return counts[0] != counts[1] and (not_faster if counts[1] > counts[0] else not_slower)(loop)


#: Rule → what holds of each row that it speaks of.
CLAIMS: dict[str, tuple[Claim, ...]] = {
    "access_pattern": (with_more_is_slower("sparsity"),),
    "alignment": (same_code, same_work),
    "atomics": (one_side_only("atomics"), with_more_is_slower("atomics")),
    "back_end": (differs, lambda loop: not loop.remarks),
    "branch_data": (same_code, same_work, differs, undecided),
    "branches_to_selects": (
        not_slower,
        undecided,
        lambda loop: less(loop.b.jumped, loop.a.jumped),
    ),
    "calls_added": (not_faster, lambda loop: less(loop.a.called, loop.b.called)),
    "calls_removed": (not_slower, lambda loop: less(loop.b.called, loop.a.called)),
    "container": (lambda loop: (loop.a.loop is None) != (loop.b.loop is None),),
    "conversions": (one_side_only("conversions"), with_more_is_slower("conversions")),
    "deleted": (lambda loop: (loop.a.instructions is None) != (loop.b.instructions is None),),
    "denormals": (lambda loop: bool(loop.b.float_operations or loop.b.double_operations),),
    "dependency_chain": (lambda loop: "dependencies" in (loop.a.bound, loop.b.bound), differs),
    "division_added": (not_faster, lambda loop: not loop.a.divided and bool(loop.b.divided)),
    "division_removed": (not_slower, lambda loop: not loop.b.divided and bool(loop.a.divided)),
    "element_width": (lambda loop: bool(loop.a.float_operations or loop.a.double_operations),),
    "false_sharing": (same_code, same_work),
    "fast_math": (not_slower,),
    "fresh_memory": (same_code, differs, lambda loop: bool(loop.b.memory_accesses)),
    "fused": (lambda loop: loop.a.fmas == 0, lambda loop: bool(loop.b.fmas)),
    "gathers_no_gain": (
        lambda loop: loop.verdict != "faster",
        lambda loop: less(0.09, loop.b.vector_share),
        one_side_only("gathers"),
    ),
    "hoisted": (not_slower, lambda loop: at_most(loop.b.accessed, loop.a.accessed)),
    "indirect_access": (not_faster,),
    "inlined": (not_slower, lambda loop: loop.a.called != 0),
    "inlining_lost": (
        not_faster,
        lambda loop: loop.b.called != 0,
        lambda loop: less(loop.a.called, loop.b.called),
    ),
    "instrumented": (),
    "interchanged": (),
    "layout": (same_code, differs, lambda loop: loop.a.head != loop.b.head),
    "library_call": (),
    "load_not_hoisted": (not_faster, lambda loop: at_most(loop.a.accessed, loop.b.accessed)),
    "machine": (same_code, differs),
    "off_critical_path": (lambda loop: not differs(loop),),
    "other_run": (),
    "allocator": (),
    "page_faults": (),
    "system_calls": (),
    "library_calls": (),
    "function_atomics": (),
    "called_by_pointer": (),
    "exceptions": (),
    "checks_added": (not_faster, lambda loop: less(loop.a.branches, loop.b.branches)),
    "pointer_chase": (with_more_is_slower("chased"),),
    "prefetched": (one_side_only("prefetches"),),
    "profile_guided": (),
    "register_pressure": (not_faster, lambda loop: less(loop.a.spilled, loop.b.spilled)),
    "runtime_checks": (not_faster, lambda loop: at_most(loop.b.trip_count, 1000)),
    "selects_to_branches": (
        not_faster,
        undecided,
        lambda loop: less(loop.a.jumped, loop.b.jumped),
    ),
    "set_conflicts": (differs, lambda loop: at_most(8, slow_side(loop).trip_count)),
    "slp_vectorised": (not_slower,),
    "store_forwarding": (stored_and_loaded,),
    "subnormal_data": (same_code, same_work, differs),
    "tiled": (not_slower,),
    "unoptimised": (),
    "unrolled": (
        not_slower,
        lambda loop: less(loop.b.jumped, loop.a.jumped),
        lambda loop: at_most(loop.b.unroll, loop.b.trip_count),
    ),
    "unswitched": (not_slower,),
    "vector_body_not_reached": (vectors_not_reached,),
    **{
        f"vectorisation_lost_{why}": (lost,)
        for why in ("aliasing", "call", "control_flow", "cost_model", "dependence", "float_order")
    },
    "vectorisation_off": (not_faster,),
    "vectorised": (vectorised,),
    "volatile_access": (),
    "wider_vectors": (lambda loop: less(1, loop.a.vector_bits),),
    "wider_vectors_no_gain": (lambda loop: loop.verdict != "faster",),
    "work": (work,),
}


#: Words of any sentence → what holds of each row beside which they may stand.
WORDS: dict[str, Claim] = {
    "no vectors": lambda loop: (loop.b.vector_width or 1) == 1,
    "no longer vectorised": lambda loop: (loop.b.vector_width or 1) == 1,
    "vectorised now": lambda loop: (loop.b.vector_width or 1) > 1,
    "no longer divides": lambda loop: not loop.b.divided,
    "neither code nor": lambda loop: not loop.code_changed and loop.a.stride == loop.b.stride,
}


def contradicted(loop: LoopDiff, hypothesis: Hypothesis) -> bool:
    """A column of the loop's own row refutes what is said of it."""
    words = [claim for text, claim in WORDS.items() if text in hypothesis.says]
    if not all(claim(loop) for claim in words):
        return True
    return not all(claim(loop) for claim in CLAIMS[hypothesis.name])
