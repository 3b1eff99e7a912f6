"""What a module of LLVM IR defines, and which of its functions can only be exchanged together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

#: A global's name, or text in which what looks like one is none: strings, comments.
_TOKEN = re.compile(r'c"[^"]*"|!"[^"]*"|(?<!@)"[^"]*"|@(?:"([^"]*)"|([-\w$.]+))')
_GLOBAL = re.compile(r'^@(?:"([^"]*)"|([-\w$.]+)) = ([^\n]*)', re.MULTILINE)
_DEFINE = re.compile(r'^define ([^\n]*?)@(?:"([^"]*)"|([-\w$.]+))(\([^\n]*)', re.MULTILINE)
_END = "\n}\n"
#: Attributes with a value, as `captures(none)`: they say nothing of how a function is called.
_VALUED = re.compile(r"[-\w]+\([^()]*\)")
_LOCAL = re.compile(r"\b(?:internal|private)\b")
#: Lists that a module has once and that are no part of any function.
LISTS = ("llvm.global_ctors", "llvm.global_dtors", "llvm.used", "llvm.compiler.used")
_OPEN, _CLOSED = "<[{(", ">]})"


@dataclass(frozen=True)
class Symbol:
    """A definition: `signature` is how a function is called, or a variable's type and kind.

    `kind` is function, variable, constant or alias; `local`: no other unit can name it.
    """

    name: str
    kind: str
    local: bool
    signature: str
    uses: frozenset[str]


Symbols = Mapping[str, Symbol]


def symbols_of(module: str) -> Symbols:
    """The definitions of a module's text, by name."""
    found = {symbol.name: symbol for symbol in (*_functions(module), *_variables(module))}
    return {name: s for name, s in found.items() if name not in LISTS}


def _functions(module: str) -> Iterator[Symbol]:
    for found in _DEFINE.finditer(module):
        end = module.find(_END, found.end())
        name = found[2] or found[3]
        uses = names_in(module[found.end() : end]) | names_in(found[4])
        signature = _signature(found[1], found[4])
        yield Symbol(name, "function", bool(_LOCAL.search(found[1])), signature, uses - {name})


def _variables(module: str) -> Iterator[Symbol]:
    for found in _GLOBAL.finditer(module):
        name, text = found[1] or found[2], found[3]
        words = re.match(r"((?:[-\w]+(?:\([^()]*\))? )*?)(global|constant|alias|ifunc) (.*)", text)
        if words is None or re.search(r"\bexternal\b|\bextern_weak\b", words[1]):
            continue
        kind = {"global": "variable", "constant": "constant"}.get(words[2], "alias")
        signature = _first_type(words[3])
        yield Symbol(name, kind, bool(_LOCAL.search(words[1])), signature, names_in(words[3]))


def names_in(text: str) -> frozenset[str]:
    """The globals that a piece of a module names."""
    return frozenset(m[1] or m[2] for m in _TOKEN.finditer(text) if m[1] or m[2])


def renamed(module: str, names: Iterable[str], prefix: str) -> str:
    """The module with a prefix before some of its globals' names."""
    chosen = frozenset(names)

    def one(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return f'@"{prefix}{name}"' if name in chosen else found[0]

    return _TOKEN.sub(one, module)


def without_lists(module: str) -> str:
    """The module without what it has once: constructors, and what must not be removed."""
    names = "|".join(re.escape(name) for name in LISTS)
    return re.sub(rf"^@(?:{names}) = [^\n]*\n", "", module, flags=re.MULTILINE)


def _signature(before: str, behind: str) -> str:
    """How a function is called: convention, type of its value, types of its parameters."""
    for _ in range(3):  # attributes may hold some
        behind = "(" + _VALUED.sub("", behind[1:])
        before = _VALUED.sub("", before)
    convention = "fastcc " if re.search(r"\bfastcc\b", before) else ""
    words = list(_top_level(before, " "))
    inside, depth = "", 0
    for at, character in enumerate(behind):
        depth += (character in "({[<") - (character in ")}]>")
        if depth == 0:
            inside = behind[1:at]
            break
    types = [_first_type(part.strip()) for part in _top_level(inside, ",") if part.strip()]
    return f"{convention}{words[-1] if words else ''} ({', '.join(types)})"


def _first_type(text: str) -> str:
    return next(_top_level(text, " "), "")


def _top_level(text: str, separator: str) -> Iterator[str]:
    """The parts of a text between separators that stand in no brackets; empty ones left out."""
    depth, part = 0, ""
    for character in text:
        depth += (character in _OPEN) - (character in _CLOSED)
        if character == separator and depth == 0:
            if part:
                yield part
            part = ""
        else:
            part += character
    if part:
        yield part


def groups(a: Symbols, b: Symbols, names: Iterable[str]) -> list[frozenset[str]]:
    """The functions of both builds that `names` are among, each with those it cannot go without.

    Functions go together where one calls the other in a way that differs between the builds, and
    where they share a static variable that the other build has not, or has of another type.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := leader.get(name, name)) != name:
            name = above
        return name

    def unite(one: str, other: str) -> None:
        leader[find(one)] = find(other)

    for name in {*a, *b}:
        one, other = a.get(name), b.get(name)
        symbol = one or other
        assert symbol is not None
        alike = one is not None and other is not None and one.signature == other.signature
        if alike or symbol.kind == "alias":
            continue
        users = [s.name for side in (a, b) for s in side.values() if name in s.uses]
        if symbol.kind == "variable" and symbol.local:
            for user in users[1:]:
                unite(user, users[0])
        elif symbol.kind == "function" and one is not None and other is not None:
            for user in users:
                unite(user, name)
    together: dict[str, set[str]] = {}
    both = {n for n, s in a.items() if s.kind == "function" and n in b}
    for name in both:
        together.setdefault(find(name), set()).add(name)
    wanted = dict.fromkeys(find(name) for name in names if name in both)
    return [frozenset(together[one]) for one in wanted]


def closure(wanted: Iterable[str], source: Symbols, target: Symbols) -> frozenset[str]:
    """The names that go along from `source`: what these need and `target` does not define."""
    taken: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in taken or name not in source:
            continue
        taken.add(name)
        waiting += (used for used in source[name].uses if used not in target)
    return frozenset(taken)
