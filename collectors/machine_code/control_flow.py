"""Basic blocks and loops of disassembled functions."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.base import graph

#: Kinds of control transfer, as the disassembly shows them.
FALL, BRANCH, JUMP, INDIRECT, STOP = range(5)


@dataclass(frozen=True)
class Step:
    """One instruction as control flow sees it: its address, what it does, and where it may go.

    An `idle` one does nothing: between blocks it is padding.
    """

    address: int
    transfer: int = FALL
    target: int | None = None
    idle: bool = False


@dataclass(frozen=True)
class MachineLoop:
    """A loop of machine code; blocks are named by their first instruction's address.

    The header is where it is entered; of a cycle with several entries, the first of them.
    """

    header: int
    blocks: frozenset[int]
    depth: int
    innermost: bool


def block_leaders(steps: Sequence[Step]) -> list[int]:
    """Addresses at which a basic block starts, ascending."""
    inside = {s.address for s in steps}
    leaders = {steps[0].address} if steps else set()
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if step.target in inside and step.target is not None:
            leaders.add(step.target)
        if step.transfer != FALL and following is not None:
            leaders.add(following.address)
    return sorted(leaders)


def loops(steps: Sequence[Step]) -> list[MachineLoop]:
    """The loops of a function, those of one header merged (`graph.loops`).

    The targets of an indirect jump are not in the disassembly: it may go to any block that
    nothing else reaches, which is how the cases of a jump table look.
    """
    if not any(s.target is not None and s.target <= s.address for s in steps):
        return []
    leaders = block_leaders(steps)
    return _nest(graph.loops(leaders[0], _successors(steps, leaders)))


def hot_path(steps: Sequence[Step], header: int, samples: Mapping[int, int]) -> list[int]:
    """The blocks of a loop, without those of loops in it, that a pass most likely goes through.

    `samples` by address. From the header back to it, the way along which most of the samples lie: a
    block that is sampled half as densely as the loop's code, or less, counts against its way, so
    that what hardly runs is left out where there is another way. Empty if there is no such loop.
    """
    leaders = block_leaders(steps)
    successors = _successors(steps, leaders)
    found = {loop.header: loop.blocks for loop in loops(steps)}
    if header not in found:
        return []
    inner = [blocks for h, blocks in found.items() if h != header and h in found[header]]
    around = {block: blocks for blocks in sorted(inner, key=len) for block in blocks}
    # a loop inside is one step on the way, with nothing of its own
    outer = {b: min(around[b]) if b in around else b for b in found[header]}
    size: Counter[int] = Counter()
    weight: Counter[int] = Counter()
    for step in steps:
        block = leaders[bisect_right(leaders, step.address) - 1]
        if block in found[header] and block not in around:
            size[block] += 1
            weight[block] += samples.get(step.address, 0)
    least = 0.5 * sum(weight.values()) / max(1, sum(size.values()))
    score = {b: weight[b] - least * size[b] for b in size}
    ways: dict[int, list[int]] = {}
    for block in found[header]:
        here = ways.setdefault(outer[block], [])
        for target in successors[block]:
            if target in found[header] and outer[target] != outer[block]:
                here.append(outer[target])
    path = graph.heaviest_cycle(outer[header], ways, score)
    return [block for block in path if block in size]


def _successors(steps: Sequence[Step], leaders: list[int]) -> dict[int, list[int]]:
    starts = set(leaders)
    last: dict[int, Step] = {}
    busy: set[int] = set()
    block = leaders[0]
    for step in steps:
        if step.address in starts:
            block = step.address
        last[block] = step
        if not step.idle:
            busy.add(block)
    successors: dict[int, list[int]] = {}
    for position, leader in enumerate(leaders):
        end = last[leader]
        following = leaders[position + 1] if position + 1 < len(leaders) else None
        targets = []
        if end.transfer in (BRANCH, JUMP) and end.target in starts and end.target is not None:
            targets.append(end.target)
        if end.transfer in (FALL, BRANCH) and following is not None:
            targets.append(following)
        successors[leader] = targets
    jumping = [b for b in leaders if last[b].transfer == INDIRECT]
    if jumping:
        reached = {t for targets in successors.values() for t in targets} | {leaders[0]}
        cases = [b for b in leaders if b not in reached]
        for block in jumping:
            successors[block] = [b for b in cases if b in busy]
        # padding is where a case begins if what comes after it is not reached but by itself
        for padding in (b for b in cases if b not in busy):
            if not set(successors[padding]) <= graph.reached(leaders[0], successors):
                for block in jumping:
                    successors[block].append(padding)
    return successors


def _nest(bodies: dict[int, set[int]]) -> list[MachineLoop]:
    loops = []
    for header, body in bodies.items():
        around = sum(1 for h, b in bodies.items() if h != header and header in b)
        holds = any(h != header and h in body for h in bodies)
        loops.append(MachineLoop(header, frozenset(body), around + 1, not holds))
    return sorted(loops, key=lambda loop: loop.header)
