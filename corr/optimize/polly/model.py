"""A loop nest in isl: its dependences, and whether an order of its iterations keeps them.

The reasoning is Polly's own (Feautrier 1992; `Dependences::isValidSchedule` in Polly): two
iterations that touch the same element, at least one of them writing, must stay in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar

import islpy as isl

from corr.optimize.gate.refusal import Refused
from corr.optimize.polly.jscop import Jscop, JscopStatement, isl_text, read

#: isl's own count of steps after which a question about a nest is given up.
OPERATIONS = 3_000_000
#: Polly computes loop bounds in 64 bits without a check: larger numbers could overflow there.
LARGEST_NUMBER = 1 << 20
LONGEST_ORDER = 32
T = TypeVar("T")
OUT, IN, SET, PARAM = isl.dim_type.out, isl.dim_type.in_, isl.dim_type.set, isl.dim_type.param


@dataclass(frozen=True)
class JscopDependences:
    """Pairs of iterations that must stay in order, by what is at stake."""

    flow: isl.UnionMap  # write, then read
    anti: isl.UnionMap  # read, then write
    output: isl.UnionMap  # write, then write

    def kinds(self) -> tuple[tuple[str, isl.UnionMap], ...]:
        return (("flow", self.flow), ("anti", self.anti), ("output", self.output))


class JscopModel:
    """The isl objects of a nest, in an isl context of their own (for one thread).

    Raises Refused where a text is not isl, or isl gives up.
    """

    def __init__(self, scop: Jscop) -> None:
        self.scop = scop
        self.isl = isl.Context()
        self.isl.set_max_operations(OPERATIONS)
        self.context = self._set(scop.context, "context")
        self.domains = {s.name: self._domain(s) for s in scop.statements}

    def _set(self, text: str, what: str) -> isl.Set:
        return self._parsed(lambda: isl.Set.read_from_str(self.isl, isl_text(text)), what)

    def _map(self, text: str, what: str) -> isl.Map:
        return self._parsed(lambda: isl.Map.read_from_str(self.isl, isl_text(text)), what)

    def _parsed(self, parse: Callable[[], T], what: str) -> T:
        try:
            return parse()
        except isl.Error as error:
            raise Refused(f"{self.scop.label}: the {what} is not isl's: {why(error)}") from error

    def _domain(self, statement: JscopStatement) -> isl.Set:
        domain = self._set(statement.domain, f"domain of {statement.name}")
        if domain.is_params() or domain.get_tuple_name() != statement.name:
            raise Refused(f"the domain of {statement.name} is not one of its iterations")
        return domain.intersect_params(self.context)

    def schedule(self, name: str, text: str) -> isl.Map:
        """A statement's schedule, its domain's parameters first. Raises Refused if it is none.

        It must give each iteration one place, and no two iterations the same: Polly would leave
        out, repeat or mix up what it does not cover.
        """
        what = f"schedule of {name}"
        given = self._map(text, what)
        domain = self.domains[name]
        dims = domain.dim(SET)
        if given.get_tuple_name(IN) != name or given.dim(IN) != dims:
            raise Refused(f"the {what} must map {_tuple(name, dims)}")
        if given.has_tuple_name(OUT) or not 0 < given.dim(OUT) <= LONGEST_ORDER:
            raise Refused(f"the {what} must map to a plain tuple of 1 to {LONGEST_ORDER} numbers")
        aligned = given.align_params(domain.space)
        if aligned.dim(PARAM) != domain.dim(PARAM):
            raise Refused(f"the {what} has a parameter that the nest has not")
        bare = str(self.answer(lambda: aligned.gist_domain(domain), what))
        if any(int(n) > LARGEST_NUMBER for n in re.findall(r"(?<!\w)\d+", bare)):
            raise Refused(f"the {what} has a number over {LARGEST_NUMBER}")
        # with its domain: Polly wants a function, which two pieces need not be outside of it
        return self.answer(lambda: self._one_to_one(name, aligned.intersect_domain(domain)), what)

    def _one_to_one(self, name: str, schedule: isl.Map) -> isl.Map:
        if not self.domains[name].is_subset(schedule.domain()):
            raise Refused(f"the schedule of {name} leaves out iterations")
        if not schedule.is_single_valued():
            raise Refused(f"the schedule of {name} runs an iteration more than once")
        if not schedule.is_injective():
            raise Refused(f"the schedule of {name} puts two iterations in one place")
        return schedule.coalesce()

    def schedules(self, maps: Mapping[str, str]) -> dict[str, isl.Map]:
        """All statements' schedules, these in place of the nest's own. Raises Refused."""
        for name in maps:
            self.scop.statement(name)
        found = {
            s.name: self.schedule(s.name, maps.get(s.name, s.schedule))
            for s in self.scop.statements
        }
        lengths = {name: schedule.dim(OUT) for name, schedule in found.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise Refused(f"the schedules differ in length: {listed}")
        return found

    @cached_property
    def original(self) -> isl.UnionMap:
        """The order in which the iterations run as the nest stands."""
        return self._united(self.schedules({}).values())

    @cached_property
    def iterations(self) -> isl.UnionSet:
        whole = isl.UnionSet.empty(self.context.space)
        for domain in self.domains.values():
            whole = whole.union(isl.UnionSet.from_set(domain))
        return whole

    def accesses(self, kind: str) -> isl.UnionMap:
        """All reads, or all writes: iterations to elements."""
        relations = [
            self._map(access.relation, f"access of {statement.name}")
            for statement in self.scop.statements
            for access in statement.accesses
            if access.kind == kind
        ]
        return self._united(relations).intersect_domain(self.iterations)

    @cached_property
    def dependences(self) -> JscopDependences:
        """Every pair of iterations that meet in an element, the earlier one first."""

        def found() -> JscopDependences:
            reads, writes = self.accesses("read"), self.accesses("write")
            before = self.original.lex_lt_union_map(self.original)

            def meet(first: isl.UnionMap, second: isl.UnionMap) -> isl.UnionMap:
                return first.apply_range(second.reverse()).intersect(before).coalesce()

            return JscopDependences(meet(writes, reads), meet(reads, writes), meet(writes, writes))

        return self.answer(found, "dependences")

    def broken(self, maps: Mapping[str, str]) -> str | None:
        """Which dependence an order breaks, in words; None for an order that keeps all.

        Raises Refused where the maps are no order at all.
        """
        after = self.schedules(maps)
        union = self._united(after.values())
        for kind, pairs in self.dependences.kinds():
            for first, second, one in _parts(pairs):
                late = self.answer(partial(_backwards, one, union), "dependences")
                if late is not None:
                    example = _example(one, late, after[first], after[second])
                    return f"the {kind} dependence {first} → {second} would run backwards{example}"
        return None

    def answer(self, question: Callable[[], T], what: str) -> T:
        """What a computation in isl gives. Raises Refused where isl gives up."""
        self.isl.reset_operations()
        try:
            return question()
        except isl.Error as error:
            raise Refused(f"{self.scop.label}: the {what} is too much: {why(error)}") from error

    def _united(self, maps: Iterable[isl.Map]) -> isl.UnionMap:
        whole = isl.UnionMap.empty(self.context.space)
        for one in maps:
            whole = whole.union(isl.UnionMap.from_map(one))
        return whole


def rescheduled(file: str, jscop_text: str, maps: Mapping[str, str]) -> str:
    """The JSCoP with these schedules for these statements, spelled for Polly to import.

    Raises Refused for a text that is no JSCoP and for maps that are no order of its iterations.
    Whether the order is legal is another question: `JscopModel.broken`, and in the end Polly.
    """
    scop = read(file, jscop_text)
    found = JscopModel(scop).schedules(maps)
    return scop.with_schedules({name: str(found[name]) for name in found}).text()


def why(error: isl.Error) -> str:
    """isl's own reason, without its function and source line."""
    match = re.search(r"failed: (.*?)(?: in \S+:\d+\s*)?$", str(error), re.DOTALL)
    return (match[1] if match else str(error)).strip()[:200]


