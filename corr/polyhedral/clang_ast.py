"""The functions of a translation unit as clang's own syntax tree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from collectors.base import process, toolchain
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from corr.program.model import Program, Unit

Node = dict[str, Any]
#: Bytes of JSON that one function may take.
LARGEST = 256 << 20


class Functions:
    """Syntax trees by function name, asked of clang when they are first wanted.

    `overlay` is the flag that puts changed texts in place of the sources; it goes with the
    program's own overlay.
    """

    def __init__(
        self, program: Program, unit: Unit, toolchain: Toolchain, overlay: tuple[str, ...] = ()
    ) -> None:
        self.program = program
        self.unit = unit
        self.toolchain = toolchain
        self.overlay = overlay
        self._known: dict[str, Node | None] = {}
        self._text: bytes | None = None

    @property
    def text(self) -> bytes:
        """The text of the unit's source, as clang sees it."""
        if self._text is None:
            changed = self.overlay and self.program.content(self.unit.source)
            self._text = (changed or self.unit.source).read_bytes()
        return self._text

    def get(self, name: str) -> Node | None:
        """The definition of a function (a FunctionDecl with a body).

        None where there is none, or more than one of this name (overloads, namespaces).

        Raises CompileError when the source does not compile.
        """
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Node | None:
        tool = self.toolchain.path("clang++" if self.unit.cxx else "clang")
        command = [*toolchain.repeatable(), str(tool), *self.unit.flags, *self.overlay, "-w"]
        command += ["-fsyntax-only", "-Xclang", "-ast-dump=json"]
        command += ["-Xclang", f"-ast-dump-filter={name}", str(self.unit.source)]
        done = process.run(command, cwd=self.unit.directory, limit=LARGEST)
        if not done.ok:
            raise CompileError(f"{self.unit.source.name} does not compile:\n{done.last_lines()}")
        found = [
            node
            for node in _documents(done.stdout.decode("utf-8", "replace"))
            if node.get("name") == name
            if node.get("kind") != "FunctionDecl" or body_of(node) is not None
        ]
        # anything else of this name (a method, a template, an overload) could be what is meant
        meant = [n for n in found if "Function" in n["kind"] or "Method" in n["kind"]]
        alone = len(meant) == 1 and meant[0]["kind"] == "FunctionDecl"
        return meant[0] if alone else None


def body_of(function: Node) -> Node | None:
    """The block of a function's definition; None for a mere declaration."""
    inner = function.get("inner", ())
    return next((n for n in inner if n.get("kind") == "CompoundStmt"), None)


def _documents(text: str) -> Iterator[Node]:
    """The JSON documents that clang writes one after another, each after a line of its own."""
    decoder, at, text = json.JSONDecoder(), 0, "\n" + text
    while (at := text.find("\n{", at)) >= 0:
        try:
            node, at = decoder.raw_decode(text, at + 1)
        except (json.JSONDecodeError, RecursionError):  # nested deeper than anybody writes
            at += 1
            continue
        yield node


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, parents first."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [n for n in reversed(node.get("inner", ())) if n]


def extent(node: Node) -> tuple[int, int] | None:
    """Byte offsets of a node's text, end exclusive; None if it comes from a macro or elsewhere."""
    span = node.get("range", {})
    begin, end = span.get("begin", {}), span.get("end", {})
    if "offset" not in begin or "offset" not in end or "includedFrom" in begin:
        return None
    return begin["offset"], end["offset"] + end["tokLen"]
