"""Sums of whole-number variables with their factors, `2 * x - radius + 1`, and their ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BITS = {"char": 8, "short": 16, "int": 32, "long": 64}
_NUMBER = re.compile(r"(?:(?:un)?signed )?(?:char|short|int|long|long long)|bool|_Bool")


@dataclass(frozen=True)
class Range:
    """The whole numbers of a type."""

    least: int
    most: int

    @property
    def signed(self) -> bool:
        return self.least < 0

    def holds(self, other: Range) -> bool:
        """Every number of another type is one of this."""
        return self.least <= other.least and other.most <= self.most


def range_of(type_: str) -> Range | None:
    """The numbers of a type as clang spells it; None if it is not one of whole numbers."""
    text = " ".join(word for word in type_.split() if word != "const")
    if text.startswith("enum "):
        return Range(-(1 << 31), (1 << 31) - 1)
    if not _NUMBER.fullmatch(text):
        return None
    if "ool" in text:
        return Range(0, 1)
    words = text.split()
    bits = next(_BITS[word] for word in ("char", "short", "long", "int") if word in words)
    if "unsigned" in words:
        return Range(0, (1 << bits) - 1)
    return Range(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


@dataclass(frozen=True)
class Linear:
    """A sum: factors by what they are of, and a number."""

    terms: tuple[tuple[str, int], ...] = ()
    number: int = 0

    @staticmethod
    def of(terms: Mapping[str, int], number: int = 0) -> Linear:
        return Linear(tuple(sorted((k, f) for k, f in terms.items() if f)), number)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self.terms)

    def __getitem__(self, key: str) -> int:
        return dict(self.terms).get(key, 0)

    def __add__(self, other: Linear | int) -> Linear:
        if isinstance(other, int):
            return Linear(self.terms, self.number + other)
        found = dict(self.terms)
        for key, factor in other.terms:
            found[key] = found.get(key, 0) + factor
        return Linear.of(found, self.number + other.number)

    def __mul__(self, factor: int) -> Linear:
        return Linear.of({k: f * factor for k, f in self.terms}, self.number * factor)

    def __neg__(self) -> Linear:
        return self * -1

    def __sub__(self, other: Linear | int) -> Linear:
        return self + (-other)

    def put(self, key: str, value: Linear) -> Linear:
        """The same with a value in place of what has a name."""
        rest = Linear(tuple((k, f) for k, f in self.terms if k != key), self.number)
        return rest + value * self[key]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(key for key, _ in self.terms)

    def value(self, values: Mapping[str, int]) -> int:
        """What it is for these values."""
        return self.number + sum(factor * values[key] for key, factor in self.terms)

    def least(self, ranges: Mapping[str, Range]) -> int:
        """The least that it can be."""
        found = self.number
        for key, factor in self.terms:
            at = ranges[key]
            found += factor * (at.least if factor > 0 else at.most)
        return found

    def text(self, names: Mapping[str, str]) -> str:
        """As C, each by the text that stands for it: what is added first."""
        found = ""
        for key, factor in sorted(self.terms, key=lambda term: term[1] < 0):
            by = names[key] if abs(factor) == 1 else f"{abs(factor)} * {names[key]}"
            if found:
                found += f" - {by}" if factor < 0 else f" + {by}"
            else:
                found = f"-{by}" if factor < 0 else by
        if not found:
            return str(self.number)
        if self.number:
            found += f" - {-self.number}" if self.number < 0 else f" + {self.number}"
        return found
