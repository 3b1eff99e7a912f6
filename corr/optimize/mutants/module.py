"""A unit's module as the front end leaves it: its functions as blocks of text, and back to code.

Before any pass has run, every variable of the source is an `alloca`, every loop has the place that
it was written at, and the blocks of a structured loop lie together: places to break are found by
text, whatever the language. A changed text is read and verified by LLVM before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from collectors.sandbox.confined import compiler_limits
from collectors.source_loops import forest
from collectors.source_loops.debug_info import NODE, Locator
from corr.optimize.variant import Variant
from corr.program.build import Builder, BuiltUnit
from corr.program.model import Unit

#: Bytes of a module beyond which none of it is broken, as each mutant compiles it again; and from
#: which it is compiled with less effort.
LARGEST, LARGE = 256 << 20, 32 << 20

NAME = r'(?:"[^"]*"|[-\w$.]+)'
_LABEL = re.compile(rf"^({NAME}):")
_TARGET = re.compile(rf"label %({NAME})")
_TERMINATOR = re.compile(
    rf"^  (?:%{NAME} = )?(?:br|switch|invoke|ret|unreachable|indirectbr|callbr|resume|catchswitch|"
    r"catchret|cleanupret)\b"
)
_LOCATION = re.compile(r"!dbg !(\d+)")

#: New lines for each line of a module that is changed, by the number of that line, from 0.
Edits = Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Block:
    """A basic block: its first line, that of its terminator, and where that may go."""

    label: str
    first: int
    last: int
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Loop:
    """A loop of a function: where it is entered, what goes back there, all of its blocks."""

    path: str
    header: str
    latches: tuple[str, ...]
    blocks: frozenset[str]


class Function:
    """A function that a module defines, as it stands in the module's lines."""

    def __init__(self, lines: Sequence[str], start: int, known: forest.Function) -> None:
        self.lines = lines
        self.start = start
        self.known = known
        self.end = next(n for n in range(start, len(lines)) if lines[n].startswith("}"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines[self.start : self.end])

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """The blocks by their labels, in the order of the text."""
        starts = [(n, m[1]) for n in self._body if (m := _LABEL.match(self.lines[n]))]
        if not starts or starts[0][0] > self.start + 1:
            starts.insert(0, (self.start, ""))  # the first block need not have a name
        ends = [n for n, _ in starts[1:]] + [self.end]
        found = (
            self._block(label, start + 1, end)
            for (start, label), end in zip(starts, ends, strict=True)
        )
        return {block.label: block for block in found if block is not None}

    @property
    def _body(self) -> range:
        return range(self.start + 1, self.end)

    def _block(self, label: str, first: int, end: int) -> Block | None:
        ending = [n for n in range(first, end) if _TERMINATOR.match(self.lines[n])]
        if not ending:
            return None
        rest = "\n".join(self.lines[ending[-1] : end])
        return Block(label, first, ending[-1], tuple(dict.fromkeys(_TARGET.findall(rest))))

    @cached_property
    def before(self) -> dict[str, list[str]]:
        """The blocks that go to each block."""
        found: dict[str, list[str]] = {}
        for block in self.blocks.values():
            for target in block.targets:
                found.setdefault(target, []).append(block.label)
        return found

    def loops(self, root: str) -> list[Loop]:
        """The loops of a nest, named by the position of its outermost one; outer before inner."""
        inside = (
            loop
            for loop in self.known.all_loops()
            if loop.path == root or loop.path.startswith(f"{root}.")
        )
        return [made for loop in inside if (made := self._loop(loop)) is not None]

    def _loop(self, loop: forest.Loop) -> Loop | None:
        label = _LABEL.match(self.lines[loop.header])
        header = self.blocks.get(label[1]) if label else None
        if header is None:
            return None
        latches = tuple(
            name
            for name in self.before.get(header.label, ())
            if header.first <= self.blocks[name].last <= loop.latch
        )
        if not latches:
            return None
        blocks, todo = {header.label}, list(latches)
        while todo:
            name = todo.pop()
            if name not in blocks:
                blocks.add(name)
                todo += self.before.get(name, ())
        return Loop(loop.path, header.label, latches, frozenset(blocks))


class Module:
    """The unoptimised module of a unit. `lines` are its text."""

    def __init__(self, path: Path, unit: Unit) -> None:
        self.unit = unit
        self.large = path.stat().st_size > LARGE
        self.lines: tuple[str, ...] = tuple(path.read_text("utf-8", "surrogateescape").split("\n"))
        self._known = {f.name: f for f in forest.read(path, unit.directory)}

    @cached_property
    def _starts(self) -> dict[str, int]:
        starts = {}
        for number, line in enumerate(self.lines):
            name = forest.defined(line) if line.startswith("define") else None
            if name is not None:
                starts[name] = number
        return starts

    @property
    def names(self) -> list[str]:
        """Linkage names of the functions that the module defines."""
        return list(self._starts)

    def function(self, name: str) -> Function | None:
        """A function by its linkage name; None where the module does not define it."""
        if name not in self._known or name not in self._starts:
            return None
        return Function(self.lines, self._starts[name], self._known[name])

    @cached_property
    def _locator(self) -> Locator:
        nodes = (NODE.match(line) for line in self.lines if line.startswith("!"))
        return Locator({m[1]: m[3] for m in nodes if m}, self.unit.directory)

    def place(self, number: int) -> tuple[str, int] | None:
        """File and line of the source that a line of the module was made of."""
        found = _LOCATION.search(self.lines[number])
        place = self._locator.place(found[1]) if found else None
        return place[:2] if place is not None else None

    def lines_of(self, function: Function) -> tuple[int, int]:
        """First and last line of a function in its source file."""
        known = function.known
        lines = [line for file, line, _ in known.places if file == known.file]
        own = (self.place(n) for n in range(function.start + 1, function.end))
        lines += [place[1] for place in own if place is not None and place[0] == known.file]
        return known.line, max(lines, default=known.line)

    def changed(self, edits: Edits) -> str:
        """The text with other lines in place of some."""
        return "\n".join(line for n, old in enumerate(self.lines) for line in edits.get(n, (old,)))


class Workshop:
    """Makes the modules of a variant's units, and variants of changed modules.

    `folder` is scratch space. Everything raises CompileError where a tool objects.
    """

    def __init__(self, variant: Variant, toolchain: Toolchain, folder: Path) -> None:
        self.variant = variant
        self.toolchain = toolchain
        self.folder = folder
        limits = compiler_limits()
        self._builder = Builder(variant.program_in(folder), toolchain, folder, limits)

    def module(self, unit: Unit) -> Module:
        """The module of a unit as the front end leaves it."""
        built = self._built(unit)
        self._builder.emit_frontend(built)
        if built.frontend.stat().st_size > LARGEST:
            raise CompileError(f"the module of {unit.source.name} is too large to be broken")
        return Module(built.frontend, unit)

    def variant_of(self, module: Module, text: str) -> Variant:
        """The variant in which the unit is what the compiler makes of this text."""
        built = self._built(module.unit)
        plain, whole = built.stem.with_suffix(".plain.ll"), built.stem.with_suffix(".whole.ll")
        whole.write_text(text, "utf-8", "surrogateescape")
        if self.toolchain.has("opt"):
            # a change moves debug information about as well: equal code shall be equal text
            self._tool([self.toolchain.path("opt"), "-strip-debug", "-passes=verify"], whole, plain)
        else:
            whole.replace(plain)  # clang verifies it too
        effort = ("-O1",) if module.large else ()
        options = (*effort, "-Wno-override-module", "-emit-llvm", "-x", "ir")
        self._tool([*self._builder.argv(built.unit), *options], plain, whole)
        optimised = whole.read_text("utf-8", "surrogateescape")
        return replace(self.variant, ir={**self.variant.ir, module.unit.source: optimised})

    def _tool(self, command: Sequence[str | Path], source: Path, out: Path) -> None:
        limited = [*compiler_limits(), *command, "-S", source, "-o", out]
        answer = process.run(limited, cwd=self.variant.program.directory)
        if not answer.ok:
            raise CompileError(f"{source.name}:\n{answer.last_lines(8)}")

    def _built(self, unit: Unit) -> BuiltUnit:
        return next(b for b in self._builder.units if b.unit.source == unit.source)
