"""Nests that are there once a loop runs without checks away from its ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.base.errors import CompileError
from corr.irregular.edits import place
from corr.irregular.effects import Unsuitable
from corr.optimize.hot_irregular import HotBorders
from corr.optimize.hot_nests import Nest
from corr.polyhedral.extract import regions

#: Loops whose inside is looked at: clang reads the unit anew for each.
MOST_LOOPS = 3


def find(borders: Iterable[HotBorders]) -> Iterator[Nest]:
    """The nests inside of the hottest of these loops, in the text that sets their borders apart."""
    for loop, _ in zip(borders, range(MOST_LOOPS), strict=False):
        try:
            yield from _of(loop)
        except (Unsuitable, CompileError):
            continue  # whoever proposes that text says why


def _of(loop: HotBorders) -> Iterator[Nest]:
    move = loop.apart()
    (old, new), before = move.edits[0], loop.functions.text
    text = before.replace(_bytes(old), _bytes(new), 1)
    first = place(loop.node)[0]
    last = place(loop.node)[1] + len(text) - len(before)
    found, _ = regions(loop.functions.with_text(text), loop.function)
    for scop in found:
        if first <= scop.span[0] and scop.span[1] <= last:
            yield Nest(loop.file, text, scop, loop.share, (move,), loop.trusted)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
