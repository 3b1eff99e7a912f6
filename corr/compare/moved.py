"""Samples that moved between a caller and what it calls, and so are no change of either.

A function that one build inlines into a loop has its samples there, and beside it in the other
build. And where a clock interrupts, a sample may fall on either side of a call or a return: how
they divide between a small function and the loop that calls it hangs on the code around the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Of the larger change of the two, what may be left when both are taken together.
LEFT = 0.5
#: Share of the time that must have come and gone.
LEAST = 0.01


@dataclass(frozen=True)
class Spent:
    """What the two runs spent in a loop or function: seconds of each."""

    a: float
    b: float

    @property
    def change(self) -> float:
        return self.b - self.a


def moved(
    callers: Mapping[str, Spent],
    callees: Mapping[str, Spent],
    calls: Iterable[tuple[str, str]],
    whole: float,
) -> dict[str, tuple[str, ...]]:
    """Caller → the callees that its time moved from or to.

    `calls` are pairs of keys of both; `whole` is what a whole run takes. Each callee goes to the
    caller that changed most the other way.
    """
    candidates: dict[str, list[str]] = {}
    for caller, callee in calls:
        if caller in callers and callee in callees and caller != callee:
            candidates.setdefault(callee, []).append(caller)
    found: dict[str, list[str]] = {}
    for callee, possible in sorted(candidates.items()):
        caller = max(possible, key=_against(callers, callees[callee].change))
        if _goes_with(callers[caller], callees[callee], whole):
            found.setdefault(caller, []).append(callee)
    # a callee that is a caller itself goes with its own caller alone
    taken = {callee for those in found.values() for callee in those}
    return {caller: tuple(those) for caller, those in found.items() if caller not in taken}


def _against(callers: Mapping[str, Spent], change: float) -> Callable[[str], tuple[float, str]]:
    return lambda key: (-callers[key].change * (1 if change > 0 else -1), key)


def _goes_with(caller: Spent, callee: Spent, whole: float) -> bool:
    changes: Sequence[float] = (caller.change, callee.change)
    if changes[0] * changes[1] >= 0 or min(map(abs, changes)) < LEAST * whole:
        return False
    return abs(sum(changes)) <= LEFT * max(map(abs, changes)) or 0.0 in (callee.a, callee.b)
