"""What is handed out has the loops as they were written beside those that took their place.

Behind a directive that this build ignores, as `#pragma omp parallel for` without -fopenmp, the old
text is there for builds that obey it: the directive must find its loop. Elsewhere it is compiled
with -DCORR_ORIGINAL. The candidate that is judged has the new text alone, which is what the
compiler is given of both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace

from corr.optimize.moves.source import Source
from corr.optimize.moves.source_text import code_only
from corr.optimize.variant import Variant

#: Kinds of directives that want a loop, and the macro of a compiler that obeys them.
OBEYED = {"omp": "_OPENMP", "acc": "_OPENACC"}
#: What compiles the loops as they were written.
ORIGINAL = "CORR_ORIGINAL"
#: Lines from which on a new text is worth an old one beside it.
_LONG = 6
_PRAGMA = re.compile(r"[ \t]*#[ \t]*pragma[ \t]+(\w+)\b(?:\\\n|[^\n])*")
_BLANK = re.compile(r"(?:\s|//[^\n]*(?=\n)|/\*.*?\*/)*", re.DOTALL)
_WORDS = re.compile(r"\w+|[^\w\s]")


def with_both_texts(best: Variant) -> Variant:
    """The variant with the loops' own text beside what took its place.

    Not where something else names the lines of its text.
    """
    if best.inlined or best.schedules:
        return best
    edits = [edit for move in best.moves if isinstance(move, Source) for edit in move.edits]
    return replace(best, texts={path: kept(text, edits) for path, text in best.texts.items()})


def kept(text: str, edits: Iterable[tuple[str, str]]) -> str:
    """A text with what the edits took away, under the macro of the directives before it or ours."""
    for old, new in edits:
        alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
        same = old.rfind("\n", 0, len(list(alike))) + 1
        old, new = old[same:], new[same:]
        if not new or text.count(new) != 1 or "\r" in text:
            continue
        before, after = text.split(new)
        macro = guarding(before) or (ORIGINAL if _worth_it(old, new, before, after) else None)
        if macro:
            indent = before.rpartition("\n")[2]
            indent = "" if indent.strip() else indent
            both = beside(old, new, macro, indent, after)
            text = before.removesuffix(indent) + both + after
    return text


def _worth_it(old: str, new: str, before: str, after: str) -> bool:
    """A new text that is long, lines of its own, and does not hold the old one in a branch."""
    if new.count("\n") < _LONG or "__LINE__" in before + new + after or _words(old) in _words(new):
        return False
    if before.rpartition("\n")[2].strip() or after.partition("\n")[0].strip():
        return False
    code, at = code_only(before + new), len(before)
    begins = bool(code[at : at + 1].strip())  # neither in a comment nor in a directive
    return begins and _open(code[:at]) == _open(code) == 0


def _open(code: str) -> int:
    return code.count("(") - code.count(")")


def _words(text: str) -> str:
    return " ".join(_WORDS.findall(text))


def guarding(before: str) -> str | None:
    """The macro under which a directive that ends the text before a loop is obeyed, if one does."""
    for found in reversed(list(_PRAGMA.finditer(before))):
        if found[1] in OBEYED and _BLANK.fullmatch(before, found.end()):
            return OBEYED[found[1]]
    return None


def beside(old: str, new: str, macro: str, indent: str, after: str) -> str:
    """Both texts: the old one for builds that have the macro, the new one for others."""
    parts = ["#ifdef " + macro, indent + old, "#else", indent + new, "#endif"]
    rest = after.split("\n", 1)[0]
    return "\n".join(parts) + ("\n" + indent if rest.strip() else "")
