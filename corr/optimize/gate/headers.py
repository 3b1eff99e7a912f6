"""Headers of the standard library that a change may include: they declare, and do nothing else.

Only among the directives at the top of a file, where no text of the program comes before them.
"""

from __future__ import annotations

import re

from corr.optimize.gate.known_names import words

HARMLESS = words(
    """
    ctype.h float.h inttypes.h limits.h math.h stdalign.h stdbool.h stddef.h
    stdint.h stdlib.h string.h immintrin.h emmintrin.h xmmintrin.h pmmintrin.h tmmintrin.h
    smmintrin.h nmmintrin.h x86intrin.h arm_neon.h algorithm array bit bitset cctype cfloat
    charconv climits cmath cstddef cstdint cstdlib cstring deque functional iterator limits memory
    numeric optional span string string_view tuple type_traits unordered_map unordered_set utility
    vector
    """
)
_INCLUDE = re.compile(r"[ \t]*#[ \t]*include[ \t]*<([\w.]{1,40})>[ \t]*\Z")


def without_added(before: str, after: str) -> str:
    """The new text without the lines that add such headers, which are empty then."""
    old = {line.strip() for line in before.splitlines() if _INCLUDE.match(line)}
    lines = after.split("\n")
    for number in range(_top(lines)):
        found = _INCLUDE.match(lines[number].rstrip("\r"))
        if found and found[1] in HARMLESS and lines[number].strip() not in old:
            lines[number] = ""
    return "\n".join(lines)


def _top(lines: list[str]) -> int:
    """How many lines are at the top: empty ones, directives, and comments of a line."""
    inside = False
    for number, line in enumerate(lines):
        text = line.strip()
        if inside:
            inside = "*/" not in text
            if not inside and not text.endswith("*/"):
                return number
        elif text.startswith("/*"):
            inside = "*/" not in text
            if not inside and text.index("*/") + 2 < len(text):
                return number
        elif (text and not text.startswith(("#", "//"))) or text.endswith(("\\", "??/")):
            return number
    return len(lines)
