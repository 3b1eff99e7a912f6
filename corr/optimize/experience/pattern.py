"""Edits of a loop that hold for every loop that is the same up to names, numbers and types.

The old text is a pattern: each name, each number but 0 and 1, and each type stands for any other,
the same wherever it stands; two names never stand for one. What is called is called by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from corr.optimize.experience.c_tokens import Token, tokens

#: What stands for another of its kind.
_ANY = ("name", "number", "type")
_THEMSELVES = ("0", "1", "0.0", "1.0", "0.0f", "1.0f", "0.f", "1.f")


class Unlike(Exception):
    """The text is not of the pattern."""


@dataclass
class Binding:
    """What each name, number and type of a pattern stands for."""

    there: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def bind(self, kind: str, word: str, there: str) -> None:
        """Let a word stand for another. Raises Unlike where it stands for something else."""
        if self.there.setdefault((kind, word), there) != there:
            raise Unlike(f"{word} stands for two things")
        if kind == "name" and self.names.setdefault(there, word) != word:
            raise Unlike(f"two names stand for {there}")


def matched(pattern: Sequence[Token], found: Sequence[Token], at: int) -> Binding | None:
    """What the pattern's words stand for in the tokens from `at` on; None where it is unlike."""
    if at + len(pattern) > len(found):
        return None
    binding = Binding()
    try:
        for offset, token in enumerate(pattern):
            there = found[at + offset]
            if token.kind != there.kind:
                return None
            if token.kind in _ANY and token.text not in _THEMSELVES:
                binding.bind(token.kind, token.text, there.text)
            elif token.text != there.text:
                return None
    except Unlike:
        return None
    return binding


def declared(found: Sequence[Token]) -> dict[str, str]:
    """The type of each name that is declared with one of C's own."""
    types: dict[str, str] = {}
    base = ""
    for token in found:
        if token.kind == "type":
            base = token.text
        elif token.kind == "name" and base:
            types.setdefault(token.text, base)
            base = ""
        elif token.text not in ("*", "const", "restrict", "__restrict", "__restrict__"):
            base = ""
    return types


def same_types(
    binding: Binding, pattern: Mapping[str, str], there: Mapping[str, str]
) -> Binding | None:
    """The binding with the types that its names are declared as; None where they contradict.

    A type that stands in the loops themselves is bound already.
    """
    bound = {word for kind, word in binding.there if kind == "type"}
    try:
        for (kind, word), name in list(binding.there.items()):
            if kind == "name" and name in there and pattern.get(word, "") not in ("", *bound):
                binding.bind("type", pattern[word], there[name])
    except Unlike:
        return None
    return binding


def written(text: str, binding: Binding, taken: set[str]) -> str:
    """A text with the words that stand for others exchanged.

    A name of its own that is taken there gets another: underscores are added.
    """
    own: dict[str, str] = {}
    parts: list[str] = []
    last = 0
    for token in tokens(text):
        word = binding.there.get((token.kind, token.text))
        if token.kind in _ANY and word is None and token.kind == "name":
            word = own.setdefault(token.text, _free(token.text, taken, binding))
        if word is not None and word != token.text:
            parts += [text[last : token.start], word]
            last = token.end
    return "".join([*parts, text[last:]])


def _free(name: str, taken: set[str], binding: Binding) -> str:
    """The name, or one like it that means nothing yet where one of the bound names is alike."""
    if name not in binding.names:
        return name
    while name in taken:
        name += "_"
    return name
