"""Loop nests: interchange, fission and fusion, tiles, register blocks and vectors, searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corr.optimize.moves import Move
from corr.optimize.rules.leaf_settings import Choice, Setting, choices, element_bytes, neighbours
from corr.optimize.source import Source
from corr.optimize.variant import Variant
from corr.polyhedral import generate, rewrite, schedules
from corr.polyhedral.expand import expanded
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.schedules import Band, Leaf, Tree
from corr.polyhedral.scop import Scop

#: Bases, settings of a band, and neighbours of the best, that are tried at most.
MOST_CHOICES = 7
STRIP = 16


@dataclass(frozen=True)
class Base:
    """A way to split and fuse the statements of a region, before any band is set."""

    name: str
    reason: str
    scop: Scop
    tree: Tree


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

    def with_setting(self, path: tuple[int, ...], setting: Setting, reason: str) -> Plan:
        settings = tuple((p, setting if p == path else s) for p, s in self.settings)
        return Plan(self.base, settings, reason)


@dataclass
class Region:
    """One region of a source and the search over its plans."""

    file: str
    text: bytes
    scop: Scop
    width: int
    tried: set[str] = field(default_factory=set)
    best: Plan | None = None

    def bases(self) -> Iterator[Base]:
        """Ways to split and fuse, the plain ones first; each legal by itself."""
        whole = expanded(self.scop)
        seen: set[str] = set()
        for base in self._bases(whole):
            key = repr(base.tree)
            if key not in seen:
                seen.add(key)
                yield base

    def _bases(self, whole: Scop) -> Iterator[Base]:
        original = schedules.original(whole)
        yield Base(
            "split",
            "each statement gets loops of its own, in the order that suits it",
            whole,
            rewrite.distributed(whole, original),
        )
        for number, tree in enumerate(rewrite.stripped(whole, original, STRIP)):
            reason = (
                f"strips of {STRIP} iterations, split within: what one nest reads, the next reuses"
            )
            yield Base(f"strips {number}", reason, whole, tree)
        for fuse, reason in (
            (False, "an order that allows tiles across the outer loop"),
            (True, "fused so that values are used while they are near"),
        ):
            try:
                tree = schedules.automatic(whole, fuse=fuse)
            except NotAffine:
                continue
            if generate.legal(whole, tree):
                yield Base("fused" if fuse else "skewed", reason, whole, tree)
        plain = schedules.original(self.scop)
        yield Base("as written", "the loops as they are written", self.scop, plain)

    def first(self, base: Base) -> Plan:
        """A base with the most promising setting of each band."""
        settings = []
        reasons = []
        for path, band in rewrite.leaves(base.tree):
            best = self.choices(base, path, band)[0]
            settings.append((path, best.setting))
            if _weight(base, path, band) == max(
                _weight(base, p, b) for p, b in rewrite.leaves(base.tree)
            ):
                reasons.append(best.reason)
        reason = "; ".join(dict.fromkeys([base.reason, *reasons]))
        return Plan(base, tuple(settings), reason)

    def choices(self, base: Base, path: tuple[int, ...], band: Band) -> list[Choice]:
        return choices(base.scop, base.tree, path, band, self.width)

    def edit(self, plan: Plan) -> Move:
        """The plan as a source move on the original text. Raises NotAffine if it is illegal."""
        tree = plan.tree()
        if not generate.legal(plan.base.scop, tree):
            raise NotAffine("the order would turn a dependence round")
        start, end = self.scop.span
        new = generate.code(plan.base.scop, tree)
        text = self.text.decode("utf-8", "surrogateescape")
        before = self.text[:start].decode("utf-8", "surrogateescape")
        old = self.text[start:end].decode("utf-8", "surrogateescape")
        while text.count(old) > 1 and before:
            cut = before.rstrip("\n").rfind("\n") + 1
            old, new, before = before[cut:] + old, before[cut:] + new, before[:cut]
        return Source(self.file, ((old, new),))

    # --- the search ------------------------------------------------------------------------

    def search(self) -> Iterator[Plan]:
        """Plans to try; `won` tells which became the best. Bases, then bands, then numbers."""
        for base in self.bases():
            yield self.first(base)
        if self.best is None:
            return
        for path, band in self._heaviest(self.best.base)[:3]:
            for choice in self._different(self.best.base, path, band):
                yield self.best.with_setting(path, choice.setting, choice.reason)
        improved = True
        while improved:
            before = self.best
            for path, band in self._heaviest(self.best.base)[:2]:
                lanes = self.width // element_bytes(self.best.base.scop, band)
                for setting in neighbours(dict(self.best.settings)[path], lanes):
                    reason = "another size of the blocks or tiles"
                    yield self.best.with_setting(path, setting, reason)
            improved = self.best is not before

    def _different(self, base: Base, path: tuple[int, ...], band: Band) -> list[Choice]:
        """The best choice of each order and vector row, then the next best."""
        every = self.choices(base, path, band)[1:]
        first: dict[tuple[object, ...], Choice] = {}
        for choice in every:
            key = (choice.setting.order, choice.setting.vector, bool(choice.setting.blocks))
            first.setdefault(key, choice)
        return sorted(first.values(), key=lambda c: -c.score)[:MOST_CHOICES]

    def _heaviest(self, base: Base) -> list[tuple[tuple[int, ...], Band]]:
        leaves = rewrite.leaves(base.tree)
        return sorted(leaves, key=lambda leaf: -_weight(base, *leaf))

    def new(self, plan: Plan) -> bool:
        """The plan was not tried yet; from now on it was."""
        key = f"{plan.base.name} {plan.settings}"
        if key in self.tried:
            return False
        self.tried.add(key)
        return True


def _weight(base: Base, path: tuple[int, ...], band: Band) -> int:
    """How deep the loops round the band's statements are, as a stand-in for how often they run."""
    assert isinstance(band.child, Leaf)
    return max(len(base.scop.statement(n).loops) for n in band.child.statements)


def reread(variant: Variant, region: Region) -> bool:
    """The region's file is still as it was read."""
    text = variant.text(variant.program.root / region.file)
    return text.encode("utf-8", "surrogateescape") == region.text
