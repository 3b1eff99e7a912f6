"""How x86's instructions move the registers that addresses are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from collectors.machine_code import isa
from collectors.machine_code.isa import Write
from collectors.machine_code.x86_mnemonics import READ, SUFFIXES, form
from collectors.machine_code.x86_operands import (
    address,
    constant,
    register,
    split,
    whole,
    without_prefixes,
)

_STRING = re.compile(r"(movs|stos|lods|scas|cmps|ins|outs)([bwlq])")
_ADD = re.compile(r"(add|sub|inc|dec)[lq]")
_MOVE = re.compile(r"mov(?:[lq]|slq|abs)")
_VECTOR = re.compile(r"[xyz]mm")
_REGISTER = re.compile(r"%(\w+)")
_WIDE_PRODUCT = re.compile(r"i?(?:mul|div)[wlq]")


@lru_cache(maxsize=1 << 14)
def writes(mnemonic: str, operands: str, clobbered: tuple[str, ...]) -> Sequence[Write]:
    """The registers that an instruction changes, and by how much; a call those `clobbered`."""
    _, mnemonic, operands = without_prefixes(mnemonic, operands)
    said, parts = form(mnemonic), split(operands)
    if said.kind == isa.CALL:
        return [Write(name) for name in clobbered]
    if string := _STRING.fullmatch(mnemonic):
        return _string(string[1], SUFFIXES[string[2]], operands)
    if mnemonic.startswith("cmpxchg"):
        return [Write("rax"), Write("rdx")]
    if mnemonic.startswith(("xchg", "xadd")):
        return [Write(r) for part in parts if (r := register(part))]
    if _WIDE_PRODUCT.fullmatch(mnemonic) and len(parts) == 1:
        return [Write("rax"), Write("rdx")]
    target = register(parts[-1]) if parts else None
    if target is None or (said.last == READ and not mnemonic.startswith("imul")):
        return []
    if change := _addition(mnemonic, parts, target):
        return [change]
    return [_copy(mnemonic, parts, target) or Write(target)]


def _copy(mnemonic: str, parts: list[str], target: str) -> Write | None:
    """A register that becomes another one, but for a number."""
    if _MOVE.fullmatch(mnemonic) and len(parts) == 2:
        source = register(parts[0])
        return Write(target, copied=source) if source else None
    if mnemonic in ("leaq", "leal"):
        place = address(parts[0])
        if place is not None and place.base and place.index is None:
            return Write(target, copied=place.base, plus=place.offset)
    return None


def _addition(mnemonic: str, parts: list[str], target: str) -> Write | None:
    """What is added to `target`, where the instruction does nothing else."""
    if match := _ADD.fullmatch(mnemonic):
        sign = -1 if match[1] in ("sub", "dec") else 1
        if match[1] in ("inc", "dec"):
            return Write(target, sign)
        added = constant(parts[0])
        if added is not None:
            return Write(target, sign * added)
        by = register(parts[0])
        return Write(target, by=by) if by else None
    if mnemonic in ("leaq", "leal"):
        place = address(parts[0])
        if place is None or place.scale != 1 or target not in (place.base, place.index):
            return None
        other = place.index if place.base == target else place.base
        if other is None:
            return Write(target, place.offset)
        return Write(target, by=other) if other != target else None
    return None


@lru_cache(maxsize=1 << 14)
def registers(operands: str) -> Sequence[str]:
    """The registers that are named, vectors as `v0` whatever their width."""
    return [whole(_VECTOR.sub("v", name)) for name in _REGISTER.findall(operands)]


def vector_target(operands: str) -> str | None:
    """The vector register that is named last."""
    last = operands.rpartition(",")[2].strip().partition(" ")[0]
    return _VECTOR.sub("v", last[1:]) if last[:1] == "%" and _VECTOR.match(last[1:]) else None


def _string(name: str, size: int, operands: str) -> list[Write]:
    """String instructions move the pointers that they use; a `rep` counts as one repetition."""
    used = [r for r in ("rsi", "rdi") if f"({'%' + r})" in operands]
    moved = [Write(r, size) for r in used]
    return [*moved, Write("rax")] if name == "lods" else moved
