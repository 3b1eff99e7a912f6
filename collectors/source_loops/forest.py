"""The loop forest of a unit, read from `!llvm.loop` in its unoptimised IR; tags the blocks.

Clang attaches `!llvm.loop` with the loop's start and end source location to the branch that closes
each loop. In the text of unoptimised IR a loop's header comes before its closing branch, and the
bodies of structured loops nest as intervals of text: that gives the forest without a parser, and
tells apart two loops that a macro put at the same place. Loops of gotos (goto_loops.py) join them.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.base.errors import CorrError
from collectors.base.foreign_text import visible
from collectors.base.tool_output import AGAIN
from collectors.source_loops import goto_loops
from collectors.source_loops.debug_info import NODE, Locator, unquote
from collectors.source_loops.goto_loops import Jumps

_DEFINE = re.compile(r'^define .*?@("(?:[^"\\]|\\.)*"|[\w.$-]+)\(')
_LABEL = re.compile(r'^("(?:[^"\\]|\\.)*"|[\w.$-]+):')
_LATCH = re.compile(r"!llvm\.loop !(\d+)")
_LOCAL = re.compile(r'%("(?:[^"\\]|\\.)*"|[\w.$-]+)')
_TARGET = re.compile(r'label %("(?:[^"\\]|\\.)*"|[\w.$-]+)')
_BLOCK_ADDRESS = re.compile(r'blockaddress\(@("(?:[^"\\]|\\.)*"|[\w.$-]+), %([^)]+)\)')
_SUBPROGRAM = re.compile(r"!dbg !(\d+)")
#: Loops around a loop; clang takes 256 brackets one in another.
DEEPEST = 500


@dataclass
class Loop:
    """One source loop of a function. Lines and columns count from 1."""

    number: int
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    header: int
    latch: int
    parent: Loop | None = None
    children: list[Loop] = field(default_factory=list)
    path: str = ""
    #: The line of the directive of OpenMP that it is the loop of.
    directive: int | None = None
    #: So many loops, this one the outermost, it makes one.
    collapsed: int | None = None
    #: What it is made of, where no `for`, `while` or `do` makes it.
    made_of: str | None = None

    @property
    def depth(self) -> int:
        return self.path.count(".") + 1


@dataclass
class Function:
    """A defined function of the unit with its outermost loops, in source order.

    `places` maps each (file, line, column) that an instruction of the function names to the
    innermost loop that it lies in, None outside loops.
    """

    name: str
    internal: bool
    loops: list[Loop] = field(default_factory=list)
    file: str = ""
    line: int = 0
    instructions: int = 0
    block_tags: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[str, int, int], Loop | None] = field(default_factory=dict)

    def all_loops(self) -> Iterable[Loop]:
        """Every loop, outer before inner."""
        todo = list(reversed(self.loops))
        while todo:
            loop = todo.pop()
            yield loop
            todo.extend(reversed(loop.children))


@dataclass
class _Body:
    """A function's text while it is being read."""

    name: str
    internal: bool
    subprogram: str | None
    first: int = 0
    last: int = 0
    instructions: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    intervals: dict[str, tuple[int, int]] = field(default_factory=dict)
    locations: list[tuple[int, str]] = field(default_factory=list)
    jumps: list[tuple[int, list[str]]] = field(default_factory=list)
    indirect: list[int] = field(default_factory=list)
    marked: set[int] = field(default_factory=set)


def read(ir: Path, directory: Path) -> list[Function]:
    """The functions that a unit's unoptimised IR defines, with their loop forests.

    `directory` is where the unit was compiled: relative file names are taken from there. Raises
    CorrError for a text that is cut off or nests deeper than any compiler takes.
    """
    bodies, nodes, addressed = _scan(ir)
    locate = Locator(nodes, directory)
    functions = []
    number = 0
    for body in bodies:
        function = Function(body.name, body.internal, instructions=body.instructions)
        function.file, function.line = locate.subprogram(body.subprogram)
        loops = []
        for node, (header, latch) in sorted(body.intervals.items(), key=lambda i: i[1][0]):
            start, end = locate.extent(node)
            if start is None or end is None:
                continue
            number += 1
            loops.append(Loop(number, *start, *end[1:], header, latch))
        for loop in _of_gotos(body, function.file, locate):
            number += 1
            loops.append(replace(loop, number=number))
        function.loops = _forest(loops)
        function.block_tags = {
            name: tag
            for name, tag in _block_tags(body, function).items()
            if (body.name, name) not in addressed
        }
        if function.loops:
            function.places = _places(body, function, locate)
        functions.append(function)
    return functions


