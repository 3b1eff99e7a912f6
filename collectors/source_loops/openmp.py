"""Loops behind a pragma of OpenMP: clang gives them the pragma's place and a function of their own.

`#pragma omp parallel for` makes of its loop a function `main.omp_outlined`, in which the loop
stands at the pragma. Everything else that is known of the loop (counts, samples, remarks of its
body) stands at the `for` behind it, and a person says that the loop is main's.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from collectors.source_loops.forest import Function, Loop

#: Function of a parallel region or task: the one it is of, and LLVM's number. The wrapper that
#: debugging adds has the next number and no loop.
OUTLINED = re.compile(r"(.+?)\.(?:omp_outlined|omp_task_entry)(?:_debug__)?(?:\.(\d+))?")
_PRAGMA = re.compile(r"\s*#\s*pragma\s+omp\b")
_COLLAPSE = re.compile(r"\bcollapse\s*\(\s*(\d{1,2})\s*\)")
#: Words of C; comments, and lines of the preprocessor as of `#ifdef _OPENMP`, are one each.
_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\w+|\S""",
    re.DOTALL | re.MULTILINE,
)
#: Lines of a loop that are looked through for its end.
LONGEST = 2000
_OPENING, _CLOSING = "([{", ")]}"

Lines = Callable[[str], Sequence[str] | None]


def move_to_keywords(functions: Iterable[Function], lines_of: Lines) -> None:
    """Give each loop that stands at a pragma the place of its `for`.

    `lines_of` gives the lines of a file, or None. A loop whose text is not there, or that a macro
    wrote, stays where clang put it. `collapse` makes one loop of several: it is the outermost.
    """
    for function in functions:
        for loop in function.all_loops():
            lines = lines_of(loop.file)
            if lines is None or not 0 < loop.line <= len(lines):
                continue
            if not _PRAGMA.match(lines[loop.line - 1]):
                continue
            pragma = _directive(lines, loop.line)
            found = _statement(lines, loop.line)
            if found is not None:
                told = _COLLAPSE.search(pragma)
                loop.directive, loop.collapsed = loop.line, int(told[1]) if told else 1
                _move(function, loop, *found)


def _move(function: Function, loop: Loop, start: tuple[int, int], end: tuple[int, int]) -> None:
    loop.line, loop.column = start
    loop.end_line, loop.end_column = end
    function.places.setdefault((loop.file, *start), loop)


def _directive(lines: Sequence[str], pragma: int) -> str:
    """The directive's text, with the lines that it goes on in."""
    last = pragma
    while last < len(lines) and lines[last - 1].rstrip().endswith("\\"):
        last += 1
    return "\n".join(lines[pragma - 1 : last])


def _statement(lines: Sequence[str], pragma: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Where the loop after the pragma begins, and its last token: line and column from 1."""
    at = pragma - 1
    while at < len(lines) and (_PRAGMA.match(lines[at]) or lines[at - 1].rstrip().endswith("\\")):
        at += 1
    first, text = at + 1, "\n".join(lines[at : at + LONGEST])
    words = (m for m in _TOKEN.finditer(text) if not m[0].lstrip().startswith(("//", "/*", "#")))
    start = next(words, None)
    while start is not None and start[0] == "{":  # the block of a parallel region
        start = next(words, None)
    if start is None or start[0] != "for":
        return None
    depth, header = 0, None
    before = start
    for word, following in itertools.pairwise(itertools.chain(words, [None])):
        assert word is not None
        if word[0] in _OPENING:
            depth += 1
        elif word[0] in _CLOSING:
            depth -= 1
            if depth == 0 and word[0] == ")" and header is None:
                header = word
        if depth < 0:
            return None
        ends = header is not None and depth == 0 and word[0] in (";", "}")
        if ends and (following is None or following[0] != "else"):
            # clang's statement ends before its semicolon, but for one that is nothing else
            end = before if word[0] == ";" and before is not header else word
            return _position(text, start.start(), first), _position(text, end.start(), first)
        before = word
    return None


def _position(text: str, offset: int, first: int) -> tuple[int, int]:
    before = text.rfind("\n", 0, offset)
    return first + text.count("\n", 0, offset), offset - before


def names(functions: Iterable[Function], readable: Mapping[str, str]) -> dict[str, str]:
    """What functions of parallel regions are called, by linkage name: `main.omp1`, `main.omp2`.

    `readable` has the names of other functions as one reads them.
    """
    regions: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for function in functions:
        if (found := OUTLINED.fullmatch(function.name)) and function.loops:
            regions[found[1]].append((int(found[2] or 0), function.name))
    return {
        name: f"{readable.get(outer, outer)}.omp{place}"
        for outer, of_it in regions.items()
        for place, (_, name) in enumerate(sorted(of_it), 1)
    }
