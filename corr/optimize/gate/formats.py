"""Formats of printf and scanf: `%n` writes to memory, and a text that is computed may hold it."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Which argument is the format.
FORMATS = {
    "printf": 0, "fprintf": 1, "dprintf": 1, "sprintf": 1, "snprintf": 2, "asprintf": 1,
    "scanf": 0, "fscanf": 1, "sscanf": 1, "vprintf": 0, "vfprintf": 1, "vsprintf": 1,
    "vsnprintf": 2, "vscanf": 0, "vfscanf": 1, "vsscanf": 1, "syslog": 1, "wprintf": 0,
}  # fmt: skip
#: Macros of <inttypes.h> for the end of a conversion.
_CONVERSION = re.compile(r"(?:PRI|SCN)[diouxX](?:LEAST|FAST)?(?:8|16|32|64|MAX|PTR)\Z")
#: Signs by their numbers might be any.
_NUMBERED = re.compile(r"\\[0-7xuUN]")
_WRITES = re.compile(r"%[-+ #0'I*\d.$hlLqjztwZ]*n")


def is_harmless(words: Iterable[str]) -> bool:
    """Literals, and no `%n` in them."""
    text = ""
    for word in words:
        if word.startswith('"') and word.endswith('"') and len(word) > 1:
            text += word[1:-1]
        elif _CONVERSION.match(word):
            text += "d"
        else:
            return False
    if "\n" in text or _NUMBERED.search(text.replace("\\\\", "")):
        return False
    return not _WRITES.search(text.replace("%%", ""))
