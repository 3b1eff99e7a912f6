"""AArch64's instructions, as llvm-objdump prints them: what each is and does.

What is counted is what `x86` counts. The length of SVE's vectors is the processor's to choose: they
count as 128 bits, the least there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from collectors.machine_code import aarch64_streams, isa
from collectors.machine_code.aarch64_mnemonics import flops, kind
from collectors.machine_code.aarch64_operands import (
    REGISTER_BYTES,
    address,
    listed,
    split,
    vector,
    whole,
)
from collectors.machine_code.control_flow import BRANCH, FALL, INDIRECT, JUMP, STOP
from collectors.machine_code.isa import COMPUTES, Address, Meaning, Write

_TARGET = re.compile(r"(?:0x)?([0-9a-f]+)(?: <.*>)?")
_COMMENT = re.compile(r"\s*<[^>]*>")
#: A place in the code; an assembler wants the distance to it.
_PLACE = re.compile(r"(?<![#\w])0x[0-9a-f]+$")
_TRANSFERS = {isa.RETURN: STOP, isa.TRAP: STOP, isa.BRANCH: BRANCH, isa.JUMP: JUMP}
_NO_ACCESS = frozenset((*_TRANSFERS, isa.CALL, isa.PREFETCH, isa.ADDRESS, isa.NOP, isa.FENCE))
#: A register that a function copies the stack pointer to, to reach its frame by.
_FRAME_POINTERS = ("x29", "x19")

_PAIR = re.compile(r"(?:ld|st)\w*p(?:sw)?|casp\w*|swpp\w*")
_STRUCTURE = re.compile(
    r"(?:ld|st)(?:nt|ff|nf)?(?P<n>[1-4])(?P<repeated>r[qo]?)?s?(?P<size>[bhwdq])?"
)
_SIZED = re.compile(r"(?:ld|st)\w*rs?(?P<size>[bhw])|(?:ld|st|swp|cas)\w*(?P<atomic>[bh])")
_SIZES = {"b": 1, "h": 2, "w": 4, "d": 8, "q": 16}
_REPEATED = {"rq": 16, "ro": 32}
_INTEGERS = {8: "i8", 16: "i16", 32: "i32", 64: "i64"}
_FLOATS = {16: "f16", 32: "f32", 64: "f64"}
_SCALAR = re.compile(r"[hsd]\d+")
_REDUCES = re.compile(r"f(?:add|max|min|maxnm|minnm)v")


@dataclass(frozen=True)
class AArch64:
    """Arm's 64-bit instructions."""

    name: str = "aarch64"
    triple: str = "aarch64-unknown-linux-gnu"
    comment: str = "//"
    any_cpu: str = "generic"
    extensions: str = "+all"

    def meaning(self, mnemonic: str, operands: str) -> Meaning:
        return _meaning(mnemonic, operands)

    def stack_registers(self, code: Iterable[tuple[str, str]]) -> frozenset[str]:
        return _stack_registers(code)

    def writes(self, mnemonic: str, operands: str) -> Sequence[Write]:
        return aarch64_streams.writes(mnemonic, operands)

    def registers(self, operands: str) -> Sequence[str]:
        return aarch64_streams.registers(operands)

    def vector_target(self, _operands: str) -> str | None:
        return None  # `writes` has them

    def assembly(self, mnemonic: str, operands: str) -> str:
        return f"{mnemonic}\t{_PLACE.sub('#0', _COMMENT.sub('', operands))}"


AARCH64 = AArch64()


@lru_cache(maxsize=1 << 16)
def _meaning(mnemonic: str, operands: str) -> Meaning:
    what, parts = kind(mnemonic), split(_COMMENT.sub("", operands))
    if what in _TRANSFERS or what == isa.CALL:
        return Meaning(what, transfer=_transfer(mnemonic, what), target=_target(what, parts))
    place = next((a for part in parts if (a := address(part))), None)
    load, store = _accessed(mnemonic, what, parts, place)
    if what == isa.MOVE and place is not None and re.search(r"z\d", f"{place.base} {place.index}"):
        what = isa.GATHER if load else isa.SCATTER
    vectors = [v for part in parts if (v := vector(part))]
    bits = max((v[0] for v in vectors), default=0)
    quad = what == isa.MOVE and bool(parts) and parts[0][:1] in ("q", "z")
    element = _element(mnemonic, what, parts)
    return Meaning(
        what,
        bits or (128 if quad else 0),
        _packed(what, bits, element),
        element,
        _flops(mnemonic, parts),
        load,
        store,
        place if load or store else None,
    )


