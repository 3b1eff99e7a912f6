"""What must stay in order: pairs of statement instances of which a later uses what an earlier did.

Dependence analysis as in Feautrier, Dataflow analysis of array and scalar references (1991), by
isl. Different arrays are taken not to overlap: conditions.py asks that at run time.
"""

from __future__ import annotations

from functools import lru_cache

import islpy as isl

from corr.polyhedral.limits import simplified
from corr.polyhedral.scop import Scop
from corr.polyhedral.updates import kind_of, other_reads


class Dependences:
    """The dependences of a region, all of them and the ones that imply the others."""

    def __init__(self, scop: Scop) -> None:
        self.order = scop.order.intersect_domain(scop.domain)
        earlier = self.order.lex_lt_union_map(self.order)
        #: earlier instance → later instance, wherever one of the two writes what both touch
        self.every = simplified(_pairs(scop).intersect(earlier))

    def kept_by(self, order: isl.UnionMap) -> bool:
        """A new order (instance → time) runs every pair in the old direction."""
        return self.every.intersect(order.lex_ge_union_map(order)).is_empty()


def _pairs(scop: Scop) -> isl.UnionMap:
    """Pairs of instances of which one writes what both touch, but for updates in any order.

    Of two updates of one kind their own elements do not count; what else they read does.
    """
    reads, writes = isl.UnionMap("{}"), isl.UnionMap("{}")
    updates: dict[str, isl.UnionMap] = {}
    for s in scop.statements:
        kind = kind_of(s)
        for a in other_reads(s) if kind else s.accesses[:-1]:
            reads = reads.union(isl.UnionMap.from_map(scop.touched(s, a)))
        own = isl.UnionMap.from_map(scop.touched(s, s.accesses[-1]))
        if kind:
            updates[kind] = updates[kind].union(own) if kind in updates else own
        else:
            writes = writes.union(own)
    pairs = _touching(writes, writes.union(reads))
    for kind, own in updates.items():
        rest = reads.union(writes)
        for other, touched in updates.items():
            rest = rest.union(touched) if other != kind else rest
        pairs = pairs.union(_touching(own, rest))
    return pairs


def _touching(one: isl.UnionMap, other: isl.UnionMap) -> isl.UnionMap:
    """Pairs of instances, one of each map, that touch one element; in both directions."""
    found = one.apply_range(other.reverse())
    return found.union(found.reverse())


@lru_cache(maxsize=8)
def of(scop: Scop) -> Dependences:
    """The dependences of a region, computed once."""
    return Dependences(scop)


@lru_cache(maxsize=8)
def flow(scop: Scop) -> isl.UnionMap:
    """writer → reader of the very value that it wrote."""
    sure, maybe = scop.accesses(write=True, sure=True), scop.accesses(write=True)
    info = isl.UnionAccessInfo.from_sink(scop.accesses(write=False))
    info = info.set_must_source(sure).set_may_source(maybe.subtract(sure))
    info = info.set_schedule_map(scop.order.intersect_domain(scop.domain))
    found = info.compute_flow()
    return found.get_may_dependence()


@lru_cache(maxsize=8)
def sparse(scop: Scop) -> isl.UnionMap:
    """Dependences of which the others follow: to the last writer, and from the last readers."""
    order = scop.order.intersect_domain(scop.domain)
    sure, maybe = scop.accesses(write=True, sure=True), scop.accesses(write=True)
    reads = scop.accesses(write=False)
    over = isl.UnionAccessInfo.from_sink(maybe).set_must_source(sure)
    over = over.set_may_source(maybe.subtract(sure)).set_schedule_map(order)
    back = isl.UnionAccessInfo.from_sink(maybe).set_kill(sure).set_may_source(reads)
    back = back.set_schedule_map(order)
    total = flow(scop)
    for info in (over, back):
        total = total.union(info.compute_flow().get_may_dependence())
    return simplified(total)
