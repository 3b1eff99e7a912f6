"""How the address of code would be had: functions as values, their types, labels, members.

Functions may only be called. Where no value holds the address of one, no sum can be made of it,
and no table of such can be filled.
"""

from __future__ import annotations

from collections.abc import Iterator

from corr.optimize.gate.known_names import TYPE_WORDS
from corr.optimize.gate.library import STANDARD_STREAMS
from corr.optimize.gate.made import is_type_for_sure
from corr.optimize.gate.sights import Search, Sight
from corr.optimize.gate.statements import TAGS
from corr.optimize.gate.std_names import CLASSES
from corr.optimize.gate.types import POINTER_WORDS

_ASSIGNING = frozenset("+-*/%&|^<>")
_CALLED_ONLY = "functions may only be called, f(x)"


class Addresses:
    """The words and operators of a text by which an address of code is had or set."""

    def __init__(self, search: Search) -> None:
        self.search, self.text, self.shape = search, search.text, search.shape
        self.opened = any(one.text == "using namespace std" for one in self.text.items)

    def sights(self) -> Iterator[Sight]:
        shape = self.shape
        for name, start, end in self.search.typedefs:
            key = ("typedef", shape.at(name))
            yield self.search.sight("pointer", key, start, end, "it is a type of functions")
        self.text.steps.take(2 * shape.size)
        for index in range(shape.size):
            if shape.is_name[index]:
                yield from self._word(index)
            elif shape.is_punct[index]:
                yield from self._operator(index)
        for one in self.text.declared.found:
            scope = shape.kind.get(one.scope)
            if one.kind == "prototype" and scope not in ("file", "namespace"):
                why = "a function is declared inside another; call what the file declares"
                named = (shape.text[one.index],)
                yield self.search.sight("declaration", named, one.index, 0, why)

    def _word(self, index: int) -> Iterator[Sight]:
        shape = self.shape
        word, before, after = shape.text[index], shape.at(index - 1), shape.at(index + 1)
        if word == "virtual":
            why = "it makes a table of functions"
            yield self.search.sight("pointer", (word,), index, 0, why)
        elif word == "goto" and after == "*":
            why = "it goes to an address; name a label"
            yield self.search.sight("call", (word,), index, index + 4, why)
        elif word in self.search.function_types and index not in self.text.meanings.declaring:
            yield self.search.sight("pointer", (word,), index, 0, "it is a type of functions")
        elif self._may_be_function(index) and self._is_function_value(index):
            why = f"the address of a function is taken; {_CALLED_ONLY}"
            yield self.search.sight("address", (before, word, after), index, 0, why)
        if word in STANDARD_STREAMS and self._is_stream_value(index):
            why = "it is a stream, which only functions that read or print are given"
            yield self.search.sight("call", (before, word, after), index, index + 2, why)
        if self._is_held(index) and self._is_begun(index):
            key = ("stream set", *self.text.digest(index, shape.ends[shape.start[index]]))
            why = "the original reads or prints through it; only the original may set it"
            yield self.search.sight("call", key, index, index + 3, why, False)
        if word in self.search.through and self._is_set(index):
            why = "the original calls what it holds; only the original may set it"
            yield self.search.sight("call", ("set", word), index, index + 3, why)

    def _is_stream_value(self, index: int) -> bool:
        """stdin, stdout or stderr as a value: set, read, or kept for later."""
        named = index in self.text.meanings.of or self.shape.at(index - 1) in (".", "->")
        return not named and index not in self.search.given

    def _is_held(self, index: int) -> bool:
        search = self.search
        return bool(search.held) and not search.held.isdisjoint(search.places(index))

    def _is_begun(self, index: int) -> bool:
        """A variable is set, or made like a call."""
        made = index in self.text.meanings.declaring and self.shape.at(index + 1) in ("(", "{")
        return self._is_set(index) or (made and self.text.cxx)

    def _may_be_function(self, index: int) -> bool:
        word = self.shape.text[index]
        if word in self.search.functions:
            return True
        return word in self.search.of_std and self.shape.at(index - 1) == "::"

    def _is_function_value(self, index: int) -> bool:
        shape, text = self.shape, self.text
        before, after = shape.at(index - 1), shape.at(index + 1)
        if before in (".", "->", "goto") or before in TAGS or after in ("(", "::"):
            return False
        behind = shape.angle[index + 1] + 1 if after == "<" else 0
        if behind > 0 and shape.at(behind) in ("(", "{", "::"):
            return False
        meaning = text.meanings.of.get(index)
        if meaning is not None and meaning.kind not in ("function", "prototype"):
            return False
        if index in text.meanings.declaring or shape.text[index] in text.types.declared:
            return False
        if after == ":" and before in (";", "{", "}"):
            return False
        if meaning is None:
            known = self._is_class(index) or is_type_for_sure(shape, index)
            return not (known or self._is_choice(index))
        return not (self._is_choice(index) or self._compares(index))

    def _is_class(self, index: int) -> bool:
        """A class of the library that the text does not declare: `const std::string &x`."""
        shape = self.shape
        if shape.text[index] not in CLASSES:
            return False
        if shape.at(index - 1) == "::":
            return shape.at(index - 2) == "std" and shape.at(index - 3) != "::"
        return self.opened

    def _is_choice(self, index: int) -> bool:
        """One of those that `_Generic(...)` calls by the type of the arguments."""
        shape = self.shape
        opening = shape.around[index]
        alone = shape.at(index - 1) == ":" and shape.at(index + 1) in (",", ")")
        called = opening >= 0 and shape.at(shape.partner[opening] + 1) == "("
        return alone and called and shape.at(opening - 1) == "_Generic"

    def _compares(self, index: int) -> bool:
        """A function of the text itself, handed to what calls it."""
        shape = self.shape
        opening = shape.around[index]
        alone = shape.at(index - 1) in ("(", ",") and shape.at(index + 1) in (")", ",")
        if alone and shape.at(opening - 1) in self.search.callbacks:
            return True
        return alone and shape.at(opening - 2) == "::" and shape.at(opening - 3) == "std"

    def _is_set(self, index: int) -> bool:
        shape = self.shape
        at = index + 1
        while shape.at(at) == "[":
            self.text.steps.take()
            at = shape.partner[at] + 1
        first, second = shape.at(at), shape.at(at + 1)
        if first == "=" and second != "=" and shape.at(index - 1) not in ("!", "<", ">", "="):
            return True
        if first in _ASSIGNING and (second == "=" or (first in "+-" and second == first)):
            return first not in "<>" or shape.at(at + 2) == "="
        before = shape.at(index - 1)
        stepped = before in ("+", "-") and shape.at(index - 2) == before
        if before == "&" and shape.at(index - 2) != "&":
            return not shape.operand_ends(index - 2)
        return stepped

    def _operator(self, index: int) -> Iterator[Sight]:
        shape = self.shape
        text, after = shape.text[index], shape.at(index + 1)
        if text in (".", "->") and after == "*":
            why = "it calls or reads through a pointer to a member; name the member"
            yield self.search.sight("call", (text, after), index, index + 3, why)
        elif text == "::" and after == "*":
            why = "it is a pointer to a member; name the member"
            yield self.search.sight("pointer", (text, after), index, index + 2, why)
        elif text == "&" and not shape.operand_ends(index - 1):
            before = shape.at(index - 1)
            declares = before in TYPE_WORDS or before in POINTER_WORDS or before == ">"
            if after == "&" and shape.named(index + 2) and not declares:
                why = "it is the address of a label; name the label"
                yield self.search.sight(
                    "address", (text, shape.at(index + 2)), index, index + 3, why
                )
            elif shape.named(index + 1) and shape.at(index + 2) == "::" and not declares:
                why = "it is the address of a member; name the member"
                key = (text, shape.at(index + 1), shape.at(index + 3))
                yield self.search.sight("address", key, index, index + 4, why)
