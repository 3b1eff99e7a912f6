"""What is asked of an iteration: conditions as trees of questions, and what they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from corr.polyhedral.clang_ast import Node

#: What stands for the number of elements ahead in the texts of this module.
AHEAD = "\0"


@dataclass(frozen=True)
class Value:
    """What a variable stands for: its text, the sum that it is, and what was read for it."""

    text: str
    total: Sum | None = None
    reads: tuple[Read, ...] = ()

    @property
    def number(self) -> int | None:
        """Its number, where it is one."""
        return self.total.number if self.total is not None and not self.total.terms else None


Known = Mapping[str, Value]


@dataclass(frozen=True)
class Read:
    """A place that is read, as its text has it.

    `at`: where an element is, as a sum of a pointer and numbers of elements.
    """

    text: str
    at: Sum | None = None

    @property
    def moves(self) -> bool:
        """It is another one in each iteration."""
        return AHEAD in self.text

    @property
    def row(self) -> tuple[tuple[str, int], ...] | None:
        """What the same elements lie in; None where they do not follow one another."""
        if self.at is None or (self.moves and (AHEAD, 1) not in self.at.terms):
            return None
        return tuple(term for term in self.at.terms if term[0] != AHEAD)


@dataclass(frozen=True)
class Sum:
    """Terms by their texts, how often each counts, and a number."""

    terms: tuple[tuple[str, int], ...] = ()
    number: int = 0

    def plus(self, other: Sum, sign: int) -> Sum:
        """The sum of both, or what is left of this one."""
        found = dict(self.terms)
        for name, count in other.terms:
            found[name] = found.get(name, 0) + sign * count
        terms = tuple(sorted((n, c) for n, c in found.items() if c))
        return Sum(terms, self.number + sign * other.number)


@dataclass(frozen=True)
class Leaf:
    """A question: its text, whether the answer has to be no, and what it reads."""

    text: str
    negated: bool
    reads: tuple[Read, ...]
    node: Node
    #: it is about a loop within: assumed to be answered as it is asked
    guard: bool = False
    #: what has to hold for it to be asked so
    needs: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """It may be answered differently in each iteration."""
        return AHEAD in self.text


@dataclass(frozen=True)
class All:
    """All of these hold; of none: something is done in any case."""

    parts: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Any:
    """One of these holds; of none: nothing is ever done."""

    parts: tuple[Event, ...] = ()


Event = Leaf | All | Any
ALWAYS, NEVER = All(), Any()


def all_of(*parts: Event) -> Event:
    """All of these, the simple way."""
    if NEVER in parts:
        return NEVER
    flat = [q for p in parts for q in (p.parts if isinstance(p, All) else (p,))]
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def any_of(*parts: Event) -> Event:
    """Any of these, the simple way."""
    if ALWAYS in parts:
        return ALWAYS
    flat = [q for p in parts for q in (p.parts if isinstance(p, Any) else (p,))]
    return flat[0] if len(flat) == 1 else Any(tuple(flat))


def leaves_of(event: Event) -> list[Leaf]:
    """The questions, in the order of the text."""
    if isinstance(event, Leaf):
        return [event]
    return [leaf for part in event.parts for leaf in leaves_of(part)]


def mapped(event: Event, change: Callable[[Leaf], Event]) -> Event:
    """The same of other questions."""
    if isinstance(event, Leaf):
        return change(event)
    join = all_of if isinstance(event, All) else any_of
    return join(*(mapped(part, change) for part in event.parts))
