"""A loop as one of two builds has it."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Side:
    """A loop as one of the builds has it; the fields but `loop` are columns of `diff_loops`.

    `loop` is its key there, None in a build without it. `share` is of the run's samples, inner
    loops left out. `mca_cycles`, `bound` and `ipc` are llvm-mca's, of its hottest machine loop.
    What is counted from `instructions` to `double_operations` are machine instructions, but
    `called` and `divided`, places in the source: copies that unrolling made count once.
    `conversions` are those to double and back, 0 where there is one way only. `sparsity`:
    the longest step of an access over the bytes that it reads or writes, `stride` that step in
    bytes. `work`, `spilled`, `accessed` and `jumped` are instructions, accesses to the stack and to
    memory, and jumps that an iteration of the source takes in the hottest machine loop, which does
    `elements` of them in a pass and begins `head` bytes into a cache line. `vector_share` is the
    part of the samples in machine loops that work on vectors; `undecided` how often the most even
    branch on the data goes the rarer way. `forwarded` and `stalled` are loads of what the loop has
    just stored, as a whole and in parts, `chased` loads whose value is the next one's address.
    `cycles` are measured and `model_cycles` expected of an iteration.
    """

    place: str | None = None
    share: float | None = None
    samples: int | None = None
    entries: int | None = None
    iterations: int | None = None
    trip_count: float | None = None
    vector_width: int | None = None
    interleave: int | None = None
    unroll: int | None = None
    mca_cycles: float | None = None
    bound: str | None = None
    ipc: float | None = None
    vector_bits: int | None = None
    instructions: int | None = None
    stack_accesses: int | None = None
    calls: int | None = None
    divisions: int | None = None
    branches: int | None = None
    selects: int | None = None
    gathers: int | None = None
    atomics: int | None = None
    fmas: int | None = None
    memory_accesses: int | None = None
    prefetches: int | None = None
    conversions: int | None = None
    float_operations: int | None = None
    double_operations: int | None = None
    sparsity: float | None = None
    stride: int | None = None
    called: int | None = None
    divided: int | None = None
    elements: int | None = None
    work: float | None = None
    spilled: float | None = None
    accessed: float | None = None
    jumped: float | None = None
    head: int | None = None
    vector_share: float | None = None
    undecided: float | None = None
    branch_line: int | None = None
    forwarded: int | None = None
    stalled: int | None = None
    chased: int | None = None
    cycles: float | None = None
    model_cycles: float | None = None
    loop: str | None = None


#: The columns of `diff_loops` that there are for each side, with `_a` and `_b`.
SIDE_COLUMNS = tuple(f.name for f in fields(Side) if f.name != "loop")
