"""Orders for a loop nest, built step by step: permute, distribute, tile, sink, skew, separate.

A plan holds for each statement the list of its times, outermost first: affine expressions in the
statement's own iterators `i0, i1, …`, or plain numbers that put statements one after another.
Every step gives a new plan; `maps()` are the schedules. No step asks whether the order is legal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import islpy as isl

from corr.optimize.gate.refusal import Refused
from corr.optimize.polly.jscop import Scop
from corr.optimize.polly.model import IN, OUT, Model

Times = tuple[str, ...]
_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Plan:
    """An order under construction. `split` is set by `separated`."""

    scop: Scop
    times: Mapping[str, Times]
    split: tuple[int, int] | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        return tuple(self.times)

    def loops(self, statement: str) -> list[int]:
        """The positions in a statement's times that are loops, not numbers."""
        return [n for n, time in enumerate(self.times[statement]) if not _NUMBER.fullmatch(time)]

    def distributed(self, groups: Sequence[Sequence[str]] | None = None) -> Plan:
        """Each group of statements in a nest of its own, one after another (each alone if None)."""
        wanted = groups if groups is not None else [[name] for name in self.statements]
        place = {name: number for number, group in enumerate(wanted) for name in group}
        self._known(place)
        if set(place) != set(self.times):
            raise Refused("every statement must be in a group")
        return self._with({n: (str(place[n]), *times) for n, times in self.times.items()})

    def permuted(self, group: Iterable[str], order: Sequence[int]) -> Plan:
        """The group's loops in another order: its k-th loop is what was the `order[k]`-th."""
        return self._each(group, lambda name: self._permuted(name, order))

    def _permuted(self, name: str, order: Sequence[int]) -> Times:
        at = self.loops(name)
        if sorted(order) != list(range(len(at))):
            raise Refused(f"{list(order)} is no order of the {len(at)} loops of {name}")
        times = list(self.times[name])
        for position, source in zip(at, order, strict=True):
            times[position] = self.times[name][at[source]]
        return tuple(times)

    def reversed(self, group: Iterable[str], loop: int) -> Plan:
        """The group's loop (counted from 0, outermost) backwards."""

        def turned(name: str) -> Times:
            at = self._loop(name, loop)
            return _set(self.times[name], at, f"-({self.times[name][at]})")

        return self._each(group, turned)

    def skewed(self, group: Iterable[str], loop: int, by: int, factor: int = 1) -> Plan:
        """`factor` times the loop `by` added to `loop`, both counted as they are now."""

        def leaned(name: str) -> Times:
            at, other = self._loop(name, loop), self._loop(name, by)
            times = self.times[name]
            return _set(times, at, f"{times[at]} + {factor}*({times[other]})")

        return self._each(group, leaned)

    def shifted(self, group: Iterable[str], position: int, by: int) -> Plan:
        """`by` added to the times at a position."""
        return self._each(
            group,
            lambda n: _set(self.times[n], position, f"{self.times[n][position]} + {by}"),
        )

    def tiled(
        self,
        group: Iterable[str],
        sizes: Mapping[int, int],
        at: int | None = None,
        order: Sequence[int] | None = None,
    ) -> Plan:
        """Tiles over the positions in `sizes`, their loops put before position `at`.

        `at` is the first of the positions if None; `order` is that of the tile loops, positions
        outermost first, as in `sizes` if None.
        """
        start = min(sizes) if at is None else at
        listed = list(order if order is not None else sizes)
        if set(listed) != set(sizes) or any(size < 1 for size in sizes.values()):
            raise Refused(f"no tiling: sizes {dict(sizes)} in the order {listed}")

        def cut(name: str) -> Times:
            times = self.times[name]
            tiles = [f"floor(({times[n]})/{sizes[n]})" for n in listed]
            return (*times[:start], *tiles, *times[start:])

        return self._each(group, cut)

    def sunk(self, group: Iterable[str], sizes: Mapping[int, int]) -> Plan:
        """Blocks of the loops at these positions made innermost, in the order of `sizes`.

        Where the loop was, its blocks are counted. Blocks of constant size are unrolled by the
        compiler: registers then hold what the loops in between use again.
        """
        if any(size < 1 for size in sizes.values()):
            raise Refused(f"no sizes of blocks: {dict(sizes)}")
        length = max(map(len, self.times.values()))

        def blocked(name: str) -> Times:
            times = [*self.times[name], *["0"] * (length - len(self.times[name]))]
            inner = [times[n] for n in sizes]
            for n, size in sizes.items():
                times[n] = f"floor(({times[n]})/{size})"
            return (*times, *inner)

        return self._each(group, blocked)

    def separated(self, prefix: int, at: int) -> Plan:
        """Full tiles apart from the rest, by a 0 or 1 put at position `at`.

        A tile is what shares the first `prefix` times; it is full when no point of it lies
        outside the statement's domain. Full tiles have constant loop bounds.
        """
        return replace(self, split=(prefix, at))

    def maps(self) -> dict[str, str]:
        """The schedules, statement to isl map, all of one length."""
        length = max(map(len, self.times.values()))
        padded = {n: (*t, *["0"] * (length - len(t))) for n, t in self.times.items()}
        if self.split is None:
            return {name: self._map(name, times) for name, times in padded.items()}
        model = Model(self.scop)
        prefix, at = self.split
        return {n: self._separate(model, n, t, prefix, at) for n, t in padded.items()}

    def _map(self, name: str, times: Sequence[str]) -> str:
        domain = self.scop.statement(name).domain
        parameters = domain.partition("{")[0]
        iterators = ", ".join(f"i{n}" for n in range(_iterators(domain, name)))
        return f"{parameters}{{ {name}[{iterators}] -> [{', '.join(times)}] }}"

    def _separate(self, model: Model, name: str, times: Times, prefix: int, at: int) -> str:
        def build() -> str:
            domain = model.domains[name]
            tile = isl.Map.read_from_str(model.isl, self._map(name, times[:prefix]))
            outside = isl.Set.universe(domain.space).subtract(domain)
            partial = tile.intersect_domain(outside).range()
            whole = domain.subtract(tile.reverse().intersect_domain(partial).range())
            parts = []
            for number, points in enumerate((whole, domain.subtract(whole))):
                marked = (*times[:at], str(number), *times[at:])
                one = isl.Map.read_from_str(model.isl, self._map(name, marked))
                parts.append(one.intersect_domain(points.coalesce().gist(domain)))
            return str(parts[0].union(parts[1]).coalesce())

        return model.answer(build, f"full tiles of {name}")

    def _loop(self, name: str, loop: int) -> int:
        at = self.loops(name)
        if not 0 <= loop < len(at):
            raise Refused(f"{name} has no loop {loop} of its {len(at)}")
        return at[loop]

    def _each(self, group: Iterable[str], change: Callable[[str], Times]) -> Plan:
        names = list(group)
        self._known(names)
        return self._with({name: change(name) for name in names})

    def _with(self, times: Mapping[str, Times]) -> Plan:
        return replace(self, times={**self.times, **times})

    def _known(self, names: Iterable[str]) -> None:
        for name in names:
            self.scop.statement(name)


