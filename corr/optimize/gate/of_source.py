"""The gate for C and C++ text: what a change may not add.

Everything is compared with the original, whose own peculiarities may stay. The rules are lexical:
they see neither macros of headers nor types, so that a name that they have not met is refused
unless it is known to be harmless. `gate_object` looks again at what was compiled.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from corr.optimize.gate import known_names
from corr.optimize.gate.constructs import OPENING, Construct, constructs
from corr.optimize.gate.declarations import Declaration, declarations
from corr.optimize.gate.lexer import SPLICE, Token, tokens
from corr.optimize.gate.refusal import Refusal, shown
from corr.optimize.gate.scope import Introduced

#: Characters that a change may add, and new names that it may have.
GROWTH = 262_144
MOST_NAMES = 2_000
#: Such parts of it, each of which is searched for its end.
MOST_OPENINGS = 300
_TRIGRAPH = re.compile(r"\?\?[=/'()!<>-]")
_PRAGMA = re.compile(
    r"(?:omp (?:tile|interchange|unroll|simd|reverse|fuse|stripe)\b|clang loop\b"
    r"|GCC (?:unroll|ivdep)\b|(?:no)?unroll(?:_and_jam)?\b|clang fp contract \( (?:on|off) \))"
    r"[\w ,:()+*&|^-]*"
)
_INEXACT_PRAGMA = re.compile(
    r"(?:clang fp (?:reassociate|reciprocal|contract) \( (?:on|off|fast) \) ?)+"
)
_WHY = {
    "asm": "inline assembly cannot be checked",
    "macro": "this macro of the program hides something that is refused",
    "extern": "it would reach for a symbol of another file",
}


def source(
    before: str, after: str, name: str, *, allow_reassociation: bool = False
) -> list[Refusal]:
    """Why `after` may not replace `before` in the file `name`; empty if it may.

    Never raises, whatever the text.
    """
    grown = len(after) - len(before)
    if grown > GROWTH:
        what = f"{name}: {grown} characters are added, over the limit of {GROWTH}"
        return [Refusal("length", 0, what)]
    spelled = list(_spelling(before, after, name))
    if spelled:
        return spelled  # what is lexed would not be what the compiler sees
    old_tokens, new_tokens = tokens(before), tokens(after)
    if _openings(new_tokens) > _openings(old_tokens) + MOST_OPENINGS:
        return [Refusal("length", 0, f"{name}: over {MOST_OPENINGS} declarations and attributes")]
    old, new = _Text(old_tokens), _Text(new_tokens)
    return [
        *_odd_tokens(old, new, name),
        *_directives(old, new, name),
        *_added_constructs(old, new, name, allow_reassociation),
        *_added_declarations(old, new, name),
        *_added_names(old, new, name),
    ]


class _Text:
    """A text taken apart once."""

    def __init__(self, part: list[Token]) -> None:
        self.all = part
        self.constructs, self.rest = constructs(self.all)
        self.declarations = list(declarations(self.rest))
        self.names = {token.text for token in self.all if token.kind == "name"}
        for directive in self.constructs:
            if directive.rule == "directive":
                self.names |= set(re.findall(r"\w+", directive.text))

    @property
    def segments(self) -> list[list[Construct]]:
        """The constructs between each two directives."""
        parts: list[list[Construct]] = [[]]
        for found in self.constructs:
            if found.rule == "directive":
                parts.append([])
            else:
                parts[-1].append(found)
        return parts


def _spelling(before: str, after: str, name: str) -> Iterator[Refusal]:
    """Spellings that stand for others, which only a disguise needs."""
    raw = 'R"'  # refused below, but many that do not end would take long to read
    if after.count(raw) > before.count(raw) + MOST_OPENINGS:
        yield Refusal("length", 0, f"{name}: over {MOST_OPENINGS} raw strings")
    for what, pattern in (
        ("a trigraph", _TRIGRAPH),
        ("a line that goes on after a backslash", SPLICE),
        ("a control character", re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")),
    ):
        excess = Counter(m.group() for m in pattern.finditer(after))
        excess.subtract(Counter(m.group() for m in pattern.finditer(before)))
        if max(excess.values(), default=0) > 0:
            last = [m for m in pattern.finditer(after) if excess[m.group()] > 0][-1]
            line = after.count("\n", 0, last.start()) + 1
            yield Refusal("spelling", line, f"{name}:{line}: {what} is added; write it plainly")


def _openings(part: list[Token]) -> int:
    doubled = sum(a.text == b.text == "[" for a, b in pairwise(part))
    return doubled + sum(token.text in OPENING for token in part)


def _odd_tokens(old: _Text, new: _Text, name: str) -> Iterator[Refusal]:
    def odd(token: Token) -> str:
        if token.kind == "raw":
            return "a raw string"
        if token.kind == "punct" and token.text in ("\\", "'", '"', "`", "@"):
            return f"a stray {token.text}"
        if token.kind == "punct" and token.text in ("#", "##"):
            return f"a {token.text} outside of a directive"
        if token.kind == "number" and "'" in token.text:
            return "a digit separator"
        if token.kind == "name" and not token.text.isascii():
            return "a name with letters beyond ASCII"
        return ""

    seen = Counter(token.text for token in old.all if odd(token))
    for token in new.all:
        what = odd(token)
        if what and not seen[token.text]:
            yield Refusal("spelling", token.line, f"{name}:{token.line}: {what} is added")
        elif what:
            seen[token.text] -= 1


def _directives(old: _Text, new: _Text, name: str) -> Iterator[Refusal]:
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
        yield Refusal(
            "directive",
            directive.line,
            f"{name}:{directive.line}: the directive {shown(directive.text)!r} is added; only"
            " pragmas for loops may be",
        )
    if not found:
        yield Refusal(
            "directive", 0, f"{name}: preprocessor directives are removed or in another order"
        )


def _balance(old: _Text, new: _Text, name: str) -> Iterator[Refusal]:
    """An open bracket in a part that is switched off would hide in what block the rest stands."""
    for mine, theirs in zip(_brackets(old.all), _brackets(new.all), strict=False):
        if mine != theirs:
            yield Refusal("brackets", 0, f"{name}: brackets are not closed where they are opened")
            return


def _brackets(part: list[Token]) -> list[Counter[str]]:
    """Between each two directives: how many brackets of each kind stay open."""
    counts: list[Counter[str]] = [Counter()]
    for token in part:
        if token.kind == "directive" and not token.text.startswith("# pragma"):
            counts.append(Counter())
        elif token.kind == "punct" and token.text in "([{":
            counts[-1][token.text] += 1
        elif token.kind == "punct" and token.text in ")]}":
            counts[-1]["([{"[")]}".index(token.text)]] -= 1
    return counts


def _added_constructs(
    old: _Text, new: _Text, name: str, allow_reassociation: bool
) -> Iterator[Refusal]:
    """Whatever stands between two directives must have stood between the same two."""
    segments = old.segments
    for number, segment in enumerate(new.segments):
        known = Counter(c.key for c in segments[number]) if number < len(segments) else Counter()
        for found in segment:
            if known[found.key]:
                known[found.key] -= 1
                continue
            why = _why_refused(found, allow_reassociation)
            if why:
                where = f"{name}:{found.line}"
                text = shown(found.text)
                yield Refusal(found.rule, found.line, f"{where}: {text!r} is added: {why}")


def _why_refused(found: Construct, allow_reassociation: bool) -> str:
    if found.rule == "pragma":
        if _PRAGMA.fullmatch(found.inner):
            return ""
        if _INEXACT_PRAGMA.fullmatch(found.inner):
            return "" if allow_reassociation else "floating-point results may differ"
        return "only pragmas for loops may be added"
    if found.rule == "attribute":
        refused = [a for a in found.attributes if a not in known_names.ATTRIBUTES]
        return f"the attribute {shown(refused[0])} is not on the list" if refused else ""
    return _WHY[found.rule]


def _added_declarations(old: _Text, new: _Text, name: str) -> Iterator[Refusal]:
    known = Counter(d.text for d in old.declarations)
    functions = {d.name for d in old.declarations if d.kind == "function"}
    defined = {d.name for d in new.declarations if d.kind == "function"}
    for found in new.declarations:
        if known[found.text]:
            known[found.text] -= 1
            continue
        why = _why_undeclarable(found, functions, defined)
        if why:
            text = shown(found.text)
            where = f"{name}:{found.line}"
            yield Refusal("declaration", found.line, f"{where}: {text!r} is added: {why}")


def _why_undeclarable(found: Declaration, functions: set[str], defined: set[str]) -> str:
    if found.kind == "function":
        if found.name in functions or found.internal:
            return ""
        return f"the new function {shown(found.name)} must be static, or others may call it"
    if found.kind == "prototype":
        if found.name in defined or found.name in functions:
            return ""
        return f"it declares the function {shown(found.name)} of another file"
    if found.kind == "variable" and not found.constant:
        return "it keeps its value between calls; only constants may"
    return ""


def _added_names(old: _Text, new: _Text, name: str) -> Iterator[Refusal]:
    fresh = {text for text in new.names - old.names if not known_names.known(text)}
    if len(fresh) > MOST_NAMES:
        yield Refusal("length", 0, f"{name}: over {MOST_NAMES} new names")
        return
    own = Introduced(new.rest, fresh)
    told = set()
    for index, token in enumerate(new.rest):
        text = token.text
        if token.kind != "name" or text not in fresh or text in told:
            continue
        if known_names.reserved(text):
            why = "it is reserved for the compiler and its headers"
        elif own.covers(index):
            continue
        else:
            why = "neither the program nor the change declares it as what it is used for"
        told.add(text)
        where = f"{name}:{token.line}"
        yield Refusal("name", token.line, f"{where}: the name {shown(text)!r} is added: {why}")
