"""The gate for how a text is spelled, and for what it says to the preprocessor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from corr.optimize.gate.lexer import SPLICE, Token
from corr.optimize.gate.refusal import Refusal, refusal, shown
from corr.optimize.gate.text import Text

_TRIGRAPH = re.compile(r"\?\?[=/'()!<>-]")
_DISGUISES = (
    ("a trigraph", _TRIGRAPH),
    ("a line that goes on after a backslash", SPLICE),
    ("a control character", re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")),
    # without // comments (-std=c89) it divides, and the rest of the line is code
    ("a comment that begins with //*", re.compile(r"//\*")),
)


def disguises(before: str, after: str, name: str) -> Iterator[Refusal]:
    """Spellings that stand for others, which only a disguise needs."""
    for what, pattern in _DISGUISES:
        excess = Counter(m.group() for m in pattern.finditer(after))
        excess.subtract(Counter(m.group() for m in pattern.finditer(before)))
        if max(excess.values(), default=0) > 0:
            last = [m for m in pattern.finditer(after) if excess[m.group()] > 0][-1]
            line = after.count("\n", 0, last.start()) + 1
            yield refusal("spelling", name, line, f"{what} is added")


def odd_tokens(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """Tokens that no plain program has."""
    seen = Counter(token.text for token in old.all if _odd(token))
    for token in new.all:
        what = _odd(token)
        if what and not seen[token.text]:
            yield refusal("spelling", name, token.line, f"{what} is added")
        elif what:
            seen[token.text] -= 1


def _odd(token: Token) -> str:
    if token.kind == "raw":
        return "a raw string"
    if token.kind == "torn":
        return f"a quote that does not end, {shown(token.text, 20)!r},"
    if token.kind == "punct" and token.text in ("\\", "`", "@"):
        return f"a stray {token.text}"
    if token.kind == "punct" and token.text in ("#", "##"):
        return f"a {token.text} outside of a directive"
    if token.kind == "number" and "'" in token.text:
        return "a digit separator"
    if token.kind == "name" and not token.text.isascii():
        return "a name with letters beyond ASCII"
    return ""


def directives(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """Directives other than pragmas must be the same, in the same order."""
    mine = [c for c in old.constructs if c.rule == "directive"]
    theirs = [c for c in new.constructs if c.rule == "directive"]
    if [c.text for c in mine] == [c.text for c in theirs]:
        yield from _balance(old, new, name)
        return
    known = Counter(c.text for c in mine)
    found = False
    for directive in theirs:
        if known[directive.text]:
            known[directive.text] -= 1
            continue
        found = True
        what = f"the directive {shown(directive.text)!r} is added"
        yield refusal("directive", name, directive.line, what)
    if not found:
        what = "preprocessor directives are removed or in another order"
        yield refusal("directive", name, 0, what)


def _balance(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """An open bracket in a part that is switched off would hide in what block the rest stands.

    So would one among the arguments of a macro that drops them.
    """
    if new.shape.unmatched() > old.shape.unmatched():
        line = new.line(new.shape.first_unmatched())
        yield refusal("brackets", name, line, "brackets do not match")
        return
    for mine, theirs in zip(_brackets(old.all), _brackets(new.all), strict=False):
        if mine != theirs:
            what = "brackets are not closed between the directives where they are opened"
            yield refusal("brackets", name, 0, what)
            return


def _brackets(part: list[Token]) -> list[tuple[Counter[str], Counter[str]]]:
    """Between each two directives: how many brackets of each kind stay open, and are closed more
    than they were opened."""
    counts: list[tuple[Counter[str], Counter[str]]] = [(Counter(), Counter())]
    for token in part:
        opened, most_closed = counts[-1]
        if token.kind == "directive" and not token.text.startswith("# pragma"):
            counts.append((Counter(), Counter()))
        elif token.kind == "punct" and token.text in "([{":
            opened[token.text] += 1
        elif token.kind == "punct" and token.text in ")]}":
            kind = "([{"[")]}".index(token.text)]
            opened[kind] -= 1
            most_closed[kind] = max(most_closed[kind], -opened[kind])
    return counts
