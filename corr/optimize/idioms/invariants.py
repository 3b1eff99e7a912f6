"""Calls in a loop that give the same each time around: asked once, before it.

The compiler moves an instruction out of a loop, not a loop that is in a function. What is moved
here only reads, and so does the loop round it, but for variables of its own. Nobody else writes
either: programs with threads, or with volatile variables, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corr.optimize.experience.c_tokens import closing, functions, loops
from corr.optimize.gate.known_names import MATH
from corr.optimize.idioms.spelling import Change, Spelling
from corr.optimize.idioms.streams import THREADS

#: Functions and methods that only look.
_LOOKING = MATH | frozenset(
    (
        *("size", "length", "empty", "at", "front", "back", "begin", "end", "cbegin", "cend"),
        *("data", "c_str", "count", "find", "strlen", "strcmp", "memcmp", "abs", "labs", "min"),
        *("max", "isalpha", "isdigit", "isspace", "toupper", "tolower", "sizeof"),
    )
)
#: What does, or may do, more than to compute: streams too, whose operators are no assignments.
_DOING = frozenset(
    (
        *(
            "new",
            "delete",
            "throw",
            "goto",
            "asm",
            "volatile",
            "static",
            "thread_local",
            "co_await",
        ),
        *("co_yield", "try", "cin", "cout", "cerr", "clog", "stdin", "stdout", "atomic", "mutable"),
    )
)
_COMPARING = frozenset(("==", "!=", "<=", ">="))
_LINKAGE = frozenset(("static", "inline", "extern", "constexpr", "const"))


@dataclass(frozen=True)
class _Function:
    """Where its head begins, its name stands, its body opens, and where it ends."""

    head: int
    name: int
    body: int
    end: int


def asked_once(spelling: Spelling) -> str | None:
    """The text in which such calls stand before their loops; None if there are none."""
    if not (spelling.names | spelling.elsewhere).isdisjoint(THREADS) or "volatile" in spelling.text:
        return None
    found = list(_functions(spelling))
    pure = _pure(spelling, found)
    types = {
        spelling.word(f.name): " ".join(
            spelling.word(n) for n in range(f.head, f.name) if spelling.word(n) not in _LINKAGE
        )
        for f in found
    }
    known = {name for name, type_ in types.items() if type_ and type_ != "void" and name in pure}
    changes: list[Change] = []
    names = set(spelling.names | spelling.elsewhere)
    for function in found:
        local, inside = _locals(spelling, function), 0
        for begin, end in loops(spelling.tokens, function.body, function.end):
            if begin < inside or not _only_looks(spelling, begin, end, local, pure):
                continue
            written = _written(spelling, begin, end)
            put = _moved(spelling, begin, end, known, written, types, names)
            if put:
                changes += put
                inside = end
    return spelling.with_changes(changes) if changes else None


def _functions(spelling: Spelling) -> Iterator[_Function]:
    """The functions that are defined once."""
    some = []
    for head, body, end in functions(spelling.tokens):
        named = (n for n in range(head, body) if spelling.tokens[n].kind == "call")
        name = next(named, None)
        if name is not None and spelling.word(name - 1) != "::":
            some.append(_Function(head, name, body, end))
    words = [spelling.word(f.name) for f in some]
    return (f for f in some if words.count(spelling.word(f.name)) == 1)


def _pure(spelling: Spelling, some: list[_Function]) -> frozenset[str]:
    """Names of functions that only look, and call none that does more."""
    pure: frozenset[str] = frozenset()
    while True:
        more = {
            spelling.word(f.name)
            for f in some
            if spelling.word(f.name) not in _LOOKING | {"main"}
            and _only_looks(spelling, f.body, f.end, _locals(spelling, f), pure)
        }
        if more <= pure:
            return pure
        pure |= more


def _locals(spelling: Spelling, function: _Function) -> frozenset[str]:
    """Its variables of plain types, or pointers: no references, no arrays, none with an address."""
    found: set[str] = set()
    others: set[str] = set()
    for at in range(function.head, function.end):
        token = spelling.tokens[at]
        if token.kind != "type" and token.text != "auto":
            continue
        depth = 0
        for index in range(at + 1, min(at + 200, function.end)):
            word, before = spelling.word(index), spelling.word(index - 1)
            depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
            if depth < 0 or word == ";" or spelling.tokens[index].kind == "type":
                break
            if depth == 0 and spelling.tokens[index].kind == "name":
                fresh = index - 1 == at or before in (",", "*", "const", "&", "&&")
                plain = before not in ("&", "&&") and spelling.word(index + 1) != "["
                if fresh:
                    (found if plain else others).add(word)
    for at in range(function.head, function.end - 1):
        if spelling.word(at) == "&" and spelling.tokens[at + 1].kind == "name":
            others.add(spelling.word(at + 1))  # whoever has its address may look at it
            if spelling.word(at + 2) == "=":
                others.add(spelling.word(at + 3))
    return frozenset(found - others)


def _only_looks(
    spelling: Spelling, begin: int, end: int, local: frozenset[str], pure: frozenset[str]
) -> bool:
    """Between two tokens nothing is written but variables of the function's own."""
    for at in range(begin, end):
        token = spelling.tokens[at]
        if token.kind == "directive" or token.text in _DOING:
            return False
        if token.kind == "call" and token.text not in pure | _LOOKING:
            return False
        if token.kind == "punct" and _assigns(token.text):
            target = _target(spelling, at)
            if target is None or target not in local:
                return False
    return True


