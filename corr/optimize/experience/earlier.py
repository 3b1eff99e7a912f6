"""How each kind of proposal did in earlier sessions of a lake, by what was seen at the place."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from corr.lake.store import Lake
from corr.optimize.experience import words
from corr.optimize.experience.recipe import Recipe
from corr.optimize.experience.tried import Tried, of_lake

#: A proposal that won in none of so many sessions is tried last.
ENOUGH = 3


@dataclass(frozen=True)
class Lesson:
    """What earlier sessions teach of a kind of proposal on a kind of evidence.

    `gained` is the sum of the logarithms of what it gained, `under` the flags that it won with.
    """

    evidence: str
    sessions: int = 0
    won: int = 0
    gained: float = 0.0
    programs: tuple[str, ...] = ()
    under: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """The logarithm of what to expect of it, with one more session in which it gains nothing.

        0 where too little is known, below 0 where it never paid.
        """
        if self.won:
            return max(self.gained, 1e-9) / (self.sessions + 1)
        return -1.0 if self.sessions >= ENOUGH else 0.0

    @property
    def words(self) -> str:
        """Why it is tried first or last; nothing where it is neither."""
        where = words.places(self.evidence)
        named = words.programs(self.programs)
        if self.won:
            gain = f"×{math.exp(self.gained / self.won):.2f}"
            times = f"{self.won} of {self.sessions} time{'s' if self.sessions != 1 else ''}"
            return f"tried first, as it won {times} on {where}, {gain} on average: {named}"
        if self.sessions >= ENOUGH:
            return f"tried last, as it won none of {self.sessions} times on {where}: {named}"
        return ""


@dataclass(frozen=True)
class Experience:
    """Lessons by rule and evidence, and recipes. Empty: nothing is known, or is not to be used."""

    lessons: Mapping[tuple[str, str], Lesson] = field(default_factory=dict)
    recipes: tuple[Recipe, ...] = ()

    def of(self, rule: str, evidence: Sequence[str]) -> Lesson | None:
        """The lesson on the likeliest of the evidence that has one."""
        found = (self.lessons.get((rule, one)) for one in evidence)
        return next((lesson for lesson in found if lesson is not None), None)


def earlier(lake: Lake, session: str) -> Experience:
    """What the sessions taught that began before this one."""
    tried: dict[tuple[str, str], dict[str, list[Tried]]] = {}
    for row in of_lake(lake):
        if row.session < session:
            tried.setdefault((row.rule, row.evidence), {}).setdefault(row.session, []).append(row)
    return Experience({key: _lesson(key[1], found) for key, found in sorted(tried.items())})


def _lesson(evidence: str, sessions: Mapping[str, Sequence[Tried]]) -> Lesson:
    won = {name: rows for name, rows in sessions.items() if any(row.won for row in rows)}
    under = Counter(_last(rows) for rows in won.values())
    named = [rows[0].program for _, rows in sorted((won or sessions).items())]
    return Lesson(
        evidence,
        len(sessions),
        len(won),
        math.fsum(row.gained for rows in won.values() for row in rows),
        tuple(dict.fromkeys(named)),
        tuple(sorted(filter(None, under), key=lambda flags: (-under[flags], flags))),
    )


def _last(rows: Sequence[Tried]) -> str:
    """The flags that it last won with in a session."""
    return max(((row.run, row.under) for row in rows if row.won), default=("", ""))[1]
