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
    without_prefixes,
)

_STRING = re.compile(r"(movs|stos|lods|scas|cmps|ins|outs)([bwlq])")
_ADD = re.compile(r"(add|sub|inc|dec)[lq]")
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
    return [Write(target)]


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


def _string(name: str, size: int, operands: str) -> list[Write]:
    """String instructions move the pointers that they use; a `rep` counts as one repetition."""
    used = [r for r in ("rsi", "rdi") if f"({'%' + r})" in operands]
    moved = [Write(r, size) for r in used]
    return [*moved, Write("rax")] if name == "lods" else moved