def plan(scop: Scop) -> Plan:
    """The order in which the nest stands. Raises Refused where it is not affine in one piece."""
    model = Model(scop)
    return Plan(
        scop,
        {s.name: _times(model.schedule(s.name, s.schedule), s.name) for s in scop.statements},
    )


def plan_of(scop: Scop, maps: Mapping[str, str]) -> Plan:
    """The plan that these schedules are. Raises Refused as `plan`."""
    return plan(scop.with_schedules(maps))


def _times(schedule: isl.Map, name: str) -> Times:
    pieces: list[isl.MultiAff] = []
    whole = isl.PwMultiAff.from_map(schedule)
    whole.foreach_piece(lambda _set, piece: pieces.append(piece))
    if len(pieces) != 1:
        raise Refused(f"the schedule of {name} is in {len(pieces)} pieces")
    for n in range(schedule.dim(IN)):
        pieces[0] = pieces[0].set_dim_name(IN, n, f"i{n}")
    return tuple(_expression(pieces[0].get_aff(n)) for n in range(schedule.dim(OUT)))


def _expression(affine: isl.Aff) -> str:
    text = str(affine).rpartition("-> [")[2].rpartition("]")[0]
    while text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1]
    return text.strip()


def _iterators(domain: str, name: str) -> int:
    """How many iterators a statement's domain has, as Polly writes it: `{ name[i0, i1] : … }`."""
    inside = domain.partition(f"{name}[")[2].partition("]")[0].strip()
    return inside.count(",") + 1 if inside else 0


def _set(times: Times, at: int, value: str) -> Times:
    return (*times[:at], value, *times[at + 1 :])
