"""Source for the reader of a summary: the function around a loop, its lines with their heat."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from corr.summary.markdown import clipped

#: Characters of a line of source that are shown.
LONGEST_LINE = 400
#: Lines shown on both sides of a loop nest where the whole function does not fit.
CONTEXT = 4
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|\n|[{};]|#(?:\\\n|[^\n])*',
    re.DOTALL,
)
Lines = tuple[int, int]


def function_lines(lines: Sequence[str], first: int, last: int) -> Lines | None:
    """First and last line of the function around lines `first` to `last`; None if not found.

    The function is the outermost block in braces there that is no namespace, class or the like.
    Text is read as it stands: where macros or #if make braces that do not match, nothing is found.
    """
    open_blocks: list[tuple[int, bool]] = []
    head, head_line, line = "", 0, 1
    text = "\n".join(lines)
    at = 0
    for match in _TOKEN.finditer(text):
        piece = text[at : match.start()]
        at = match.end()
        if piece.strip() and not head.strip():
            head_line = line
        head += piece
        found = match[0]
        if found == "{":
            # what has no parameter list is a namespace, a class or the like
            open_blocks.append((head_line or line, "(" in head))
            head = ""
        elif found == "}":
            if not open_blocks:
                return None
            start, function = open_blocks.pop()
            outermost = not any(inner for _, inner in open_blocks)
            if function and outermost and start <= first and last <= line:
                return start, line
            if line > last and not open_blocks:
                return None
            head = ""
        elif found == ";":
            head = ""
        line += found.count("\n")
        head += "\n" if found == "\n" else ""
    return None


def listing(lines: Sequence[str], shown: Lines, heat: Mapping[int, float]) -> str:
    """Lines as `share number|text`, the share of the samples in per cent where there are any."""
    first, last = max(1, shown[0]), min(len(lines), shown[1])
    while last > first and not lines[last - 1].strip():
        last -= 1
    width = len(str(last))
    out = []
    for number in range(first, last + 1):
        share = heat.get(number, 0.0)
        warm = f"{100 * share:.1f}%" if share >= 0.0005 else ""
        out.append(f"{warm:>6} {number:>{width}}|{clipped(lines[number - 1], LONGEST_LINE)}")
    return "\n".join(out)
