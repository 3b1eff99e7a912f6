"""Orders worth trying for a nest, each with its reason, most promising first. All are legal here.

Three ideas, in falling order of what they gained on the shipped kernels: hold a small block of
results in registers while a reduction runs, several independent sums side by side (register
tiling; Goto and van de Geijn 2008); walk memory with the grain (McKinley, Carr and Tseng 1996);
reuse what is in the cache by tiles, after the order that isl's scheduler finds (Bondhugula 2008).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import islpy as isl

from corr.optimize.gate.refusal import Refused
from corr.optimize.polly.jscop import Scop
from corr.optimize.polly.model import OUT, Model
from corr.optimize.polly.plan import Plan, plan, plan_of
from corr.optimize.polly.strides import Walk, walks

#: Blocks of results to hold in registers: of the loop that is reused, and of the vector loop.
BLOCKS = ((4, 32), (4, 16), (8, 8))
CHAINS = (8, 4)
MOST = 24
_BYTES = {"double": 8, "float": 4, "i64": 8, "i32": 4, "i16": 2, "i8": 1}


@dataclass(frozen=True)
class Candidate:
    """An order to try: schedules by statement, what they are, and why they should gain."""

    summary: str
    maps: Mapping[str, str]
    reason: str


@dataclass(frozen=True)
class _Base:
    """An order to start from, and how to call it."""

    name: str
    plan: Plan


def candidates(scop: Scop, caches: Sequence[int], most: int = MOST) -> list[Candidate]:
    """Legal orders of a nest worth trying, at most `most`, most promising first.

    `caches` are the sizes of the data caches in bytes, nearest first. Empty for a nest without
    arrays, or one that isl finds too large. Polly has the last word on each of them.
    """
    try:
        model = Model(scop)
        bases = _bases(model)
        ideas = (_register_blocks, _with_the_grain, _chains, _tiles)
        streams = [_from_all(idea, model, bases, caches) for idea in ideas]
        found: dict[tuple[str, ...], Candidate] = {}
        for one in _in_turn(streams):
            key = tuple(one.maps.values())
            if key not in found and _legal(model, one.maps):
                found[key] = one
            if len(found) == most:
                break
    except (Refused, isl.Error):
        return []
    return list(found.values())


_Idea = Callable[[Model, "_Base", Sequence[int]], Iterator[Candidate]]


def _from_all(
    idea: _Idea, model: Model, bases: Sequence[_Base], caches: Sequence[int]
) -> Iterator[Candidate]:
    return _in_turn([idea(model, base, caches) for base in bases])


def _in_turn(streams: Iterable[Iterator[Candidate]]) -> Iterator[Candidate]:
    """One of each stream, then the next of each, so that a cut leaves something of all."""
    for row in itertools.zip_longest(*streams):
        yield from (one for one in row if one is not None)


def _legal(model: Model, maps: Mapping[str, str]) -> bool:
    try:
        return model.broken(maps) is None
    except Refused:
        return False


# --- orders to start from -------------------------------------------------------------------


def _bases(model: Model) -> list[_Base]:
    """The nest as it stands, each statement in a nest of its own, and what isl makes of it."""
    start = plan(model.scop)
    found = [_Base("in place", start)]
    if len(start.statements) > 1:
        alone = start.distributed()
        if _legal(model, alone.maps()):
            found.insert(0, _Base("statements apart", alone))
    for fused in (False, True):
        made = computed(model, fused)
        if made is not None and all(made.times != base.plan.times for base in found):
            found.append(_Base("isl, fused" if fused else "isl", made))
    return found


def computed(model: Model, fused: bool) -> Plan | None:
    """The order that isl's scheduler finds: tileable bands, fused or not; None if it finds none.

    It is Polly's own scheduler without what Polly does next: tile sizes and vectors are open.
    """
    model.isl.set_schedule_serialize_sccs(0 if fused else 1)

    def find() -> dict[str, isl.Map]:
        pairs = model.direct
        wanted = isl.ScheduleConstraints.on_domain(model.iterations)
        wanted = wanted.set_validity(pairs).set_proximity(pairs).set_coincidence(pairs)
        parts: list[isl.Map] = []
        wanted.compute_schedule().get_map().foreach_map(parts.append)
        return {part.get_tuple_name(isl.dim_type.in_): part for part in parts}

    try:
        order = model.answer(find, "order")
        length = max(part.dim(OUT) for part in order.values())
        maps = {name: str(_longer(part, length)) for name, part in order.items()}
        return plan_of(model.scop, maps)
    except (Refused, ValueError, isl.Error):
        return None


def _longer(order: isl.Map, length: int) -> isl.Map:
    """The map with zeros at the end of its times, up to that length."""
    short = order.dim(OUT)
    longer = order.add_dims(OUT, length - short)
    for n in range(short, length):
        longer = longer.fix_val(OUT, n, isl.Val.zero(longer.get_ctx()))
    return longer


# --- ideas ----------------------------------------------------------------------------------


def _nests(base: Plan) -> list[list[str]]:
    """Statements by the number their times begin with: nests that share no loop."""
    groups: dict[str, list[str]] = {}
    for name, times in base.times.items():
        groups.setdefault(times[0] if 0 not in base.loops(name) else "", []).append(name)
    return list(groups.values())


@dataclass(frozen=True)
class _Nest:
    """Statements that share loops, with the walks of the deepest of them."""

    names: list[str]
    loops: list[int]
    walks: list[Walk]

    def cost(self, position: int) -> float:
        """How badly the accesses go along with this loop as the innermost one."""
        stay = any(w.kind == "write" and w.steps.get(position) == 0 for w in self.walks)
        writes = sum(w.cost(position) for w in self.walks if w.kind == "write")
        return sum(w.cost(position) for w in self.walks) + writes + (1.0 if stay else 0.0)

    def reductions(self) -> list[int]:
        """Loops that write the same element again and again."""
        writes = [w for w in self.walks if w.kind == "write"]
        return [p for p in self.loops if writes and all(w.steps.get(p) == 0 for w in writes)]

    def reuse(self, position: int) -> int:
        """Accesses that stay in place along this loop."""
        return sum(w.steps.get(position) == 0 for w in self.walks)


def _described(model: Model, base: Plan) -> list[_Nest]:
    found = []
    for names in _nests(base):
        depth = {name: len(base.loops(name)) for name in names}
        deep = [name for name in names if depth[name] == max(depth.values())]
        maps = replace(base, split=None).maps()
        every = [walk for name in deep for walk in walks(model, name, maps[name])]
        if max(depth.values()):
            found.append(_Nest(names, base.loops(deep[0]), every))
    return found


def _each_nest(
    model: Model, base: Plan, change: Callable[[Plan, _Nest], Plan | None]
) -> Plan | None:
    """The plan with a change made to every nest that it is for and legal in; None if to none."""
    made, done = base, False
    for nest in _described(model, base):
        changed = change(made, nest)
        if changed is not None and _legal(model, changed.maps()):
            made, done = changed, True
    return made if done else None


def _grain(base: Plan, nest: _Nest) -> Plan | None:
    """The loops by cost, the costliest outermost; equal ones as they stand."""
    order = sorted(range(len(nest.loops)), key=lambda k: -nest.cost(nest.loops[k]))
    if order == sorted(order):
        return None
    same = [name for name in nest.names if len(base.loops(name)) == len(nest.loops)]
    return base.permuted(same, order)


def _with_the_grain(model: Model, base: _Base, _caches: Sequence[int]) -> Iterator[Candidate]:
    made = _each_nest(model, base.plan, _grain)
    if made is not None:
        yield Candidate(
            f"interchange; {base.name}",
            made.maps(),
            "the innermost loop walks memory with the grain, so lines and vectors are full",
        )


def _register_blocks(model: Model, base: _Base, _caches: Sequence[int]) -> Iterator[Candidate]:
    for high, wide in BLOCKS:

        def block(made: Plan, nest: _Nest, high: int = high, wide: int = wide) -> Plan | None:
            pair = _block_loops(nest)
            if pair is None:
                return _grain(made, nest)
            return made.sunk(nest.names, {pair[0]: high, pair[1]: wide})

        made = _each_nest(model, base.plan, block)
        if made is None:
            continue
        length = max(map(len, made.times.values()))
        yield from _split_and_whole(
            made,
            (length - 2, _last_loop(base.plan)),
            f"blocks of {high}×{wide} in registers",
            base.name,
            "results stay in registers while the sum runs, and each load serves several",
        )


def _split_and_whole(
    made: Plan, split: tuple[int, int], summary: str, base: str, reason: str
) -> Iterator[Candidate]:
    """The plan with its full blocks apart (constant trip counts), and as it is."""
    for cut, how in ((made.separated(*split), ", full ones apart"), (made, "")):
        try:
            yield Candidate(f"{summary}{how}; {base}", cut.maps(), reason)
        except Refused:
            continue


def _block_loops(nest: _Nest) -> tuple[int, int] | None:
    """The loop whose block is reused and the loop to vectorise, or None."""
    sums = nest.reductions()
    free = [p for p in nest.loops if p not in sums]
    if not sums or len(free) < 2:
        return None
    vector = min(free, key=nest.cost)
    return max((p for p in free if p != vector), key=nest.reuse), vector


def _last_loop(base: Plan) -> int:
    """The position of a plan's innermost loop."""
    return max(base.loops(name)[-1] for name in base.statements if base.loops(name))


