"""An operation has one operand twice in place of two, or is another operation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corr.optimize.mutants.flow import Instruction, Sink
from corr.optimize.mutants.kinds.stores import SIZES, poison
from corr.optimize.mutants.region import SPILL, Mutation, Region

_FLAGS = r"((?:(?:nnan|ninf|nsz|arcp|contract|afn|reassoc|fast|nuw|nsw|exact|disjoint) )*)"
_BINARY = re.compile(
    r"^(  %\S+ = )(fadd|fsub|fmul|fdiv|add|sub|mul|and|or|xor|shl|lshr|ashr) "
    + _FLAGS
    + r"(\S+|<\d+ x \S+>) ([^\s,]+), ([^\s,]+)(.*)$"
)
_FUSED = re.compile(
    r"^(  %\S+ = (?:tail )?call [^@]*?(\w+|<\d+ x \w+>) @llvm\.fmuladd\.\w+)"
    r"\((\S+|<\d+ x \w+>) ([^\s,]+), \3 ([^\s,]+), \3 ([^\s,]+)\)(.*)$"
)
_OTHER = {
    "fadd": "fsub",
    "fsub": "fadd",
    "fmul": "fadd",
    "fdiv": "fmul",
    "add": "sub",
    "sub": "add",
    "mul": "add",
    "and": "or",
    "or": "xor",
    "xor": "or",
    "shl": "lshr",
    "lshr": "shl",
    "ashr": "shl",
}
_PERILOUS = frozenset({Sink.address, Sink.branch, Sink.call})


def operand_exchanged(region: Region) -> Iterator[Mutation]:
    """One operand stands in the place of the other as well."""
    for rank, instruction, found in _binary(region):
        start, operation, flags, kind, one, two, rest = found.groups()
        if one != two:
            kept = two if _constant(one) else one
            new = f"{start}{operation} {flags}{kind} {kept}, {kept}{rest}"
            says = f"one operand of `{operation}` is used twice"
            yield _mutation(region, instruction, [new], says, rank, kind)
    for rank, instruction, found in _fused(region):
        start, _, kind, one, two, three, rest = found.groups()
        first = three if one == two or _constant(one) else one
        new = f"{start}({kind} {one}, {kind} {first}, {kind} {three}){rest}"
        if first != two:
            says = "a multiplication has another factor"
            yield _mutation(region, instruction, [new], says, rank, kind)


def operator_changed(region: Region) -> Iterator[Mutation]:
    """A difference in place of a sum, and so on."""
    for rank, instruction, found in _binary(region):
        start, operation, _, kind, one, two, rest = found.groups()
        other = _OTHER[operation]
        new = f"{start}{other} {kind} {one}, {two}{rest}"
        says = f"`{operation}` is `{other}`"
        yield _mutation(region, instruction, [new], says, rank, kind)
    for rank, instruction, found in _fused(region):
        start, _, kind, one, two, three, rest = found.groups()
        lines = [
            f"  %corr.negative = fneg {kind} {one}",
            f"{start}({kind} %corr.negative, {kind} {two}, {kind} {three}){rest}",
        ]
        says = "a product is subtracted in place of added"
        yield _mutation(region, instruction, lines, says, rank, kind)


def _mutation(
    region: Region, instruction: Instruction, new: list[str], says: str, rank: int, kind: str
) -> Mutation:
    """The mutation, and what declares the result uninitialised in its place."""
    at, size, line = instruction.number, SIZES.get(kind), region.line(instruction.number)
    poisoned = None
    if size is not None:
        raw = line.replace(f"%{instruction.result} =", "%corr.raw =", 1)
        poisoned = {**region.spilled(kind), at: [raw, *_reloaded(kind, size, instruction.result)]}
    return Mutation({at: new}, at, says, rank, poisoned)


def _reloaded(kind: str, size: int, result: str | None) -> list[str]:
    return [
        f"  store {kind} %corr.raw, ptr {SPILL}",
        poison(f"ptr {SPILL}", str(size)),
        f"  %{result} = load {kind}, ptr {SPILL}",
    ]


def _binary(region: Region) -> Iterator[tuple[int, Instruction, re.Match[str]]]:
    """Operations on data: all on real numbers, those on whole ones that decide nothing."""
    for depth, instruction in region.instructions():
        found = _BINARY.match(region.line(instruction.number))
        if found is None or instruction.result is None:
            continue
        sinks = region.flow.sinks(instruction.result)
        whole = not found[2].startswith("f")
        if not sinks or (whole and (region.called or sinks & _PERILOUS)):
            continue
        yield 8 * depth + 4 * whole + (Sink.branch in sinks), instruction, found


def _fused(region: Region) -> Iterator[tuple[int, Instruction, re.Match[str]]]:
    for depth, instruction in region.instructions():
        if "@llvm.fmuladd." not in instruction.rest or instruction.result is None:
            continue
        found = _FUSED.match(region.line(instruction.number))
        if found is not None:
            decides = Sink.branch in region.flow.sinks(instruction.result)
            yield 8 * depth + decides, instruction, found


def _constant(operand: str) -> bool:
    return not operand.startswith("%")