def _transfer(mnemonic: str, what: str) -> int:
    if what == isa.JUMP and mnemonic != "b":
        return INDIRECT
    return _TRANSFERS.get(what, FALL)


def _target(what: str, parts: list[str]) -> int | None:
    if what not in (isa.BRANCH, isa.JUMP) or not parts:
        return None
    match = _TARGET.fullmatch(parts[-1])
    return int(match[1], 16) if match else None


def _accessed(mnemonic: str, what: str, parts: list[str], place: Address | None) -> tuple[int, int]:
    """Bytes that are read and written. A load may also name a constant in the code."""
    literal = mnemonic.startswith("ldr") and len(parts) == 2 and place is None
    if what in _NO_ACCESS or (place is None and not literal):
        return 0, 0
    size = _memory_bytes(mnemonic, what, parts)
    if what == isa.ATOMIC:
        return size, size
    if mnemonic.startswith("ld"):
        return size, 0
    return (0, size) if mnemonic.startswith("st") else (0, 0)


def _memory_bytes(mnemonic: str, what: str, parts: list[str]) -> int:
    if mnemonic in ("ld64b", "st64b"):
        return 64
    if parts[0].startswith("{"):
        return _structure_bytes(mnemonic, parts[0])
    pair = 2 if _PAIR.fullmatch(mnemonic) else 1
    if mnemonic == "ldpsw":
        return 8
    sized = _SIZED.fullmatch(mnemonic) if pair == 1 or what == isa.ATOMIC else None
    if sized and (sized["size"] or what == isa.ATOMIC):
        return _SIZES[sized["size"] or sized["atomic"]]
    # an exclusive store has a status first
    exclusive = mnemonic.startswith(("stx", "stlx"))
    data = parts[1] if exclusive else parts[0]
    return pair * REGISTER_BYTES.get(data[:1], 8)


def _structure_bytes(mnemonic: str, registers: str) -> int:
    """`ld1 { v0.2d, v1.2d }`, `ld1 { v0.s }[1]`, `ld1b { z0.h }`: elements of several registers."""
    match, found = _STRUCTURE.fullmatch(mnemonic), vector(registers)
    if match is None or found is None:
        return 16
    bits, element = found
    if match["size"] is None:
        whole_register = bits // 8 if bits and not match["repeated"] else element // 8
        return listed(registers) * whole_register
    if match["repeated"]:
        return _REPEATED.get(match["repeated"], _SIZES[match["size"]])
    return int(match["n"]) * (bits // element) * _SIZES[match["size"]]


def _element(mnemonic: str, what: str, parts: list[str]) -> str | None:
    """The type of the result's elements; None without such arithmetic."""
    if what not in COMPUTES or not parts:
        return None
    floating = mnemonic.startswith(("f", "bf")) or mnemonic[1:] == "cvtf"
    # what is compared is not what a comparison gives
    source = parts[-1] if what == isa.COMPARE and vector(parts[-1]) else parts[0]
    found = vector(source)
    if found is None:
        letter = next((part[0] for part in parts if _SCALAR.fullmatch(part)), None)
        return _FLOATS[8 * REGISTER_BYTES[letter]] if floating and letter else None
    whole_number = mnemonic.startswith("fcvt") and mnemonic.endswith(("s", "u"))
    return (_FLOATS if floating and not whole_number else _INTEGERS).get(found[1])


def _packed(what: str, bits: int, element: str | None) -> bool | None:
    if what not in COMPUTES:
        return None
    if bits:
        return True
    return False if element else None


def _flops(mnemonic: str, parts: list[str]) -> int:
    each = flops(mnemonic)
    if not each or not parts:
        return 0
    result = vector(parts[0])
    if _REDUCES.fullmatch(mnemonic) or mnemonic == "fadda":
        source = vector(parts[-1])
        lanes = source[0] // source[1] if source else 1
        return lanes if mnemonic == "fadda" else lanes - 1
    return each * (result[0] // result[1] if result and result[0] else 1)


def _stack_registers(code: Iterable[tuple[str, str]]) -> frozenset[str]:
    found = {"sp"}
    for mnemonic, operands in code:
        if mnemonic in ("mov", "add", "sub"):
            target, source, *_ = (*split(operands), "", "")
            if whole(target) in _FRAME_POINTERS and source == "sp":
                found.add(whole(target))
    return frozenset(found)
