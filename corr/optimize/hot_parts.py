"""Parts of hot functions that would be written anew: where they are, and what takes their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from collectors.base.errors import CompileError
from corr.irregular.edits import place
from corr.irregular.effects import Unsuitable
from corr.optimize.hot_nests import HotLoop
from corr.polyhedral.clang_ast import Functions, Node


@contextmanager
def known() -> Iterator[None]:
    """Whatever goes wrong with a tree as nobody has seen it is a reason to leave a place alone."""
    try:
        yield
    except (Unsuitable, CompileError):
        raise
    except Exception as error:
        raise Unsuitable(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class HotPart:
    """A part of a hot function: its unit's label, and the share of the time of its loops.

    `node` is what would be written anew.
    """

    file: str
    functions: Functions
    share: float
    node: Node

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.functions.text.count(b"\n", 0, place(self.node)[0]) + 1

    def within(self, other: HotPart) -> bool:
        """It is a part of another, so that its text is no longer there once that one is new."""
        start, end = place(self.node)
        first, last = place(other.node)
        return self.file == other.file and first <= start and end <= last

    def replaced(self, span: tuple[int, int], new: str) -> tuple[str, str]:
        """The old text of a part and its new one, with what before it makes it the only one."""
        text = self.functions.text.decode("utf-8", "surrogateescape")
        start, end = span
        before = self.functions.text[:start].decode("utf-8", "surrogateescape")
        indent = before.rpartition("\n")[2]
        indent = indent[: len(indent) - len(indent.lstrip())]
        new = _indented(new, indent)
        old = self.functions.text[start:end].decode("utf-8", "surrogateescape")
        while text.count(old) > 1 and before:
            cut = before.rstrip("\n").rfind("\n") + 1
            old, new, before = before[cut:] + old, before[cut:] + new, before[:cut]
        return old, new


def share_of(
    functions: Functions, label: str, parts: Iterable[Node], loops: Sequence[HotLoop]
) -> float:
    """The share of the time of the loops in the lines of some nodes."""
    share = 0.0
    for part in parts:
        first, last = lines_of(functions.text, part)
        share += sum(o.share for o in loops if o.file == label and first <= o.line <= last)
    return share


def lines_of(text: bytes, node: Node) -> tuple[int, int]:
    """First and last line of a node; none where macros make it."""
    try:
        start, end = place(node)
    except Unsuitable:
        return 1, 0
    return text.count(b"\n", 0, start) + 1, text.count(b"\n", 0, end) + 1


def _indented(text: str, indent: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join(
        [first, *(indent + line if line and line[0] != "#" else line for line in rest)]
    )
