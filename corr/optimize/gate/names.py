"""The gate for names: what a change uses must be declared by it, or be known to be harmless."""

from __future__ import annotations

from collections.abc import Iterator

from corr.optimize.gate import known_names, stdio
from corr.optimize.gate.refusal import Refusal, refusal, shown
from corr.optimize.gate.statements import TAGS
from corr.optimize.gate.std_names import NESTED, STANDARD, STREAM_BUFFERS
from corr.optimize.gate.text import Text

#: New names that a change may have.
MOST_NAMES = 2_000


def added_names(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    fresh = {word for word in new.names - old.names if not known_names.known(word, new.cxx)}
    if len(fresh) > MOST_NAMES:
        yield refusal("length", name, 0, f"over {MOST_NAMES} new names")
        return
    uses = _Uses(old, new, fresh)
    told = set()
    for index, token in enumerate(new.part):
        if token.kind != "name" or token.text not in fresh or token.text in told:
            continue
        why = uses.why_unknown(index)
        if why:
            told.add(token.text)
            what = f"the name {shown(token.text)!r} is added: {why}"
            yield refusal("name", name, token.line, what)


class _Uses:
    def __init__(self, old: Text, new: Text, fresh: set[str]) -> None:
        self.old, self.new, self.fresh = old, new, fresh
        self.foreign = old.names - old.functions
        self.opened = {d.text for d in old.items} >= {"using namespace std"}
        self.head = self._heads()
        self.tags = {new.shape.text[d.index] for d in new.declared.found if d.kind == "tag"}

    def _heads(self) -> list[int]:
        """Of each name the first of those that are joined to it by `::`."""
        shape = self.new.shape
        head = list(range(shape.size))
        for index in range(2, shape.size):
            if not shape.is_name[index] or shape.text[index - 1] != "::":
                continue
            before = index - 2
            if shape.text[before] == ">" and shape.angle[before] > 0:
                before = shape.angle[before] - 1
            if shape.is_name[before]:
                head[index] = head[before]
        return head

    def why_unknown(self, index: int) -> str:
        """What is wrong with a name where it stands; empty if nothing is."""
        new, shape = self.new, self.new.shape
        word, before, after = shape.text[index], shape.at(index - 1), shape.at(index + 1)
        if known_names.reserved(word):
            return "it is reserved for the compiler and its headers"
        label = after == ":" and shape.start[index] == index
        if before in (".", "->", "goto") or (label and shape.holds_statements(shape.around[index])):
            return ""
        if before in TAGS and word in self.tags:
            return ""
        head = self.head[index]
        if head != index:
            return self._why_not_of(word, head)
        meaning = new.meanings.of.get(index)
        if meaning is None:
            if self.opened and word in STANDARD:
                return ""
            if stdio.may_be_named(word, self.foreign):
                return ""
            how = stdio.how(word)
            return "neither the program nor the change declares it where it is used" + (
                f" ({how})" if how else ""
            )
        called = after == "(" and index not in new.meanings.declaring
        if called and not meaning.callable and not self._is_initialised(index):
            return "it is called, but declared as no function"
        return ""

    def _is_initialised(self, index: int) -> bool:
        """`name(value)` in a constructor's list of members."""
        shape = self.new.shape
        return shape.kind.get(shape.around[index]) in ("type", "namespace", "file")

    def _why_not_of(self, word: str, head: int) -> str:
        """What is wrong with a name in a namespace or class."""
        outer = self.new.shape.text[head]
        if outer == "std":
            harmless = word in STANDARD or word in NESTED
            harmless |= stdio.may_be_named(word, self.foreign)
            harmless |= word in STREAM_BUFFERS and not self.old.names.isdisjoint(("cin", "cout"))
            return "" if harmless else f"std::{shown(word)} is not on the list of harmless names"
        if word in NESTED or head in self.new.meanings.of:
            return ""
        return f"{shown(outer)} is not declared in this file"
