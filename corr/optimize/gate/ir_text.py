"""LLVM IR text as words, and one function of it. Comments are gone, names in one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WORD = re.compile(
    r"""
    (?P<blank>[\s]+|;[^\n\r]*)
  | (?P<label>(?:[-a-zA-Z$._0-9]+|"[^"]*"):(?!:))
  | (?P<global>@(?:"[^"]*"|[-a-zA-Z$._0-9]+))
  | (?P<local>%(?:"[^"]*"|[-a-zA-Z$._0-9]+))
  | (?P<comdat>\$(?:"[^"]*"|[-a-zA-Z$._0-9]+))
  | (?P<metadata>!(?:[-a-zA-Z$._0-9\\]+|"[^"]*")?)
  | (?P<group>\#\d+)
  | (?P<data>c"[^"]*")
  | (?P<string>"[^"]*")
  | (?P<word>[-a-zA-Z$._0-9+]+|\.\.\.)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"[-a-zA-Z$._0-9]+")


@dataclass(frozen=True)
class Word:
    """`kind`: global, local, comdat, metadata, group, string, data, label, word or mark."""

    kind: str
    text: str
    line: int
    previous: str = ""


@dataclass(frozen=True)
class Function:
    """A definition: from `define` to before its brace, and what the braces hold."""

    head: Sequence[Word]
    body: Sequence[Word]

    @property
    def line(self) -> int:
        return self.head[0].line

    @property
    def words(self) -> list[Word]:
        return [*self.head, *self.body]


def words(text: str) -> list[Word]:
    """The words of a text, with the line (from 1) that each is on."""
    found: list[Word] = []
    line = 1
    for match in _WORD.finditer(text):
        kind, spelled = match.lastgroup or "", match.group()
        if kind != "blank":
            found.append(Word(kind, _spelled(kind, spelled), line, found[-1].text if found else ""))
        line += spelled.count("\n")
    return found


def _spelled(kind: str, text: str) -> str:
    """One spelling for each name: `@"a"` and `@"\\61"` are `@a`."""
    if kind not in ("global", "local", "comdat") or '"' not in text:
        return text
    plain = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text[2:-1])
    return text[0] + (plain if _PLAIN.fullmatch(plain) else f'"{plain}"')


def names(part: Sequence[Word], kind: str) -> set[str]:
    """All words of one kind."""
    return {word.text for word in part if word.kind == kind}


def heads(part: Sequence[Word]) -> Iterator[tuple[str, Sequence[Word]]]:
    """Of each function that is defined or declared, the symbol and the words before its body."""
    index = 0
    while index < len(part):
        word = part[index]
        if word.kind != "word" or word.text not in ("define", "declare"):
            index += 1
            continue
        opening, symbol = _opening(part, index, word.text == "declare")
        end = opening if opening is not None else len(part)
        yield symbol, part[index:end]
        index = max(end, index + 1)


def bodies(part: Sequence[Word]) -> Iterator[tuple[str, Function]]:
    """Each function that is defined, with its symbol."""
    index = 0
    while index < len(part):
        if part[index].text == "define" and part[index].kind == "word":
            opening, symbol = _opening(part, index)
            end = _matching(part, opening) if opening is not None else None
            if opening is None or end is None:
                return
            yield symbol, Function(part[index:opening], part[opening + 1 : end])
            index = end
        index += 1


def split_function(part: Sequence[Word], name: str, alone: bool = False) -> Function | None:
    """The definition of `name` among the words; with `alone` only if there is nothing else."""
    symbol = f"@{name}" if _PLAIN.fullmatch(name) else f'@"{name}"'
    index = 0
    while index < len(part):
        if part[index].text != "define" or part[index].kind != "word":
            if alone:
                return None
            index += 1
            continue
        opening, defined = _opening(part, index)
        if opening is None:
            return None
        end = _matching(part, opening)
        if end is None:
            return None
        if defined == symbol:
            if alone and (index or end + 1 != len(part)):
                return None
            return Function(part[index:opening], part[opening + 1 : end])
        index = end + 1
    return None


def _opening(part: Sequence[Word], start: int, declared: bool = False) -> tuple[int | None, str]:
    """The brace that opens the body, and the symbol that is defined.

    What is only declared ends where something else begins.
    """
    defined = ""
    arguments = False
    depth = 0
    for index in range(start, len(part)):
        word = part[index]
        if word.kind == "global" and not defined and depth == 0:
            defined = word.text
        elif word.text == "(" and word.kind == "mark":
            depth += 1
        elif word.text == ")" and word.kind == "mark":
            depth -= 1
            arguments = arguments or bool(defined)
        elif depth == 0 and index > start and _ends_head(part, index, arguments, declared):
            return index, defined
    return None, defined


def _ends_head(part: Sequence[Word], index: int, arguments: bool, declared: bool) -> bool:
    opens = arguments and part[index].kind == "mark" and part[index].text == "{"
    return opens or (declared and _begins(part, index))


def _begins(part: Sequence[Word], index: int) -> bool:
    """Something of the module begins: `declare`, `attributes #0 =`, `@a =`, `!0 =`."""
    word = part[index]
    if word.kind == "word":
        return word.text in ("define", "declare", "attributes", "source_filename", "target")
    following = part[index + 1].text if index + 1 < len(part) else ""
    return word.kind in ("global", "metadata", "local", "comdat") and following == "="


def _matching(part: Sequence[Word], opening: int) -> int | None:
    depth = 0
    for index in range(opening, len(part)):
        if part[index].kind == "mark":
            depth += {"{": 1, "}": -1}.get(part[index].text, 0)
            if depth == 0:
                return index
    return None