def defined(line: str) -> str | None:
    """The linkage name of the function that a `define` line begins; None for another line."""
    match = _DEFINE.match(line)
    return unquote(match[1]) if match else None


def tag_blocks(ir: Path, functions: list[Function], out: Path) -> None:
    """Write the IR with the blocks of each loop renamed to `corr<number>.<name>`.

    Block names mean nothing to the optimiser but travel with the blocks through inlining,
    cloning and code generation, so a dump after any pass still says which loop a block is from.
    """
    tags = {f.name: f.block_tags for f in functions if f.block_tags}
    with (
        ir.open("r", encoding="utf-8", errors="surrogateescape") as source,
        out.open("w", encoding="utf-8", errors="surrogateescape") as target,
    ):
        body: list[str] | None = None
        current: dict[str, int] = {}
        for line in source:
            if body is None:
                target.write(line)
                match = _DEFINE.match(line) if line.startswith("define") else None
                current = tags.get(unquote(match[1]), {}) if match else {}
                body = [] if current else None
                continue
            body.append(line)
            if line.startswith("}"):
                target.writelines(_tag_function(body, current))
                body = None


def _scan(ir: Path) -> tuple[list[_Body], dict[str, str], set[tuple[str, str]]]:
    """Function bodies, metadata nodes, and the blocks whose address is taken (never renamed)."""
    bodies: list[_Body] = []
    nodes: dict[str, str] = {}
    addressed: set[tuple[str, str]] = set()
    body: _Body | None = None
    with ir.open("r", encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines):
            if "blockaddress(" in line:
                addressed |= {(unquote(f), b) for f, b in _BLOCK_ADDRESS.findall(line)}
            if body is not None:
                if line[0] == "}":
                    body.last = number - 1
                    body = None
                elif line[0] not in " \n":
                    label = _LABEL.match(line)
                    if label:
                        body.labels[label[1]] = number
                else:
                    body.instructions += line[0] == " "
                    location = _SUBPROGRAM.search(line)
                    if location:
                        body.locations.append((number, location[1]))
                    if "label %" in line:
                        body.jumps.append((number, _TARGET.findall(line)))
                        if line.startswith("  indirectbr "):
                            body.indirect.append(number)
                    if "!llvm.loop" in line:
                        _note_latch(body, line, number)
            elif line[0] == "!":
                node = NODE.match(line)
                if node:
                    nodes[node[1]] = node[3]
            elif line.startswith("define"):
                body = _open_body(line)
                if body:
                    body.first = number
                    bodies.append(body)
    if body is not None:
        raise CorrError(f"{ir.name} is cut off in the function {visible(body.name)}", AGAIN)
    return bodies, nodes, addressed


def _open_body(line: str) -> _Body | None:
    match = _DEFINE.match(line)
    if not match:
        return None
    subprogram = _SUBPROGRAM.search(line, match.end())
    internal = re.match(r"define (?:dso_local )?(?:internal|private)\b", line) is not None
    return _Body(unquote(match[1]), internal, subprogram[1] if subprogram else None)


def _note_latch(body: _Body, line: str, number: int) -> None:
    match = _LATCH.search(line)
    if not match:
        return
    earlier = [body.labels[t] for t in _TARGET.findall(line) if t in body.labels]
    if not earlier:
        return  # not a backward branch: nothing loops here
    body.marked.update(earlier)
    node = match[1]
    header, latch = body.intervals.get(node, (min(earlier), number))
    body.intervals[node] = (min(header, *earlier), max(latch, number))


