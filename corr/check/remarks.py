"""What remarks of the inliner, the vectoriser and the register allocator say to the gate."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from corr.compare.difference import SIDES, RemarkChange, SideName

_INLINED = re.compile(r"^'(?P<callee>.+?)' (?:not |will not be )?inlined into '")
_SPILLS = re.compile(r"(?<![\w.+])(\d+) (?:folded )?(?:spills|reloads)\b")
_SPILL_COST = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) total (?:folded )?(?:spills|reloads) cost")


@dataclass(frozen=True)
class Spills:
    """Number of spills and reloads, and their cost, which counts executions."""

    count: int
    cost: float


def callees(remarks: Iterable[RemarkChange]) -> set[str]:
    """The functions that remarks of the inliner speak of, under the compiler's names."""
    names = (_callee(remark, side) for remark in _of("inline", remarks) for side in SIDES)
    return {name for name in names if name is not None}


def lost_callees(
    remarks: Iterable[RemarkChange], *, calls_rose: bool, called: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Callees inlined in a and not in b, with the reason that the inliner gives.

    Where it gives none, the callee may just not be called any more: then the machine code has to
    say that it is, by its calls (`called`), or by a rise of them where those are not known.
    """
    inlined: dict[SideName, dict[str, None]] = {"a": {}, "b": {}}
    missed: dict[str, str] = {}
    for remark in _of("inline", remarks):
        for side in SIDES:
            callee = _callee(remark, side)
            if callee is None:
                continue
            words = remark.words_of(side) or ""
            if remark.tag == "Passed":
                inlined[side][callee] = None
            elif side == "b":
                missed[callee] = words.partition(" because ")[2] or words
    for callee in inlined["a"]:
        calls = calls_rose and (called is None or callee in called)
        if callee not in inlined["b"] and (calls or callee in missed):
            yield callee, missed.get(callee, "the compiler gives no reason").strip()


def spills(remarks: Iterable[RemarkChange]) -> tuple[Spills, Spills] | None:
    """What the register allocator spills on each side; None where none of its remarks changed."""
    changes = list(_of("regalloc", remarks))
    if not changes:
        return None
    before, after = (_spills(remark.words_of(side) for remark in changes) for side in SIDES)
    return before, after


def vectoriser_reason(words: str) -> str:
    """A remark of the vectoriser without the words that they all begin with."""
    return words.removeprefix("loop not vectorized: ").strip()


def _of(pass_name: str, remarks: Iterable[RemarkChange]) -> Iterator[RemarkChange]:
    return (remark for remark in remarks if remark.by(pass_name))


def _callee(remark: RemarkChange, side: SideName) -> str | None:
    match = _INLINED.match(remark.words_of(side) or "")
    return match["callee"] if match else None


def _spills(texts: Iterable[str | None]) -> Spills:
    count, cost = 0, 0.0
    for text in texts:
        count += sum(int(n) for n in _SPILLS.findall(text or ""))
        cost += sum(float(n) for n in _SPILL_COST.findall(text or ""))
    return Spills(count, cost)
