"""The pragma move: standard OpenMP and clang loop directives above a named loop.

Nothing here proves them legal. Clang does not check `tile`, `interchange`, `reverse` and their
like, and what asks for vectors lets LLVM 22 add a floating-point sum in another order without any
flag (LoopVectorizeHints::allowReordering): the test of the variant demands equal bits all the same,
unless reassociation is allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.source_text import (
    LINE_END,
    changeable_source,
    closing,
    code_only,
    exact_text,
    line_end,
    line_starts,
    statement_end,
    without_comments,
)
from corr.optimize.variant import Move, Variant

#: `fuse`, `stripe`, `reverse` and `interchange` are OpenMP 6.0. -fopenmp-simd crashes clang 22.
OPENMP_FLAGS = ("-fopenmp", "-fopenmp-version=60")

_NUMBER = r"\d{1,6}"
_NUMBERS = r"\d{1,6}(?:,\d{1,6}){0,9}"
_NAMES = r"[A-Za-z_]\w*(?:,[A-Za-z_]\w*)*"
_SWITCH = "enable|disable"
#: What is taken: each directive's clauses and what may stand in their parentheses, blanks left out.
_CLAUSES: dict[str, dict[str, str]] = {
    "omp tile": {"sizes": _NUMBERS},
    "omp stripe": {"sizes": _NUMBERS},
    "omp interchange": {"permutation": _NUMBERS},
    "omp unroll": {"full": "", "partial": rf"(?:{_NUMBER})?"},
    "omp reverse": {},
    "omp fuse": {},
    "omp simd": {
        **dict.fromkeys(("simdlen", "safelen", "collapse"), _NUMBER),
        **dict.fromkeys(("private", "lastprivate", "nontemporal"), _NAMES),
        **dict.fromkeys(("aligned", "linear"), rf"{_NAMES}(?::{_NUMBER})?"),
        "reduction": rf"(?:[-+*&|^]|&&|\|\||min|max):{_NAMES}",
        "order": "concurrent",
    },
    "clang loop": {
        **dict.fromkeys(("vectorize", "interleave"), rf"{_SWITCH}|assume_safety"),
        **dict.fromkeys(("vectorize_predicate", "distribute"), _SWITCH),
        **dict.fromkeys(("unroll_count", "interleave_count"), _NUMBER),
        "unroll": rf"{_SWITCH}|full",
        "vectorize_width": rf"{_NUMBER}(?:,(?:fixed|scalable))?|fixed|scalable",
        "pipeline": "disable",
        "pipeline_initiation_interval": _NUMBER,
    },
    "unroll": {"": _NUMBER},
    "unroll_and_jam": {"": _NUMBER},
    "nounroll": {},
    "nounroll_and_jam": {},
}
_HEAD = re.compile(r"# ?pragma (omp \w+|clang loop|\w+)")
_CLAUSE = re.compile(r"[ ,]{0,2}(\w*)(?: ?\(([^()]*)\))?")
#: The longest directive that is looked at.
_LONGEST = 400
_IS_HINT = re.compile(r"[ \t]*#[ \t]*pragma[ \t]+(?:clang[ \t]+loop|(?:no)?unroll(?:_and_jam)?)\b")
_LOOP = re.compile(r"\b(?:for|while|do)\b")
_NEXT_FOR = re.compile(r"\s*for\b")
_DORMANT = re.compile(r"#[ \t]*pragma[ \t]+omp\b|\b_OPENMP\b|_Pragma[ \t]*\([ \t]*\"[ \t]*omp\b")


@dataclass(frozen=True)
class Pragma(Move):
    """Directives above the loop that starts at `line` (from 1) of a file's current text.

    `directives` are written from the outermost to the one applied first, as OpenMP reads them.
    Those that a loop has already stay above new ones, and are so applied after them; hints to the
    loop itself (`clang loop`, `unroll`) always come last. `omp fuse` takes the loop and the next.
    (Clang 22 compiles no directive on several loops above `interchange`, `reverse` or `unroll`,
    and nothing between `simd` and the loop.)
    """

    file: str
    line: int
    directives: tuple[str, ...]
    kind: ClassVar[str] = "pragma"

    def changed(self, variant: Variant) -> Variant:
        lines = checked(self.directives)
        path = changeable_source(variant, self.file)
        text = exact_text(variant, path)
        code = code_only(text)
        start = loop_start(code, self.line, self.file)
        openmp = [line for line in lines if line.startswith("#pragma omp")]
        if openmp and not code.startswith("for", start):
            raise Refused(f"{self.file}:{self.line}: OpenMP wants a for loop, this is another")
        flags = openmp_flags(variant) if openmp else ()
        hints = [line for line in lines if line not in openmp]
        new = _with_lines(text, code, start, openmp, hints)
        return replace(variant.with_text(path, new), flags=(*variant.flags, *flags))

    def describe(self) -> str:
        return f"{self.file}:{self.line}: {self.called()}"

    def called(self) -> str:
        return "; ".join(text.strip().removeprefix("#pragma ") for text in self.directives)


def checked(given: tuple[str, ...]) -> list[str]:
    """The directives in one spelling. Raises Refused for one that is not on the list."""
    if not given or not isinstance(given, tuple):
        raise Refused("a pragma move without a directive")
    lines: list[str] = []
    for text in given:
        line = _spelled(text) if isinstance(text, str) else None
        if line is None:
            raise Refused(
                f"not a directive that is taken: {str(text)[:200]!r} (taken: "
                f"{', '.join(_CLAUSES)}; their standard clauses with numbers, not expressions)"
            )
        if line in lines:
            raise Refused(f"the directive {line} is there twice")
        lines.append(line)
    return lines


def _spelled(text: str) -> str | None:
    """A directive in the spelling in which it is written; None for one that is not taken."""
    if len(text) > _LONGEST or "\\" in text:
        return None
    plain = re.sub(r"[ \t]+", " ", text.strip(" \t"))
    plain = re.sub(r"(unroll|unroll_and_jam) (\d+)$", r"\1(\2)", plain)
    found = _HEAD.match(plain)
    known = _CLAUSES.get(found[1]) if found else None
    if found is None or known is None:
        return None
    clauses = []
    at = found.end()
    while at < len(plain):
        clause = _CLAUSE.match(plain, at)
        if clause is None or clause.end() == at:
            return None
        at = clause.end()
        name, inside = clause[1], (clause[2] or "").replace(" ", "")
        if name not in known or not re.fullmatch(known[name], inside, re.ASCII):
            return None
        clauses.append(f"{name}({inside.replace(',', ', ')})" if clause[2] is not None else name)
    joined = " ".join(clauses)
    blank = "" if not joined or joined.startswith("(") else " "
    return f"#pragma {found[1]}{blank}{joined}"


def loop_start(code: str, line: int, name: str) -> int:
    """The offset of the first loop keyword of a line. Raises Refused where there is none.

    `code` is a text's `code_only`.
    """
    starts = line_starts(code)
    if not isinstance(line, int) or not 1 <= line <= len(starts):
        raise Refused(f"{name} has no line {line}, it has {len(starts)}")
    end = LINE_END.search(code, starts[line - 1])
    for found in _LOOP.finditer(code, starts[line - 1], end.start() if end else len(code)):
        if found[0] != "while" or not _ends_do(code, found.end()):
            return found.start()
    near = _nearest_loop(code, starts, line)
    raise Refused(
        f"{name}:{line}: no loop starts there" + (f", one does at {near}" if near else "")
    )


def _ends_do(code: str, at: int) -> bool:
    """The `while` before this offset belongs to a `do` (or has an empty body)."""
    open_parenthesis = code.find("(", at)
    end = closing(code, open_parenthesis) if open_parenthesis >= 0 else -1
    return end >= 0 and code[end + 1 :].lstrip()[:1] == ";"


def _nearest_loop(code: str, starts: list[int], line: int) -> int | None:
    for distance in range(1, 6):
        for other in (line - distance, line + distance):
            if 1 <= other < len(starts) and _LOOP.search(code, starts[other - 1], starts[other]):
                return other
    return None


def _with_lines(text: str, code: str, start: int, openmp: list[str], hints: list[str]) -> str:
    """The text with directives directly above the loop at `start`, on lines of their own."""
    end = line_end(text)
    begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    before = text[begin:start]
    indent = before[: len(before) - len(before.lstrip(" \t"))]
    lead = "" if not before.strip(" \t") else text[begin:start].rstrip(" \t") + end
    here = "".join(indent + line + end for line in hints)
    above = "".join(indent + line + end for line in openmp)
    rest = indent + text[start:]
    if any(line == "#pragma omp fuse" for line in openmp):
        rest = indent + "{" + end + here + indent + _two_loops(text, code, start, indent, end)
        here = ""
    top = begin if lead else _above_hints(text, begin)
    return text[:top] + (lead + above if lead else above + text[top:begin]) + here + rest


def _above_hints(text: str, begin: int) -> int:
    """The start of the lines of loop hints that directly precede the line at `begin`."""
    while begin > 0:
        previous = text.rfind("\n", 0, begin - 1) + 1
        if not _IS_HINT.match(text, previous, begin):
            break
        begin = previous
    return begin


def _two_loops(text: str, code: str, start: int, indent: str, end: str) -> str:
    """The text from a loop on, with a brace behind it and the next loop, which must follow."""
    first = statement_end(code, start)
    following = _NEXT_FOR.match(code, first) if first >= 0 else None
    second = statement_end(code, following.end() - 3) if following else -1
    if second < 0:
        raise Refused("omp fuse: no other for loop follows directly")
    return text[start:second] + end + indent + "}" + text[second:]


def openmp_flags(variant: Variant) -> tuple[str, ...]:
    """The flags that a variant lacks for OpenMP directives.

    Raises Refused if they would switch on directives that the program has of its own.
    """
    if "-fopenmp" not in variant.flags:
        for unit in variant.program.units:
            if "-fopenmp" not in unit.flags:
                _refuse_dormant(variant, unit.source)
    return tuple(flag for flag in OPENMP_FLAGS if flag not in variant.flags)


def _refuse_dormant(variant: Variant, path: Path) -> None:
    """Raise Refused if -fopenmp would wake directives that the program is built without."""
    text = exact_text(variant, path)
    found = _DORMANT.search(without_comments(text)) or re.search(r'_Pragma\s*\(\s*"\s*omp\b', text)
    if found:
        raise Refused(
            f"{path.name} has OpenMP of its own that is off: -fopenmp would switch it on as well"
        )
