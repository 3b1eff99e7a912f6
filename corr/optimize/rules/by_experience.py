"""The order of proposals by what earlier sessions of the lake taught.

What won most on places where the same was seen comes first; what never paid comes last. What
nothing is known of keeps its place, so without experience the order is the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from corr.optimize.experience.earlier import Experience, Lesson
from corr.optimize.experience.seen import Seen
from corr.optimize.proposal import Proposal


@dataclass(frozen=True)
class ByExperience:
    """What was seen in the original, and in the best so far, for proposals on either."""

    experience: Experience = field(default_factory=Experience)
    original: Seen = field(default_factory=Seen)
    best: Seen = field(default_factory=Seen)

    def worth(self, rule: str, loop: str | None) -> float:
        """What to expect of a rule on the original: above 0 if it won, below if it never did."""
        return _value(self.experience.of(rule, self.original.at(loop)))

    def of(self, proposal: Proposal) -> float:
        """The same of a proposal."""
        return _value(self._lesson(proposal))

    def never(self, proposal: Proposal) -> bool:
        """It never paid, though it was tried often enough; nothing else is built on it."""
        return self.of(proposal) < 0 and not proposal.base

    def marked(self, proposal: Proposal) -> Proposal:
        """The proposal, with why it comes when it does."""
        lesson = self._lesson(proposal)
        if lesson is None or (proposal.base and not lesson.won):
            return proposal
        return replace(proposal, learned=lesson.words)

    def flags_of(
        self, rule: str, loop: str | None, known: Sequence[tuple[str, ...]]
    ) -> tuple[str, ...] | None:
        """Those of the known flags under which the rule won most often."""
        lesson = self.experience.of(rule, self.original.at(loop))
        for under in lesson.under if lesson is not None else ():
            words = under.split()
            fitting = [flags for flags in known if tuple(words[: len(flags)]) == flags]
            if fitting:
                return max(fitting, key=len)
        return None

    def _lesson(self, proposal: Proposal) -> Lesson | None:
        seen = self.original if proposal.from_original else self.best
        return self.experience.of(proposal.called, seen.at(proposal.loop))


def _value(lesson: Lesson | None) -> float:
    return lesson.value if lesson is not None else 0.0
