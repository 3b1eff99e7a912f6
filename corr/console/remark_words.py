"""What a remark says, as a person reads it: names in short, and no numbers that decide nothing.

Tables keep the words as clang wrote them; this is for what is printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from corr.console.short_names import short_name

_MANGLED = re.compile(r"\b_[ZR][\w$]+(?:\.[\w$]+)*")
#: Weights of the register allocator, by block frequency, beside the counts that they are for.
_WEIGHTS = re.compile(r"(?:(?<=\s)|^)[\d.]+e[+-]\d+ total [a-z ]*?cost\s*")
_INLINED = re.compile(r" with \(cost=(-?\w+)(?:, threshold=(\w+))?\)(?: at callsite \S+)?;?")
#: What programs call and no table of theirs has.
_OPERATORS = {
    **dict.fromkeys(("_Znwm", "_ZnwmSt11align_val_t"), "operator new"),
    **dict.fromkeys(("_Znam", "_ZnamSt11align_val_t"), "operator new[]"),
    **dict.fromkeys(("_ZdlPv", "_ZdlPvm", "_ZdlPvmSt11align_val_t"), "operator delete"),
    **dict.fromkeys(("_ZdaPv", "_ZdaPvm"), "operator delete[]"),
}
#: Inlining costs so far below zero stand for "the only call of a static function".
_ONLY_CALL = -10_000


def readable(words: str, names: Mapping[str, str]) -> str:
    """The words in one line; `names` are names as one reads them by linkage name."""
    text = " ".join(words.split())
    text = _MANGLED.sub(lambda found: spoken(found[0], names), text)
    return _INLINED.sub(_cost, _WEIGHTS.sub("", text)).strip()


def spoken(name: str, names: Mapping[str, str]) -> str:
    """A function by its linkage name, as one says it."""
    return _OPERATORS.get(name) or short_name(names.get(name, name))


def _cost(found: re.Match[str]) -> str:
    cost, threshold = found[1], found[2]
    if cost.lstrip("-").isdigit() and int(cost) < _ONLY_CALL:
        return " (its only call)"
    return f" (cost {cost} of {threshold})" if threshold else f" ({cost})"
