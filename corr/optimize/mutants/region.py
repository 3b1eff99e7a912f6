"""The part of a function that is broken: a hot loop nest, or all of a function without one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collectors.source_loops.debug_info import unquote
from corr.optimize.mutants.flow import Flow, Instruction
from corr.optimize.mutants.module import NAME, Block, Edits, Function, Loop

#: Counts how often something was done in the present call of the function.
COUNT = "%corr.count"
#: A variable that a value passes through.
SPILL = "%corr.spill"
_CALLED = re.compile(rf"@({NAME})\(")


@dataclass(frozen=True)
class Mutation:
    """One way to break a nest: the lines that change, and what that does, in words.

    `at` is the line of the module whose place in the source is the mutant's. Of the places of a
    kind those of the lowest `rank` are tried first. `poisoned`: edits that leave the program as it
    is, but declare the value in question uninitialised; None where it is no value that changes.
    """

    edits: Edits
    at: int
    says: str
    rank: int = 0
    poisoned: Edits | None = None


@dataclass(frozen=True)
class Region:
    """What may be broken, and what is known of it.

    `loops` are those of the nest, hottest first; none where the whole function is meant. `trips`
    is the mean number of iterations of each loop at an entry, by its path, where it was counted.
    `called`: it is a function that the nest calls. Whole numbers there are sizes and positions for
    all that is known, so that only real ones are changed.
    """

    function: Function
    flow: Flow
    loops: tuple[Loop, ...] = ()
    trips: Mapping[str, float] = field(default_factory=dict)
    called: bool = False

    @property
    def blocks(self) -> list[Block]:
        """The blocks that may be changed, in the order of the text."""
        inside = {name for loop in self.loops for name in loop.blocks}
        return [b for b in self.function.blocks.values() if not self.loops or b.label in inside]

    def instructions(self) -> Iterator[tuple[int, Instruction]]:
        """What may be changed, with the rank of its loop: those of the hottest come first."""
        for block in self.blocks:
            holding = (n for n, loop in enumerate(self.loops) if block.label in loop.blocks)
            rank = next(holding, 0)
            for number in range(block.first, block.last + 1):
                instruction = self.flow.instructions.get(number)
                if instruction is not None:
                    yield rank, instruction

    def tests(self, loop: Loop) -> list[tuple[Block, str, str, str]]:
        """Where a loop is left by a condition: block, condition, target inside, and outside."""
        found = []
        for name in self.function.blocks:
            block = self.function.blocks[name]
            branch = self.flow.instructions.get(block.last)
            if name not in loop.blocks or branch is None or branch.opcode != "br":
                continue
            if len(block.targets) != 2 or len(branch.operands) != 3:
                continue
            inside = [t for t in block.targets if t in loop.blocks]
            if len(inside) == 1:
                other = next(t for t in block.targets if t not in inside)
                found.append((block, branch.operands[0], inside[0], other))
        return found

    def calls(self) -> list[str]:
        """Linkage names of the functions that are called there, in the order of the text."""
        found = (
            _CALLED.search(i.rest) for _, i in self.instructions() if i.opcode in ("call", "invoke")
        )
        return list(dict.fromkeys(unquote(name[1]) for name in found if name is not None))

    def line(self, number: int) -> str:
        return self.function.lines[number]

    def begins_with_phi(self, label: str) -> bool:
        """A block takes values that depend on where it is entered from."""
        block = self.function.blocks.get(label)
        return block is None or any(
            " = phi " in self.line(n) for n in range(block.first, block.last + 1)
        )

    def spilled(self, kind: str) -> dict[int, list[str]]:
        """Edits that make a variable of a type."""
        return self._begun(f"  {SPILL} = alloca {kind}")

    def _begun(self, *lines: str) -> dict[int, list[str]]:
        """Edits that put lines at the beginning of the function."""
        label = next(iter(self.function.blocks.values())).first - 1
        return {label: [self.line(label), *lines]}

    def counted(self, loop: Loop | None) -> dict[int, list[str]]:
        """Edits that make the counter, which starts anew at each entry into the loop."""
        edits = self._begun(f"  {COUNT} = alloca i64", f"  store i64 0, ptr {COUNT}")
        if loop is not None:
            for name in self.function.before.get(loop.header, ()):
                if name not in loop.blocks:
                    last = self.function.blocks[name].last
                    edits[last] = [f"  store i64 0, ptr {COUNT}", self.line(last)]
        return edits


#: A kind of mutant: all places of a region where it can be made.
Kind = Callable[[Region], Iterator[Mutation]]


def chosen(region: Region, name: str, found: Sequence[Mutation]) -> list[Mutation]:
    """The places of a kind in the order in which they are tried: by rank, then by chance.

    The chance is the content of the function, so that the same program is broken the same way.
    """
    text = region.function.text

    def key(mutation: Mutation) -> tuple[int, str]:
        place = f"{name} {mutation.at - region.function.start} {text}"
        digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()
        return mutation.rank, digest

    return sorted(found, key=key)
