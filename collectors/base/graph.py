"""Loops of a graph of blocks: of machine code, and of IR."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence


def natural_loops(entry: int, successors: Mapping[int, Sequence[int]]) -> dict[int, set[int]]:
    """The blocks of each natural loop that is reached from the entry, by its header.

    Loops of one header are one. Found from the dominator tree.
    """
    order = _reverse_postorder(entry, successors)
    dominator = _dominators(order, successors)
    predecessors = _predecessors(order, successors)
    bodies: dict[int, set[int]] = {}
    for block in order:
        for target in successors[block]:
            if target in dominator and _dominates(target, block, dominator):
                bodies.setdefault(target, {target}).update(_body_of(block, target, predecessors))
    return bodies


def loops(entry: int, successors: Mapping[int, Sequence[int]]) -> dict[int, set[int]]:
    """The blocks of each loop that is reached from the entry, by its header.

    As `natural_loops`, with the cycles that have several entries, whose header is the entry that
    comes first in reverse postorder: a loop nesting forest as in Havlak, "Nesting of Reducible and
    Irreducible Loops" (the variant of Steensgaard, of strongly connected parts). Within such a
    cycle only loops of one entry are told apart: others would depend on which entry was chosen.
    """
    order = _reverse_postorder(entry, successors)
    rank = {block: i for i, block in enumerate(order)}
    predecessors = _predecessors(order, successors)
    bodies: dict[int, set[int]] = {}
    todo: list[tuple[set[int], int | None, bool]] = [(set(order), None, False)]
    while todo:
        within, header, entangled = todo.pop()
        # the edges back to the header are left out, so that what remains are the loops inside
        for part in _strongly_connected(within, successors, header):
            entries = [b for b in part if any(p not in part for p in predecessors[b])]
            inner = min(entries or part, key=rank.__getitem__)
            if not (entangled and len(entries) > 1):
                bodies[inner] = part
            todo.append((part, inner, entangled or len(entries) > 1))
    return bodies


def reached(entry: int, successors: Mapping[int, Sequence[int]]) -> set[int]:
    """The blocks that can be reached from the entry, which is one of them."""
    found, todo = {entry}, [entry]
    while todo:
        new = [t for t in successors[todo.pop()] if t not in found]
        found.update(new)
        todo += new
    return found


def heaviest_cycle(
    header: int, successors: Mapping[int, Sequence[int]], weights: Mapping[int, float]
) -> list[int]:
    """The blocks of the heaviest way from a loop's header back to it, in order; empty for none.

    `successors` are those within the loop; other edges back than those to the header are left out.
    """
    order = _reverse_postorder(header, successors)
    rank = {block: i for i, block in enumerate(order)}
    best = {header: weights.get(header, 0.0)}
    before: dict[int, int] = {}
    for block in order:
        for target in successors[block]:
            weight = best[block] + weights.get(target, 0.0)
            if rank[target] > rank[block] and weight > best.get(target, -math.inf):
                best[target], before[target] = weight, block
    ends = [block for block in order if header in successors[block]]
    if not ends:
        return []
    path = [max(ends, key=best.__getitem__)]
    while path[-1] != header:
        path.append(before[path[-1]])
    return path[::-1]


def _strongly_connected(
    within: set[int], successors: Mapping[int, Sequence[int]], barred: int | None
) -> list[set[int]]:
    """The cycles among some blocks that do not need an edge to the barred one, by Tarjan."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    open_blocks: set[int] = set()
    found: list[set[int]] = []

    def inside(block: int) -> Iterator[int]:
        return (t for t in successors[block] if t in within and t != barred)

    for root in within:
        if root in index:
            continue
        stack = [(root, inside(root))]
        index[root] = low[root] = len(index)
        path.append(root)
        open_blocks.add(root)
        while stack:
            block, rest = stack[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append(target)
                    open_blocks.add(target)
                    stack.append((target, inside(target)))
                    break
                if target in open_blocks:
                    low[block] = min(low[block], index[target])
            else:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[block])
                if low[block] == index[block]:
                    part = {path.pop()}
                    while block not in part:
                        part.add(path.pop())
                    open_blocks -= part
                    if len(part) > 1 or block in set(inside(block)):
                        found.append(part)
    return found


def _reverse_postorder(entry: int, successors: Mapping[int, Sequence[int]]) -> list[int]:
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


def _predecessors(
    order: list[int], successors: Mapping[int, Sequence[int]]
) -> dict[int, list[int]]:
    predecessors: dict[int, list[int]] = {b: [] for b in order}
    for block in order:
        for target in successors[block]:
            predecessors[target].append(block)
    return predecessors


def _dominators(order: list[int], successors: Mapping[int, Sequence[int]]) -> dict[int, int]:
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


def _body_of(latch: int, header: int, predecessors: dict[int, list[int]]) -> set[int]:
    body = {header, latch}
    todo = [latch] if latch != header else []
    while todo:
        for before in predecessors[todo.pop()]:
            if before not in body:
                body.add(before)
                todo.append(before)
    return body
