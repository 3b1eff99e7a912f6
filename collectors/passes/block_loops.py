"""Which source loop a basic block executes in, at any point of the pass pipeline.

Blocks of source loop N were renamed to `corrN.…` before the first pass, and clones keep the prefix.
A block that a pass made (vector.body, crit_edge), or that is named after a loop and stands in front
of it (`corr3.for.body.preheader`, `.lr.ph`), has no say by its name: it executes in the innermost
cycle of the control flow round it, and that cycle is the source loop of the blocks in it. A cycle
with no tagged block (a vector loop) is the loop that was entered at the same place before the pass.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from collectors.passes.blocks import Block, Loop, View, blocks_of, nest
from collectors.passes.diff import Pair
from collectors.passes.text import Line

_TAG = re.compile(r"corr(\d+)\.")
#: Suffixes of blocks that are named after a loop's block but lie outside that loop.
_OUTSIDE = re.compile(r"\.(?:preheader|lr\.ph|ph|lver\.check)(?:\.|\d|$)|_crit_edge")


class Tags:
    """The numbered source loops of a module, and what a block's name says about its place."""

    def __init__(self, keys: Mapping[int, str]) -> None:
        self.keys = keys
        self.numbers = {key: number for number, key in keys.items()}
        self.moved: dict[int, dict[str, int | None]] = {}

    def learn(self, lines: Sequence[Line]) -> None:
        """Take in a function before the first pass.

        A block may carry the number of a loop that it lies in as text and leaves as control flow
        (for.cond.cleanup, the block of a break): what counts is where it executes.
        """
        blocks = blocks_of(lines)
        loops = nest(blocks)
        for loop in loops:  # outer before inner
            found = _TAG.match(blocks[loop.header].name)
            outer = loops[loop.parent].source if loop.parent >= 0 else None
            loop.source = int(found[1]) if found else outer
        for block in blocks:
            found = _TAG.match(block.name)
            place = loops[block.loop].source if block.loop >= 0 else None
            if found and int(found[1]) != place:
                self.moved.setdefault(int(found[1]), {})[block.name] = place

    def of(self, name: str) -> tuple[int | None, int | None]:
        """The source loop that a block's name places it in, and the one it is only named after."""
        found = _TAG.match(name)
        if not found:
            return None, None
        number = int(found[1])
        if _OUTSIDE.search(name):
            return None, number
        moved = self.moved.get(number)
        if moved:
            origin = max((o for o in moved if _clone(name, o)), key=len, default=None)
            if origin is not None:
                return moved[origin], None
        return number, None

    def named(self, block: Block) -> int | None:
        """The source loop in a block's name; what stands before loop 1.2 is in loop 1."""
        if block.hint is None:
            return block.tag
        function, _, position = self.keys.get(block.hint, "").rpartition("/")
        return self.numbers.get(f"{function}/{position.rpartition('.')[0]}")

    def holds(self, outer: int, inner: int) -> bool:
        """Whether source loop `outer` is or encloses `inner`, by their keys."""
        if outer == inner:
            return True
        return self.keys.get(inner, "").startswith(self.keys.get(outer, "\0") + ".")


def _clone(name: str, origin: str) -> bool:
    """Whether a block's name is `origin` or made from it."""
    rest = name[len(origin) :]
    return name.startswith(origin) and (not rest or not rest[0].isalnum())


