"""Where a value of a function goes: what keeps mutants from crashing for nothing.

A mutant that crashes or hangs says nothing of whether the output is looked at. So what is changed
is data: a value that becomes no address, and, where there is a choice, decides no branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from corr.optimize.mutants.module import NAME, Function

_LOCAL = re.compile(rf"%({NAME})")
_LINE = re.compile(rf"^  (?:%({NAME}) = )?(?:(?:tail|musttail|notail) )?(\w+)\b(.*)$")
_STORE = re.compile(rf"^(?: volatile)? .+? (\S+), ptr (?:%({NAME})(?:,|$)|[^%])")
_LOAD = re.compile(rf"^(?: volatile)? [^,]+, ptr %({NAME})(?:,|$)")
#: Calls that say something of a variable, and do nothing with it.
_SAYS = ("@llvm.dbg.", "@llvm.lifetime.")


class Sink(StrEnum):
    """What becomes of a value."""

    address = "address"
    branch = "branch"
    call = "call"
    memory = "memory"
    returned = "returned"


@dataclass(frozen=True)
class Instruction:
    """An instruction: its line, what it defines, its opcode, and the rest of its text."""

    number: int
    result: str | None
    opcode: str
    rest: str

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The local names it speaks of: values, and perhaps types and labels."""
        return tuple(_LOCAL.findall(self.rest))


class Flow:
    """Definitions and uses of the values of one function."""

    def __init__(self, function: Function) -> None:
        self.instructions = {i.number: i for i in _instructions(function)}
        self.made = {i.result: i for i in self.instructions.values() if i.result is not None}
        self.uses: dict[str, list[Instruction]] = {}
        for instruction in self.instructions.values():
            for name in dict.fromkeys(instruction.operands):
                self.uses.setdefault(name, []).append(instruction)

    def variable(self, name: str) -> bool:
        """The name is that of a variable of the function."""
        made = self.made.get(name)
        return made is not None and made.opcode == "alloca"

    def loads(self, variable: str) -> list[Instruction]:
        """What reads a variable."""
        return [i for i in self.uses.get(variable, ()) if loaded(i) == variable]

    def stores(self, variable: str) -> list[Instruction]:
        """What writes a variable."""
        return [i for i in self.uses.get(variable, ()) if stored(i)[1] == variable]

    def sinks(self, name: str) -> frozenset[Sink]:
        """What becomes of a value, through variables and arithmetic."""
        found: set[Sink] = set()
        seen, todo = {name}, [name]
        while todo:
            value = todo.pop()
            for user in self.uses.get(value, ()):
                sink, following = self._step(value, user)
                found |= sink
                todo += [n for n in following if n not in seen]
                seen.update(following)
        return frozenset(found)

    def of_variable(self, variable: str) -> frozenset[Sink]:
        """What becomes of the values of a variable."""
        found: set[Sink] = set()
        for user in self.uses.get(variable, ()):
            if loaded(user) == variable and user.result is not None:
                found |= self.sinks(user.result)
            elif stored(user)[1] != variable and not _only_says(user):
                found.add(Sink.memory)  # its address goes about
        return frozenset(found)

    def _step(self, value: str, user: Instruction) -> tuple[set[Sink], list[str]]:
        """Where a user takes a value: for good, or on to other values."""
        if user.opcode == "store":
            written, target = stored(user)
            if written != f"%{value}":
                return {Sink.address}, []
            if target is None or not self.variable(target):
                return {Sink.memory}, []
            loads = [i.result for i in self.loads(target) if i.result is not None]
            passed = len(loads) + len(self.stores(target))
            used = [i for i in self.uses.get(target, ()) if not _only_says(i)]
            return ({Sink.memory} if len(used) > passed else set()), loads
        if user.opcode in ("call", "invoke"):
            return self._called(user)
        fixed = {
            "br": Sink.branch,
            "switch": Sink.branch,
            "ret": Sink.returned,
            "getelementptr": Sink.address,
            "load": Sink.address,
            "inttoptr": Sink.address,
            "alloca": Sink.address,
        }
        if user.opcode in fixed:
            return {fixed[user.opcode]}, []
        return set(), [user.result] if user.result is not None else []

    def _called(self, user: Instruction) -> tuple[set[Sink], list[str]]:
        if _only_says(user):
            return set(), []
        if "@llvm.f" in user.rest and user.result is not None:  # fmuladd, fabs: arithmetic
            return set(), [user.result]
        return {Sink.call}, [user.result] if user.result is not None else []


def stored(instruction: Instruction) -> tuple[str, str | None]:
    """What a store writes, and the local name of where to; empty for what is no store."""
    found = _STORE.match(instruction.rest) if instruction.opcode == "store" else None
    return (found[1], found[2]) if found else ("", None)


def loaded(instruction: Instruction) -> str | None:
    """The local name of what a load reads."""
    found = _LOAD.match(instruction.rest) if instruction.opcode == "load" else None
    return found[1] if found else None


def _only_says(instruction: Instruction) -> bool:
    return instruction.opcode == "call" and any(name in instruction.rest for name in _SAYS)


def _instructions(function: Function) -> Iterator[Instruction]:
    for number in range(function.start + 1, function.end):
        found = _LINE.match(function.lines[number])
        if found is None:
            continue
        rest = found[3]
        if found[2] in ("switch", "invoke"):  # their cases and targets stand on lines of their own
            rest = "\n".join((rest, *_continued(function, number + 1)))
        yield Instruction(number, found[1], found[2], rest.split(", !", 1)[0])


def _continued(function: Function, number: int) -> Iterator[str]:
    while number < function.end and function.lines[number].startswith(("    ", "  ]")):
        yield function.lines[number]
        number += 1
