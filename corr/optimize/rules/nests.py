"""Loop nests: interchange, fission and fusion, tiles, register blocks and vectors, searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from collectors.base.table import Problem
from corr.optimize.hot_nests import LAYER, Nest
from corr.optimize.moves.source import Source
from corr.optimize.proposal import nobody
from corr.optimize.rules.bases import Base, bases
from corr.optimize.rules.leaf_settings import Choice, Setting, choices
from corr.optimize.rules.near_settings import neighbours
from corr.optimize.variant import Move
from corr.polyhedral import generate, rewrite, schedules
from corr.polyhedral.expressions import Element, NotAffine
from corr.polyhedral.schedules import Band, Leaf, Tree

#: Settings of a band that are tried, and bases that get a second setting.
MOST_CHOICES = 7
KEPT_BASES = 3


@dataclass(frozen=True)
class Plan:
    """A base with a setting for each of its innermost bands, by the band's path."""

    base: Base
    settings: tuple[tuple[tuple[int, ...], Setting], ...]
    reason: str

    def tree(self) -> Tree:
        """The tree, all settings applied."""
        tree = self.base.tree
        bands = dict(schedules.bands(tree))
        for path, setting in self.settings:
            tree = schedules.with_band(tree, path, setting.apply(bands[path]))
        return tree

    def describe(self) -> str:
        """The base, and what is special about the settings, in a few words."""
        words = [self.base.name]
        for _, setting in self.settings:
            if text := setting.describe():
                words.append(text)
        return ", ".join(dict.fromkeys(words))

    def says(self) -> str:
        """What was done and why, for a comment."""
        what = f"Rewritten by corr: {self.describe()}. {self.reason[:1].upper()}{self.reason[1:]}."
        return what.replace("×", "x")

    @property
    def flags(self) -> tuple[str, ...]:
        """What its code has to be compiled with."""
        own = (flag for _, s in self.settings for flag in s.flags)
        return tuple(dict.fromkeys([*self.base.scop.flags, *own]))

    def with_setting(self, path: tuple[int, ...], setting: Setting, reason: str) -> Plan:
        settings = tuple((p, setting if p == path else s) for p, s in self.settings)
        return Plan(self.base, settings, reason)


def _nothing_known(_rule: str, _loop: str) -> float:
    """Nothing is known of any rule."""
    return 0.0


