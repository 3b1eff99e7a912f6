"""Loops behind a directive that this build ignores: `#pragma omp parallel for` without -fopenmp.

In a build that obeys it the directive must find its loop. What is handed out has both texts, the
old one for such builds; the candidate that is judged has the new one alone, which is what the
compiler is given of both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace

from corr.optimize.moves.source import Source
from corr.optimize.variant import Variant

#: Kinds of directives that want a loop, and the macro of a compiler that obeys them.
OBEYED = {"omp": "_OPENMP", "acc": "_OPENACC"}
_PRAGMA = re.compile(r"[ \t]*#[ \t]*pragma[ \t]+(\w+)\b(?:\\\n|[^\n])*")
_BLANK = re.compile(r"(?:\s|//[^\n]*(?=\n)|/\*.*?\*/)*", re.DOTALL)


def with_both_texts(best: Variant) -> Variant:
    """The variant with the loops' own text beside what took its place, where a directive wants it.

    Not where something else names the lines of its text.
    """
    if best.inlined or best.schedules:
        return best
    edits = [edit for move in best.moves if isinstance(move, Source) for edit in move.edits]
    return replace(best, texts={path: kept(text, edits) for path, text in best.texts.items()})


def kept(text: str, edits: Iterable[tuple[str, str]]) -> str:
    """A text with what the edits took away, under the macro of the directives before it."""
    for old, new in edits:
        alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
        same = len(list(alike))
        old, new = old[same:], new[same:]
        if not new or text.count(new) != 1:
            continue
        before, after = text.split(new)
        if macro := guarding(before):
            indent = before.rpartition("\n")[2]
            indent = "" if indent.strip() else indent
            both = beside(old, new, macro, indent, after)
            text = before.removesuffix(indent) + both + after
    return text


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
