"""Operands of AArch64 as llvm-objdump prints them: registers, vectors, addresses in memory."""

from __future__ import annotations

import re
from functools import cache

from collectors.machine_code import isa
from collectors.machine_code.isa import Address

_COMMA = re.compile(r",\s*(?![^\[{]*[\]}])")
_ADDRESS = re.compile(r"\[(?P<base>[\w.]+)(?:, (?P<more>[^\]]+))?\](?P<written>!)?")
_EXTENSION = re.compile(r"(?:lsl|[su]xt[wx])(?: #(?P<shift>[0-9]{1,2}))?")
_NUMBER = re.compile(r"#(-?)(0x[0-9a-f]{1,16}|[0-9]{1,19})")
_VECTOR = re.compile(r"[vz][0-9]{1,2}\.(?P<count>(?:1|2|4|8|16)?)(?P<letter>[bhsdq])")
_GENERAL = re.compile(r"[wx](\d+)")

#: Bytes of a register by the letter that its name begins with.
REGISTER_BYTES = {"b": 1, "h": 2, "s": 4, "d": 8, "q": 16, "w": 4, "x": 8, "z": 16, "p": 2}
#: Bits of a register whose length is the processor's to choose (SVE): the least there may be.
SCALABLE = 128


def split(operands: str) -> list[str]:
    """The operands one by one: most instructions write the first. `{ v0.2d, v1.2d }` is one."""
    return _COMMA.split(operands) if 0 < len(operands) <= isa.LONGEST_OPERANDS else []


def number(operand: str) -> int | None:
    """The value of an operand that is a constant."""
    match = _NUMBER.fullmatch(operand)
    if match is None:
        return None
    size = int(match[2], 16 if match[2].startswith("0x") else 10)
    return isa.signed(-size if match[1] else size)


def address(operand: str) -> Address | None:
    """The place in memory that an operand names; None for any other operand."""
    match = _ADDRESS.fullmatch(operand)
    if match is None:
        return None
    base = whole(match["base"])
    if match["more"] is None:
        return Address(base)
    offset, _, extension = match["more"].partition(", ")
    value = number(offset)
    if value is not None:
        return Address(base, None, 1, 0 if "mul vl" in extension else value)
    extended = _EXTENSION.fullmatch(extension)
    shift = int(extended["shift"] or 0) if extended else 0
    return Address(base, whole(offset), 1 << shift)


def written_back(operand: str) -> bool:
    """`[x0, #8]!`: the address becomes its base register's value."""
    return operand.endswith("]!")


def vector(operand: str) -> tuple[int, int] | None:
    """Bits of a vector operand, and of an element of it: `v1.4s`, `{ v1.2d, v2.2d }`, `z3.d`."""
    match = _VECTOR.search(operand)
    if match is None:
        return None
    element = 8 * REGISTER_BYTES[match["letter"]]
    if match["count"]:
        return int(match["count"]) * element, element
    return (SCALABLE if match[0][0] == "z" else 0), element


def listed(operand: str) -> int:
    """How many registers a list has: `{ v0.2d, v1.2d }`, `{ v0.2d - v3.2d }`."""
    first, dash, last = operand.partition(" - ")
    if dash:
        numbers = [int(n) for part in (first, last) for n in re.findall(r"[vz]([0-9]{1,2})", part)]
        return (numbers[-1] - numbers[0]) % 32 + 1 if numbers else 1
    return operand.count(",") + 1


@cache
def whole(name: str) -> str:
    """The 64-bit register that a general register's name is part of; others without arrangement."""
    match = _GENERAL.fullmatch(name)
    if match:
        return f"x{match[1]}"
    return "sp" if name == "wsp" else name.partition(".")[0]
