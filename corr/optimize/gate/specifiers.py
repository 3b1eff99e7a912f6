"""The first half of a declaration: the words up to its type, and how a name is noted."""

from __future__ import annotations

from dataclasses import dataclass

from corr.optimize.gate.known_names import TYPE_WORDS
from corr.optimize.gate.statements import TAGS, Statements
from corr.optimize.gate.steps import Steps
from corr.optimize.gate.types import POINTER_WORDS, Types

SPECIFIERS = frozenset(
    """
    static const inline constexpr consteval constinit volatile register mutable virtual explicit
    friend typedef thread_local _Thread_local __thread extern typename restrict __restrict
    __restrict__ __inline __inline__ __extension__ _Noreturn __const
    """.split()  # noqa: SIM905 (a list of words)
)
_WITH_OPERAND = frozenset(
    "decltype typeof __typeof__ __typeof _Atomic alignas _Alignas _BitInt explicit".split()  # noqa: SIM905
)
_AFTER_DECLARATOR = frozenset({"=", ";", ",", ")", "[", "{", ":", "(", ">", ""})


@dataclass(frozen=True)
class Declared:
    """A name that is declared at token `index`, and means that from `first` to before `end`.

    `kind`: variable, parameter, member, function (defined), prototype, type, enumerator or
    namespace. `callable`: a function, or an object that may be called (a lambda, not a pointer).
    `scope` is the bracket that holds the declaration, -1 for none; `statement` its first token.
    """

    index: int
    kind: str
    first: int
    end: int
    callable: bool
    scope: int
    statement: int


@dataclass
class Specifiers:
    end: int
    typed: bool = False
    words: tuple[str, ...] = ()
    last: int = -1  # the last word of a type's name
    std: bool = False


class Reader:
    """What reads a text from declaration to declaration, and notes what each declares."""

    def __init__(self, shape: Statements, types: Types, steps: Steps) -> None:
        self.shape, self.types, self.steps = shape, types, steps
        self.found: list[Declared] = []

    def _declare(
        self, index: int, kind: str, first: int, end: int, may_call: bool, statement: int
    ) -> None:
        shape = self.shape
        if not shape.named(index):
            return
        branch = shape.branch_end[index]
        scope = shape.around[statement]
        first = index if first < 0 else first
        self.found.append(
            Declared(index, kind, first, min(end, branch), may_call, scope, statement)
        )
        if kind == "type":
            self.types.names.add(shape.text[index])
            self.types.declared.add(shape.text[index])

    def _template_parameters(self, opening: int, closing: int, end: int) -> None:
        """`typename T`, `class... T`, `int N`, `template <class> class C`: the last words."""
        shape, types = self.shape, self.types
        fresh, value = True, False
        for at in range(opening + 1, closing):
            self.steps.take()
            if shape.in_angle[at] != opening:
                continue
            text = shape.text[at]
            if text == ",":
                fresh, value = True, False
            elif text == "=":
                fresh = False
            elif fresh and shape.named(at) and shape.at(at + 1) in (",", "=", ">"):
                kind = (
                    "type" if shape.at(at - 1) in ("typename", "class", "...", ">") else "variable"
                )
                self._declare(at, kind, -1, end, kind == "type", at)
                if kind == "type":
                    types.classes.add(text)
                fresh = value

    def _behind_constraint(self, at: int) -> int:
        """Behind `requires A<T> && (b)`."""
        shape = self.shape
        if shape.at(at) != "requires":
            return at
        while True:
            self.steps.take()
            at += 1
            at = shape.partner[at] + 1 if shape.at(at) == "(" else self.types.type_end(at)[0]
            if at < 0 or shape.at(at) not in ("&", "|") or shape.at(at + 1) != shape.at(at):
                return at if at >= 0 else shape.size
            at += 1

    def _specifiers(self, at: int, end: int, start: int, kind: str) -> Specifiers:
        shape = self.shape
        found = Specifiers(at)
        words: list[str] = []
        while at < shape.size:
            self.steps.take()
            text = shape.text[at]
            if text in SPECIFIERS or text in TYPE_WORDS:
                found.typed = found.typed or text in TYPE_WORDS
                words.append(text)
                at += 1
            elif text in TAGS:
                words.append(text)
                named = at + 1 if shape.named(at + 1) and text != "enum" else -1
                at = self._tag(at, end, start)
                found.typed, found.last = True, named
            elif text in _WITH_OPERAND and shape.at(at + 1) == "(":
                found.typed = found.typed or text not in ("alignas", "_Alignas", "explicit")
                words.append(text)
                at = shape.partner[at + 1] + 1
            elif not shape.is_name[at] and words and words[-1] == "extern" and text[-1:] == '"':
                at += 1
            elif not found.typed and (shape.named(at) or text == "::"):
                behind, last = self.types.type_end(at)
                if behind < 0 or not self._is_type_here(at, last, behind, kind):
                    break
                found.typed, found.last = True, last
                found.std = shape.at(at) == "std" and last > at
                at = behind
            else:
                break
        found.end, found.words = at, tuple(words)
        return found

    def _tag(self, at: int, end: int, start: int) -> int:
        """Behind `struct name`, with its body if it has one, and with its bases."""
        shape, tag = self.shape, at
        at += 1
        while shape.at(at) in ("class", "struct", "alignas", "_Alignas", "final"):
            at = shape.partner[at + 1] + 1 if shape.at(at + 1) == "(" else at + 1
        name = at if shape.named(at) else -1
        if name >= 0:
            at = self.types.type_end(at)[0]
            if at < 0:
                return name + 1
        if shape.at(at) == ":" or shape.at(at) == "final":
            look = at
            while look < shape.size and shape.start[look] == shape.start[tag]:
                self.steps.take()
                if shape.at(look) in ("{", ";"):
                    break
                look = shape.partner[look] + 1 if shape.at(look) == "(" else look + 1
            at = look if shape.kind.get(look) in ("type", "enum") else at
        body = shape.kind.get(at) in ("type", "enum")
        if name >= 0 and body:
            self.types.defined.add(shape.text[name])
        if name >= 0:
            self._declare(name, "type" if shape.cxx else "tag", -1, end, True, start)
        return shape.partner[at] + 1 if body else at

    def _is_type_here(self, first: int, last: int, behind: int, kind: str) -> bool:
        """A declarator follows, or can follow, the name of a type."""
        shape = self.shape
        after = shape.at(behind)
        if shape.named(behind) or after in ("operator", "...") or after in TYPE_WORDS:
            return True
        if kind == "parameter" and after in ("*", "&", "const", ",", ")"):
            return True
        known = (
            last != first or shape.text[behind - 1] == ">" or self.types.is_type(shape.text[last])
        )
        if after in POINTER_WORDS:
            at = self._behind_pointers(behind)
            if not shape.named(at) and shape.at(at) not in ("operator", "("):
                return False
            sure = shape.at(at + 1) == "=" and shape.at(at + 2) != "=" and shape.named(at)
            return (sure or known) and shape.at(at + 1) in (*_AFTER_DECLARATOR, "*", "&", "::")
        if after == "(":  # T (*p)[n]
            return known and shape.at(behind + 1) in ("*", "&")
        return known and after == "static"

    def _behind_pointers(self, at: int) -> int:
        while self.shape.at(at) in POINTER_WORDS:
            self.steps.take()
            at += 1
        return at
