"""Other orders for a nest that Polly exported, legal or not: what the schedule move is tried on."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from corr.optimize.polly.jscop import Jscop

Times = tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """For each statement when it runs: expressions in its iterators `i0, i1, …`, or numbers."""

    heads: Mapping[str, str]
    times: Mapping[str, Times]

    @property
    def statements(self) -> tuple[str, ...]:
        return tuple(self.times)

    def loops(self, name: str) -> list[int]:
        """The positions of a statement's times that are loops, not numbers."""
        return [n for n, time in enumerate(self.times[name]) if not time.lstrip("-").isdigit()]

    def maps(self) -> dict[str, str]:
        """The schedules, statement to isl map, all of one length."""
        length = max(map(len, self.times.values()))
        return {
            name: f"{self.heads[name]} -> [{', '.join((*t, *['0'] * (length - len(t))))}] }}"
            for name, t in self.times.items()
        }

    def distributed(self, order: Sequence[str] | None = None) -> Order:
        """Each statement in a nest of its own, one after another."""
        names = list(order or self.statements)
        return self._each(names, lambda name, times: (str(names.index(name)), *times))

    def permuted(self, group: Iterable[str], order: Sequence[int]) -> Order:
        """The group's k-th loop is what was the `order[k]`-th."""

        def other(name: str, times: Times) -> Times:
            at = self.loops(name)
            moved = {to: times[at[source]] for to, source in zip(at, order, strict=True)}
            return tuple(moved.get(n, time) for n, time in enumerate(times))

        return self._each(group, other)

    def reversed(self, group: Iterable[str], loop: int) -> Order:
        return self._at(group, loop, lambda time, _times: f"-({time})")

    def skewed(self, group: Iterable[str], loop: int, by: int, factor: int) -> Order:
        """`factor` times the time at position `by` added to a loop."""
        return self._at(group, loop, lambda time, times: f"{time} + {factor}*({times[by]})")

    def shifted(self, group: Iterable[str], loop: int, by: int) -> Order:
        return self._at(group, loop, lambda time, _times: f"{time} + {by}")

    def tiled(self, sizes: Mapping[int, int]) -> Order:
        """Tiles over the positions in `sizes`, of all statements, outermost."""
        return self._each(
            self.statements,
            lambda _name, times: (*(f"floor(({times[n]})/{sizes[n]})" for n in sizes), *times),
        )

    def sunk(self, position: int, size: int) -> Order:
        """Blocks of the loop at this position made innermost."""
        length = max(map(len, self.times.values()))

        def blocked(_name: str, times: Times) -> Times:
            padded = [*times, *["0"] * (length - len(times)), times[position]]
            padded[position] = f"floor(({times[position]})/{size})"
            return tuple(padded)

        return self._each(self.statements, blocked)

    def _at(self, group: Iterable[str], loop: int, change: Callable[[str, Times], str]) -> Order:
        def changed(name: str, times: Times) -> Times:
            at = self.loops(name)[loop]
            return (*times[:at], change(times[at], times), *times[at + 1 :])

        return self._each(group, changed)

    def _each(self, group: Iterable[str], change: Callable[[str, Times], Times]) -> Order:
        changed = {name: change(name, self.times[name]) for name in group}
        return replace(self, times={**self.times, **changed})


def written(nest: Jscop) -> Order:
    """The order in which the nest stands."""
    heads, times = {}, {}
    for statement in nest.statements:
        parts = re.fullmatch(r"(.*\]) -> \[([^\]]*)\] \}", statement.schedule)
        assert parts is not None, statement.schedule
        heads[statement.name] = parts[1]
        times[statement.name] = tuple(parts[2].split(", "))
    return Order(heads, times)


def drawn(order: Order, choice: random.Random) -> Order:
    """One to three random steps from an order."""
    for _ in range(choice.randint(1, 3)):
        try:
            order = _step(order, choice)
        except (ValueError, IndexError):  # the statement drawn has not that many loops
            continue
    return order


def _step(order: Order, choice: random.Random) -> Order:
    name = choice.choice(order.statements)
    group = choice.choice([[name], list(order.statements)])
    loops = order.loops(name)
    kind = choice.choice(("permute", "reverse", "skew", "shift", "tile", "sink", "distribute"))
    if kind == "permute":
        return order.permuted(group, choice.sample(range(len(loops)), len(loops)))
    if kind == "reverse":
        return order.reversed(group, choice.randrange(len(loops)))
    if kind == "skew":
        loop, by = choice.sample(range(len(loops)), 2)
        return order.skewed(group, loop, loops[by], choice.choice((1, 2, -1)))
    if kind == "shift":
        return order.shifted(group, choice.randrange(len(loops)), choice.choice((1, -1, 2)))
    if kind == "tile":
        return order.tiled({position: choice.choice((4, 32)) for position in loops})
    if kind == "sink":
        return order.sunk(choice.choice(loops), 4)
    return order.distributed(choice.sample(order.statements, len(order.statements)))
