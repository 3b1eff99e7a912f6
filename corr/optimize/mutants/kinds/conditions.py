"""A condition on data is turned round: what was done where it holds is done where it does not."""

from __future__ import annotations

from collections.abc import Iterator

from corr.optimize.mutants.flow import loaded
from corr.optimize.mutants.region import Mutation, Region


def turned(region: Region) -> Iterator[Mutation]:
    """The branches of an `if` change places. Conditions that end a loop stay as they are."""
    for depth, instruction in region.instructions():
        if instruction.opcode != "br" or len(instruction.operands) != 3:
            continue
        condition, one, two = instruction.operands
        if _ends_a_loop(region, one, two) or not _of_data(region, condition):
            continue
        line = region.line(instruction.number)
        new = line.replace(f"label %{one}, label %{two}", f"label %{two}, label %{one}")
        if new != line:
            says = "a condition is turned round"
            yield Mutation({instruction.number: [new]}, instruction.number, says, depth)


def _ends_a_loop(region: Region, one: str, two: str) -> bool:
    return any((one in loop.blocks) != (two in loop.blocks) for loop in region.loops)


def _of_data(region: Region, condition: str) -> bool:
    """The condition compares numbers of which one, at least, was read from memory."""
    made = region.flow.made.get(condition)
    if made is None or made.opcode not in ("icmp", "fcmp"):
        return False
    if made.opcode == "fcmp" or region.called:
        return made.opcode == "fcmp"
    for name in made.operands:
        value = region.flow.made.get(name)
        source = loaded(value) if value is not None else None
        if source is not None and not region.flow.variable(source):
            return True
    return False
