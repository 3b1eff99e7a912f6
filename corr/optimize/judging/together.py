"""A proposal for the program that its proposer was shown, on top of a best that came since.

The candidates of one reply are all for the program of the prompt. Once one of them is the best, the
others are still for that program: a line number there is another line now, and a function written
anew would undo what was gained. So a later one is merged only if it changes the same in the best.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from collectors.base.toolchain import Toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.ir_function import IrFunction, replayed
from corr.optimize.moves.pragma import Pragma
from corr.optimize.moves.schedule import Schedule
from corr.optimize.moves.source_text import changeable_source
from corr.optimize.variant import Move, Variant

_OVERLAP = "the best so far has changed what it changes"


def merged(
    shown: Variant,
    own: Variant,
    best: Variant,
    moves: Sequence[Move],
    toolchain: Toolchain,
    folder: Path,
) -> Variant:
    """The best with the moves that make `own` of what was shown.

    Raises Refused where that would be something else than both, and CompileError.
    """
    since = [move for move in best.moves if move not in shown.moves]
    for move in moves:
        _check_apart(move, since, shown, best)
    both = replayed(best, [_moved(m, shown, best) for m in moves], toolchain, folder)
    for path in own.texts:
        wanted = _changes(shown.text(path), own.text(path))
        if _hunks(wanted) != _hunks(_changes(best.text(path), both.text(path))):
            raise Refused(_OVERLAP)
    return both


def _check_apart(move: Move, since: Sequence[Move], shown: Variant, best: Variant) -> None:
    """Raise Refused where a move of what is compiled would undo another, or was for other code."""
    if isinstance(move, Schedule):
        same = [m for m in since if isinstance(m, Schedule)]
        if any((m.unit, m.scop) == (move.unit, move.scop) for m in same):
            raise Refused(_OVERLAP)
    if isinstance(move, IrFunction):
        same_code = (best.texts, best.flags, best.schedules, best.inlined)
        if same_code != (shown.texts, shown.flags, shown.schedules, shown.inlined):
            raise Refused("the function that it rewrites is compiled otherwise in the best so far")
        others = [m for m in since if isinstance(m, IrFunction)]
        if any((m.unit, m.function) == (move.unit, move.function) for m in others):
            raise Refused(_OVERLAP)


def _moved(move: Move, shown: Variant, best: Variant) -> Move:
    """A move that names a line names the same one of the best."""
    if not isinstance(move, Pragma):
        return move
    path = changeable_source(shown, move.file)
    line = move.line - 1
    for tag, start, end, other, _ in _opcodes(_lines(shown.text(path)), _lines(best.text(path))):
        if tag == "equal" and start <= line < end:
            return replace(move, line=line - start + other + 1)
    raise Refused(_OVERLAP)


Changes = list[tuple[list[str], list[str]]]


def _changes(before: str, after: str) -> Iterator[tuple[list[str], list[str]]]:
    """Lines that go and lines that come in their place."""
    old, new = _lines(before), _lines(after)
    for tag, start, end, first, last in _opcodes(old, new):
        if tag != "equal":
            yield old[start:end], new[first:last]


def _hunks(changes: Iterator[tuple[list[str], list[str]]]) -> Changes:
    return list(changes)


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _opcodes(a: list[str], b: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """As difflib has them; it looks at every line, so what is equal at both ends is left out."""
    shortest = min(len(a), len(b))
    first = last = 0
    while first < shortest and a[first] == b[first]:
        first += 1
    while last < shortest - first and a[-1 - last] == b[-1 - last]:
        last += 1
    ends = len(a) - last, len(b) - last
    yield "equal", 0, first, 0, first
    matcher = difflib.SequenceMatcher(None, a[first : ends[0]], b[first : ends[1]], autojunk=False)
    for tag, *places in matcher.get_opcodes():
        start, end, other, stop = (place + first for place in places)
        yield tag, start, end, other, stop
    yield "equal", ends[0], len(a), ends[1], len(b)
