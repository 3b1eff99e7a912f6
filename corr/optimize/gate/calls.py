"""Calls that name no function.

A call through a value goes wherever the value says: into the middle of a function of the library
as well. So only named functions may be called. What the original has of this may stay where it is,
but what it calls through must not be set anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from corr.optimize.gate.formats import FORMATS, is_harmless
from corr.optimize.gate.known_names import KEYWORDS, TYPE_WORDS
from corr.optimize.gate.library import CALLBACKS, GUARDED, STANDARD_STREAMS, STREAMS
from corr.optimize.gate.sights import OPERANDS, Search, Sight
from corr.optimize.gate.statements import CONTROL, TAGS
from corr.optimize.gate.types import POINTER_WORDS

_CASTS = frozenset({"static_cast", "const_cast", "reinterpret_cast", "dynamic_cast"})
#: What is looked at by name, with its arguments.
_BY_ARGUMENTS = GUARDED | STREAMS.keys() | FORMATS.keys() | CALLBACKS.keys()
NAMED_ONLY = "only functions that are named may be called"


class Calls:
    """The parentheses of a text, by what stands before them."""

    def __init__(self, search: Search) -> None:
        self.search, self.text, self.shape = search, search.text, search.shape

    def sights(self) -> Iterator[Sight]:
        shape = self.shape
        self.text.steps.take(shape.size)
        for index in range(1, shape.size):
            if shape.is_punct[index] and shape.text[index] == "(":
                yield from self._parenthesis(index)

    def _parenthesis(self, opening: int) -> Iterator[Sight]:
        shape, before = self.shape, opening - 1
        text = shape.at(before)
        if text == ")":
            yield from self._behind_group(shape.partner[before], opening)
        elif opening in self.text.declared.declarators or opening in self.text.declared.parameters:
            if self._is_function_parameter(opening):
                why = "a parameter is a function; take values"
                yield self.search.sight("pointer", (text,), before, shape.partner[opening], why)
            return
        elif text == "]":
            yield from self._behind_index(shape.partner[before], opening)
        elif text == "}":
            yield from self._behind_brace(shape.partner[before], opening)
        elif text == ">" and shape.angle[before] >= 0:
            yield from self._behind_name(shape.angle[before] - 1, opening)
        elif shape.is_name[before]:
            yield from self._behind_name(before, opening)

    def _is_function_parameter(self, opening: int) -> bool:
        """`int f(int g(int))`: a declarator with parameters among the parameters of another."""
        holder = self.shape.around[opening]
        return (
            self.shape.at(holder) == "("
            and holder in self.text.declared.parameters
            and opening in self.text.declared.declarators
        )

    def _behind_group(self, group: int, opening: int) -> Iterator[Sight]:
        shape, types = self.shape, self.text.types
        if group < 0:
            return
        before = shape.at(group - 1)
        if before == "_Generic" and not self._chooses_functions(group):
            why = f"what _Generic gives is called; {NAMED_ONLY}"
            key = ("_Generic", *self.text.digest(group, opening))
            yield self.search.sight("call", key, group - 1, shape.partner[opening] + 1, why)
        if before in CONTROL or before in OPERANDS or before == "operator":
            return
        if before == "constexpr" and shape.at(group - 2) == "if":
            return
        pointer = shape.at(group + 1) in ("*", "&", "^") or (
            shape.at(group + 2) == "::" and shape.at(group + 3) == "*"
        )
        called = shape.operand_ends(group - 1) or (before == ">" and shape.angle[group - 1] >= 0)
        declared = group in self.text.declared.parameters
        if called and not declared:
            if pointer and before in TYPE_WORDS | POINTER_WORDS:
                called = False
            elif self._of_class(group - 1) or self._is_cast(group):
                return
        elif not pointer and types.is_group(group) and not self._is_value(group):
            return
        what = "a function pointer" if pointer else "what an expression gives"
        why = f"{what} is declared or called; {NAMED_ONLY}"
        key = (before if called else "", *self.text.digest(group, opening))
        at = group + 1
        while at < opening - 1:
            self.text.steps.take()
            if shape.named(at):
                self.search.called_through.add(shape.text[at])
            at = shape.partner[at] + 1 if shape.text[at] in ("(", "[", "{") else at + 1
        yield self.search.sight("call", key, group, shape.partner[opening] + 1, why)

    def _is_value(self, group: int) -> bool:
        """`(f)`: one name, and a variable's."""
        meaning = self.text.meanings.of.get(group + 1)
        alone = self.shape.partner[group] == group + 2
        return alone and meaning is not None and meaning.kind not in ("type", "tag")

    def _is_cast(self, group: int) -> bool:
        """`(double)(float)(x)`: a cast behind another."""
        shape, types = self.shape, self.text.types
        before = shape.partner[group - 1] if shape.at(group - 1) == ")" else -1
        return before >= 0 and types.is_group(before) and types.is_group(group)

    def _chooses_functions(self, group: int) -> bool:
        """Each alternative of a _Generic is a function that is harmless whatever it is given."""
        shape, at = self.shape, group + 1
        while shape.at(at) != "," and at < shape.partner[group]:
            self.text.steps.take()
            at = shape.partner[at] + 1 if shape.text[at] in ("(", "[", "{") else at + 1
        while shape.at(at) == ",":
            while at < shape.partner[group] and shape.text[at] != ":":
                self.text.steps.take()
                at = shape.partner[at] + 1 if shape.text[at] in ("(", "[", "{") else at + 1
            word = shape.at(at + 1)
            if word not in self.search.functions or word in _BY_ARGUMENTS:
                return False
            at += 2
        return at == shape.partner[group]

    def _of_class(self, last: int) -> bool:
        """`std::plus<>()` and `Mine{}` give objects of classes, which may be called."""
        shape = self.shape
        if shape.at(last) == ">" and shape.angle[last] >= 0:
            last = shape.angle[last] - 1
        own = shape.at(last) in self.text.types.defined
        of_std = shape.at(last - 1) == "::" and shape.at(last - 2) == "std"
        return self.text.cxx and (own or of_std)

    def _behind_index(self, bracket: int, opening: int) -> Iterator[Sight]:
        shape = self.shape
        if bracket < 0 or bracket in shape.lambdas:
            return
        before = shape.at(bracket - 1)
        if before in ("delete", "operator") or shape.at(bracket - 2) == "new":
            return
        if shape.named(bracket - 1):
            self.search.called_through.add(before)
        why = f"an element of an array is called; {NAMED_ONLY}"
        key = (before, *self.text.digest(bracket, opening))
        yield self.search.sight("call", key, max(0, bracket - 1), shape.partner[opening] + 1, why)

    def _behind_brace(self, brace: int, opening: int) -> Iterator[Sight]:
        shape = self.shape
        if brace < 0 or shape.kind.get(brace) != "init" or self._of_class(brace - 1):
            return
        why = f"what braces give is called; {NAMED_ONLY}"
        key = (shape.at(brace - 1), *self.text.digest(brace, opening))
        yield self.search.sight("call", key, brace, shape.partner[opening] + 1, why)

    def _behind_name(self, name: int, opening: int) -> Iterator[Sight]:
        shape = self.shape
        word, before = shape.at(name), shape.at(name - 1)
        if word in FORMATS and before not in (".", "->") and name not in self.text.meanings.of:
            yield from self._format(word, opening)
        if before == "operator" or word in OPERANDS or word in CONTROL or word in _CASTS:
            return
        if self._is_function_type(name, opening):
            why = "it is a type of functions; values may be cast to types of values only"
            key = (word, *self.text.digest(opening, shape.partner[opening] + 1))
            yield self.search.sight("pointer", key, name, shape.partner[opening] + 1, why)
        elif word in KEYWORDS:
            return
        elif word in GUARDED and before not in (".", "->") and name not in self.text.meanings.of:
            given = ("guarded", word, *self.text.digest(opening, shape.partner[opening]))
            why = "it is called with other arguments, or elsewhere, than the original does"
            yield self.search.sight("call", given, name, shape.partner[opening] + 1, why, False)
        elif word in STREAMS and before not in (".", "->") and name not in self.text.meanings.of:
            if (word, before, shape.at(name - 2)) != ("getline", "::", "std"):
                yield from self._stream(word, opening)
        elif word in self.search.callbacks and before not in (".", "->"):
            yield from self._handed_over(name, opening)
        elif before in (".", "->"):
            if not self.text.cxx or word in self.search.through:
                self.search.called_through |= {word, shape.at(name - 2)}
                member = (shape.at(name - 2), before, word)
                why = f"a member is called; {NAMED_ONLY}"
                yield self.search.sight("call", member, name - 2, opening, why)
        elif shape.kind.get(shape.around[name]) not in ("file", "namespace", "type"):
            meaning = self.text.meanings.of.get(name)
            values = ("variable", "parameter", "member", "enumerator")
            if meaning is not None and meaning.kind in values and not meaning.callable:
                self.search.called_through.add(word)
                why = f"a variable is called; {NAMED_ONLY}"
                yield self.search.sight("call", ("variable", word), name, opening, why)

    def _handed_over(self, name: int, opening: int) -> Iterator[Sight]:
        """What is not a function's name or a lambda, where a function is expected."""
        shape = self.shape
        if opening in self.text.declared.parameters:
            return
        word = shape.text[name]
        for number, (first, end) in enumerate(self.search.arguments(opening)):
            if number not in self.search.callbacks[word] or first in shape.lambdas:
                continue
            meaning = self.text.meanings.of.get(first)
            if end == first + 1 and meaning is not None and meaning.kind == "function":
                continue
            key = ("callback", word, number, *self.text.digest(first, end))
            why = f"it is called by {word}; {NAMED_ONLY}"
            yield self.search.sight("call", key, first, end, why)

    def _stream(self, word: str, opening: int) -> Iterator[Sight]:
        """A stream that is not the original's: memory could be made to look like one."""
        shape = self.shape
        for number, (first, end) in enumerate(self.search.arguments(opening)):
            if number != STREAMS[word]:
                continue
            own = first in self.text.meanings.of
            if end == first + 1 and shape.text[first] in STANDARD_STREAMS and not own:
                self.search.given.add(first)
                continue
            if end == first + 1 and shape.text[first].startswith("'"):
                continue  # the end of what getline of C++ reads
            self.search.hold(first, end - 1)
            key = ("stream", *self.text.digest(first, end))
            why = f"{word} is given a stream that the original does not use here"
            yield self.search.sight("call", key, first, end, why, False)

    def _format(self, word: str, opening: int) -> Iterator[Sight]:
        """A format that may write to memory: it is no literal, or holds `%n`."""
        for number, (first, end) in enumerate(self.search.arguments(opening)):
            if number == FORMATS[word] and not is_harmless(self.shape.text[first:end]):
                key = ("format", *self.text.digest(first, end))
                why = f"{word} is given a format that is no literal, or has %n or signs by number"
                yield self.search.sight("call", key, first, end, why, False)

    def _is_function_type(self, name: int, opening: int) -> bool:
        """`long(long)`, which is no value; `T()` among the arguments of a template."""
        shape, types = self.shape, self.text.types
        closing = shape.partner[opening]
        first = shape.at(opening + 1)
        typed = shape.text[name] in TYPE_WORDS or types.is_type(shape.text[name])
        if not typed or self._is_constructor(name):
            return False
        if opening + 1 == closing:
            return shape.in_angle[opening] >= 0
        words = first in TYPE_WORDS or first in TAGS or first in ("const", "...")
        return (words and shape.at(opening + 2) != "(") or types.is_group(opening)

    def _is_constructor(self, name: int) -> bool:
        """`Name(const Name &)` among the members of a class."""
        shape = self.shape
        words = ("explicit", "constexpr", "inline", "~", "consteval")
        first = shape.start[name] == name or shape.at(name - 1) in words
        return first and shape.kind.get(shape.around[name]) == "type" and shape.named(name)
