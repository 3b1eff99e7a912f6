"""The gate for C and C++ text: what a change may not add.

Everything is compared with the original, whose own peculiarities may stay. The rules see neither
macros of headers nor the types of values, so that a name that they have not met is refused unless
it is known to be harmless. `of_objects` looks again at what was compiled.

Every pass takes steps in proportion to the text's length, and they are counted (`steps.py`).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator

from corr.optimize.gate import headers, known_names, spelling
from corr.optimize.gate.accesses import accesses_gone
from corr.optimize.gate.addresses import Addresses
from corr.optimize.gate.calls import Calls
from corr.optimize.gate.constructs import Construct
from corr.optimize.gate.declarations import Declaration
from corr.optimize.gate.lexer import tokens
from corr.optimize.gate.library import CRITICAL, LIBRARY, taken
from corr.optimize.gate.names import added_names
from corr.optimize.gate.outside import asked_anew
from corr.optimize.gate.refusal import Refusal, refusal, shown
from corr.optimize.gate.sights import Held, Search, Sight
from corr.optimize.gate.std_names import FUNCTIONS
from corr.optimize.gate.steps import Steps, TooMuch
from corr.optimize.gate.text import Text, is_cxx

#: Characters of a file, and those that a change may add to one.
LONGEST = 16 << 20
GROWTH = 262_144
#: Refusals that are told of: whoever reads them wants the first.
MOST_REFUSALS = 200
#: Objects one in another that a call may go through: `a.b.c.call()`.
DEEPEST_CALLS = 8
_PRAGMA = re.compile(
    r"(?:omp (?:tile|interchange|unroll|simd|reverse|fuse|stripe)\b|clang loop\b"
    r"|GCC (?:unroll|ivdep)\b|(?:no)?unroll(?:_and_jam)?\b|clang fp contract \( (?:on|off) \))"
    r"[\w ,:()+*&|^-]*+",
    re.ASCII,
)
#: A clause may be in parentheses; what is in those calls nothing.
_CALL_IN_PRAGMA = re.compile(r"\([^()]*\w \(|\) \(")
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
    if grown > GROWTH or len(after) > LONGEST:
        much = f"{grown} characters are added, over the limit of {GROWTH}"
        if grown <= GROWTH:
            much = f"{len(after)} characters are over the limit of {LONGEST}"
        return [refusal("length", name, 0, much)]
    spelled = list(spelling.disguises(before, after, name))
    if spelled:
        return spelled  # what is lexed would not be what the compiler sees
    after = headers.without_added(before, after)
    try:
        old = _original(before, name)
        old.steps = Steps(len(before))  # each judgement has its own
        new = Text(tokens(after), old.cxx, Steps(len(after)))
        return list(_refusals(old, new, name, allow_reassociation))
    except TooMuch as much_:
        return [refusal("length", name, 0, f"the text is not read to its end: {much_}")]


@functools.lru_cache(maxsize=2)
def _original(before: str, name: str) -> Text:
    """Kept, for many candidates are measured against one original."""
    part = tokens(before)
    return Text(part, is_cxx(name, part), Steps(len(before)))


def _refusals(old: Text, new: Text, name: str, reassociation: bool) -> Iterator[Refusal]:
    found = 0
    for rules in (
        spelling.odd_tokens(old, new, name),
        spelling.directives(old, new, name),
        _added_constructs(old, new, name, reassociation),
        _beside_includes(old, new, name),
        _added_declarations(old, new, name),
        _taken_names(old, new, name),
        _added_calls(old, new, name),
        accesses_gone(old, new, name),
        added_names(old, new, name),
        asked_anew(old, new, name),
    ):
        for one in rules:
            found += 1
            if found > MOST_REFUSALS:
                return
            yield one


def _added_constructs(
    old: Text, new: Text, name: str, allow_reassociation: bool
) -> Iterator[Refusal]:
    """Whatever stands between two directives must have stood between the same two."""
    segments, places = old.segments, _Places(old, new)
    for number, segment in enumerate(new.segments):
        known = Counter(c.key for c in segments[number]) if number < len(segments) else Counter()
        for found in segment:
            if known[found.key]:
                known[found.key] -= 1
                continue
            why = _why_refused(found, allow_reassociation) or places.why_not(found)
            if why:
                what = f"{shown(found.text)!r} is added: {why}"
                yield refusal(found.rule, name, found.line, what)


def _why_refused(found: Construct, allow_reassociation: bool) -> str:
    if found.rule == "pragma":
        if _CALL_IN_PRAGMA.search(found.inner):
            return "it calls something"
        if _PRAGMA.fullmatch(found.inner):
            return ""
        if _INEXACT_PRAGMA.fullmatch(found.inner):
            return "" if allow_reassociation else "floating-point results may differ"
        return "only pragmas for loops may be added"
    if found.rule == "attribute":
        refused = [a for a in found.attributes if a not in known_names.ATTRIBUTES]
        return f"the attribute {shown(refused[0])} is not on the list" if refused else ""
    return _WHY[found.rule]


class _Places:
    """Where an attribute that is harmless by itself says something of what is not the change's."""

    def __init__(self, old: Text, new: Text) -> None:
        self.new, names = new, old.names
        self.includes = {c.at for c in new.constructs if c.text.startswith("# include")}
        self.of_original = {
            one.statement
            for one in new.declared.found
            if one.kind in ("function", "prototype", "member")
            and new.shape.text[one.index] in names
        }

    def why_not(self, found: Construct) -> str:
        if found.rule != "attribute":
            return ""
        if found.at in self.includes:
            return "it stands beside an include, whose text begins with what it says"
        if known_names.CLAIMS.isdisjoint(found.attributes):
            return ""
        start = self.new.shape.start
        starts = {start[at] for at in (found.at - 1, found.at) if 0 <= at < len(start)}
        if self.of_original.isdisjoint(starts):
            return ""
        return "it claims something of a function of the original"