def _of_gotos(body: _Body, file: str, locate: Locator) -> Iterator[Loop]:
    """The loops of gotos with their places in the function's file; their numbers are not given.

    One that stands on a single line is the compiler's own, over the elements of an array.
    """
    code = Jumps(body.first, body.last, body.labels, body.jumps, body.marked, body.indirect)
    for loop in goto_loops.find(code, list(body.intervals.values())):
        places = sorted(
            place[1:]
            for first, last in loop.blocks
            for place in _located(body, first, last, locate)
            if place[0] == file
        )
        if not places or places[0][0] == places[-1][0]:
            continue
        head = next((p[1:] for p in _located(body, *loop.head, locate) if p[0] == file), None)
        start = head if loop.made_of == goto_loops.GOTO and head else places[0]
        yield Loop(0, file, *start, *places[-1], loop.header, loop.latch, made_of=loop.made_of)


def _located(body: _Body, first: int, last: int, locate: Locator) -> Iterator[tuple[str, int, int]]:
    """The places of the instructions in some lines of the text."""
    at = bisect_left(body.locations, (first, ""))
    for number, node in body.locations[at:]:
        if number > last:
            return
        place = locate.place(node)
        if place is not None:
            yield place


def _forest(loops: list[Loop]) -> list[Loop]:
    """Nest loops by their intervals of text and number them in source order."""
    roots: list[Loop] = []
    stack: list[Loop] = []
    for loop in sorted(loops, key=lambda it: (it.header, -it.latch)):
        while stack and stack[-1].latch < loop.latch:
            stack.pop()
        if stack:
            loop.parent = stack[-1]
            stack[-1].children.append(loop)
        else:
            roots.append(loop)
        stack.append(loop)
    _number(roots, "")
    return roots


def _number(loops: list[Loop], prefix: str) -> None:
    if prefix.count(".") > DEEPEST:
        raise CorrError(f"loops are nested deeper than {DEEPEST}")
    for position, loop in enumerate(loops, 1):
        loop.path = f"{prefix}{position}"
        _number(loop.children, f"{loop.path}.")


def _places(
    body: _Body, function: Function, locate: Locator
) -> dict[tuple[str, int, int], Loop | None]:
    """Each source place of the function's instructions to the innermost loop around them.

    A place that is both in a loop and outside it (the `for` itself) counts as in it; of several
    loops the deepest, and the first of those, has it.
    """
    found: dict[tuple[str, int, int], Loop | None] = {}
    nodes: dict[tuple[str, int | None], Loop | None] = {}
    for _, node, inner in _held(body.locations, function):
        nodes[node, inner.number if inner else None] = inner
    for (node, _), holder in nodes.items():
        place = locate.place(node)
        if place is None:
            continue
        before = found.get(place)
        if before is None or (holder is not None and holder.depth > before.depth):
            found[place] = holder
    return found


def _block_tags(body: _Body, function: Function) -> dict[str, int]:
    """Block name, as it is spelled in the IR, to the number of the innermost loop holding it."""
    labels = sorted((position, name) for name, position in body.labels.items())
    return {name: loop.number for _, name, loop in _held(labels, function) if loop is not None}


def _held(
    places: list[tuple[int, str]], function: Function
) -> Iterator[tuple[int, str, Loop | None]]:
    """Ascending positions of the text, each with what is there and the innermost loop around it."""
    loops = list(function.all_loops())  # by header, outer before inner
    open_loops: list[tuple[int, Loop]] = []  # a heap, the last loop that began on top
    following = 0
    for position, what in places:
        while following < len(loops) and loops[following].header <= position:
            heapq.heappush(open_loops, (-following, loops[following]))
            following += 1
        while open_loops and open_loops[0][1].latch < position:
            heapq.heappop(open_loops)
        yield position, what, open_loops[0][1] if open_loops else None


def _tag_function(lines: list[str], tags: dict[str, int]) -> list[str]:
    def retarget(match: re.Match[str]) -> str:
        tag = tags.get(match[1])
        return f"%{_tagged(match[1], tag)}" if tag else match[0]

    out = []
    for line in lines:
        label = _LABEL.match(line)
        if label:
            tag = tags.get(label[1])
            out.append(_tagged(label[1], tag) + line[label.end(1) :] if tag else line)
        elif "label %" in line or " = phi " in line:
            out.append(_LOCAL.sub(retarget, line))
        else:
            out.append(line)
    return out


def _tagged(name: str, number: int) -> str:
    if name.startswith('"'):
        return f'"corr{number}.{name[1:]}'
    return f"corr{number}.{name}"
