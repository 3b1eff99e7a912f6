"""Functions of one build in the other: the objects of a hybrid, and what could be part of one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from corr.experiment.modules import Kept, Module, code_of, tool
from corr.experiment.symbols import closure, groups, renamed, symbols_of, without_lists

#: What the constants of the other build are called in a hybrid: they go along with their function.
_PREFIX = "corr.other."


@dataclass(frozen=True)
class Pair:
    """A unit of both builds with its objects, `number` tells its files from those of others."""

    number: int
    a: Module
    b: Module
    object_a: Path
    object_b: Path

    @property
    def label(self) -> str:
        return self.b.label

    @cached_property
    def differing(self) -> frozenset[str]:
        """The functions that both builds have and that have another code in each."""
        a, b = code_of(self.object_a), code_of(self.object_b)
        return frozenset(name for name in a.keys() & b.keys() if a[name] != b[name])

    @cached_property
    def differs(self) -> bool:
        return code_of(self.object_a) != code_of(self.object_b)

    def together(self) -> Iterator[frozenset[str]]:
        """The functions that differ, in groups that are exchanged together.

        Those with a second name are left out: a module cannot do without what that name stands for.
        """
        a, b = self.a.symbols, self.b.symbols
        held = {n for s in (*a.values(), *b.values()) if s.kind == "alias" for n in s.uses}
        for group in groups(a, b, self.differing):
            if not group & held:
                yield group


@dataclass(frozen=True)
class Builds:
    """Two builds, the units that both have, and the objects that only one has."""

    a: Kept
    b: Kept
    pairs: tuple[Pair, ...]
    only_a: tuple[Path, ...] = ()
    only_b: tuple[Path, ...] = ()

    @classmethod
    def of(cls, a: Kept, b: Kept) -> Builds:
        """Compile every module of both. Raises CompileError."""
        names_a, names_b = ({m.label: m for m in side.modules} for side in (a, b))
        if len(names_a) == len(names_b) == 1:  # a.c beside b.c
            names_a = dict(zip(names_b, names_a.values(), strict=True))
        objects: dict[tuple[str, str], Path] = {}
        for side, names, build in (("a", names_a, a), ("b", names_b, b)):
            for number, (label, module) in enumerate(names.items()):
                out = build.folder / f"{side}{number}.o"
                objects[side, label] = build.compiled(module.unit, module.path, out)
        pairs = tuple(
            Pair(number, names_a[label], names_b[label], objects["a", label], objects["b", label])
            for number, label in enumerate(label for label in names_a if label in names_b)
        )
        lone = {
            side: tuple(o for (s, label), o in objects.items() if s == side and label not in other)
            for side, other in (("a", names_b), ("b", names_a))
        }
        return cls(a, b, pairs, lone["a"], lone["b"])

    def program(self, side: str) -> Path:
        """One of the builds, linked from its objects as the hybrids are."""
        objects = [pair.object_a if side == "a" else pair.object_b for pair in self.pairs]
        build, lone = (self.a, self.only_a) if side == "a" else (self.b, self.only_b)
        return build.linked([*objects, *lone], build.folder / f"program.{side}")

    def hybrid(
        self, name: str, functions: Mapping[Pair, Collection[str]], whole: Collection[Pair] = ()
    ) -> Path:
        """Build a with `functions` of b in these units, and with the objects of `whole` units.

        Raises CompileError where they do not fit.
        """
        objects = []
        for pair in self.pairs:
            if pair in whole:
                objects.append(pair.object_b)
            elif chosen := functions.get(pair):
                objects.append(self._spliced(pair, chosen, name))
            else:
                objects.append(pair.object_a)
        needed = self.only_b if whole else ()
        return self.a.linked([*objects, *self.only_a, *needed], self.a.folder / f"hybrid.{name}")

    def _spliced(self, pair: Pair, functions: Collection[str], name: str) -> Path:
        """The object of a's unit with these functions as b has them."""
        folder, tools = self.a.folder, self.a.toolchain
        stem = f"{name}.{pair.number}"
        constants = [s.name for s in pair.b.symbols.values() if s.kind == "constant" and s.local]
        other = folder / f"{stem}.other.ll"
        text = renamed(without_lists(pair.b.text), constants, _PREFIX)
        other.write_text(text, "utf-8", "surrogateescape")
        source, target = symbols_of(text), pair.a.symbols
        wanted = set(functions) & source.keys() & target.keys()
        along = closure(wanted, source, {n: s for n, s in target.items() if n not in wanted})
        kinds = {n: "--func" if source[n].kind == "function" else "--glob" for n in along}
        taken = [word for n in sorted(along) for word in (kinds[n], n)]
        left = [word for n in sorted(wanted) for word in ("--func", n)]
        rest, part, joined = (folder / f"{stem}.{what}.bc" for what in ("rest", "part", "joined"))
        tool(tools, folder, "llvm-extract", "--delete", *left, pair.a.path, "-o", rest)
        tool(tools, folder, "llvm-extract", *taken, other, "-o", part)
        tool(tools, folder, "llvm-link", rest, part, "-o", joined)
        out = self.a.compiled(pair.a.unit, joined, folder / f"{stem}.o")
        # what was the unit's own is so again: another unit may have one of the same name
        own = [s.name for s in (*source.values(), *target.values()) if s.local]
        listed = folder / f"{stem}.local"
        listed.write_text("".join(f"{name}\n" for name in sorted(set(own))))
        tool(tools, folder, "llvm-objcopy", f"--localize-symbols={listed}", out)
        return out
