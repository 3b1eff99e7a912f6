"""From the events of a pass trace to rows: the latest text of each function, and what changed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from collectors.passes import diff
from collectors.passes.block_loops import Places, Tags
from collectors.passes.blocks import Block, blocks_of, nest
from collectors.passes.stream import Dump, Event, EventKind
from collectors.passes.text import Line, counts

Stretch = tuple[int, int, int, int]
#: Instructions of a function before a pass and after it; None where they are not known.
Sizes = tuple[int | None, int | None]
_LOOP_GONE = "deleted or replaced its loop"


class Sink(Protocol):
    """Where rows go; `count` says how many went there."""

    count: int

    def append(self, row: Mapping[str, Any]) -> None:
        """Take a row."""


@dataclass(frozen=True)
class _Side:
    """A function's text before or after a change, each line's loop key, the opcode counts."""

    lines: list[Line]
    loops: Sequence[str | None]
    counts: dict[str, int]


@dataclass
class _Function:
    """The latest normalised text of a function, and what is known of its blocks."""

    name: str
    places: Places
    lines: list[Line] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # opcode to instructions
    stage: str = ""
    seal: int = 0  # of the latest text as printed
    fresh: Iterator[int] = field(default_factory=itertools.count)
    printed: set[str] = field(default_factory=set)  # blocks of loop prints since a whole text
    unseen: list[str] = field(default_factory=list)  # passes whose effect was not printed

    def start(self, lines: list[Line], stage: str) -> None:
        """Take a first text as it is printed."""
        self.stage = stage
        self.become(lines)
        numbers = re.findall(r"%(?:bb\.)?(\d+)", " ".join(n for x in lines for n in x.names))
        self.fresh = itertools.count(max(map(int, numbers), default=-1) + 1)
        self.places.see(lines)

    def become(self, lines: list[Line]) -> None:
        """Hold the lines as the latest text."""
        self.lines, self.counts = lines, counts(lines)

    def total(self) -> int:
        """Instructions in the latest text."""
        return sum(self.counts.values())


class Trace:
    """Turns the stream's events into rows of `passes` and `ir_changes`, which go to the sinks."""

    def __init__(
        self,
        loop_keys: Mapping[int, str],
        unit: str,
        functions: Iterable[str] | None,
        pass_rows: Sink,
        change_rows: Sink,
    ) -> None:
        self.tags = Tags(loop_keys)
        self.unit = unit
        self.wanted = None if functions is None else set(functions)
        self.functions: dict[str, _Function] = {}
        self.seen: set[str] = set()
        self.pass_rows = pass_rows
        self.change_rows = change_rows
        self.last_loop = ""

    def take(self, event: Event) -> None:
        """Turn one event into rows."""
        _TAKERS[event.kind](self, event)
        if event.scope == "loop" and event.functions:
            self.last_loop = event.functions[0]

    def _start(self, event: Event) -> None:
        for dump in event.dumps:
            self.tags.learn(dump.lines)
        for dump in event.dumps:
            if not dump.skeleton:
                function = self._function(dump.function)
                function.start(dump.lines, dump.stage)
                function.seal = dump.seal

    def _invalidated(self, event: Event) -> None:
        """A loop pass that deleted its loop: LLVM has nothing to print then."""
        name = self.last_loop
        if event.scope == "loop" and name in self.functions:
            self._row(event, name, None, None, self._now(event, name), _LOOP_GONE)
            self.functions[name].unseen.append(event.name)

    def _unchanged(self, event: Event) -> None:
        for name in self._meant(event):
            self._row(event, name, False, False, self._now(event, name))

    def _deleted(self, event: Event) -> None:
        for name in self._meant(event):
            if name in self.functions:
                self._gone(event, name, "")

    def _function(self, name: str) -> _Function:
        self.seen.add(name)
        if name not in self.functions:
            self.functions[name] = _Function(name, Places(self.tags))
        return self.functions[name]

    def _meant(self, event: Event) -> list[str]:
        """The printed functions that an event without a text speaks of."""
        if event.scope == "module":
            return list(self.functions)
        if event.scope == "cgscc":
            return [name for name in event.functions if name in self.functions]
        return [n for n in event.functions if self.wanted is None or n in self.wanted]

    def _changed(self, event: Event) -> None:
        seen = set()
        for dump in event.dumps:
            if self.wanted is not None and dump.function not in self.wanted:
                continue
            seen.add(dump.function)
            self._compare(event, dump)
        if event.scope == "module" and event.complete:
            for name in [n for n in self.functions if n not in seen]:
                self._gone(event, name, "the function is gone: the first dump without it")
        elif event.scope == "cgscc":
            for name in self._meant(event):
                if name not in seen:
                    self._row(event, name, False, False, self._now(event, name))

    def _compare(self, event: Event, dump: Dump) -> None:
        function = self._function(dump.function)
        first = not function.lines or function.stage != dump.stage
        old = [] if first else function.lines
        old_loops = [] if first else function.places.of_lines(old)
        before = None if first else function.total()
        if first:
            function.start(dump.lines, dump.stage)
            new, pairs = dump.lines, []
        elif dump.partial:
            new = spliced(old, dump.lines, event.loop, function.printed, function.fresh)
            pairs = diff.matched(old, new)
            function.places.see(new, pairs)
        else:
            function.printed.clear()
            pairs = diff.matched(old, dump.lines)
            new = diff.renamed(old, dump.lines, pairs, function.fresh)
            function.places.see(new, pairs)
        was = {} if first else function.counts
        function.become(new)
        stretches = list(diff.gaps(diff.equal_pairs(old, new, pairs), len(old), len(new)))
        # Of a module or an SCC every function is printed, also those that the pass left alone.
        alone = event.scope in ("module", "cgscc") and dump.seal == function.seal
        function.seal = dump.seal
        cosmetic = not stretches and not alone
        sizes = (before, self._now(event, dump.function)[1])
        row = self._row(event, dump.function, bool(stretches), cosmetic, sizes)
        if stretches:
            loops = function.places.of_lines(new)
            self._change_row(
                row,
                _Side(old, old_loops, was),
                _Side(new, loops, function.counts),
                stretches,
                function.unseen,
            )
        function.unseen = []

    def _gone(self, event: Event, name: str, note: str) -> None:
        function = self.functions.pop(name)
        old = function.lines
        row = self._row(event, name, True, False, (function.total(), 0), note)
        gone = _Side(old, function.places.of_lines(old), function.counts)
        self._change_row(row, gone, _Side([], [], {}), [(0, len(old), 0, 0)])

    def _row(
        self,
        event: Event,
        name: str,
        changed: bool | None,
        cosmetic: bool | None,
        sizes: Sizes,
        note: str = "",
    ) -> dict[str, Any]:
        row = {
            "unit": self.unit,
            "sequence": self.pass_rows.count + 1,
            "stage": event.stage,
            "pass": event.name,
            "title": note or event.title,
            "scope": event.scope,
            "function": name,
            "loop": self._loop_key(event, self.functions.get(name)),
            "changed": changed,
            "cosmetic": cosmetic,
            "instructions_before": sizes[0],
            "instructions_after": sizes[1],
        }
        self.pass_rows.append(row)
        return row

    def _now(self, event: Event, name: str) -> Sizes:
        """The sizes of a function whose text stays as it is; None before it was printed."""
        function = self.functions.get(name)
        if function is None or not function.lines or function.stage != event.stage:
            return None, None
        return function.total(), function.total()

    def _loop_key(self, event: Event, function: _Function | None) -> str | None:
        if event.scope != "loop" or not event.loop or function is None:
            return None
        return function.places.of_header(event.loop)

    def _change_row(
        self,
        row: Mapping[str, Any],
        old: _Side,
        new: _Side,
        stretches: list[Stretch],
        also: Sequence[str] = (),
    ) -> None:
        touched: set[str | None] = set()
        for a, b, c, d in stretches:
            touched.update(old.loops[a:b])
            touched.update(new.loops[c:d])
        found = diff.hunks(old.lines, new.lines, stretches, old.loops, new.loops)
        shared = ("unit", "sequence", "stage", "pass", "function")
        self.change_rows.append(
            {key: row[key] for key in (*shared, "instructions_before", "instructions_after")}
            | {
                "loops": sorted(key for key in touched if key is not None),
                "opcodes": [
                    {"opcode": op, "before": old.counts.get(op, 0), "after": new.counts.get(op, 0)}
                    for op in sorted(old.counts.keys() | new.counts.keys())
                    if old.counts.get(op, 0) != new.counts.get(op, 0)
                ],
                "lines_added": sum(d - c for _, _, c, d in stretches),
                "lines_removed": sum(b - a for a, b, _, _ in stretches),
                "also": list(also),
                "diff": diff.to_json(found),
            }
        )


