"""Loops that no statement makes: of `goto`, and of computed gotos, as interpreters dispatch.

Clang marks the loops of `for`, `while` and `do` only. These are natural loops of the front end's
blocks whose header no such statement has; a block is its place in the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from collectors.base import graph

GOTO, COMPUTED = "goto", "computed goto"


@dataclass(frozen=True)
class Jumps:
    """How a function's blocks go on: labels and jumps by their lines of the text.

    `marked` are the headers of loops that a statement makes, `indirect` whether a jump is computed.
    """

    first: int
    last: int
    labels: Mapping[str, int]
    jumps: Sequence[tuple[int, Sequence[str]]]
    marked: Collection[int]
    indirect: Collection[int]


@dataclass(frozen=True)
class GotoLoop:
    """A loop's lines of the text, those of its blocks and of its header, what it is made of."""

    header: int
    latch: int
    blocks: tuple[tuple[int, int], ...]
    head: tuple[int, int]
    made_of: str


def find(code: Jumps, statements: Sequence[tuple[int, int]]) -> list[GotoLoop]:
    """The loops of gotos of a function; `statements` are the lines of its other loops."""
    backward = any(
        code.labels[to] <= line and code.labels[to] not in code.marked
        for line, targets in code.jumps
        for to in targets
        if to in code.labels
    )
    if not backward and not code.indirect:
        return []
    labels = sorted(code.labels.values())
    # the entry may have no label
    starts = labels if labels and labels[0] == code.first + 1 else [code.first, *labels]
    ends = dict(zip(starts, [*(s - 1 for s in starts[1:]), code.last], strict=True))

    def block(line: int) -> int:
        return starts[bisect_right(starts, line) - 1]

    successors: dict[int, list[int]] = {start: [] for start in starts}
    for line, targets in code.jumps:
        successors[block(line)] += [code.labels[to] for to in targets if to in code.labels]
    loops = graph.natural_loops(starts[0], successors)
    indirect = {block(line) for line in code.indirect}
    return [
        _loop(header, body, ends, indirect, _around(header, body, loops, statements))
        for header, body in sorted(loops.items())
        if header not in code.marked
    ]


def _loop(
    header: int,
    body: set[int],
    ends: Mapping[int, int],
    indirect: set[int],
    limits: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]],
) -> GotoLoop:
    first, last = min(body), max(ends[block] for block in body)
    inner, outer = limits
    for begin, end in inner:  # the text of a loop has more than its blocks: its early exits
        first, last = min(first, begin), max(last, end)
    for begin, end in outer:
        first, last = max(first, begin), min(last, end)
    blocks = tuple((block, ends[block]) for block in sorted(body))
    made_of = COMPUTED if header in indirect else GOTO
    return GotoLoop(first, last, blocks, (header, ends[header]), made_of)


def _around(
    header: int,
    body: set[int],
    loops: Mapping[int, set[int]],
    statements: Sequence[tuple[int, int]],
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The lines of the statements' loops within the loop, and of those around it."""
    inner = [(b, e) for b, e in statements if b in body and b != header]
    outer = [(b, e) for b, e in statements if header in loops.get(b, ()) and b != header]
    return inner, outer
