"""The basic blocks of a function's text, its control flow and the cycles in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.passes.text import Line

_MACHINE_PREFIX = re.compile(r"bb\.\d+\.?")
_TARGET = re.compile(r'label %("[^"]*"|[-\w$.]+)')
_SUCCESSOR = re.compile(r"%(bb\.\d+)")


@dataclass
class Block:
    """A basic block: lines `start` to `end` of the function, its name in the source IR.

    `tag` is the source loop that its name places it in, `hint` a loop it is only named after,
    `inner` the loop whose body it was before that loop was unrolled away.
    """

    name: str
    start: int
    end: int
    tag: int | None = None
    hint: int | None = None
    inner: int | None = None
    next: list[int] = field(default_factory=list)
    prior: list[int] = field(default_factory=list)
    loop: int = -1


@dataclass
class Loop:
    """A cycle of the control flow: its header, its parent cycle (-1), its source loop's number."""

    header: int
    parent: int
    blocks: frozenset[int]
    source: int | None = None


@dataclass
class View:
    """The blocks and loops of one text of a function."""

    blocks: list[Block]
    loops: list[Loop]

    def number(self, block: Block) -> int | None:
        """The number of the innermost source loop that the block executes in."""
        if block.tag is not None:
            return block.tag
        if block.inner is not None:
            return block.inner
        return self.loops[block.loop].source if block.loop >= 0 else None


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """The basic blocks of a function's lines, with their edges."""
    starts = [i for i, line in enumerate(lines) if line.label is not None]
    machine = bool(starts) and lines[starts[0]].text.startswith("bb.")
    first = next((i for i, line in enumerate(lines) if line.opcode is not None), len(lines))
    if not starts or first < starts[0]:
        starts.insert(0, first)  # an entry block without a label
    blocks: list[Block] = []
    index: dict[str, int] = {}
    for n, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True)):
        label = (lines[start].label if start < len(lines) else "") or ""
        name = _MACHINE_PREFIX.sub("", label) if machine else label
        index[lines[start].names[0][1:] if machine else label] = n
        blocks.append(Block(name, start, end))
    for n, block in enumerate(blocks):
        for target in _targets(lines[block.start : block.end], machine):
            to = index.get(target)
            if to is not None and to not in block.next:
                block.next.append(to)
                blocks[to].prior.append(n)
    return blocks


def _targets(lines: Sequence[Line], machine: bool) -> list[str]:
    if machine:
        for line in lines[1:4]:
            if line.text.startswith("  successors:"):
                return _SUCCESSOR.findall(line.text)
        return []
    found: list[str] = []
    for line in reversed(lines):
        if "label " in line.text:
            found += [name.strip('"') for name in _TARGET.findall(line.text)]
        if line.opcode is not None:
            break
    return found


def nest(blocks: list[Block]) -> list[Loop]:
    """The cycles of the control flow, outer before inner; sets each block's innermost `loop`."""
    loops: list[Loop] = []
    work: list[tuple[list[int], int]] = [(list(range(len(blocks))), -1)]
    cut: set[int] = set()
    while work:
        nodes, parent = work.pop()
        for component in _components(blocks, nodes, cut):
            head = _header(blocks, component)
            loops.append(Loop(head, parent, frozenset(component)))
            number = len(loops) - 1
            for n in component:
                blocks[n].loop = number
            cut.add(head)
            work.append((component, number))
    return loops


def _header(blocks: list[Block], component: list[int]) -> int:
    """The block through which the cycle is entered; the first in layout if there are several."""
    inside = set(component)
    entries = [n for n in component if any(p not in inside for p in blocks[n].prior)]
    return min(entries or component)


def _components(blocks: list[Block], nodes: list[int], cut: set[int]) -> list[list[int]]:
    """Strongly connected components with an edge inside, edges into `cut` blocks left out."""
    allowed = set(nodes)
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[int]] = []
    for root in nodes:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(blocks[root].next))]
        while work:
            node, edges = work[-1]
            for to in edges:
                if to not in allowed or to in cut:
                    continue
                if to not in order:
                    order[to] = low[to] = len(order)
                    stack.append(to)
                    on_stack.add(to)
                    work.append((to, iter(blocks[to].next)))
                    break
                if to in on_stack:
                    low[node] = min(low[node], order[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    component = _popped(stack, on_stack, node)
                    if len(component) > 1 or (node in blocks[node].next and node not in cut):
                        found.append(sorted(component))
    return found


def _popped(stack: list[int], on_stack: set[int], node: int) -> list[int]:
    component = []
    while True:
        top = stack.pop()
        on_stack.discard(top)
        component.append(top)
        if top == node:
            return component