def _assigns(word: str) -> bool:
    return word in ("++", "--") or (word.endswith("=") and word not in _COMPARING)


def _target(spelling: Spelling, at: int) -> str | None:
    """The variable that an assignment at a token writes; None if it is no variable alone."""
    for name, beside in ((at - 1, at - 2), (at + 1, at + 2)):
        if not 0 <= name < len(spelling.tokens) or spelling.tokens[name].kind != "name":
            continue
        if name > at and spelling.word(at) not in ("++", "--"):
            return None
        if spelling.word(beside) in (".", "->", "[", "::"):
            return None
        # `*p = x`, but not `int *p = x`
        if spelling.word(beside) == "*" and spelling.tokens[beside - 1].kind not in (
            "type",
            "name",
        ):
            return None
        return spelling.word(name)
    return None


def _written(spelling: Spelling, begin: int, end: int) -> frozenset[str]:
    """The variables that a loop writes."""
    some = (
        _target(spelling, at)
        for at in range(begin, end)
        if spelling.tokens[at].kind == "punct" and _assigns(spelling.word(at))
    )
    return frozenset(one for one in some if one)


def _moved(
    spelling: Spelling,
    begin: int,
    end: int,
    known: set[str],
    written: frozenset[str],
    types: dict[str, str],
    names: set[str],
) -> list[Change]:
    """The calls of a loop that are the same each time, asked before it."""
    asked: dict[str, str] = {}
    before: list[str] = []
    changes: list[Change] = []
    declared = _declared(spelling, begin, end)
    for at in range(begin + 1, end):
        word = spelling.word(at)
        if spelling.tokens[at].kind != "call" or word not in known:
            continue
        try:
            last = closing(spelling.tokens, at + 1)
        except ValueError:
            continue
        inner = range(at + 2, last)
        kinds = {spelling.tokens[n].kind for n in inner}
        if not kinds <= {"name", "number", "punct"} or {"{", "("} & {
            spelling.word(n) for n in inner
        }:
            continue
        used = {spelling.word(n) for n in inner if spelling.tokens[n].kind == "name"}
        if used & (written | declared):
            continue
        call = spelling.between(at, last)
        if call not in asked:
            asked[call] = next(f"{word}_{n}" for n in range(1, 1000) if f"{word}_{n}" not in names)
            names.add(asked[call])
            before.append(f"const {types[word]} {asked[call]} = {call};")
        changes.append((spelling.tokens[at].start, spelling.tokens[last].end, asked[call]))
    if not asked:
        return []
    start, stop = spelling.tokens[begin].start, spelling.tokens[end - 1].end
    line = spelling.text[spelling.text.rfind("\n", 0, start) + 1 : start]
    indent = line[: len(line) - len(line.lstrip())]
    return [(start, start, f"{{ {' '.join(before)}\n{indent}"), *changes, (stop, stop, " }")]


def _declared(spelling: Spelling, begin: int, end: int) -> frozenset[str]:
    """Names that are declared in a loop, so that each turn has its own."""
    return frozenset(
        spelling.word(at + 1)
        for at in range(begin, end - 1)
        if spelling.tokens[at + 1].kind == "name"
        and (
            spelling.tokens[at].kind in ("type", "name") or spelling.word(at) in ("*", "&", "auto")
        )
    )
