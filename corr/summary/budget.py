"""Fitting the parts of a summary into a number of tokens: what comes first, and what is cut.

Tokens are estimated without any model's vocabulary, since no single one is right. The estimate is
meant to be high. Prose has about four characters a token and source code three to three and a
half, but digits and punctuation are denser: some vocabularies give every digit a token of its own.
So a text is split as tokenisers do before they merge, into words, digits, runs of punctuation and
of white space; a word counts a token for every six letters, a digit one, punctuation one for every
two bytes, white space one a run. Where characters / 3.5 is more, that is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CHARACTERS_A_TOKEN = 3.5
LETTERS_A_TOKEN = 6
_PIECE = re.compile(r"(?P<word> ?[A-Za-z]+)|(?P<digit>\d)|(?P<white>\s+)|(?P<other>[^\sA-Za-z\d]+)")
#: Below this nothing worth reading fits.
LEAST_BUDGET = 300


class Level(StrEnum):
    """What kind of change the reader is to propose, which decides what is shown first."""

    auto = "auto"
    ir = "ir"
    source = "source"
    schedule = "schedule"
    pragma = "pragma"
    flags = "flags"


@dataclass(frozen=True)
class Variant:
    """One way to show a part. `rank`: the lower the sooner; `cut`: what it leaves out, in words."""

    text: str
    rank: float
    cut: str = ""


@dataclass(frozen=True)
class Part:
    """A part of the text, from its shortest variant to its fullest; none without what it needs."""

    variants: tuple[Variant, ...]
    needs: Part | None = None


def part(name: str, *variants: Variant, needs: Part | None = None) -> Part:
    """A part that is left out, and named as left out, where none of its variants fits."""
    return Part((Variant("", 0, name), *variants), needs)


def tokens(text: str) -> int:
    """About how many tokens a text is; rather too many than too few."""
    pieces = sum(_cost(match) for match in _PIECE.finditer(text))
    return max(pieces, math.ceil(len(text) / CHARACTERS_A_TOKEN))


def _cost(match: re.Match[str]) -> int:
    if match.lastgroup == "word":
        return math.ceil(len(match[0].strip()) / LETTERS_A_TOKEN)
    if match.lastgroup == "other":
        return math.ceil(len(match[0].encode("utf-8", "replace")) / 2)
    return 1


def fit(parts: Sequence[Part], budget: int) -> str:
    """The parts one after another, each as full as its rank and the budget allow.

    What is left out is named in a last line.
    """
    whole = "".join(p.variants[-1].text for p in parts) + _note(parts, [-1] * len(parts), budget)
    if tokens(whole) <= budget:
        return whole
    reserved = tokens(_note(parts, [0] * len(parts), budget))
    # a note of everything may be too long for the smallest budgets
    room = budget - min(reserved, budget // 4)
    costs = [[tokens(v.text) for v in p.variants] for p in parts]
    chosen = [0] * len(parts)
    used = sum(c[0] for c in costs)
    steps = sorted(
        (v.rank, at, number)
        for at, p in enumerate(parts)
        for number, v in enumerate(p.variants)
        if number
    )
    index = {id(p): at for at, p in enumerate(parts)}
    for _, at, number in steps:
        needed = parts[at].needs
        if needed is not None and not chosen[index[id(needed)]]:
            continue
        more = costs[at][number] - costs[at][chosen[at]]
        if number > chosen[at] and used + more <= room:
            chosen[at], used = number, used + more
    text = "".join(p.variants[c].text for p, c in zip(parts, chosen, strict=True))
    note = _note(parts, chosen, budget)
    while tokens(text) + tokens(note) > budget and ", " in note:
        note = note.rsplit(", ", 1)[0] + " …\n"
    return text + note


def _note(parts: Sequence[Part], chosen: Sequence[int], budget: int) -> str:
    cut = [p.variants[c].cut for p, c in zip(parts, chosen, strict=True)]
    words = ", ".join(dict.fromkeys(c for c in cut if c))
    return f"\nLeft out, to stay within {budget} tokens: {words}\n" if words else ""
