"""C and C++ text as preprocessing tokens: the first three translation phases of the standards.

Lines are spliced, digraphs spelled out, comments removed, and a directive is one token, so that
no spelling hides a word. Trigraphs are left alone, for whether they count depends on the dialect.
Quotes that do not end take the rest of their line, as they do for clang. Every character is looked
at a bounded number of times.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from itertools import accumulate

#: Clang takes blanks between the backslash and the line's end for part of the splice.
SPLICE = re.compile(r"\\[ \t\f\v]*+(?:\r\n|\n\r|\n|\r)")
_LINE_END = re.compile(r"\r\n|\n\r|\n|\r")
_DIGRAPHS = {"%:%:": "##", "%:": "#", "<:": "[", ":>": "]", "<%": "{", "%>": "}"}
#: `<::` is `<` and `::` in C++, but before `:` and `>`; in C nothing that compiles.
#: No group is repeated possessively: Python before 3.11.5, as Debian 12 has it, then gives up in
#: the middle of a long comment. The alternatives exclude each other, so it is linear anyway.
_TOKEN = re.compile(
    r"""
    (?P<newline>\r\n|\n\r|\n|\r)
  | (?P<blank>[ \t\f\v]++ | //[^\r\n]*+ | /\*[\s\S]*?(?:\*/|\Z))
  | (?P<raw>(?:u8|[uUL])?R"[^()\\\s"]{0,16}+\()
  | (?P<string>(?:u8|[uUL])?"(?:\\[^\r\n]|[^"\\\r\n])*")
  | (?P<char>(?:u8|[uUL])?'(?:\\[^\r\n]|[^'\\\r\n])*')
  | (?P<torn>["'][^\r\n]*+)
  | (?P<number>\.?[0-9](?:[eEpP][+-]|'[0-9A-Za-z]|[0-9A-Za-z_.])*)
  | (?P<name>(?:[A-Za-z_$]|[^\x00-\x7f])(?:[A-Za-z0-9_$]|[^\x00-\x7f])*)
  | (?P<punct>%:%:|%:|<(?=::[^:>])|<:|:>|<%|%>|\#\#|->|::|\.\.\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: name, number, string, char, raw, torn, punct or directive (its logical line)."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> list[Token]:
    """The tokens of a source text, each with the line (from 1) that it starts on."""
    spliced, line_of = _spliced(text.removeprefix("\ufeff"))
    found: list[Token] = []
    directive: list[Token] | None = None
    fresh = True  # nothing but blanks on this line yet
    at = 0
    while match := _TOKEN.match(spliced, at):
        start, at = at, match.end()
        kind = match.lastgroup or ""
        if kind == "newline":
            _close(directive, found)
            directive, fresh = None, True
        elif kind != "blank":
            if kind == "raw":
                at = _raw_end(spliced, match)
            spelled = spliced[start:at]
            token = Token(kind, _DIGRAPHS.get(spelled, spelled), line_of(start))
            if directive is not None:
                directive.append(token)
            elif fresh and token.text == "#":
                directive = [token]
            else:
                found.append(token)
            fresh = False
    _close(directive, found)
    return found


def joined(part: list[Token]) -> str:
    """Tokens with a blank between each two."""
    return " ".join(token.text for token in part)


def _raw_end(text: str, opening: re.Match[str]) -> int:
    """The end of a raw string; of the text where it has none, so that none is looked for twice."""
    mark = opening.group().partition('"')[2][:-1]
    end = text.find(f'){mark}"', opening.end())
    return len(text) if end < 0 else end + len(mark) + 2


def _close(directive: list[Token] | None, found: list[Token]) -> None:
    if directive is not None:
        found.append(Token("directive", joined(directive), directive[0].line))


class _Lines:
    """Lines of the original text by an offset in the spliced one."""

    def __init__(self, ends: list[int], cuts: list[int], lengths: list[int]) -> None:
        self.ends = ends
        self.cuts = cuts
        self.gone = list(accumulate(lengths, initial=0))

    def __call__(self, offset: int) -> int:
        original = offset + self.gone[bisect.bisect_right(self.cuts, offset)]
        return bisect.bisect_right(self.ends, original) + 1


def _spliced(text: str) -> tuple[str, _Lines]:
    cuts, lengths = [], []
    removed = 0
    for match in SPLICE.finditer(text):
        cuts.append(match.start() - removed)
        lengths.append(match.end() - match.start())
        removed += match.end() - match.start()
    ends = [match.end() for match in _LINE_END.finditer(text)]
    return SPLICE.sub("", text), _Lines(ends, cuts, lengths)
