"""Where a run of statements stands in the text, also where a macro begins or ends it.

Clang tells of a token out of a macro where the macro's name stands, and not what else the macro
holds. So where a bound is in one, the text is given braces of its own and read once more: it may be
replaced if the braces hold these statements and nothing else.
"""

from __future__ import annotations

import re

from collectors.base.errors import CompileError
from corr.polyhedral.accessors import with_accessors_written_out
from corr.polyhedral.clang_ast import Functions, Node, begin_of, extent, shape, walk
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.members import with_members_named

#: What the preprocessor may do in a text: it would be lost with the text.
_DIRECTIVE = re.compile(rb"#|%:|\?\?[=/]|\\\r?\n")
_SCOP = re.compile(rb"^[ \t]*#[ \t]*pragma[ \t]+(?:end)?scop[ \t]*\r?$", re.MULTILINE)
#: Words that mean something to the preprocessor, or by where they stand.
_PLACED = {b"_Pragma", b"__pragma", b"asm", b"__asm__", b"__LINE__", b"__COUNTER__"}
_BLANK = rb"(?:\s|//[^\n]*\n|/\*.*?\*/)*"
_SEMICOLON = re.compile(_BLANK + rb";", re.DOTALL)
_BRACKET = re.compile(_BLANK + rb"\(", re.DOTALL)
#: Brackets, and what hides them.
_BRACKETS = re.compile(
    rb"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[()]""", re.DOTALL
)


def bounds(functions: Functions, run: list[Node]) -> tuple[int, tuple[int, ...]]:
    """Where a run of statements begins, and the places where its text may end, likeliest first.

    The semicolon that ends the last is part of it. Raises NotAffine where no part of the text can
    be replaced.
    """
    text = functions.text
    start, (last, in_macro) = begin_of(run[0]), _end(text, run[-1])
    if start is None or last is None:
        raise NotAffine("the loop is not written in the unit's own file")
    semicolon = _SEMICOLON.match(text, last)
    if in_macro:
        ends = (semicolon.end(), last) if semicolon else (last,)
    elif text[start:last].rstrip().endswith((b"}", b";")):
        ends = (last,)
    elif semicolon:
        ends = (semicolon.end(),)
    else:
        raise NotAffine("the last statement does not end in the text")
    part = text[start : ends[0]]
    if _DIRECTIVE.search(_SCOP.sub(b"", part)) or _PLACED & functions.expanded(part):
        raise NotAffine("the text has a directive of the preprocessor")
    return start, ends


def confirmed(
    functions: Functions, name: str, run: list[Node], start: int, ends: tuple[int, ...]
) -> tuple[int, int]:
    """The extent of a run in the function of that name, of its bounds. Raises NotAffine."""
    if extent(run[0]) and extent(run[-1]):
        return start, ends[0]
    text = functions.text
    wanted = [shape(node) for node in run]
    for end in ends:
        changed = text[:start] + b"{" + text[start:end] + b"}" + text[end:]
        try:
            function = functions.in_text(name, changed)
        except CompileError:
            continue
        if function is not None:
            with_accessors_written_out(functions, function)
            with_members_named(function, text)
        for node in walk(function or {}):
            braces = node.get("kind") == "CompoundStmt" and extent(node) == (start, end + 2)
            if braces and [shape(inner) for inner in node.get("inner", ())] == wanted:
                return start, end
    raise NotAffine("a macro begins or ends the loop, and holds more than it")


def _end(text: bytes, node: Node) -> tuple[int | None, bool]:
    """Where a node's text ends, and whether that is in a macro: with its arguments, then."""
    end = node.get("range", {}).get("end", {})
    place = end.get("expansionLoc", end)
    if "offset" not in place or "includedFrom" in place:
        return None, False
    after = place["offset"] + place["tokLen"]
    if place is end:
        return after, False
    bracket = _BRACKET.match(text, after)
    return (_closed(text, bracket.end()) if bracket else after), True


def _closed(text: bytes, start: int) -> int | None:
    """The place after the bracket that closes the one before this place."""
    depth = 1
    for token in _BRACKETS.finditer(text, start):
        depth += {b"(": 1, b")": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return None