def _parts(pairs: isl.UnionMap) -> list[tuple[str, str, isl.Map]]:
    """The maps of a union map with the names of their two statements."""
    found: list[isl.Map] = []
    pairs.foreach_map(found.append)
    return sorted(
        ((one.get_tuple_name(IN), one.get_tuple_name(OUT), one) for one in found),
        key=lambda part: part[:2],
    )


def _backwards(pairs: isl.Map, order: isl.UnionMap) -> isl.Map | None:
    """The pairs' times where the second does not come after the first; None if there are none."""
    times = isl.UnionMap.from_map(pairs).apply_domain(order).apply_range(order)
    if times.is_empty():
        return None
    one = isl.Map.from_union_map(times)
    late = one.intersect(isl.Map.lex_ge(one.space.domain()))
    return None if late.is_empty() else late


def _example(pairs: isl.Map, late: isl.Map, first: isl.Map, second: isl.Map) -> str:
    """Two iterations of a broken dependence, small ones where there are; empty if isl gives up."""
    try:
        broken = late.apply_domain(first.reverse()).apply_range(second.reverse()).intersect(pairs)
        point = broken.lexmin().wrap().sample_point()
        values = [
            str(point.get_coordinate_val(SET, n)) for n in range(pairs.dim(IN) + pairs.dim(OUT))
        ]
    except isl.Error:
        return ""
    one, two = values[: pairs.dim(IN)], values[pairs.dim(IN) :]
    return f", as from ({', '.join(one)}) to ({', '.join(two)})"


def _tuple(name: str, dims: int) -> str:
    return f"{name}[{', '.join(f'i{n}' for n in range(dims))}]"