_TAKERS: dict[EventKind, Callable[[Trace, Event], None]] = {
    "start": Trace._start,
    "changed": Trace._changed,
    "unchanged": Trace._unchanged,
    "deleted": Trace._deleted,
    "invalidated": Trace._invalidated,
}


def spliced(
    old: list[Line], part: list[Line], header: str, printed: set[str], fresh: Iterator[int]
) -> list[Line]:
    """The old text with the blocks of a loop's print in place of its own.

    `header` names the loop's header. Blocks that the loop has lost, or that cannot be reached any
    more, are dropped, save those in `printed`, the loop prints' blocks since the last whole text,
    which this call adds to: the branch that leads to them may not have been printed. New blocks
    stand before the printed block that follows them, for a loop is printed preheader first.
    """
    blocks = blocks_of(old)
    lost = _cycle(blocks, header)
    where = {old[b.start].label: n for n, b in enumerate(blocks) if b.start < len(old)}
    known = sorted(where[x.label] for x in part if x.label is not None and x.label in where)
    inside = [line for n in known for line in old[blocks[n].start : blocks[n].end]]
    part = diff.renamed(inside, part, diff.matched(inside, part), fresh)
    printed.update(line.label for line in part if line.label is not None)
    replaced: dict[int, list[Line]] = {}
    waiting: list[Line] = []
    last: int | None = None
    for block in blocks_of(part):
        lines = part[block.start : block.end]
        mine = where.get(lines[0].label) if lines else None
        if mine is not None:
            last, waiting, replaced[mine] = mine, [], waiting + lines
        elif last is None:
            waiting += lines
        else:
            replaced[last] += lines
    result = old[: blocks[0].start]
    for n, block in enumerate(blocks):
        if n in replaced:
            result += replaced[n]
        elif n not in lost:
            result += old[block.start : block.end]
    return _reachable(result, printed)


def _cycle(blocks: list[Block], header: str) -> frozenset[int]:
    """The blocks of the innermost cycle round the block of that name."""
    loops = nest(blocks)
    for block in blocks:
        if block.name == header and block.loop >= 0:
            return loops[block.loop].blocks
    return frozenset()


def _reachable(lines: list[Line], roots: set[str]) -> list[Line]:
    """The lines without the blocks that neither the entry nor a root leads to."""
    blocks = blocks_of(lines)
    work = [0] + [n for n, b in enumerate(blocks) if lines[b.start].label in roots]
    seen = set(work)
    while work:
        for to in blocks[work.pop()].next:
            if to not in seen:
                seen.add(to)
                work.append(to)
    kept = lines[: blocks[0].start]
    for n, block in enumerate(blocks):
        if n in seen:
            kept += lines[block.start : block.end]
    return kept
