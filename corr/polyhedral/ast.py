"""The functions of a translation unit as clang's own syntax tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from collectors import process, toolchain
from collectors.errors import CompileError
from collectors.toolchain import Toolchain
from corr.program import Program, Unit

Node = dict[str, Any]
#: Bytes of JSON that one function may take.
LARGEST = 256 << 20


class Functions:
    """Syntax trees by function name, asked of clang when they are first wanted.

    `overlay` is the flag that puts changed texts in place of the sources.
    """

    def __init__(
        self, program: Program, unit: Unit, toolchain: Toolchain, overlay: tuple[str, ...] = ()
    ) -> None:
        self.program = program
        self.unit = unit
        self.toolchain = toolchain
        self.overlay = overlay
        self._known: dict[str, Node | None] = {}

    def get(self, name: str) -> Node | None:
        """The definition of a function (a FunctionDecl with a body); None where there is none.

        Raises CompileError when the source does not compile.
        """
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> Node | None:
        tool = self.toolchain.path("clang++" if self.unit.cxx else "clang")
        done = process.run(
            [
                *(*toolchain.repeatable(), tool, *self.unit.flags, *self.overlay, "-w"),
                *("-fsyntax-only", "-Xclang", "-ast-dump=json"),
                *("-Xclang", f"-ast-dump-filter={name}", self.unit.source),
            ],
            cwd=self.unit.directory,
            limit=LARGEST,
        )
        if not done.ok:
            raise CompileError(f"{self.unit.source.name} does not compile:\n{done.last_lines()}")
        for node in _documents(done.stdout.decode("utf-8", "replace")):
            body = [n for n in node.get("inner", ()) if n.get("kind") == "CompoundStmt"]
            if node.get("kind") == "FunctionDecl" and node.get("name") == name and body:
                return node
        return None


def _documents(text: str) -> list[Node]:
    """The JSON documents that clang writes one after another."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while (at := text.find("{", at)) >= 0:
        node, at = decoder.raw_decode(text, at)
        found.append(node)
    return found


def extent(node: Node) -> tuple[int, int] | None:
    """Byte offsets of a node's text, end exclusive; None if it comes from a macro or elsewhere."""
    span = node.get("range", {})
    begin, end = span.get("begin", {}), span.get("end", {})
    if "offset" not in begin or "offset" not in end or "includedFrom" in begin:
        return None
    return begin["offset"], end["offset"] + end["tokLen"]


def written_in(node: Node, path: Path) -> bool:
    """The function is written in this file (clang names the file at its location)."""
    name = node.get("loc", {}).get("file")
    return name is not None and Path(name).name == path.name
