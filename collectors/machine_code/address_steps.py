"""How far the address of a memory access moves in each pass of an innermost machine loop.

A register that only constants are added to moves by their sum. What happens on one path through the
body only is taken to happen in every pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from collectors.machine_code.isa import Address, InstructionSet, signed

#: How an address moves: by a constant, by a distance in a register that stays, or it is made anew.
CONSTANT, AT_RUN_TIME, COMPUTED = "constant", "at run time", "computed"
#: A number of bytes, AT_RUN_TIME or COMPUTED.
Step = int | str


def register_steps(
    code: Sequence[tuple[str, str]], instructions: InstructionSet
) -> dict[str, Step]:
    """How each register that the loop's (mnemonic, operands) rows write moves in a pass."""
    writes = [w for m, o in code for w in instructions.writes(m, o)]
    steps: dict[str, Step] = {}
    for write in writes:
        step: Step = COMPUTED
        if write.add is not None:
            step = write.add
        elif write.by is not None:
            step = AT_RUN_TIME
        steps[write.register] = _sum(steps.get(write.register, 0), step)
    moving = {register for register, step in steps.items() if step != 0}
    for write in writes:  # a distance that itself changes in the loop is no fixed distance
        if write.by in moving:
            steps[write.register] = COMPUTED
    return steps


def address_step(place: Address, steps: dict[str, Step]) -> Step:
    """How the address moves, given the steps of the loop's registers."""
    base = steps.get(place.base, 0) if place.base else 0
    index = steps.get(place.index, 0) if place.index else 0
    return _sum(base, index * place.scale if isinstance(index, int) else index)


def _sum(a: Step, b: Step) -> Step:
    if isinstance(a, int) and isinstance(b, int):
        return signed(a + b)
    return COMPUTED if COMPUTED in (a, b) else AT_RUN_TIME
