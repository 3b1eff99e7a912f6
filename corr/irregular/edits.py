"""A part of a text with changes at the places of its nodes."""

from __future__ import annotations

import re

from corr.irregular.effects import Unsuitable
from corr.polyhedral.clang_ast import Node, extent

_BLANK = rb"(?:\s|//[^\n]*\n|/\*.*?\*/)*"
_SEMICOLON = re.compile(_BLANK + rb";", re.DOTALL)


class Edits:
    """What is put in place of parts of a text. Of parts in one another the outer one counts."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._parts: list[tuple[int, int, str]] = []

    def replace(self, node: Node, new: str) -> None:
        """Put something in a node's place. Raises Unsuitable where a macro makes it."""
        self.put(*place(node), new)

    def put(self, start: int, end: int, new: str) -> None:
        """Put something in the place of a part."""
        self._parts.append((start, end, new))

    def within(self, start: int, end: int) -> str:
        """The part of the text, with all changes in it."""
        return self._within(start, end, [p for p in self._parts if start <= p[0] <= p[1] <= end])

    def of(self, node: Node) -> str:
        """A node's text, with all changes in it."""
        return self.within(*place(node))

    def _within(self, start: int, end: int, parts: list[tuple[int, int, str]]) -> str:
        parts = sorted(dict.fromkeys(parts), key=lambda p: (p[0], -p[1]))
        written, at = [], start
        while parts:
            first, last, new = parts.pop(0)
            parts = [p for p in parts if p[0] >= last]
            written.append(self._plain(at, first) + new)
            at = last
        return "".join([*written, self._plain(at, end)])

    def _plain(self, start: int, end: int) -> str:
        return self.text[start:end].decode("utf-8", "surrogateescape")


def place(node: Node) -> tuple[int, int]:
    """Where a node stands in the text. Raises Unsuitable where a macro makes it."""
    found = extent(node)
    if found is None:
        raise Unsuitable("a part of it comes out of a macro, or another file")
    return found


def source(text: bytes, node: Node) -> str:
    """A node's text as it is. Raises Unsuitable where a macro makes it."""
    start, end = place(node)
    return text[start:end].decode("utf-8", "surrogateescape")


def statement_place(text: bytes, node: Node) -> tuple[int, int]:
    """The same for a statement, with its semicolon."""
    start, end = place(node)
    if text[start:end].rstrip().endswith((b"}", b";")) and node.get("kind") not in ("DoStmt",):
        return start, end
    found = _SEMICOLON.match(text, end)
    if found is None:
        raise Unsuitable("a statement does not end in the text")
    return start, found.end()
