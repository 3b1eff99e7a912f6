"""A value that is stored is another one: each time, or only the first time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corr.optimize.mutants.flow import Instruction, Sink, stored
from corr.optimize.mutants.region import COUNT, Mutation, Region

REAL = ("half", "bfloat", "float", "double")
WHOLE = ("i8", "i16", "i32", "i64")
SIZES = {"half": 2, "bfloat": 2, "float": 4, "double": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8}
_STORE = re.compile(rf"^  store (?:volatile )?({'|'.join((*REAL, *WHOLE))}) (\S+), (ptr .*)$")
#: What follows the target of a store.
_BEHIND = re.compile(r", (?:align|!).*$")
#: What becomes of a whole number that would end in a crash rather than in another output.
_PERILOUS = frozenset({Sink.address, Sink.branch, Sink.call})


def other(kind: str, value: str, result: str) -> list[str]:
    """What makes another value of one: of a real number one that rounding cannot hide.

    The lowest bit of a whole number is turned: should it be an index, it stays near.
    """
    if kind in WHOLE:
        return [f"  {result} = xor {kind} {value}, 1"]
    more = f"{result}.more"
    return [
        f"  {more} = fmul {kind} {value}, 1.500000e+00",
        f"  {result} = fadd {kind} {more}, 1.000000e+00",
    ]


def poison(target: str, size: str) -> str:
    """A call that declares memory uninitialised; `target` begins with its type."""
    return f"  call void @__msan_poison({_BEHIND.sub('', target)}, i64 {size})"


def changed(region: Region) -> Iterator[Mutation]:
    """Every value that is stored there is another."""
    for rank, instruction, kind, value, target in _stores(region):
        new = [*other(kind, value, "%corr.value"), f"  store {kind} %corr.value, {target}"]
        at = instruction.number
        says = "every value stored here is changed"
        poisoned = {at: [region.line(at), poison(target, f"{SIZES[kind]}")]}
        yield Mutation({at: new}, at, says, rank, poisoned)


def changed_once(region: Region) -> Iterator[Mutation]:
    """Only the first value that is stored there in a call of the function is another."""
    for rank, instruction, kind, value, target in _stores(region):
        at, count = instruction.number, region.counted(None)
        first = [
            f"  %corr.before = load i64, ptr {COUNT}",
            "  %corr.first = icmp eq i64 %corr.before, 0",
            f"  store i64 1, ptr {COUNT}",
        ]
        new = [
            *other(kind, value, "%corr.value"),
            *first,
            f"  %corr.either = select i1 %corr.first, {kind} %corr.value, {kind} {value}",
            f"  store {kind} %corr.either, {target}",
        ]
        size = f"  %corr.size = select i1 %corr.first, i64 {SIZES[kind]}, i64 0"
        poisoned = {**count, at: [*first, size, region.line(at), poison(target, "%corr.size")]}
        says = "the first value stored here is changed"
        yield Mutation({**count, at: new}, at, says, rank, poisoned)


def _stores(region: Region) -> Iterator[tuple[int, Instruction, str, str, str]]:
    """Stores of numbers that are data: rank, instruction, type, value and target."""
    for depth, instruction in region.instructions():
        found = _STORE.match(region.line(instruction.number))
        if found is None or found[2] in ("poison", "undef"):
            continue
        kind, (_, variable) = found[1], stored(instruction)
        if kind in WHOLE and region.called:
            continue
        local = variable is not None and region.flow.variable(variable)
        sinks = region.flow.of_variable(variable) if local and variable else frozenset[Sink]()
        if kind in WHOLE and local and (not sinks or sinks & _PERILOUS):
            continue
        rank = 8 * depth + 4 * (kind in WHOLE) + 2 * local + (Sink.branch in sinks)
        yield rank, instruction, kind, found[2], found[3]
