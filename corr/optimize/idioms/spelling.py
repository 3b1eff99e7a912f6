"""A file's text as tokens, parts of it written anew, and the one edit that makes it so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from corr.optimize.experience.c_tokens import Token, tokens

#: Where a part begins and ends, and what stands there then.
Change = tuple[int, int, str]
#: Tokens of a file that is looked at; SQLite in one file has five hundred thousand.
MOST_TOKENS = 200_000


@dataclass(frozen=True)
class Spelling:
    """The text of a file of a program, and every name in the program's other files."""

    text: str
    elsewhere: frozenset[str] = frozenset()

    @cached_property
    def tokens(self) -> list[Token]:
        """All tokens; none of a file that is too long."""
        found = tokens(self.text)
        return found if len(found) <= MOST_TOKENS else []

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name in the file, of what is called too."""
        return frozenset(t.text for t in self.tokens if t.kind in ("name", "call"))

    @cached_property
    def plain_std(self) -> bool:
        """Names of the standard library stand here without `std::` too."""
        return re.search(r"\busing\s+namespace\s+std\s*;", self.text) is not None

    def word(self, at: int) -> str:
        """The text of a token; empty beyond the ends."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def standard(self, at: int) -> int | None:
        """Where the name of the standard library that ends at a token begins: `std::x`, or x."""
        if self.word(at - 1) == "::":
            return at - 2 if self.word(at - 2) == "std" and self.word(at - 3) != "::" else None
        return at if self.plain_std and self.word(at - 1) not in (".", "->") else None

    def between(self, first: int, last: int) -> str:
        """The text from one token to another, both with it."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def with_changes(self, changes: Iterable[Change]) -> str:
        """The text with its parts written anew. Parts do not overlap."""
        parts: list[str] = []
        done = 0
        for start, end, new in sorted(changes):
            parts += (self.text[done:start], new)
            done = end
        return "".join(parts) + self.text[done:]


def template_end(spelling: Spelling, at: int) -> int | None:
    """The index behind the arguments of a template that open at `at` (`<`); None if they do not."""
    depth = 0
    for index in range(at, min(at + 200, len(spelling.tokens))):
        word = spelling.word(index)
        if word in (";", "{", "}", "&&", "||"):
            return None
        depth += word.count("<") if word in ("<", "<<") else 0
        depth -= word.count(">") if word in (">", ">>") else 0
        if depth <= 0:
            return index + 1
    return None


def with_include(text: str, header: str) -> str:
    """The text with a header of the library, if it has it not: where the first one is asked for."""
    if re.search(rf"^[ \t]*#[ \t]*include[ \t]*<{re.escape(header)}>", text, re.MULTILINE):
        return text
    first = re.search(r"^[ \t]*#[ \t]*include\b", text, re.MULTILINE)
    at = first.start() if first else 0
    return f"{text[:at]}#include <{header}>\n{text[at:]}"


def as_edit(before: str, after: str) -> tuple[str, str]:
    """What to search for and what to put there: whole lines, enough for there to be one place."""
    old, new = before.split("\n"), after.split("\n")
    least = min(len(old), len(new))
    first = next((n for n in range(least) if old[n] != new[n]), least)
    back = next((n for n in range(least - first) if old[-1 - n] != new[-1 - n]), least - first)
    while first and before.count("\n".join(old[first : len(old) - back])) != 1:
        first -= 1
    while back and before.count("\n".join(old[first : len(old) - back])) != 1:
        back -= 1
    return "\n".join(old[first : len(old) - back]), "\n".join(new[first : len(new) - back])
