"""Operands of x86 in AT&T syntax: registers, addresses in memory, prefixes before the mnemonic."""

from __future__ import annotations

import re
from functools import cache

from collectors.machine_code import isa
from collectors.machine_code.isa import Address

_PREFIXES = frozenset(
    (
        *("lock", "rep", "repe", "repz", "repne", "repnz", "xacquire", "xrelease", "notrack"),
        *("bnd", "data16", "data32", "addr16", "addr32", "rex64", "wait"),
        *("cs", "ds", "es", "fs", "gs", "ss"),
    )
)
_COMMA = re.compile(r",\s*(?![^(]*\))")
_DECORATION = re.compile(r"\s*\{([^}]*)\}")
_MEMORY = re.compile(
    r"(?:%[c-gs]s:)?(?P<offset>-?(?:0x[0-9a-f]{1,16}|[0-9]{1,19}))?"
    r"(?:\((?:%(?P<base>\w+))?(?:,%(?P<index>\w+))?(?:,(?P<scale>[1248]))?\))?"
)
_CONSTANT = re.compile(r"\$(-?(?:0x[0-9a-f]{1,16}|[0-9]{1,19}))")
_VECTOR = (("%zmm", 512), ("%ymm", 256), ("%xmm", 128), ("%mm", 64))
_PART = re.compile(r"[er]?([abcd])[xlh]|[er]?(si|di|bp|sp)l?|(r\d+)[dwb]?")
#: Index registers that stand for none.
_NO_INDEX = ("eiz", "riz")


def without_prefixes(mnemonic: str, operands: str) -> tuple[frozenset[str], str, str]:
    """The prefixes before an instruction, which are printed as if they were it, and the rest."""
    found = set()
    while mnemonic in _PREFIXES and operands:
        found.add(mnemonic)
        mnemonic, _, operands = operands.replace("\t", " ").partition(" ")
        operands = operands.strip()
    return frozenset(found), mnemonic, operands


def split(operands: str) -> list[str]:
    """The operands one by one, the last one is what most instructions write.

    None of a text that is too long to be operands.
    """
    return _COMMA.split(operands) if 0 < len(operands) <= isa.LONGEST_OPERANDS else []


def decorations(operand: str) -> tuple[str, list[str]]:
    """An operand without what AVX-512 hangs on it: `{1to8}`, `{%k1}`, `{z}`."""
    return _DECORATION.sub("", operand), _DECORATION.findall(operand)


def address(operand: str) -> Address | None:
    """The place in memory that an operand (without decorations) names; None for any other."""
    if operand[:1] in ("$", "") or (operand[0] == "%" and ":" not in operand):
        return None
    match = _MEMORY.fullmatch(operand.removeprefix("*"))
    if match is None:
        return None
    base, index = match["base"], match["index"]
    return Address(
        whole(base) if base and base not in ("rip", "eip") else None,
        whole(index) if index and index not in _NO_INDEX else None,
        int(match["scale"] or 1),
        value(match["offset"] or "0"),
    )


def value(text: str) -> int:
    """A number as it is printed: `-0x8`, `16`; what takes all 64 bits is negative."""
    return isa.signed(int(text, 16 if "x" in text else 10))


def constant(operand: str) -> int | None:
    """The value of an operand that is a number: `$0x10`."""
    match = _CONSTANT.fullmatch(operand)
    return value(match[1]) if match else None


def vector_bits(operands: str) -> int:
    """Width of the widest vector register among the operands; 0 without one."""
    return next((bits for name, bits in _VECTOR if name in operands), 0)


def register(operand: str) -> str | None:
    """The full name of a register operand."""
    name = decorations(operand)[0]
    return whole(name[1:]) if name[:1] == "%" and ":" not in name else None


@cache
def whole(name: str) -> str:
    """The 64-bit register that a name is part of; other registers are themselves."""
    match = _PART.fullmatch(name)
    if match is None:
        return name
    return f"r{match[1]}x" if match[1] else f"r{match[2]}" if match[2] else match[3]
