"""Why a change is not made: the answer of a gate, and what an impossible move raises."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line


class Refused(CorrError):
    """A move that cannot be applied, or must not be; the message says which rule and where."""


@dataclass(frozen=True)
class Refusal:
    """One broken rule: its short name, the line (from 1; 0 without one), and what, where, why."""

    rule: str
    line: int
    what: str

    def __str__(self) -> str:
        return self.what


def shown(text: str, most: int = 80) -> str:
    """Foreign text for a message: on one line, visible, cut."""
    return one_line(text, most)
