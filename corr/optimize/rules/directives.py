"""Loops behind a directive that this build ignores: `#pragma omp parallel for` without -fopenmp.

In a build that obeys it the directive must still find its loop: there the text stays as it was.
"""

from __future__ import annotations

import re

#: Kinds of directives that want a loop, and the macro of a compiler that obeys them.
OBEYED = {"omp": "_OPENMP", "acc": "_OPENACC"}
_PRAGMA = re.compile(r"[ \t]*#[ \t]*pragma[ \t]+(\w+)\b(?:\\\n|[^\n])*")
_BLANK = re.compile(r"(?:\s|//[^\n]*(?=\n)|/\*.*?\*/)*", re.DOTALL)


def guarding(before: str) -> str | None:
    """The macro under which a directive that ends the text before a loop is obeyed, if one does."""
    for found in reversed(list(_PRAGMA.finditer(before))):
        if found[1] in OBEYED and _BLANK.fullmatch(before, found.end()):
            return OBEYED[found[1]]
    return None


def beside(old: str, new: str, macro: str, indent: str, after: str) -> str:
    """Both texts: the old one for builds that obey the directive, the new one for others."""
    parts = ["#ifdef " + macro, indent + old, "#else", indent + new, "#endif"]
    rest = after.split("\n", 1)[0]
    return "\n".join(parts) + ("\n" + indent if rest.strip() else "")
