"""Basic blocks and natural loops of disassembled functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Kinds of control transfer, as the disassembly shows them.
FALL, BRANCH, JUMP, INDIRECT, STOP = range(5)


@dataclass(frozen=True)
class Step:
    """One instruction as control flow sees it: its address, what it does, and where it may go."""

    address: int
    transfer: int = FALL
    target: int | None = None


@dataclass(frozen=True)
class MachineLoop:
    """A natural loop of machine code; blocks are named by their first instruction's address."""

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


def natural_loops(steps: Sequence[Step]) -> list[MachineLoop]:
    """Natural loops of a function, found from its dominator tree (loops of one header merged).

    The targets of an indirect jump are not in the disassembly: it may go to any block that
    nothing else reaches, which is how the cases of a jump table look.
    """
    if not any(s.target is not None and s.target <= s.address for s in steps):
        return []
    leaders = block_leaders(steps)
    successors = _successors(steps, leaders)
    order = _reverse_postorder(leaders[0], successors)
    dominator = _dominators(order, successors)
    bodies: dict[int, set[int]] = {}
    predecessors = _predecessors(order, successors)
    for block in order:
        for target in successors[block]:
            if target in dominator and _dominates(target, block, dominator):
                bodies.setdefault(target, {target}).update(_body(block, target, predecessors))
    return _nest(bodies)


def _successors(steps: Sequence[Step], leaders: list[int]) -> dict[int, list[int]]:
    starts = set(leaders)
    last: dict[int, Step] = {}
    block = leaders[0]
    for step in steps:
        if step.address in starts:
            block = step.address
        last[block] = step
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
        orphans = [b for b in leaders if b not in reached]
        for block in jumping:
            successors[block] = orphans
    return successors


def _reverse_postorder(entry: int, successors: dict[int, list[int]]) -> list[int]:
    seen = {entry}
    postorder = []
    stack = [(entry, iter(successors[entry]))]
    while stack:
        block, rest = stack[-1]
        for target in rest:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(successors[target])))
                break
        else:
            postorder.append(block)
            stack.pop()
    return postorder[::-1]


def _predecessors(order: list[int], successors: dict[int, list[int]]) -> dict[int, list[int]]:
    predecessors: dict[int, list[int]] = {b: [] for b in order}
    for block in order:
        for target in successors[block]:
            predecessors[target].append(block)
    return predecessors


def _dominators(order: list[int], successors: dict[int, list[int]]) -> dict[int, int]:
    """Immediate dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"."""
    rank = {block: i for i, block in enumerate(order)}
    predecessors = _predecessors(order, successors)
    dominator = {order[0]: order[0]}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            best = None
            for before in predecessors[block]:
                if before in dominator:
                    best = before if best is None else _meet(before, best, dominator, rank)
            if best is not None and dominator.get(block) != best:
                dominator[block] = best
                changed = True
    return dominator


def _meet(a: int, b: int, dominator: dict[int, int], rank: dict[int, int]) -> int:
    while a != b:
        while rank[a] > rank[b]:
            a = dominator[a]
        while rank[b] > rank[a]:
            b = dominator[b]
    return a


def _dominates(a: int, b: int, dominator: dict[int, int]) -> bool:
    while b != a:
        above = dominator[b]
        if above == b:
            return False
        b = above
    return True


def _body(latch: int, header: int, predecessors: dict[int, list[int]]) -> set[int]:
    body = {header, latch}
    todo = [latch] if latch != header else []
    while todo:
        for before in predecessors[todo.pop()]:
            if before not in body:
                body.add(before)
                todo.append(before)
    return body


def _nest(bodies: dict[int, set[int]]) -> list[MachineLoop]:
    loops = []
    for header, body in bodies.items():
        around = sum(1 for h, b in bodies.items() if h != header and header in b)
        holds = any(h != header and h in body for h in bodies)
        loops.append(MachineLoop(header, frozenset(body), around + 1, not holds))
    return sorted(loops, key=lambda loop: loop.header)