def _beside_includes(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """What does not end before an include goes on in the included text."""
    before = [
        [
            (c, text.shape.at(c.at - 1))
            for c in text.constructs
            if c.rule == "directive" and c.text.startswith("# include")
        ]
        for text in (old, new)
    ]
    for (_, mine), (include, theirs) in zip(*before, strict=False):
        if theirs != mine and theirs not in ("", ";", "}"):
            what = f"{shown(theirs)!r} stands before an include, which would go on with it"
            yield refusal("declaration", name, include.line, what)


def _added_declarations(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    known = Counter(d.text for d in old.items)
    functions = {d.name for d in old.items if d.kind == "function"}
    defined = {d.name for d in new.items if d.kind == "function"}
    includes = _first_includes(old)
    headers = [c for c in new.constructs if c.text.startswith("# include")][:includes]
    for found in new.items:
        if known[found.text]:
            known[found.text] -= 1
            continue
        why = _why_undeclarable(found, functions, defined)
        if not why and found.name.startswith("operator") and not _of_own_types(found, old, new):
            why = "it changes what an operator does for types of other files"
        if not why and headers and found.index < headers[-1].at:
            why = "it stands before an include, whose text would use it"
        if why:
            what = f"{shown(found.text)!r} is added: {why}"
            yield refusal("declaration", name, found.line, what)


def _first_includes(old: Text) -> int:
    """How many includes come before the first function: those in the middle of code are code."""
    first = next((d.index for d in old.items if d.kind == "function"), old.shape.size)
    includes = (c for c in old.constructs if c.text.startswith("# include"))
    return sum(c.at <= first for c in includes)


def _of_own_types(found: Declaration, old: Text, new: Text) -> bool:
    """An operator takes a class or an enumeration that this file defines."""
    head = set(found.text.partition("(")[2].split(" "))
    return bool(found.qualified) or not head.isdisjoint(old.types.defined | new.types.defined)


def _why_undeclarable(found: Declaration, functions: set[str], defined: set[str]) -> str:
    if found.kind == "namespace":
        opened = "std" in found.text.split(" ")
        return "the library's own namespace is opened" if opened else ""
    if found.qualified == "std":
        return "it replaces a part of the library"
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


def _taken_names(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """Declarations that take a name from the library, or from another file."""
    texts = old.shape.text
    known = Counter((texts[one.index], one.kind) for one in old.declared.found)
    mine = {texts[one.index] for one in old.declared.found if one.kind != "member"}
    elsewhere = {word for word in old.called() if word not in mine}
    for one in new.declared.found:
        word = new.shape.text[one.index]
        if known[word, one.kind]:
            known[word, one.kind] -= 1
            continue
        if one.kind == "namespace":
            continue
        global_ = new.shape.kind.get(one.scope) in ("file", "namespace")
        value = one.kind in ("variable", "parameter", "member", "enumerator") and not one.callable
        if word in elsewhere and not (one.kind == "member" and value):
            why = "the original calls a function of that name which another file defines"
        elif word in CRITICAL and one.kind != "member":
            why = "it hides a function of the library by which programs are timed and checked"
        elif taken(word) and (global_ or not value) and one.kind != "member":
            why = "it hides a function of the library"
        else:
            continue
        what = f"{shown(word)!r} is declared: {why}"
        yield refusal("library", name, new.line(one.index), what)


def _added_calls(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    functions = LIBRARY | known_names.MATH | old.functions | new.functions | set(old.called())
    of_std = FUNCTIONS | old.called_of_std
    if old.opens_std or new.opens_std:  # they stand alone then
        functions |= of_std
    types: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    held: frozenset[Held] = frozenset()
    known: Counter[object] = Counter()
    for _ in range(DEEPEST_CALLS):  # what is called through is known only when all is read
        mine = Search(old, functions, of_std, through, held=held)
        known = Counter(sight.key for sight in _sights(mine))
        types, before = frozenset(mine.function_types), (through, held)
        through, held = frozenset(mine.called_through), frozenset(mine.streams)
        if (through, held) == before:
            break
    for sight in _sights(Search(new, functions, of_std, through, types, held)):
        if known[sight.key]:
            known[sight.key] -= sight.counted
            continue
        text = shown(new.shown(sight.index, sight.end))
        yield refusal(sight.rule, name, new.line(sight.index), f"{text!r} is added: {sight.why}")


def _sights(search: Search) -> Iterator[Sight]:
    """Calls first: they note which streams are given to what may have them."""
    yield from Calls(search).sights()
    yield from Addresses(search).sights()
