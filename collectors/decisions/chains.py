"""Which call of the source a decision is about, followed through the inlining before it.

The channel sends no names, and the driven inliner's remarks only the innermost place. But a call
gets into a function in two ways: it stood there, or the function that had it was inlined. So the
bodies are kept as lists of calls, and a decision to inline puts the callee's calls in the place of
the call. Copies of a call are told apart by the order in which the inliner visits them: a
function's own calls as they stand, then those of each inlined body from its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.decisions.call_sites import Call

#: Inlining copies calls without end where a policy inlines whatever it can.
MOST_CALLS = 200_000


@dataclass
class _Site:
    """A call in some function's code now. `frames` are its place, innermost first."""

    call: Call
    frames: tuple[str, ...]
    turn: int = 0
    decided: int = 0

    @property
    def chain(self) -> str:
        return " @ ".join(self.frames)


class Chains:
    """Follows the decisions of one compilation, from the first on."""

    def __init__(self, calls: Mapping[str, Sequence[Call]]) -> None:
        self._bodies = {
            name: [_Site(call, (call.frame,), turn) for turn, call in enumerate(listed)]
            for name, listed in calls.items()
        }
        self._turns = {name: len(body) for name, body in self._bodies.items()}
        self._unvisited: set[str] = set()  # bodies that changed before their own visit

    def decided(
        self, caller: str, callee: str, line: int | None, column: int | None, inlined: bool
    ) -> str | None:
        """The chain of the call that is decided next, or None where no call is known there."""
        body = self._bodies.get(caller, [])
        if caller in self._unvisited:
            self._unvisited.remove(caller)
            for turn, site in enumerate(body):
                site.turn = turn
            self._turns[caller] = len(body)
        here = [s for s in body if (s.call.line, s.call.column) == (line, column)]
        candidates = [s for s in here if s.call.callee == callee]
        candidates = candidates or [s for s in here if s.call.callee is None]
        if not candidates:
            return None
        site = min(candidates, key=lambda s: (s.decided, s.turn))
        site.decided += 1
        if inlined:
            self._inline(caller, body, site, callee)
        return site.chain

    def inlined(self, caller: str, callee: str, chain: str) -> None:
        """A call whose chain is known was inlined without a question, before all questions."""
        body = self._bodies.get(caller, [])
        self._unvisited.add(caller)
        for site in body:
            if site.call.callee in (callee, None) and site.chain == chain:
                self._inline(caller, body, site, callee)
                return

    def _inline(self, caller: str, body: list[_Site], site: _Site, callee: str) -> None:
        copied = self._bodies.get(callee, [])
        at = body.index(site)
        if len(body) + len(copied) > MOST_CALLS:
            copied = []
        turn = self._turns[caller]
        last = turn + len(copied)
        body[at : at + 1] = [
            _Site(inner.call, (*inner.frames, *site.frames), last - number)
            for number, inner in enumerate(copied, 1)
        ]
        self._turns[caller] = last
