"""What a remark says, as a person reads it: names in short, and no numbers that decide nothing.

Tables keep the words as clang wrote them; this is for what is printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from corr.console.short_names import short_name

_MANGLED = re.compile(r"\b_Z[\w$]+(?:\.[\w$]+)*")
#: Weights of the register allocator, by block frequency, beside the counts that they are for.
_WEIGHTS = re.compile(r"(?:(?<=\s)|^)[\d.]+e[+-]\d+ total [a-z ]*?cost\s*")
_INLINED = re.compile(r" with \(cost=(-?\w+)(?:, threshold=(\w+))?\)(?: at callsite \S+)?;?")
#: Inlining costs so far below zero stand for "the only call of a static function".
_ONLY_CALL = -10_000


def readable(words: str, names: Mapping[str, str]) -> str:
    """The words in one line; `names` are names as one reads them by linkage name."""
    text = " ".join(words.split())
    text = _MANGLED.sub(lambda found: short_name(names.get(found[0], found[0])), text)
    return _INLINED.sub(_cost, _WEIGHTS.sub("", text)).strip()


def spoken(name: str, names: Mapping[str, str]) -> str:
    """A function by its linkage name, as one says it."""
    return short_name(names.get(name, name))


def _cost(found: re.Match[str]) -> str:
    cost, threshold = found[1], found[2]
    if cost.lstrip("-").isdigit() and int(cost) < _ONLY_CALL:
        return " (its only call)"
    return f" (cost {cost} of {threshold})" if threshold else f" ({cost})"
