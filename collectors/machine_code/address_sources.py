"""What the address of a memory access is made of, in the straight order of a loop's code.

An address that is made anew in each pass may still move by a constant (through copies of
registers), may come from a number or pointer that the loop loads (an index), or from where the
load of the last pass led (a list). Each register is followed through one pass: the registers at its
beginning that it comes from, and whether a load was on the way; then over the passes. What happens
on one path through the body only is taken to happen in every pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from collectors.machine_code import isa
from collectors.machine_code.isa import Address, InstructionSet, Meaning, Write

#: A place that a load of the last pass led to; one that the loop loads; arithmetic on numbers.
ITSELF, LOADED, NUMBERS = "itself", "loaded", "numbers"
#: Registers at the beginning of a pass, and whether a load is between.
Sources = frozenset[tuple[str, bool]]
_NONE: Sources = frozenset()


@dataclass(frozen=True)
class Made:
    """What an address is made of; the bytes that it moves by in each pass, if that is known."""

    origin: str
    step: int | None = None


class Passes:
    """Follows the registers of one machine loop's (mnemonic, operands) rows."""

    def __init__(
        self,
        code: Sequence[tuple[str, str]],
        meanings: Sequence[Meaning],
        instructions: InstructionSet,
        stack: Collection[str],
    ) -> None:
        self.stack = stack
        self.instructions = instructions
        self.sources: dict[str, Sources] = {}
        #: registers that are a register at the beginning and a number
        self.sums: dict[str, tuple[str, int] | None] = {}
        self.rows: list[tuple[dict[str, Sources], dict[str, tuple[str, int] | None]]] = []
        for (mnemonic, operands), meaning in zip(code, meanings, strict=True):
            used = self._used(meaning)
            self.rows.append(({r: self._sources(r) for r in used}, {r: self._sum(r) for r in used}))
            self._execute(mnemonic, operands, meaning)
        self.reached = {register: self._reached(register) for register in self.sources}

    def made(self, row: int, place: Address) -> Made:
        """What the address of a row's access is made of."""
        sources, sums = self.rows[row]
        used = _registers(place)
        steps = [self._step(sums.get(register), set()) for register in used]
        scales = [place.scale if register == place.index else 1 for register in used]
        step = None
        if all(one is not None for one in steps):
            step = sum((one or 0) * scale for one, scale in zip(steps, scales, strict=True))
        found = [pair for register in used for pair in sources[register]]
        if any((start, True) in self.reached.get(start, _NONE) for start, _ in found):
            return Made(ITSELF, step)
        loaded = any(via for _, via in found) or any(
            via for start, _ in found for _, via in self.reached.get(start, _NONE)
        )
        return Made(LOADED if loaded else NUMBERS, step)

    # --- one pass --------------------------------------------------------------------------

    def _used(self, meaning: Meaning) -> list[str]:
        return _registers(meaning.address) if meaning.address else []

    def _sources(self, register: str) -> Sources:
        return self.sources.get(register, frozenset({(register, False)}))

    def _sum(self, register: str) -> tuple[str, int] | None:
        return self.sums.get(register, (register, 0))

    def _execute(self, mnemonic: str, operands: str, meaning: Meaning) -> None:
        writes = self.instructions.writes(mnemonic, operands)
        named = self.instructions.registers(operands)
        targets = {write.register: write for write in writes}
        vector = self.instructions.vector_target(operands)
        if vector is not None and not targets:
            targets[vector] = Write(vector)
        place = meaning.address
        within = _registers(place) if place else []
        before = {r: self._sources(r) for r in {*named, *within, *targets}}
        sums = {r: self._sum(r) for r in before}
        copied = meaning.kind in (isa.MOVE, isa.ADDRESS)
        for target, write in targets.items():
            if meaning.kind == isa.CALL:
                self.sources[target], self.sums[target] = _NONE, None
                continue
            found: set[tuple[str, bool]] = set()
            if write.add is not None or write.by is not None:
                parts = [target, *([write.by] if write.by else [])]
                self.sources[target] = frozenset(p for r in parts for p in self._before(before, r))
                self.sums[target] = _added(write, sums)
                continue
            for register in named:
                if register in within and meaning.load_bytes:
                    if register not in self.stack:
                        found |= {(start, True) for start, _ in before[register]}
                elif not copied or register != target or named.count(target) > 1:
                    found |= before[register]
            self.sources[target] = frozenset(found)
            self.sums[target] = None if meaning.load_bytes else _added(write, sums)

    def _before(self, before: dict[str, Sources], register: str) -> Sources:
        return before.get(register, frozenset({(register, False)}))

    # --- over the passes -------------------------------------------------------------------

    def _reached(self, register: str) -> Sources:
        """The registers that it comes from over all passes, and whether by a load."""
        found: set[tuple[str, bool]] = set()
        waiting = list(self._sources(register))
        while waiting:
            start, via = waiting.pop()
            if (start, via) in found:
                continue
            found.add((start, via))
            if start in self.sources:
                waiting += [(other, via or more) for other, more in self.sources[start]]
        return frozenset(found)

    def _step(self, value: tuple[str, int] | None, seen: set[str]) -> int | None:
        """By how much a register moves in each pass, from what it is at one place of a pass."""
        if value is None or value[0] in seen:
            return None
        start = value[0]
        if start not in self.sources:
            return 0
        end = self.sums.get(start)
        if end is not None and end[0] == start:
            return end[1]
        return self._step(end, {*seen, start})


def _registers(place: Address) -> list[str]:
    return [register for register in (place.base, place.index) if register]


def _added(write: Write, sums: dict[str, tuple[str, int] | None]) -> tuple[str, int] | None:
    """What a register that is written becomes, where it is a sum still."""
    if write.add is not None:
        old, more = sums.get(write.register), write.add
    elif write.copied is not None:
        old, more = sums.get(write.copied), write.plus
    else:
        return None
    return (old[0], old[1] + more) if old else None
