"""The source move: search and replace in a file, or a whole new text of one function."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from collectors.base import toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.function_extent import function_extent, names
from corr.optimize.moves.pragma import openmp_flags
from corr.optimize.moves.source_text import (
    changeable_source,
    closing,
    code_only,
    diff,
    directives,
    exact_text,
    line_end,
    line_of,
)
from corr.optimize.variant import Move, Variant

__all__ = ["Source", "diff", "edited", "function_extent"]

#: Characters of a move's texts together; a rewritten function is thousands.
LARGEST = 1 << 20
#: Different lines of a file up to which a similar one is looked for.
_SEARCHED = 20_000
#: Lines of a search text that are compared for the message.
_COMPARED = 200
_CONDITIONS = ("if", "ifdef", "ifndef", "elif", "else", "endif", "pragma")
_OPENMP = re.compile(r"(?:#|%:)\s*pragma\s+omp\b")
_DIRECTIVE_NAME = re.compile(r"(?:#|%:)\s*(\w*)")


@dataclass(frozen=True)
class Source(Move):
    """Edits (what to search for, what to put there) to a file's current text, or one function.

    `summary` may say in a few words what they do. Whoever wrote the text was told to keep the order
    of floating-point operations: the test demands equal bits unless reassociation is allowed.
    """

    file: str
    edits: tuple[tuple[str, str], ...] = ()
    function: str | None = None
    text: str | None = None
    summary: str = ""
    kind: ClassVar[str] = "source"

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        edits = fields.get("edits", ())
        pairs = tuple(tuple(e) if isinstance(e, list) else e for e in edits)
        return cls(**{**fields, "edits": pairs})

    def changed(self, variant: Variant) -> Variant:
        self._check_fields()
        path = changeable_source(variant, self.file)
        before = exact_text(variant, path)
        if self.edits:
            after = edited(before, self.edits, self.file)
        else:
            after = self._with_function(variant, path, before)
        if after == before:
            raise Refused(f"the move changes nothing in {self.file}")
        _pass_gate(before, after, self.file, variant.allow_reassociation)
        flags = openmp_flags(variant) if _brings_openmp(before, after) else ()
        return replace(variant.with_text(path, after), flags=(*variant.flags, *flags))

    def describe(self) -> str:
        if self.summary:
            return f"{self.file}: {self.summary}"
        if self.function is not None:
            return f"{self.file}: {self.function} rewritten"
        return f"{self.file}: {len(self.edits)} edit{'s' if len(self.edits) != 1 else ''}"

    def _check_fields(self) -> None:
        """Raise Refused for fields that a record or a model can get wrong."""
        whole = self.function is not None or self.text is not None
        if whole == bool(self.edits):
            raise Refused("a source move has either edits, or a function and its text")
        if whole and not (isinstance(self.function, str) and isinstance(self.text, str)):
            raise Refused("a new text needs the function's name, and a function its text")
        for edit in self.edits:
            if len(edit) != 2 or not all(isinstance(part, str) for part in edit):
                raise Refused("an edit is a pair of texts: what to search for, what to put there")
        texts = [self.text or "", *(part for edit in self.edits for part in edit)]
        if sum(map(len, texts)) > LARGEST:
            raise Refused(f"more than {LARGEST >> 20} MB of text in one move")

    def _with_function(self, variant: Variant, path: Path, before: str) -> str:
        assert self.function is not None and self.text is not None
        text = one_function(self.text, names(self.function, toolchain.find())[0])
        place = function_extent(variant, path, self.function)
        return before[: place.start] + _with_ends(text, line_end(before)) + before[place.end :]


def _brings_openmp(before: str, after: str) -> bool:
    """The new text has OpenMP directives and the old one had none: clang would pass them over."""
    return any(map(_OPENMP.match, directives(after))) and not any(
        map(_OPENMP.match, directives(before))
    )


def edited(text: str, edits: tuple[tuple[str, str], ...], name: str) -> str:
    """The text with each edit made, in order, where its search text stands exactly once.

    Where it does not stand so, lines are compared by their words only, and the replacement takes
    over the indentation found. Raises Refused for nothing found, more than one place, no change.
    """
    for number, (search, replacement) in enumerate(edits, 1):
        what = f"edit {number} of {name}" if len(edits) > 1 else f"the edit of {name}"
        if not search.strip():
            raise Refused(f"{what} has nothing to search for")
        if line_end(text) != "\n":
            search, replacement = (
                _with_ends(part, line_end(text)) for part in (search, replacement)
            )
        if search == replacement:
            raise Refused(f"{what} changes nothing")
        first = text.find(search)
        if first < 0:
            text = _edited_by_words(text, search, replacement, what)
        elif text.find(search, first + 1) >= 0:
            raise Refused(_ambiguous(what, _found_lines(text, search)))
        else:
            text = text[:first] + replacement + text[first + len(search) :]
    return text


def _found_lines(text: str, search: str) -> list[int]:
    lines: list[int] = []
    at = text.find(search)
    while at >= 0 and len(lines) < 10:
        lines.append(line_of(text, at))
        at = text.find(search, at + 1)
    return lines


def _ambiguous(what: str, lines: list[int]) -> str:
    places = ", ".join(map(str, lines))
    return f"{what}: its search text stands at lines {places}; give more lines around the right one"


def _edited_by_words(text: str, search: str, replacement: str, what: str) -> str:
    """The edit made where the same words stand on the same lines, blanks aside."""
    lines = text.split("\n")
    words = [" ".join(line.split()) for line in lines]
    given = search.strip("\n").split("\n")
    wanted = [" ".join(line.split()) for line in given]
    while wanted and not wanted[0]:
        del wanted[0], given[0]
    while wanted and not wanted[-1]:
        del wanted[-1], given[-1]
    size = len(wanted)
    starts = [n for n, line in enumerate(words) if line == wanted[0]]
    found = [n for n in starts if words[n : n + size] == wanted]
    if len(found) > 1:
        raise Refused(_ambiguous(what, [n + 1 for n in found[:10]]))
    if not found:
        raise Refused(f"{what}: {_closest(words, wanted)}")
    new = replacement.strip("\n").split("\n") if replacement.strip() else []
    shift = _shift(given[0], lines[found[0]])
    end = "\r" if lines[found[0]].endswith("\r") else ""
    kept = [shift(line.rstrip("\r")) + end for line in new]
    return "\n".join([*lines[: found[0]], *kept, *lines[found[0] + size :]])


def _shift(given: str, there: str) -> Callable[[str], str]:
    """How to indent a replacement's lines, from one line as it was given and as it is there."""
    old, new = (line[: len(line) - len(line.lstrip(" \t"))] for line in (given, there))

    def indented(line: str) -> str:
        if not line.strip():
            return line
        return new + line.removeprefix(old) if line.startswith(old) else line

    return indented


