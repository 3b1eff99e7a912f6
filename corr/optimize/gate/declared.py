"""What a text declares, in any scope: each name, what it is, and how far it reaches."""

from __future__ import annotations

from corr.optimize.gate.known_names import TYPE_WORDS
from corr.optimize.gate.specifiers import SPECIFIERS, Reader, Specifiers
from corr.optimize.gate.statements import CONTROL, TAGS, Statements
from corr.optimize.gate.steps import Steps
from corr.optimize.gate.types import Types

#: What begins a statement that declares nothing.
_NO_DECLARATION = frozenset(
    """
    return goto break continue case default else do try throw delete if for while switch catch new
    sizeof this public private protected static_assert _Static_assert co_return co_yield co_await
    """.split()  # noqa: SIM905
)


class Declarations(Reader):
    """All that a text declares, in the order of the text.

    `declarators` are the parentheses that belong to what is declared: `f(int a)`, `v(n)`; the
    parameters of functions (`parameters`) are those that are no values.
    """

    def __init__(self, shape: Statements, types: Types, steps: Steps) -> None:
        super().__init__(shape, types, steps)
        self.declarators: set[int] = set()
        self.parameters: dict[int, int] = {}  # the parenthesis: where what it declares ends
        self.reach: dict[int, int] = {-1: shape.size}  # how far what a brace holds is known
        for brace in shape.kind:
            outside = self.reach.get(shape.around[brace], shape.size) if brace >= 0 else shape.size
            ends = shape.partner[brace] if brace >= 0 else shape.size
            self.reach[brace] = outside if self._is_open(brace) else ends
        for brace, opening in shape.head.items():
            outer = shape.kind.get(shape.around[brace], "")
            if opening in shape.either:
                self.declarators.add(opening)
            elif opening >= 0 and (shape.kind[brace] == "lambda" or outer != "block"):
                self.parameters[opening] = shape.partner[brace]
            if shape.kind[brace] == "lambda":
                self._captures(brace, opening)
        for index in range(shape.size):
            if shape.start[index] == index:
                self._segment(index)
        self.found.sort(key=lambda one: (one.first, one.index))

    def _is_open(self, brace: int) -> bool:
        """What a namespace without a name, or with inline, holds is found outside of it too."""
        shape = self.shape
        if brace < 0 or shape.kind.get(brace) != "namespace":
            return False
        first = shape.text[shape.start[brace]]
        return first in ("inline", "extern") or shape.start[brace] + 1 == brace

    def _captures(self, brace: int, opening: int) -> None:
        """`[n = 2 * m]`: names for the lambda's body."""
        shape = self.shape
        closing = (opening if opening >= 0 else brace) - 1
        if shape.at(closing) == ">" and shape.angle[closing] >= 0:
            angle = shape.angle[closing]
            self._template_parameters(angle, closing, shape.partner[brace])
            closing = angle - 1
        intro = shape.partner[closing] if shape.at(closing) == "]" else brace
        at = intro + 1
        while at < closing:
            self.steps.take()
            if shape.at(at + 1) == "=" and shape.at(at - 1) in ("[", ",", "&"):
                may_call = shape.at(at + 2) == "["
                self._declare(at, "variable", -1, shape.partner[brace], may_call, at)
            at = shape.partner[at] + 1 if shape.text[at] in ("(", "[", "{") else at + 1

    def _segment(self, start: int) -> None:
        shape = self.shape
        holder = shape.around[start]
        if shape.holds_statements(holder):
            member = shape.kind[holder] == "type"
            first = holder if member else -1
            kind = "member" if member else "variable"
            self._declaration(start, kind, first, self.reach.get(holder, shape.size))
        elif shape.kind.get(holder) == "enum":
            outer = shape.around[holder]
            end = shape.partner[outer] if outer >= 0 else shape.size
            if shape.named(start):
                self._declare(start, "enumerator", start, end, False, start)
        elif shape.at(holder) == "(":
            if holder in self.parameters:
                self._declaration(start, "parameter", -1, self.parameters[holder])
            elif shape.at(holder - 1) in CONTROL or shape.at(holder - 2) == "if":
                self._declaration(start, "variable", -1, shape.ends[shape.start[holder]])

    def _declaration(self, start: int, kind: str, first: int, end: int) -> None:
        shape, at = self.shape, start
        if shape.at(at) in _NO_DECLARATION:
            return
        while shape.at(at) == "template" and shape.at(at + 1) == "<":
            closing = shape.angle[at + 1]
            if closing < 0:
                return
            self._template_parameters(at + 1, closing, shape.ends[start])
            at = self._behind_constraint(closing + 1)
        word = shape.at(at)
        if word in ("using", "namespace", "concept") or (
            word == "inline" and shape.at(at + 1) == "namespace"
        ):
            self._other(at, end, start)
            return
        specifiers = self._specifiers(at, end, start, kind)
        at = specifiers.end
        if (
            kind == "member"
            and shape.named(at)
            and shape.at(at + 1) == "("
            and not specifiers.typed
        ):
            self.declarators.add(at + 1)  # a constructor
            self.parameters.setdefault(at + 1, shape.partner[at + 1])
        elif specifiers.typed or specifiers.words:
            self._declarators(specifiers, start, kind, first, end)

    def _other(self, at: int, end: int, start: int) -> None:
        shape = self.shape
        if shape.at(at) == "inline":
            at += 1
        if shape.at(at) == "namespace":
            while shape.at(at + 1) in ("::", "inline") or shape.named(at + 1):
                at += 1
                self.steps.take()
                if shape.at(at + 1) != "=":  # another name for one may be one for anything
                    self._declare(at, "namespace", -1, end, False, start)
        elif shape.at(at + 2) == "=":
            self._declare(at + 1, "type", -1, end, True, start)

    def _declarators(
        self, specifiers: Specifiers, start: int, kind: str, first: int, end: int
    ) -> None:
        shape, at = self.shape, specifiers.end
        if "typedef" in specifiers.words:
            kind = "type"
        while at < shape.size and shape.start[at] == shape.start[start]:
            self.steps.take()
            begin = at
            at = self._behind_pointers(at)
            pointer = "*" in shape.text[begin:at]
            if shape.at(at) == "...":
                at += 1
            if shape.at(at) == "[" and "auto" in specifiers.words:
                at = self._bindings(at, start, end)
                index = -1
            else:
                index, at = self._declarator(at)
                if index == -2:
                    return
            inner = at
            what, at = self._suffixes(at, kind)
            pointer = pointer or inner > index + 1 >= 1
            called = what in ("function", "prototype") or (
                what != "type" and not pointer and self._may_be_called(specifiers, kind, at)
            )
            if index >= 0:
                self._declare(index, what, first, end, called or what == "type", start)
            at = self._behind_value(at, start)
            if kind == "parameter" or shape.at(at) != ",":
                return
            at += 1

    def _may_be_called(self, specifiers: Specifiers, kind: str, at: int) -> bool:
        shape = self.shape
        if not shape.cxx:
            return False
        if "auto" in specifiers.words:
            value = shape.at(at) == "=" and at + 1 in shape.lambdas
            return value or kind == "parameter"
        return specifiers.std or shape.at(specifiers.last) in self.types.classes

    def _bindings(self, opening: int, start: int, end: int) -> int:
        closing = self.shape.partner[opening]
        for at in range(opening + 1, min(closing, self.shape.size)):
            self.steps.take()
            self._declare(at, "variable", -1, end, False, start)
        return closing + 1

    def _declarator(self, at: int) -> tuple[int, int]:
        """The name that is declared (-1: none) and what comes behind it; -2 for no declarator."""
        shape = self.shape
        if shape.named(at) or shape.at(at) in ("::", "operator", "~"):
            behind, last = (
                (at, -1) if shape.at(at) in ("operator", "~") else self.types.type_end(at)
            )
            if behind < 0:
                return -2, at
            if shape.at(behind) == "operator":
                return -1, self._behind_operator(behind)
            if shape.at(behind) == "~":
                return -1, behind + 2
            return last, behind
        if shape.at(at) == "(":
            inner = at
            while shape.at(inner) == "(":
                self.steps.take()
                inner = self._behind_pointers(inner + 1)
            if shape.named(inner) and shape.at(inner + 1) == "::" and shape.at(inner + 2) == "*":
                inner = self._behind_pointers(inner + 2)
            return (inner if shape.named(inner) else -1), shape.partner[at] + 1
        return (-1, at) if shape.at(at) in (":", "[") else (-2, at)

    def _behind_operator(self, at: int) -> int:
        at += 1
        if self.shape.at(at) == "(":
            return self.shape.partner[at] + 1
        for _ in range(6):
            if self.shape.at(at) == "(":
                break
            at += 1
        return at

    def _suffixes(self, at: int, kind: str) -> tuple[str, int]:
        """What the declarator makes of the kind, and what comes behind its brackets."""
        shape = self.shape
        while shape.at(at) in ("(", "["):
            self.steps.take()
            closing = shape.partner[at]
            if shape.at(at) == "(" and kind not in ("type",):
                self.declarators.add(at)
                if at in self.parameters:
                    return "function", closing + 1
                if self._are_parameters(at, kind):
                    self.parameters[at] = closing
                    return ("prototype" if kind != "member" else "function"), closing + 1
            at = closing + 1
        return kind, at

    def _are_parameters(self, opening: int, kind: str) -> bool:
        """The parentheses behind a declared name hold parameters, not the values it begins with."""
        shape = self.shape
        if not shape.cxx or kind in ("member", "parameter"):
            return True
        at = opening + 1
        if at == shape.partner[opening]:
            return True
        if shape.text[at] in TYPE_WORDS or shape.text[at] in SPECIFIERS or shape.text[at] in TAGS:
            return shape.at(at + 1) != "("  # int(x) is a value
        behind, last = self.types.type_end(at)
        if behind < 0:
            return False
        known = last != at or self.types.is_type(shape.text[last])
        after = shape.at(behind)
        return shape.named(behind) or (known and after in ("*", "&", ",", ")", "..."))

    def _behind_value(self, at: int, start: int) -> int:
        """The comma behind an initialiser, or what ends the declaration."""
        shape = self.shape
        while at < shape.size and shape.start[at] == shape.start[start]:
            self.steps.take()
            text = shape.text[at]
            if text in ("(", "[", "{"):
                at = shape.partner[at] + 1
            elif text in (",", ";") and shape.in_angle[at] < 0:
                return at
            else:
                at += 1
        return at
