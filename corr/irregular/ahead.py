"""A loop that mostly does nothing looks ahead: many elements at once, until something happens.

    for (i = 0; i < n; i++)
        if (a[i] == x)
            return i;

asks of 32 elements at once whether one of them is x, and goes on by 32 where none is. The loop
itself is left as it is, and does whatever there is to be done: what was looked at only tells that
nothing was missed. While it looks nothing is written, so that nothing has to be known of what the
loop writes.

Elements behind the one where a loop ends are looked at, too. They lie in the same page of memory as
one that the loop reads, or are read by the loop itself later on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from corr.irregular.edits import place, statement_place
from corr.irregular.effects import Observer, Unsuitable
from corr.irregular.events import Follower
from corr.irregular.iterations import is_left, own_of
from corr.irregular.lane_text import comment, indented, lines_of
from corr.irregular.macros import with_values_in_place
from corr.irregular.names import Names
from corr.irregular.questions import AHEAD, ALWAYS, NEVER, Event, Leaf, Read, leaves_of, mapped
from corr.irregular.questions import All as Every
from corr.irregular.steps import Count, count_of
from corr.irregular.syntax import LOOPS, directed, is_comparison
from corr.polyhedral.clang_ast import Functions, Node, walk

#: Bytes in a page of memory: what lies in one can all be read, if anything of it can.
PAGE = 4096
#: Elements that questions about one may be apart.
FURTHEST = 64
_NOW = re.compile(rf"\((\w+) \+ (?:\d+ \* )?{AHEAD}\)")


@dataclass(frozen=True)
class Scan:
    """A loop that may look ahead: where it counts to, and when an iteration does something.

    `sure`: what each iteration reads in any case; `left`: the loop may end from within.
    """

    function: Node
    loop: Node
    count: Count
    event: Event
    sure: tuple[Read, ...]
    left: bool

    @property
    def first(self) -> Leaf:
        """The question that is asked first."""
        return next(leaf for leaf in leaves_of(self.event) if leaf.moves)


def scans_in(functions: Functions, function: Node) -> list[Scan | tuple[Node, str]]:
    """The loops of a function that may look ahead, and why others may not."""
    with_values_in_place(functions, function)
    observer = Observer(function, functions)
    found: list[Scan | tuple[Node, str]] = []
    at_directives = directed(function)
    for loop in walk(function):
        if (
            loop.get("kind") in LOOPS - {"DoStmt", "CXXForRangeStmt"}
            and id(loop) not in at_directives
        ):
            try:
                found.append(_scan(functions, observer, function, loop))
            except Unsuitable as why:
                found.append((loop, str(why)))
    return found


def _scan(functions: Functions, observer: Observer, function: Node, loop: Node) -> Scan:
    count = count_of(functions, observer, loop)
    own = own_of(observer, function, loop)
    follower = Follower(functions, observer, count.identity, count.step, own - {count.identity})
    event = follower.event(count.conditions, count.statements)
    sure = tuple(follower.sure)
    left = bool(count.conditions) or is_left(loop)
    event = mapped(event, lambda leaf: leaf if _known(leaf, sure, left) else ALWAYS)
    if event == ALWAYS or not any(leaf.moves for leaf in leaves_of(event)):
        raise Unsuitable("an iteration may do something in any case")
    return Scan(function, loop, count, event, sure, left)


def _known(leaf: Leaf, sure: tuple[Read, ...], left: bool) -> bool:
    """What it reads can be read for iterations ahead."""
    return all(_readable(read, sure, left) for read in leaf.reads)


def _readable(read: Read, sure: tuple[Read, ...], left: bool) -> bool:
    if read in sure and (not left or not read.moves):
        return True
    return any(_beside(read, other) for other in sure)


def _beside(read: Read, other: Read) -> bool:
    """Both are elements of a row, not far from one another."""
    if read.row is None or read.row != other.row or read.moves != other.moves:
        return False
    return read.at is not None and other.at is not None and _apart(read, other) <= FURTHEST


def _apart(read: Read, other: Read) -> int:
    assert read.at is not None and other.at is not None
    return abs(read.at.number - other.at.number)


@dataclass
class Ahead:
    """Writes one loop so that it looks `width` iterations ahead."""

    functions: Functions
    scan: Scan
    width: int
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.text = self.functions.text
        self.names = Names(self.functions)

    def span(self) -> tuple[int, int]:
        """What is replaced: the whole loop."""
        return place(self.scan.loop)[0], statement_place(self.text, self.scan.loop)[1]

    def code(self, says: str) -> str:
        """The new text. Raises Unsuitable."""
        loop, count = self.scan.loop, self.scan.count
        start, end = self.span()
        body = loop["inner"][-1]
        first, last = place(body)
        if b"#" in self.text[start:first]:
            raise Unsuitable("it has a directive of the preprocessor")
        wait, lane, event = (self.names.fresh(name) for name in ("wait", "ahead", "event"))
        asked = self._written(mapped(self.scan.event, _assumed), lane)
        conditions = [count.condition, count.more(self.width), *self._needed(), *self._pages()]
        step = self.width * count.step
        scan = [
            *comment(says, 76),
            f"if ({wait} > 0) {{",
            f"    {wait}--;",
            "} else {",
            f"    while (({conditions[0]})",
            *(f"           && ({c})" for c in dict.fromkeys(conditions[1:-1])),
            f"           && ({conditions[-1]})) {{",
            f"        int {event} = 0;",
            f"#pragma clang loop vectorize_width({self.width}) interleave_count(1) unroll(disable)",
            f"        for (int {lane} = 0; {lane} < {self.width}; {lane}++)",
            f"            {event} |= {asked};",
            f"        if ({event})",
            "            break;",
            f"        {count.name} += {step};",
            "    }",
            f"    {wait} = {self.width - 1};",
            f"    if (!({count.whole}))",
            "        break;",
            "}",
        ]
        column = start - self.text.rfind(b"\n", 0, start) - 1
        head, *more = lines_of(self._source(start, first).rstrip(), column)
        if body.get("kind") == "CompoundStmt":
            inside = self._source(first + 1, last - 1).strip("\n").rstrip()
            kept = [line.removeprefix(" " * column) for line in inside.split("\n")]
        else:
            at = first - self.text.rfind(b"\n", 0, first) - 1
            kept = indented(lines_of(self._source(first, end), at), 4)
        return "\n".join(
            [
                "{",
                f"    int {wait} = 0;",
                *indented([head, *more], 4),
                "    {",
                *indented(scan, 8),
                *indented(kept, 4),
                "    }",
                "}",
            ]
        )

    def _source(self, start: int, end: int) -> str:
        return self.text[start:end].decode("utf-8", "surrogateescape")

    # --- conditions ------------------------------------------------------------------------

    def _needed(self) -> list[str]:
        """What is assumed of loops within, and of numbers that are divided."""
        leaves = leaves_of(self.scan.event)
        guards = [leaf.text for leaf in leaves if leaf.guard]
        return list(dict.fromkeys([*guards, *(need for leaf in leaves for need in leaf.needs)]))

    def _pages(self) -> list[str]:
        """That what is looked at lies in the page of what is read in any case."""
        found: dict[str, None] = {}
        reads = [read for leaf in leaves_of(self.scan.event) for read in leaf.reads]
        for read in dict.fromkeys(reads):
            if read in self.scan.sure and (not self.scan.left or not read.moves):
                continue
            base = min((o for o in self.scan.sure if _beside(read, o)), key=_number)
            within = [o for o in reads if _beside(o, base)]
            if _number(base) > min(map(_number, within)):
                raise Unsuitable("an element before the first one that is read is looked at")
            beyond = max(map(_number, within)) - _number(base)
            elements = beyond + (self.width * self.scan.count.step if read.moves else 1)
            at = _NOW.sub(r"\1", base.text)
            size = f"sizeof({at})"
            test = f"((unsigned long)&{at} & {PAGE - 1}) + {elements} * {size} <= {PAGE}"
            found[test] = None
        return list(found)

    def _written(self, event: Event, lane: str) -> str:
        if event in (ALWAYS, NEVER):
            raise Unsuitable("an iteration may do something in any case")
        if isinstance(event, Leaf):
            asked = f"({event.text})" if is_comparison(event.node) else f"(({event.text}) != 0)"
            return ("!" if event.negated else "") + asked.replace(AHEAD, lane)
        join = " & " if isinstance(event, Every) else " | "
        return "(" + join.join(self._written(part, lane) for part in event.parts) + ")"


def _number(read: Read) -> int:
    return read.at.number if read.at is not None else 0


def _assumed(leaf: Leaf) -> Event:
    if not leaf.guard:
        return leaf
    return NEVER if leaf.negated else ALWAYS