def _chains(model: Model, base: _Base, _caches: Sequence[int]) -> Iterator[Candidate]:
    for count, outwards in itertools.product(CHAINS, (2, 3)):

        def chain(
            made: Plan, nest: _Nest, count: int = count, outwards: int = outwards
        ) -> Plan | None:
            if len(nest.loops) < outwards:
                return None
            return made.sunk(nest.names, {nest.loops[-outwards]: count})

        made = _each_nest(model, base.plan, chain)
        if made is None:
            continue
        length = max(map(len, made.times.values()))
        yield from _split_and_whole(
            made,
            (length - 1, _last_loop(base.plan)),
            f"{count} iterations of loop {-outwards} side by side",
            base.name,
            "independent chains of additions hide the latency that a single one waits for",
        )


def _tiles(model: Model, base: _Base, caches: Sequence[int]) -> Iterator[Candidate]:
    for edge in _edges(model.scop, caches):

        def tile(made: Plan, nest: _Nest, edge: int = edge) -> Plan | None:
            return made.tiled(nest.names, dict.fromkeys(nest.loops, edge))

        made = _each_nest(model, base.plan, tile)
        if made is not None:
            yield Candidate(
                f"tiles of {edge}; {base.name}",
                made.maps(),
                "what a tile touches stays in the cache until the tile is done",
            )


def _edges(scop: Scop, caches: Sequence[int]) -> list[int]:
    """Tile edges (powers of two): three square tiles of elements fit into a cache."""
    width = max((_BYTES.get(array.type, 8) for array in scop.arrays), default=8)
    fits = [int((size / (3 * width)) ** 0.5) for size in caches[:2]]
    edges = [1 << max(3, fit.bit_length() - 1) for fit in fits]
    return list(dict.fromkeys([*edges, *(e // 2 for e in edges)])) or [32]
