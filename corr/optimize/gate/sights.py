"""What is looked for in the original and in the change by the same rules, and compared.

`Search` holds what the searches in `calls` and `addresses` share: which names are functions,
which are types of functions, and who is given functions to call.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from corr.optimize.gate.library import CALLBACKS
from corr.optimize.gate.text import Text

#: Words whose parentheses are no arguments.
OPERANDS = frozenset(
    "decltype typeof __typeof__ __typeof _Atomic alignas _Alignas _BitInt sizeof alignof _Alignof"  # noqa: SIM905
    " __alignof__ noexcept requires explicit static_assert _Static_assert _Generic".split()
)

#: The function that a variable is in, empty for those that all see, `.` for members; its name.
Held = tuple[str, str]


@dataclass(frozen=True)
class Sight:
    """`key` is what is compared with the original; `why` says what is wrong with more of it.

    What is not `counted` may be there any number of times where the original has it once.
    """

    rule: str
    key: tuple[object, ...]
    index: int
    end: int
    why: str
    counted: bool = True


class Search:
    """`functions` are names that stand for functions where nothing else of the name is in scope,
    `of_std` those that do so behind `std::`; `through` names that the original calls through,
    which must not be set anew; `called_through` those that this text does. `function_types` are
    names of types of functions, `callbacks` functions that call what they are given at these
    places. `held` are variables that the original reads or writes through, with the functions
    that they are in (`hold`), `streams` those of this text, and `given` where it names stdin,
    stdout or stderr for that.
    """

    def __init__(
        self,
        text: Text,
        functions: Set[str],
        of_std: Set[str],
        through: Set[str],
        types: Set[str] = frozenset(),
        held: Set[Held] = frozenset(),
    ) -> None:
        self.text, self.shape = text, text.shape
        self.functions, self.of_std, self.through = functions, of_std, through
        self.called_through: set[str] = set()
        self.held, self.streams, self.given = held, set[Held](), set[int]()
        self.typedefs = list(self._function_typedefs())
        named = {text.shape.text[name] for name, _, _ in self.typedefs if name >= 0}
        self.function_types: Set[str] = types | named
        self.callbacks = CALLBACKS | {name: places for name, places in self._callbacks() if places}

    def sight(
        self,
        rule: str,
        key: tuple[object, ...],
        index: int,
        end: int,
        why: str,
        counted: bool = True,
    ) -> Sight:
        """With the function that it is in: there, and nowhere else, it may stay."""
        where = self.text.owner_at(index)
        return Sight(rule, (rule, where, *key), index, max(end, index + 1), why, counted)

    def hold(self, first: int, last: int) -> None:
        """A stream is had from the variables that an argument begins and ends with."""
        for index in {first, last}:
            if self.shape.named(index):
                self.streams |= self.places(index)

    def places(self, index: int) -> set[Held]:
        """Where a name may be held as a stream: local variables in their functions only."""
        shape, word = self.shape, self.shape.text[index]
        if shape.at(index - 1) in (".", "->"):
            return {(".", word)}
        places = {(self.text.owner_at(index), word)}
        meaning = self.text.meanings.of.get(index)
        if meaning is not None and meaning.kind == "member":
            return places | {("", word), (".", word)}
        local = meaning is not None and shape.kind.get(meaning.scope) not in ("file", "namespace")
        return places if local else places | {("", word)}

    def arguments(self, opening: int) -> Iterator[tuple[int, int]]:
        """Where each argument, or parameter, between the parentheses begins and ends."""
        shape, closing = self.shape, min(self.shape.partner[opening], self.shape.size)
        first = at = opening + 1
        while at < closing:
            self.text.steps.take()
            if shape.text[at] in ("(", "[", "{"):
                at = min(shape.partner[at], closing)
            elif shape.text[at] == "," and shape.in_angle[at] < 0:
                yield first, at
                first = at + 1
            at += 1
        if first < closing:
            yield first, closing

    def _callbacks(self) -> Iterator[tuple[str, frozenset[int]]]:
        """Functions of the text that are given functions, and at which places."""
        shape = self.shape
        for one in self.text.declared.found:
            opening = one.index + 1
            if one.kind not in ("function", "prototype") or shape.at(opening) != "(":
                continue
            places: set[int] = set()
            for number, (first, end) in enumerate(self.arguments(opening)):
                at = first
                while at < end:
                    self.text.steps.take()
                    if self._takes_function(at):
                        places.add(number)
                    at = shape.partner[at] + 1 if shape.text[at] in ("(", "[", "{") else at + 1
            yield shape.text[one.index], frozenset(places)

    def _takes_function(self, at: int) -> bool:
        """A parameter is a function, or points to one, by what stands at a token of it."""
        shape = self.shape
        parameters = shape.text[at] == "(" and (
            shape.at(at - 1) == ")" or at in self.text.declared.declarators
        )
        return parameters or shape.text[at] in self.function_types

    def _function_typedefs(self) -> Iterator[tuple[int, int, int]]:
        """`typedef int f(int)`, `using f = int(int)`: the name, the statement's ends."""
        shape, looked_at = self.shape, -1
        for index in range(shape.size):
            word, start = shape.text[index], shape.start[index]
            if word not in ("typedef", "using") or start == looked_at:
                continue
            if not shape.holds_statements(shape.around[index]):
                continue
            looked_at = start
            at, end = start, shape.ends[start]
            name, found = -1, False
            while at < end:
                self.text.steps.take()
                if shape.text[at] == "(" and shape.at(at - 1) not in OPERANDS:
                    found = found or self._has_parameters(at)
                if shape.text[at] in ("(", "[", "{"):
                    if shape.text[at] == "(" and shape.at(at + 1) == "*" and shape.named(at + 2):
                        name = at + 2
                    at = shape.partner[at]
                elif shape.named(at) and (name < 0 or shape.at(at + 1) in ("(", ";")):
                    name = name if word == "using" and name >= 0 else at
                at += 1
            if found:
                yield name, start, end

    def _has_parameters(self, opening: int) -> bool:
        """Parentheses in a type that are no pointer to an array."""
        shape = self.shape
        pointer = shape.at(opening + 1) in ("*", "&")
        return not (pointer and shape.at(shape.partner[opening] + 1) == "[")
