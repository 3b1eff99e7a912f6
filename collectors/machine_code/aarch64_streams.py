"""How AArch64's instructions move the registers that addresses are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from collectors.machine_code import isa
from collectors.machine_code.aarch64_mnemonics import kind
from collectors.machine_code.aarch64_operands import address, number, split, whole, written_back
from collectors.machine_code.isa import Write

_CALL_CLOBBERED = (*(f"x{n}" for n in range(19)), "x30")
_NOTHING = frozenset((isa.BRANCH, isa.JUMP, isa.RETURN, isa.TRAP, isa.NOP, isa.FENCE, isa.PREFETCH))
#: Comparisons that give flags; others give a register.
_FLAGS = re.compile(r"cm[pn]|tst|f?ccm[pn]e?|fcmpe?|ptest")
_REGISTER = re.compile(r"[wxbhsdqvzp]\d+(?:\.\w+)?(?:\[\d+\])?(?:/[mz])?|w?sp")
_NAMED = re.compile(r"\b(?:[wxbhsdqvzp]\d+(?:\.\w+)?|w?sp)\b")
_SHIFTED = re.compile(r"lsl #([0-9]{1,2})")


@lru_cache(maxsize=1 << 14)
def writes(mnemonic: str, operands: str) -> Sequence[Write]:
    """The registers that an instruction changes, and by how much."""
    what, parts = kind(mnemonic), split(operands)
    if what == isa.CALL:
        return [Write(name) for name in _CALL_CLOBBERED]
    if what in _NOTHING or not parts or (what == isa.COMPARE and _FLAGS.fullmatch(mnemonic)):
        return []
    at = next((n for n, part in enumerate(parts) if address(part)), None)
    if at is not None:
        return [*_moved_base(parts, at), *_loaded(mnemonic, what, parts[:at])]
    if mnemonic in ("add", "adds", "sub", "subs") and len(parts) > 2:
        return [_addition(mnemonic, parts)]
    return [Write(_name(parts[0]))] if _REGISTER.fullmatch(parts[0]) else []


@lru_cache(maxsize=1 << 14)
def registers(operands: str) -> Sequence[str]:
    """The registers that are named."""
    return [_name(name) for name in _NAMED.findall(operands)]


def _moved_base(parts: list[str], at: int) -> list[Write]:
    """`[x0, #8]!` and `[x0], #8` add to the base register."""
    place = address(parts[at])
    assert place is not None and place.base is not None
    if written_back(parts[at]):
        return [Write(place.base, place.offset)]
    if at + 1 == len(parts):
        return []
    step = number(parts[at + 1])
    return [Write(place.base, step) if step is not None else Write(place.base, by=whole(parts[-1]))]


def _loaded(mnemonic: str, what: str, data: list[str]) -> list[Write]:
    if what == isa.ATOMIC:  # swp, ldadd: the second gets what was there; cas: the first
        got = (
            data[:2]
            if mnemonic.startswith("casp")
            else data[:1]
            if mnemonic[0] == "c"
            else data[1:]
        )
        return [Write(_name(part)) for part in got]
    if mnemonic.startswith("st"):
        return [Write(_name(data[0]))] if mnemonic.startswith(("stx", "stlx")) else []
    names = re.findall(r"[vz]\d+", data[0]) if data and data[0].startswith("{") else data
    return [Write(_name(name)) for name in names]


def _addition(mnemonic: str, parts: list[str]) -> Write:
    target = _name(parts[0])
    if _name(parts[1]) != target:
        return Write(target)
    sign = -1 if mnemonic.startswith("sub") else 1
    value = number(parts[2])
    if value is not None:
        shifted = _SHIFTED.fullmatch(parts[3]) if len(parts) > 3 else None
        return Write(target, sign * value << (int(shifted[1]) if shifted else 0))
    by = _name(parts[2])
    return Write(target, by=by) if by != target else Write(target)


def _name(operand: str) -> str:
    return whole(re.split(r"[.\[/]", operand, maxsplit=1)[0])
