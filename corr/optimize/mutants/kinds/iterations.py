"""Iterations are left out: the second, the last, or all from where the loop has run long.

None of them runs further than the loop did, so that none reads or writes where it did not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from corr.optimize.mutants.flow import Instruction, loaded, stored
from corr.optimize.mutants.module import Loop
from corr.optimize.mutants.region import COUNT, Mutation, Region

_COMPARED = re.compile(r"^ (?:samesign )?(\w+) (\S+) ([^\s,]+), ([^\s,]+)$")
_CAST = ("sext", "zext", "trunc")
#: Iterations of a loop that are many.
MANY = 4


def one_dropped(region: Region) -> Iterator[Mutation]:
    """Each time the loop is entered, its second iteration does nothing but go to the next.

    The first often has nothing to do, as its index is zero.
    """
    for rank, loop in enumerate(region.loops):
        for block, _, inside, _ in region.tests(loop):
            latch = loop.latches[0]
            number = 1 if region.trips.get(loop.path, 2.0) >= 2 else 0
            if block.label != loop.header or len(loop.latches) != 1 or latch == inside:
                continue
            if region.function.blocks[latch].targets != (loop.header,) or not _steps(latch):
                continue
            if region.begins_with_phi(inside) or region.begins_with_phi(latch):
                continue
            new = region.line(block.last).replace(f"label %{inside}", "label %corr.test")
            edits = region.counted(loop)
            edits[block.last] = [
                new,
                "corr.test:",
                f"  %corr.before = load i64, ptr {COUNT}",
                "  %corr.after = add i64 %corr.before, 1",
                f"  store i64 %corr.after, ptr {COUNT}",
                f"  %corr.second = icmp eq i64 %corr.before, {number}",
                f"  br i1 %corr.second, label %{latch}, label %{inside}",
            ]
            says = f"the {('first', 'second')[number]} iteration of each entry is left out"
            yield Mutation(edits, block.last, says, rank)


def last_dropped(region: Region) -> Iterator[Mutation]:
    """The loop ends where the next test would end it."""
    for rank, loop in enumerate(region.loops):
        for block, condition, inside, _ in region.tests(loop):
            more = _next_test(region, loop, condition)
            if more is None or block.targets[0] != inside:
                continue
            branch = region.line(block.last).replace(f"i1 %{condition},", "i1 %corr.both,")
            new = [*more, f"  %corr.both = and i1 %{condition}, %corr.more", branch]
            says = "the last iteration of each entry is left out"
            yield Mutation({block.last: new}, block.last, says, rank)


def ends_early(region: Region) -> Iterator[Mutation]:
    """The loop ends after half the iterations that it took where it was measured."""
    for rank, loop in enumerate(region.loops):
        trips = region.trips.get(loop.path, 0.0)
        for block, condition, inside, outside in region.tests(loop):
            if trips < MANY or region.begins_with_phi(outside):
                continue
            most = int(trips / 2)
            goes_on = block.targets[0] == inside
            edits = region.counted(loop)
            branch = region.line(block.last).replace(f"i1 %{condition},", "i1 %corr.go,")
            compare, join = ("ult", "and") if goes_on else ("uge", "or")
            edits[block.last] = [
                f"  %corr.before = load i64, ptr {COUNT}",
                "  %corr.after = add i64 %corr.before, 1",
                f"  store i64 %corr.after, ptr {COUNT}",
                f"  %corr.test = icmp {compare} i64 %corr.before, {most}",
                f"  %corr.go = {join} i1 %{condition}, %corr.test",
                branch,
            ]
            says = f"an entry ends after {most:,} iterations, half of what was measured"
            yield Mutation(edits, block.last, says, rank)
            break


def _steps(latch: str) -> bool:
    """The block at a loop's end takes it to the next iteration, and is no part of the body."""
    return latch.strip('"').startswith(("for.inc", "omp.inner.for.inc"))


def _next_test(region: Region, loop: Loop, condition: str) -> list[str] | None:
    """What makes `%corr.more` of whether the test would hold in the next iteration too."""
    compare = region.flow.made.get(condition)
    if compare is None or compare.opcode != "icmp":
        return None
    found = _COMPARED.match(compare.rest)
    if found is None:
        return None
    predicate, kind, one, two = found.groups()
    for side in (one, two):
        made = _next_value(region, loop, side)
        if made is not None:
            lines, value = made
            operands = (value, two) if side == one else (one, value)
            last = f"  %corr.more = icmp {predicate} {kind} {operands[0]}, {operands[1]}"
            return [*lines, last]
    return None


def _next_value(region: Region, loop: Loop, operand: str) -> tuple[list[str], str] | None:
    """What computes an operand of the test as it will be in the next iteration, and its name."""
    flow = region.flow
    made = flow.made.get(operand[1:])
    cast: Instruction | None = None
    if made is not None and made.opcode in _CAST and made.operands:
        cast, made = made, flow.made.get(made.operands[0])
    if made is None or made.result is None:
        return None
    variable = loaded(made)
    step = _step(region, loop, variable) if variable is not None else None
    if step is None:
        return None
    text, taken = step
    lines = [f"  %corr.next = {_with(text, taken, made.result)}"]
    if cast is None:
        return lines, "%corr.next"
    widened = _with(f"{cast.opcode}{cast.rest}", made.result, "corr.next")
    return [*lines, f"  %corr.wide = {widened}"], "%corr.wide"


def _step(region: Region, loop: Loop, variable: str) -> tuple[str, str] | None:
    """How a loop takes a variable to its next value, and the name of the present one in that."""
    flow, blocks = region.flow, region.function.blocks
    inside = [blocks[name] for name in loop.blocks if name in blocks]
    found = []
    for store in flow.stores(variable):
        if any(b.first <= store.number <= b.last for b in inside):
            value = flow.made.get(stored(store)[0][1:])
            reads = [i.result for i in flow.loads(variable)]
            taken = [n for n in (value.operands if value else ()) if n in reads]
            if value is None or value.opcode not in ("add", "sub", "getelementptr"):
                return None
            if len(taken) != 1 or any(n in flow.made for n in value.operands if n not in taken):
                return None
            found.append((f"{value.opcode}{value.rest}", taken[0]))
    return found[0] if len(found) == 1 else None


def _with(text: str, name: str, other: str) -> str:
    return re.sub(rf"%{re.escape(name)}(?![-\w$.])", lambda _: f"%{other}", text)
