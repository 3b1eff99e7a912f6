"""A C or C++ text taken apart once: tokens, constructs, statements, declarations, meanings."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from corr.optimize.gate.constructs import Construct, constructs
from corr.optimize.gate.declarations import declarations
from corr.optimize.gate.declared import Declarations
from corr.optimize.gate.known_names import MATH
from corr.optimize.gate.lexer import Token
from corr.optimize.gate.library import LIBRARY
from corr.optimize.gate.made import not_called
from corr.optimize.gate.scope import Meanings
from corr.optimize.gate.statements import Statements
from corr.optimize.gate.std_names import STANDARD
from corr.optimize.gate.steps import Steps
from corr.optimize.gate.types import Types

_PRIME = (1 << 61) - 1
#: Not known to whoever writes a text, so that no two parts can be made that look alike.
_BASE = secrets.randbelow(_PRIME - 2) + 2
_CXX_WORDS = frozenset({"template", "namespace", "class", "constexpr", "nullptr", "static_cast"})


def is_cxx(name: str, part: Iterable[Token]) -> bool:
    """Whether the file is C++: by its name, for a header by its words."""
    suffix = PurePath(name).suffix
    if suffix == ".c":
        return False
    if suffix in (".h", ".inc", ""):
        return any(token.text in _CXX_WORDS or token.text == "::" for token in part)
    return True


class Text:
    """`owner` of a bracket is the name of the function whose body it is or is in, else empty."""

    def __init__(self, part: list[Token], cxx: bool, steps: Steps) -> None:
        self.all, self.cxx, self.steps = part, cxx, steps
        self.constructs, self.rest = constructs(part, steps)
        self.part = list(self.rest.tokens)
        self.shape = Statements(self.rest, cxx, steps)
        self.types = Types(self.shape)
        self.declared = Declarations(self.shape, self.types, steps)
        self.items = list(declarations(self.part, self.shape, steps))
        self.meanings = Meanings(self.shape, self.declared.found, steps)
        self.owner = self._owners()
        self._sums, self._powers = self._digests()

    @property
    def names(self) -> set[str]:
        """All words, also those of directives."""
        found = {token.text for token in self.all if token.kind == "name"}
        for one in self.constructs:
            if one.rule == "directive":
                found |= set(re.findall(r"\w+", one.text))
        return found

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

    @property
    def functions(self) -> set[str]:
        """Functions that the text defines."""
        return {self.shape.text[one.index] for one in self.declared.found if one.kind == "function"}

    def line(self, index: int) -> int:
        return self.part[index].line if 0 <= index < len(self.part) else 0

    def owner_at(self, index: int) -> str:
        """The function that a token is in."""
        return self.owner[self.shape.around[index]]

    def digest(self, first: int, end: int) -> tuple[int, int]:
        """The same for two parts only if they read the same."""
        length = max(0, min(end, self.shape.size) - first)
        value = self._sums[first + length] - self._sums[first] * self._powers[length]
        return value % _PRIME, length

    def shown(self, first: int, end: int) -> str:
        """The part for a message; it is cut there anyway."""
        return " ".join(self.shape.text[first : min(end, first + 60)])

    def called(self) -> Counter[str]:
        """Words that are called, but not as members and not as variables: functions and macros.

        Not those of the C++ library by their full names, which `called_of_std` has: the name alone
        is free for others.
        """
        opened = self.opens_std
        return Counter(
            self.shape.text[at] for at in self._calls() if opened or not self._is_of_std(at)
        )

    @property
    def called_of_std(self) -> set[str]:
        return {self.shape.text[at] for at in self._calls() if self._is_of_std(at)}

    @property
    def opens_std(self) -> bool:
        """Names of the C++ library may stand alone, as `using` lets them."""
        text = self.shape.text
        return any(
            word == "using" and "std" in text[at + 1 : at + 4] for at, word in enumerate(text)
        )

    def _calls(self) -> Iterator[int]:
        shape, of = self.shape, self.meanings.of
        none = not_called(shape, self.steps)
        for at in range(shape.size - 1):
            if shape.text[at + 1] != "(" or not shape.named(at) or at in self.meanings.declaring:
                continue
            meaning = of.get(at)
            variable = meaning and meaning.kind not in ("function", "prototype", "type")
            if shape.at(at - 1) not in (".", "->") and not variable and at not in none:
                yield at

    def _is_of_std(self, index: int) -> bool:
        """`std::count(`, which is C's neither."""
        word, shape = self.shape.text[index], self.shape
        of_std = shape.at(index - 1) == "::" and shape.at(index - 2) == "std"
        return of_std and word in STANDARD and word not in LIBRARY and word not in MATH

    def _owners(self) -> dict[int, str]:
        shape = self.shape
        owner = {-1: ""}
        for index in range(shape.size):
            if shape.is_punct[index] and shape.text[index] in ("(", "[", "{"):
                outer = shape.around[index]
                owner[index] = owner[outer]
                if shape.kind.get(index) == "block" and shape.kind.get(outer) in (
                    "file",
                    "namespace",
                    "type",
                ):
                    owner[index] = shape.at(shape.head[index] - 1)
        return owner

    def _digests(self) -> tuple[list[int], list[int]]:
        """Sums over the beginning of the text, from which that over any part follows."""
        self.steps.take(self.shape.size)
        sums, powers = [0], [1]
        for text in self.shape.text:
            sums.append((sums[-1] * _BASE + (hash(text) & (_PRIME >> 1)) + 1) % _PRIME)
            powers.append(powers[-1] * _BASE % _PRIME)
        return sums, powers