@dataclass
class Region:
    """The search over the plans of one nest. `width`: bytes of a vector.

    `note` is told of what is not tried, and why; `worth` says what earlier sessions let one
    expect of a rule at this nest.
    """

    nest: Nest
    width: int
    note: Callable[[Problem], None] = nobody
    worth: Callable[[str, str], float] = _nothing_known
    tried: set[str] = field(default_factory=set)
    best: Plan | None = None
    known: list[Base] | None = None
    #: (time over the original's, base) of every plan that ran
    scores: list[tuple[float, Base]] = field(default_factory=list)

    def plan(self, base: Base, rank: int) -> Plan | None:
        """A base with the best settings of each band, of the heaviest the `rank`-th."""
        leaves = self.heaviest(base)
        settings = []
        reason = base.reason
        for number, (path, band) in enumerate(leaves):
            if number and _copies(base, band):  # the compiler knows how to
                settings.append((path, Setting(order=(0,))))
                continue
            found = self._different(base, path, band)
            if number == 0 and rank >= len(found):
                return None
            best = found[rank if number == 0 else 0]
            settings.append((path, best.setting))
            if number == 0:
                reason = f"{base.reason}; {best.reason}"
        return Plan(base, tuple(settings), reason)

    def choices(self, base: Base, path: tuple[int, ...], band: Band) -> list[Choice]:
        return choices(base.scop, base.tree, path, band, self.width)

    def edit(self, plan: Plan) -> Move:
        """The plan as a source move on the original text. Raises NotAffine if it is illegal."""
        tree = plan.tree()
        if not generate.legal(plan.base.scop, tree):
            raise NotAffine("the order would turn a dependence round")
        start, end = self.nest.scop.span
        before = self.nest.text[:start].decode("utf-8", "surrogateescape")
        indent = before.rpartition("\n")[2]
        indent = "" if indent.strip() else indent
        new = generate.code(plan.base.scop, tree, plan.says(), indent)
        text = self.nest.text.decode("utf-8", "surrogateescape")
        old = self.nest.text[start:end].decode("utf-8", "surrogateescape")
        while text.count(old) > 1 and before:
            cut = before.rstrip("\n").rfind("\n") + 1
            old, new, before = before[cut:] + old, before[cut:] + new, before[:cut]
        summary = f"{self.nest.scop.function} {plan.describe()}"
        return Source(self.nest.file, ((old, new),), summary=summary)

    def untried(self, what: str, why: str) -> None:
        """Say that a base, or a plan, is not tried, and why."""
        place = f"{self.nest.file}:{self.nest.lines[0]}"
        self.note(Problem(LAYER, place, f"{self.nest.scop.function}: not tried: {what}: {why}"))

    def near(self, plan: Plan) -> Iterator[Plan]:
        """Plans that differ in a size: of tiles over time and space, or of a band's own blocks."""
        reason = "another size of the blocks or tiles"
        for path, band in schedules.bands(plan.base.tree):
            for sizes in _scaled(band.tiles) if band.strip else ():
                kind = plan.base.kind or plan.base.name
                name = f"{kind} in {'×'.join(map(str, sizes))}"
                tree = schedules.with_band(plan.base.tree, path, replace(band, tiles=sizes))
                base = replace(plan.base, name=name, kind=kind, tree=tree)
                yield replace(plan, base=base, reason=reason)
        for path, band in self.heaviest(plan.base)[:2]:
            for setting in neighbours(dict(plan.settings)[path]) if band.permutable else ():
                yield plan.with_setting(path, setting, reason)

    # --- the search ------------------------------------------------------------------------

    def search(self) -> Iterator[Plan]:
        """Plans to try, each after the last one's time is noted (`ran`).

        Every base with its best setting; the best bases with the next; then the settings of each
        band of the best, and numbers near the best.
        """
        yield from self.first()
        for base in self._promising()[:KEPT_BASES]:
            yield from filter(None, (self.plan(base, rank) for rank in (1, 2)))
        if self.best is None:
            return
        for path, band in self.heaviest(self.best.base)[:3]:
            for choice in self._different(self.best.base, path, band):
                yield self.best.with_setting(path, choice.setting, choice.reason)
        improved = True
        while improved:
            before = self.best
            for path, band in self.heaviest(self.best.base)[:2]:
                for setting in (
                    neighbours(dict(self.best.settings)[path]) if band.permutable else ()
                ):
                    reason = "another size of the blocks or tiles"
                    yield self.best.with_setting(path, setting, reason)
            improved = self.best is not before

    def expected(self, base: Base) -> float:
        """What to expect of a base here: above 0 if it won in earlier sessions."""
        return self.worth(base.rule, self.nest.scop.function)

    def first(self) -> Iterator[Plan]:
        """Every base with its best setting, what won in earlier sessions before the others."""
        if self.known is None:
            found = bases(self.nest.scop, self.untried)
            self.known = sorted(found, key=lambda base: -self.expected(base))
        yield from filter(None, (self.plan(base, 0) for base in self.known))

    def ran(self, plan: Plan, time: float, *, best: bool) -> None:
        """A plan's time over the original's; `best`: go on from it."""
        self.scores.append((time, plan.base))
        if best or self.best is None:
            self.best = plan

    def _promising(self) -> list[Base]:
        """The bases that ran, fastest first."""
        ranked = sorted(self.scores, key=lambda s: s[0])
        return list({base.name: base for _, base in ranked}.values())

    def _different(self, base: Base, path: tuple[int, ...], band: Band) -> list[Choice]:
        """The best choice of each order and vector row, then the next best."""
        every = self.choices(base, path, band)
        first: dict[tuple[object, ...], Choice] = {}
        for choice in every:
            s = choice.setting
            key = (s.order, s.vector, bool(s.blocks), bool(s.tiles), s.skew)
            first.setdefault(key, choice)
        return sorted(first.values(), key=lambda c: -c.score)[:MOST_CHOICES]

    def heaviest(self, base: Base) -> list[tuple[tuple[int, ...], Band]]:
        leaves = rewrite.leaves(base.tree)
        return sorted(leaves, key=lambda leaf: -_weight(base, leaf[1]))

    def new(self, plan: Plan) -> bool:
        """The plan was not tried yet; from now on it was."""
        key = f"{plan.base.name} {plan.settings}"
        if key in self.tried:
            return False
        self.tried.add(key)
        return True


def in_turn(regions: Sequence[Region], *, first: bool = False) -> Iterator[tuple[int, Plan]]:
    """The plans of all regions, of each as many as its share of the time (D'Hondt's method).

    With `first` only the best setting of each base.
    """
    streams = {n: each.first() if first else each.search() for n, each in enumerate(regions)}
    taken = dict.fromkeys(streams, 0)
    while streams:
        number = max(streams, key=lambda n: (regions[n].nest.share / (taken[n] + 1), -n))
        plan = next(streams[number], None)
        if plan is None:
            del streams[number]
            continue
        taken[number] += 1
        yield number, plan


def _scaled(sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Sizes of which one is twice as large, or half."""
    for at, size in enumerate(sizes):
        for other in (2 * size, size // 2):
            if other > 1:
                yield (*sizes[:at], other, *sizes[at + 1 :])


def _weight(base: Base, band: Band) -> int:
    """How deep the loops round the band's statements are, as a stand-in for how often they run."""
    assert isinstance(band.child, Leaf)
    return max(len(base.scop.statement(n).loops) for n in band.child.statements)


def _copies(base: Base, band: Band) -> bool:
    """A single loop that only copies numbers from one array to another."""
    assert isinstance(band.child, Leaf)
    every = [base.scop.statement(name) for name in band.child.statements]
    return len(band.rows) == 1 and all(
        isinstance(s.value, Element) and s.guard is None for s in every
    )
