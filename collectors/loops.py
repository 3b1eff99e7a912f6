"""The compiler's own loop forest, read from `!llvm.loop` in the unoptimised IR of a unit.

Clang attaches `!llvm.loop` with the loop's start and end source location to the branch that closes
each loop. In the text of unoptimised IR a loop's header comes before its closing branch, and the
bodies of structured loops nest as intervals of text: that gives the forest without a parser, and
tells apart two loops that a macro put at the same place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from collectors.table import BOOL, INT, LINE, STRING, Table, column

LOOPS = Table(
    "loops",
    "source loops: the unit that every other fact is attributed to",
    pa.schema(
        [
            column("key", STRING, "function + position in its loop forest: kernel_gemm/1.2"),
            column("function", STRING, "linkage name of the function it was written in"),
            column("function_name", STRING, "the function as one reads it (demangled)"),
            column("unit", STRING, "source file of the translation unit"),
            column("path", STRING, "position in the function's loop forest, 1-based: 1.2"),
            column("depth", INT, "1 for an outermost loop"),
            column("parent", STRING, "key of the loop around it"),
            column("innermost", BOOL, "holds no other loop"),
            column("file", STRING, "file of the loop statement"),
            column("line", LINE, "line of its for, while or do"),
            column("column", LINE, "column of its for, while or do"),
            column("end_line", LINE, "line of the statement's last token"),
            column("end_column", LINE, "column of the statement's last token"),
            column("number", INT, "its number in the unit's IR: block prefix corr<number>."),
        ]
    ),
)

_DEFINE = re.compile(r'^define .*?@("(?:[^"\\]|\\.)*"|[\w.$-]+)\(')
_LABEL = re.compile(r'^("(?:[^"\\]|\\.)*"|[\w.$-]+):')
_LATCH = re.compile(r"!llvm\.loop !(\d+)")
_LOCAL = re.compile(r'%("(?:[^"\\]|\\.)*"|[\w.$-]+)')
_TARGET = re.compile(r'label %("(?:[^"\\]|\\.)*"|[\w.$-]+)')
_BLOCK_ADDRESS = re.compile(r'blockaddress\(@("(?:[^"\\]|\\.)*"|[\w.$-]+), %([^)]+)\)')
_SUBPROGRAM = re.compile(r"!dbg !(\d+)")
_NODE = re.compile(r"^!(\d+) = (distinct )?(.*)$")
_REFERENCE = re.compile(r"!(\d+)")
_FIELD = re.compile(r'(\w+): (!?\d+|"(?:[^"\\]|\\.)*")')
_LOCATION = re.compile(r"!DILocation\(line: (\d+)(?:, column: (\d+))?, scope: !(\d+)")
_HEX = re.compile(r"\\([0-9A-Fa-f]{2})")


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
    instructions: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    intervals: dict[str, tuple[int, int]] = field(default_factory=dict)
    locations: list[tuple[int, str]] = field(default_factory=list)


def read(ir: Path, directory: Path) -> list[Function]:
    """The functions that a unit's unoptimised IR defines, with their loop forests.

    `directory` is where the unit was compiled: relative file names are taken from there.
    """
    bodies, nodes, addressed = _scan(ir)
    locate = _Locator(nodes, directory)
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


def source_files(ir: Path, directory: Path) -> dict[str, str]:
    """File names as the unit's debug information and remarks write them, to absolute paths.

    A name may be relative to a folder that only the debug information names.
    """
    nodes: dict[str, str] = {}
    with ir.open("r", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if line.startswith("!") and "!DIFile(" in line:
                node = _NODE.match(line)
                if node:
                    nodes[node[1]] = node[3]
    locate = _Locator(nodes, directory)
    names = {n: _unquote(dict(_FIELD.findall(t)).get("filename", '""')) for n, t in nodes.items()}
    return {name: locate.file_of(node) for node, name in names.items()}


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
                current = tags.get(_unquote(match[1]), {}) if match else {}
                body = [] if current else None
                continue
            body.append(line)
            if line.startswith("}"):
                target.writelines(_tag_function(body, current))
                body = None


def table(
    unit: str,
    functions: list[Function],
    names: dict[str, str],
    ambiguous: frozenset[str] = frozenset(),
) -> pa.Table:
    """The `loops` rows of a unit. `names`: linkage name to readable name.

    `ambiguous` holds internal functions that several units define; their keys carry the unit.
    """
    rows = []
    for function in functions:
        stem = function_key(unit, function, names, ambiguous)
        for loop in function.all_loops():
            rows.append(
                {
                    "key": f"{stem}/{loop.path}",
                    "function": function.name,
                    "function_name": names.get(function.name, function.name),
                    "unit": unit,
                    "path": loop.path,
                    "depth": loop.depth,
                    "parent": f"{stem}/{loop.parent.path}" if loop.parent else None,
                    "innermost": not loop.children,
                    "file": loop.file,
                    "line": loop.line,
                    "column": loop.column,
                    "end_line": loop.end_line,
                    "end_column": loop.end_column,
                    "number": loop.number,
                }
            )
    return LOOPS.rows(rows)


PLACES = pa.schema(
    [
        ("function", STRING),
        ("file", STRING),
        ("line", LINE),
        ("column", LINE),
        ("key", STRING),
        ("depth", INT),
    ]
)


def places(
    unit: str,
    functions: list[Function],
    names: dict[str, str],
    ambiguous: frozenset[str] = frozenset(),
) -> pa.Table:
    """Which loop each source place of a unit's instructions lies in (PLACES; key NULL: none).

    Not a table of the lake: the join by loop reads it.
    """
    columns: dict[str, list[object]] = {name: [] for name in PLACES.names}
    for function in functions:
        stem = function_key(unit, function, names, ambiguous)
        for (file, line, column_), loop in function.places.items():
            columns["function"].append(function.name)
            columns["file"].append(file)
            columns["line"].append(line)
            columns["column"].append(column_)
            columns["key"].append(f"{stem}/{loop.path}" if loop else None)
            columns["depth"].append(loop.depth if loop else 0)
    return pa.table(columns, schema=PLACES)


def function_key(
    unit: str, function: Function, names: dict[str, str], ambiguous: frozenset[str]
) -> str:
    """The part of a loop key that names the function."""
    name = names.get(function.name, function.name)
    if function.internal and function.name in ambiguous:
        return f"{name}@{unit}"
    return name


def _scan(ir: Path) -> tuple[list[_Body], dict[str, str], set[tuple[str, str]]]:
    """Function bodies, metadata nodes, and the blocks whose address is taken (never renamed)."""
    bodies: list[_Body] = []
    nodes: dict[str, str] = {}
    addressed: set[tuple[str, str]] = set()
    body: _Body | None = None
    with ir.open("r", encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines):
            if "blockaddress(" in line:
                addressed |= {(_unquote(f), b) for f, b in _BLOCK_ADDRESS.findall(line)}
            if body is not None:
                if line[0] == "}":
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
                    if "!llvm.loop" in line:
                        _note_latch(body, line, number)
            elif line[0] == "!":
                node = _NODE.match(line)
                if node:
                    nodes[node[1]] = node[3]
            elif line.startswith("define"):
                body = _open_body(line)
                if body:
                    bodies.append(body)
    return bodies, nodes, addressed


def _open_body(line: str) -> _Body | None:
    match = _DEFINE.match(line)
    if not match:
        return None
    subprogram = _SUBPROGRAM.search(line, match.end())
    internal = re.match(r"define (?:dso_local )?(?:internal|private)\b", line) is not None
    return _Body(_unquote(match[1]), internal, subprogram[1] if subprogram else None)


def _note_latch(body: _Body, line: str, number: int) -> None:
    match = _LATCH.search(line)
    if not match:
        return
    earlier = [body.labels[t] for t in _TARGET.findall(line) if t in body.labels]
    if not earlier:
        return  # not a backward branch: nothing loops here
    node = match[1]
    header, latch = body.intervals.get(node, (min(earlier), number))
    body.intervals[node] = (min(header, *earlier), max(latch, number))


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
    for position, loop in enumerate(loops, 1):
        loop.path = f"{prefix}{position}"
        _number(loop.children, f"{loop.path}.")


class _Locator:
    """Resolves debug-info nodes of one unit to files and lines."""

    def __init__(self, nodes: dict[str, str], directory: Path) -> None:
        self._nodes = nodes
        self._directory = directory
        self._files: dict[str, str] = {}
        self._scopes: dict[str, str] = {}

    def extent(self, loop: str) -> tuple[tuple[str, int, int] | None, tuple[str, int, int] | None]:
        """First and last location of a loop node; None where it has none."""
        places = []
        for reference in _REFERENCE.findall(self._nodes.get(loop, "")):
            text = self._nodes.get(reference, "")
            if reference != loop and text.startswith("!DILocation"):
                fields = dict(_FIELD.findall(text))
                file = self.file_of(fields["scope"][1:])
                places.append((file, int(fields.get("line", 0)), int(fields.get("column", 0))))
        if not places:
            return None, None
        return places[0], places[-1]

    def place(self, location: str) -> tuple[str, int, int] | None:
        """File, line and column of a location node; None if it names no line."""
        text = self._nodes.get(location, "")
        match = _LOCATION.match(text)
        if not match or match[1] == "0":
            return None
        return self._scope_file(match[3]), int(match[1]), int(match[2] or 0)

    def _scope_file(self, scope: str) -> str:
        if scope not in self._scopes:
            self._scopes[scope] = self.file_of(scope)
        return self._scopes[scope]

    def subprogram(self, node: str | None) -> tuple[str, int]:
        if node is None:
            return "", 0
        fields = dict(_FIELD.findall(self._nodes.get(node, "")))
        return self.file_of(node), int(fields.get("line", 0))

    def file_of(self, scope: str) -> str:
        """The absolute file of a scope node, its nearest enclosing one if it names none."""
        for _ in range(1000):
            text = self._nodes.get(scope, "")
            fields = dict(_FIELD.findall(text))
            if text.startswith("!DIFile"):
                return self._file(scope, fields)
            following = fields.get("file") or fields.get("scope")
            if not following or not following.startswith("!"):
                return ""
            scope = following[1:]
        return ""

    def _file(self, node: str, fields: dict[str, str]) -> str:
        if node not in self._files:
            name = _unquote(fields.get("filename", '""'))
            folder = _unquote(fields.get("directory", '""'))
            self._files[node] = os.path.normpath(os.path.join(self._directory, folder, name))
        return self._files[node]


def _unquote(name: str) -> str:
    r"""An IR name without its quotes; `\22`-style escapes are bytes, of UTF-8 where they can be."""
    if not name.startswith('"'):
        return name
    text = _HEX.sub(lambda m: chr(int(m[1], 16)), name[1:-1])
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _places(
    body: _Body, function: Function, locate: _Locator
) -> dict[tuple[str, int, int], Loop | None]:
    """Each source place of the function's instructions to the innermost loop around them.

    A place that is both in a loop and outside it (the `for` itself) counts as in it; of several
    loops the deepest, and the first of those, has it.
    """
    owners: list[tuple[int, int, Loop]] = [
        (loop.header, loop.latch, loop) for loop in function.all_loops()
    ]
    found: dict[tuple[str, int, int], Loop | None] = {}
    nodes: dict[tuple[str, int | None], Loop | None] = {}
    for position, node in body.locations:
        inner: Loop | None = None
        for header, latch, loop in owners:  # outer before inner
            if header <= position <= latch:
                inner = loop
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
    tags: dict[str, int] = {}
    for loop in function.all_loops():  # outer before inner: the inner one overwrites
        for name, position in body.labels.items():
            if loop.header <= position <= loop.latch:
                tags[name] = loop.number
    return tags


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
