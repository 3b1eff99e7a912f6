"""The columns of `instructions` that say what each instruction is, from its text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from collectors.base.table import BOOL, INT, STRING, column
from collectors.machine_code import address_steps
from collectors.machine_code.address_sources import Made, Passes
from collectors.machine_code.address_steps import COMPUTED, CONSTANT, Step
from collectors.machine_code.isa import GATHER, KINDS, SCATTER, InstructionSet, Meaning

DESCRIBED = (
    column("kind", STRING, f"what it is for: {', '.join(KINDS)}"),
    column("vector_bits", INT, "width of the vector that it works on, 0 for none (SVE: the least)"),
    column("packed", BOOL, "arithmetic on all elements of a vector register, or (false) on one"),
    column("element", STRING, "type of an element of vector or floating-point arithmetic, as f64"),
    column("flops", INT, "floating-point operations of one execution; a fused multiply-add is two"),
    column("load_bytes", INT, "bytes read from memory; return addresses left out"),
    column("store_bytes", INT, "bytes written to memory; return addresses left out"),
    column("stack", BOOL, "reaches the stack frame: spilled values, locals, push, pop"),
    column("through", STRING, "registers that its address in memory is made of, as r9+8*rbp"),
    column("displacement", INT, "bytes that are added to them"),
    column("moves", STRING, "how that address moves in its innermost machine loop: constant, "
           "at run time (a distance in a register), computed (made anew)"),
    column("step", INT, "bytes that it moves in each pass, where that is a constant"),
    column("origin", STRING, "what a computed address, or a gather's, is made of: itself (where "
           "the load of the last pass led), loaded (an index or pointer from memory), numbers"),
)  # fmt: skip


def describe(
    code: Sequence[tuple[str, str]],
    meanings: Sequence[Meaning],
    machine_loops: Sequence[int | None],
    innermost: Collection[int],
    instructions: InstructionSet,
) -> dict[str, list[Any]]:
    """The `DESCRIBED` columns of one function's (mnemonic, operands) rows and their meanings.

    `machine_loops` has the machine loop of each row, `innermost` those that hold no other.
    """
    bodies: dict[int, list[int]] = defaultdict(list)
    for number, loop in enumerate(machine_loops):
        if loop in innermost and loop is not None:
            bodies[loop].append(number)
    stack = instructions.stack_registers(code)
    steps: dict[int, dict[str, Step]] = {}
    made: dict[int, Made] = {}
    for loop, body in bodies.items():
        within = [code[number] for number in body]
        steps[loop] = address_steps.register_steps(within, instructions)
        made |= _made(body, within, [meanings[n] for n in body], steps[loop], stack, instructions)
    rows = [
        _values(meaning, stack, None if loop is None else steps.get(loop), made.get(number))
        for number, (meaning, loop) in enumerate(zip(meanings, machine_loops, strict=True))
    ]
    names = [field.name for field in DESCRIBED]
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}


def _made(
    body: Sequence[int],
    code: Sequence[tuple[str, str]],
    meanings: Sequence[Meaning],
    steps: dict[str, Step],
    stack: Collection[str],
    instructions: InstructionSet,
) -> dict[int, Made]:
    """What the addresses of a loop's rows are made of that are made anew, and those of gathers."""
    asked = [
        (at, meaning.address)
        for at, meaning in enumerate(meanings)
        if meaning.address is not None and meaning.address.through is not None
        if meaning.kind in (GATHER, SCATTER)
        or address_steps.address_step(meaning.address, steps) == COMPUTED
    ]
    if not asked:
        return {}
    passes = Passes(code, meanings, instructions, stack)
    return {body[at]: passes.made(at, place) for at, place in asked}


def _values(
    meaning: Meaning,
    stack: Collection[str],
    steps: dict[str, Step] | None,
    made: Made | None,
) -> tuple[Any, ...]:
    place = meaning.address
    through = place.through if place else None
    step: Step | None = None
    if place is not None and through is not None and steps is not None:
        step = address_steps.address_step(place, steps)
        if step == COMPUTED and made is not None and made.step is not None:
            step = made.step
    known = made is not None and (step == COMPUTED or meaning.kind in (GATHER, SCATTER))
    return (
        *(meaning.kind, meaning.vector_bits, meaning.packed, meaning.element, meaning.flops),
        *(meaning.load_bytes, meaning.store_bytes),
        meaning.uses_stack or (place is not None and place.base in stack),
        through,
        place.offset if place else None,
        CONSTANT if isinstance(step, int) else step,
        step if isinstance(step, int) else None,
        made.origin if made is not None and known else None,
    )
