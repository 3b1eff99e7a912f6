"""Are two outputs the same but for numbers that are off by a little? Number by number, as stated.

A number stands by itself: `f32` and `x86_64` are words. What is no number must be the same, blanks
but for their width. Infinities and what is no number (nan) are equal to their like only; one that
is too large to be read as a number must be the same, letter by letter.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

#: Possessive throughout: whatever is printed is read in linear time.
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?+(?:\d++(?:\.\d*+)?+(?:e[-+]?+\d++)?+|\.\d++(?:e[-+]?+\d++)?+|nan|inf(?:inity)?)"
    r"(?![\w.])",
    re.IGNORECASE,
)
_SPELLED = ("nan", "inf")


@dataclass(frozen=True)
class Printed:
    """What a run put out, and how far its numbers may be off: relative, or absolute."""

    text: str
    tolerance: float = 0.0
    absolute: float = 0.0

    def differs(self, other: Printed) -> str:
        """How the other output differs from this one; empty where it does not."""
        if _blank(_NUMBER.sub("0", self.text)) != _blank(_NUMBER.sub("0", other.text)):
            return "its output is not the baseline's, numbers left out of account"
        pairs = zip(_NUMBER.findall(self.text), _NUMBER.findall(other.text), strict=True)
        for place, (one, two) in enumerate(pairs, 1):
            if one != two and not self._near(one, two):
                allowed = f"{self.tolerance:g} of it"
                if self.absolute:
                    allowed += f", or {self.absolute:g}"
                return f"number {place} of its output is off the baseline's by more than {allowed}"
        return ""

    def _near(self, one: str, two: str) -> bool:
        a, b = float(one), float(two)
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        if math.isinf(a) or math.isinf(b):
            return a == b and _spelled(one) and _spelled(two)
        off = abs(a - b)
        return off <= self.absolute or off <= self.tolerance * max(abs(a), abs(b))


def _spelled(number: str) -> bool:
    """It says that it is infinite, and is not only too large."""
    return number.lstrip("+-").lower().startswith(_SPELLED)


def _blank(text: str) -> list[str]:
    """The text by lines and words: how wide a number is printed moves what stands beside it."""
    return [" ".join(line.split()) for line in text.splitlines()]