def _closest(words: list[str], wanted: list[str]) -> str:
    """Where the search text nearly stands, for the message."""
    at: Counter[int] = Counter()
    place: dict[str, list[int]] = {}
    for number, line in enumerate(words):
        place.setdefault(line, []).append(number)
    for offset, line in enumerate(wanted[:_COMPARED]):
        if line and len(place.get(line, ())) <= 50:
            at.update(number - offset for number in place.get(line, ()))
    if at:
        start = max(at, key=lambda n: (at[n], -n))
        for offset, line in enumerate(wanted):
            there = words[start + offset] if 0 <= start + offset < len(words) else "(no line)"
            if there != line:
                return (
                    f"its search text is not there; it comes closest at line {start + offset + 1},"
                    f" which is `{there[:120]}` where the search has `{line[:120]}`"
                )
    longest = max(wanted, key=len)[:400]
    short = [line for line in place if len(line) <= 400]
    near = difflib.get_close_matches(longest, short if len(short) <= _SEARCHED else (), n=1)
    if near:
        return (
            f"its search text is not there; most like `{longest[:120]}` is"
            f" line {place[near[0]][0] + 1}, `{near[0][:120]}`"
        )
    return f"its search text is not there, nor anything like `{longest[:120]}`"


def one_function(text: str, function: str) -> str:
    """The text without blank lines round it. Raises Refused unless it ends with `function`.

    `function` is the bare name. Helpers, types and constants may come before it, and comments and
    attributes. This is a check of form: the compiler judges the rest, and the gate what it may do.
    """
    text = re.sub(r"\A(?:[ \t]*\r?\n)+", "", text).rstrip()
    for directive in directives(text):
        found = _DIRECTIVE_NAME.match(directive)
        if found is None or found[1] not in _CONDITIONS:
            raise Refused(f"the new text of {function} has {directive[:60]}: only code is taken")
    code = code_only(text)
    start = 0
    while (body := _body(code, start)) >= 0:
        if code[body] == ";":  # a declaration without a body
            start = body + 1
            continue
        end = closing(code, body)
        if end < 0:
            raise Refused(f"the new text of {function} breaks off: its braces do not match")
        header = code[start:body]
        if _names_outside(header, function):
            rest = code[end + 1 :].strip()
            if rest:
                what = f"`{rest[:60]}` comes behind it"
                raise Refused(f"the new text holds more than {function}: {what}")
            return text
        start = end + 1
        if not header.rstrip().endswith(")"):  # a type or a value: to its semicolon
            start = _behind_semicolon(code, start)
    if start == 0:
        raise Refused(f"the new text of {function} defines no function")
    raise Refused(f"the new text does not define {function}")


def _behind_semicolon(code: str, start: int) -> int:
    found = re.compile(r"[;{}]").search(code, start)
    return found.end() if found and found[0] == ";" else start


def _names_outside(header: str, function: str) -> bool:
    """The function's name and a parenthesis stand there, outside all other parentheses."""
    depth = 0
    for found in re.finditer(rf"(?P<name>(?<!\w){re.escape(function)}\s*\()|[()]", header):
        if found["name"] and depth == 0:
            return True
        depth += -1 if found[0] == ")" else 1
    return False


def _body(code: str, start: int) -> int:
    """The offset of the first brace or semicolon outside parentheses, or -1."""
    depth = 0
    for found in re.compile(r"[(){;]").finditer(code, start):
        if found[0] in "{;" and depth == 0:
            return found.start()
        depth += {"(": 1, ")": -1}.get(found[0], 0)
    return -1


def _with_ends(text: str, end: str) -> str:
    return text if end == "\n" else re.sub(r"\r\n|\r|\n", end, text)


def _pass_gate(before: str, after: str, name: str, reassociation: bool) -> None:
    """Raise Refused for what a changed source must not bring in."""
    from corr.optimize import gate

    refusals = gate.source(before, after, name, allow_reassociation=reassociation)
    if refusals:
        raise Refused(refusals[0].what)