class Places:
    """Attribution for one function; it remembers what earlier texts said about a block's name."""

    def __init__(self, tags: Tags) -> None:
        self.tags = tags
        self.known: dict[str, int] = {}
        self.view: View | None = None

    def of_lines(self, lines: Sequence[Line]) -> list[str | None]:
        """The loop key of every line of the text seen last; None outside of all loops."""
        loops: list[str | None] = [None] * len(lines)
        if self.view is None:
            return loops
        for block in self.view.blocks:
            number = self.view.number(block)
            key = self.tags.keys.get(number) if number is not None else None
            if key is not None:
                loops[block.start : block.end] = [key] * (block.end - block.start)
        return loops

    def of_header(self, name: str) -> str | None:
        """The loop key of the block with this IR name, which heads a loop; None if unknown."""
        if self.view is None:
            return None
        for block in self.view.blocks:
            if block.name == name:
                source = self.view.loops[block.loop].source if block.loop >= 0 else block.tag
                return None if source is None else self.tags.keys.get(source)
        return None

    def see(self, lines: Sequence[Line], pairs: Sequence[Pair] = ()) -> None:
        """Take in the function's next text; `pairs` say which lines come from which before."""
        old, blocks = self.view, blocks_of(lines)
        for block in blocks:
            block.tag, block.hint = self.tags.of(block.name)
        if old is not None and _same(old.blocks, blocks):
            for was, now in zip(old.blocks, blocks, strict=True):
                was.start, was.end = now.start, now.end
            return
        view = View(blocks, nest(blocks))
        for loop_number in range(len(view.loops) - 1, -1, -1):
            self._name_from_tags(view, loop_number)
        origin: dict[int, int] | None = None
        for loop in view.loops:
            if loop.source is None:
                loop.source = self.known.get(view.blocks[loop.header].name)
            if loop.source is None and old is not None and self.tags.keys:
                if origin is None:
                    origin = _origins(view, old, pairs)
                loop.source = _entered_before(view, loop, old, origin)
            if loop.source is None and self.tags.keys:
                loop.source = _sibling(view, loop)
        for block in blocks:
            if block.tag is None and block.loop >= 0 and block.name:
                self._remember(block, view.loops[block.loop].source)
        self.view = view

    def _remember(self, block: Block, source: int | None) -> None:
        if source is None:
            return
        before = self.known.get(block.name, source)
        if block.hint is None and before != source and self.tags.holds(source, before):
            block.inner = before
        else:
            self.known[block.name] = source

    def _name_from_tags(self, view: View, number: int) -> None:
        loop = view.loops[number]
        own = [self.tags.named(view.blocks[n]) for n in sorted(loop.blocks)
               if view.blocks[n].loop == number]  # fmt: skip
        tags = [tag for tag in own if tag is not None]
        if not tags:
            return
        distinct = set(tags)
        outer = [t for t in tags if all(self.tags.holds(t, other) for other in distinct)]
        header = view.blocks[loop.header].tag
        loop.source = outer[0] if outer else header if header is not None else tags[0]


def _same(old: list[Block], new: list[Block]) -> bool:
    return len(old) == len(new) and all(
        a.name == b.name and a.tag == b.tag and a.next == b.next
        for a, b in zip(old, new, strict=True)
    )


def _entered_before(view: View, loop: Loop, old: View, origin: dict[int, int]) -> int | None:
    """The loop that the old text entered from the block which now leads to this one."""
    queue = deque(p for p in view.blocks[loop.header].prior if p not in loop.blocks)
    seen = set(queue)
    while queue:
        block = queue.popleft()
        if block in origin:
            return _first_entered(old, origin[block])
        for p in view.blocks[block].prior:
            if p not in seen and p not in loop.blocks:
                seen.add(p)
                queue.append(p)
    return None


def _origins(view: View, old: View, pairs: Sequence[Pair]) -> dict[int, int]:
    """Block of the new text to block of the old: by name, else by where its lines come from."""
    by_name = {b.name: n for n, b in enumerate(old.blocks) if b.name}
    line_block = {i: n for n, b in enumerate(old.blocks) for i in range(b.start + 1, b.end - 1)}
    partner = {j: line_block[i] for i, j in pairs if i in line_block}
    found: dict[int, int] = {}
    for n, block in enumerate(view.blocks):
        if block.name in by_name:
            found[n] = by_name[block.name]
            continue
        votes = Counter(partner[j] for j in range(block.start, block.end) if j in partner)
        if votes:
            found[n] = votes.most_common(1)[0][0]
    return found


def _first_entered(view: View, start: int) -> int | None:
    """The source loop of the nearest cycle that is entered going forward from a block."""
    queue, seen = deque([start]), {start}
    while queue:
        for to in view.blocks[queue.popleft()].next:
            if to in seen:
                continue
            seen.add(to)
            number = view.blocks[to].loop
            if number >= 0 and start not in view.loops[number].blocks:
                return view.loops[number].source
            queue.append(to)
    return None


def _sibling(view: View, loop: Loop) -> int | None:
    """Without an older text: the next cycle at the same depth, else the cycle round this one."""
    inside = view.loops[loop.parent].blocks if loop.parent >= 0 else None
    queue, seen = deque([loop.header]), {loop.header}
    while queue:
        for to in view.blocks[queue.popleft()].next:
            if to in seen or (inside is not None and to not in inside):
                continue
            seen.add(to)
            number = view.blocks[to].loop
            if number >= 0 and view.loops[number].parent == loop.parent:
                source = view.loops[number].source
                if source is not None:
                    return source
            queue.append(to)
    return view.loops[loop.parent].source if loop.parent >= 0 else None
