"""x86's instructions, from the AT&T syntax that llvm-objdump prints: what each is and does.

Bytes are those that the instruction asks for: masked-off lanes count as used, a `rep` as one
repetition, the return address of a call not at all. Floating-point operations are counted as
Intel's FP_ARITH_INST_RETIRED events do (Intel SDM, volume 3B, "Performance Monitoring Events"): an
operation an element, two for a fused multiply-add, none for moves, comparisons and conversions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from collectors.machine_code import isa, x86_streams
from collectors.machine_code.control_flow import BRANCH, FALL, INDIRECT, JUMP, STOP
from collectors.machine_code.isa import ELEMENT_BYTES, Address, Meaning, Write
from collectors.machine_code.x86_mnemonics import (
    CONVERTED,
    DUPLICATED,
    READ,
    SHIFT_COUNT,
    SUFFIXES,
    UPDATE,
    Form,
    form,
)
from collectors.machine_code.x86_operands import (
    address,
    constant,
    decorations,
    register,
    split,
    vector_bits,
    without_prefixes,
)

_TARGET = re.compile(r"(?:0x)?([0-9a-f]+)(?: <.*>)?")
_COMMENT = re.compile(r"\s*<[^>]*>")
_REPEATED = re.compile(r"1to(2|4|8|16|32)")
_TRANSFERS = {isa.RETURN: STOP, isa.TRAP: STOP, isa.BRANCH: BRANCH, isa.JUMP: JUMP}
#: A register that a function copies the stack pointer to, to reach its frame by.
_FRAME_POINTERS = ("rbp", "rbx")


@dataclass(frozen=True)
class X86:
    """Of 64 or 32 bits. `clobbered`: registers that a called function need not keep (System V)."""

    name: str
    triple: str
    clobbered: tuple[str, ...]
    comment: str = "#"
    any_cpu: str = "x86-64"
    extensions: str = ""

    def meaning(self, mnemonic: str, operands: str) -> Meaning:
        return _meaning(mnemonic, operands)

    def stack_registers(self, code: Iterable[tuple[str, str]]) -> frozenset[str]:
        return _stack_registers(code)

    def writes(self, mnemonic: str, operands: str) -> Sequence[Write]:
        return x86_streams.writes(mnemonic, operands, self.clobbered)

    def registers(self, operands: str) -> Sequence[str]:
        return x86_streams.registers(operands)

    def vector_target(self, _operands: str) -> str | None:
        return x86_streams.vector_target(_operands)

    def assembly(self, mnemonic: str, operands: str) -> str:
        return f"{mnemonic}\t{_COMMENT.sub('', operands)}"


_CLOBBERED = ("rax", "rcx", "rdx")
X86_64 = X86(
    "x86-64",
    "x86_64-pc-linux-gnu",
    (*_CLOBBERED, "rsi", "rdi", "r8", "r9", "r10", "r11"),
)
X86_32 = X86("x86", "i386-pc-linux-gnu", _CLOBBERED)


@lru_cache(maxsize=1 << 16)
def _meaning(mnemonic: str, operands: str) -> Meaning:
    prefixes, mnemonic, operands = without_prefixes(mnemonic, operands)
    said = form(mnemonic)
    if said.kind in (isa.BRANCH, isa.JUMP, isa.CALL) and not operands.startswith("*"):
        target = _TARGET.fullmatch(operands)
        at = int(target[1], 16) if target and said.kind != isa.CALL else None
        return Meaning(said.kind, transfer=_TRANSFERS.get(said.kind, FALL), target=at)
    parts = split(operands)
    bits = vector_bits(operands)
    load, store = said.hidden
    place: Address | None = None
    for number, part in enumerate(parts):
        plain, hung = decorations(part)
        found = address(plain)
        if found is None:
            continue
        place, last = found, number + 1 == len(parts)
        size = _memory_bytes(mnemonic, said, parts, number, hung, bits)
        load += size if not last or said.last in (READ, UPDATE) else 0
        store += size if last and said.last != READ else 0
    kind = _kind(mnemonic, said, parts, prefixes, place)
    packed = _packed(kind, said, bits, place)
    return Meaning(
        kind,
        0 if said.scalar else bits or said.letter,
        packed,
        said.element if kind not in (isa.MOVE, isa.SHUFFLE) else None,
        _flops(mnemonic, said, parts, bits),
        load,
        store,
        place if load or store else None,
        INDIRECT if said.kind == isa.JUMP else _TRANSFERS.get(said.kind, FALL),
        uses_stack=said.hidden != (0, 0),
    )


def _kind(
    mnemonic: str, said: Form, parts: list[str], prefixes: frozenset[str], place: Address | None
) -> str:
    exchanged = mnemonic.startswith("xchg")
    if mnemonic == "lock":  # llvm-objdump gives the prefix a line of its own
        return isa.ATOMIC
    if place is not None and ("lock" in prefixes or exchanged):
        return isa.ATOMIC
    if exchanged and len({register(p) for p in parts}) == 1:
        return isa.NOP
    if place is None and said.last != READ and _makes_a_constant(said, parts):
        return isa.MOVE
    if said.kind == isa.MOVE and place is None and parts and "{%k" in parts[-1]:
        return isa.SELECT
    if "pmov" in mnemonic and place is not None and place.through is None:
        return isa.MOVE  # a constant that is kept in fewer bytes
    return said.kind


def _makes_a_constant(said: Form, parts: list[str]) -> bool:
    """`xorps %xmm0, %xmm0` is a zero and `pcmpeqd %xmm0, %xmm0` all ones: nothing is computed."""
    registers = [register(p) for p in parts if not p.startswith("$")]
    same = len(registers) > 1 and len(set(registers)) == 1
    integer = said.kind == isa.COMPARE and said.element in ("i8", "i16", "i32", "i64")
    return same and (said.kind == isa.LOGIC or integer)


def _packed(kind: str, said: Form, bits: int, place: Address | None) -> bool | None:
    """Scalar code changes signs by `xorps` with a constant: that is no arithmetic on vectors."""
    if kind not in isa.COMPUTES:
        return None
    if said.scalar:
        return False if said.element in ("f16", "f32", "f64") else None
    if not bits:
        return None
    if kind == isa.LOGIC and said.element in ("f32", "f64") and bits == 128:
        return True if place is not None and place.through else None
    return True


def _flops(mnemonic: str, said: Form, parts: list[str], bits: int) -> int:
    if mnemonic.removeprefix("v") in ("dpps", "dppd"):
        mask = constant(parts[0]) if parts else None
        products = ((mask or 0) >> 4 & 0xF).bit_count()
        return max(2 * products - 1, 0) * (bits // 128)
    if not said.flops or said.scalar or not said.element:
        return said.flops
    return said.flops * bits // (8 * ELEMENT_BYTES[said.element])


def _memory_bytes(
    mnemonic: str, said: Form, parts: list[str], number: int, hung: list[str], bits: int
) -> int:
    """Bytes of the memory operand `parts[number]`; `hung` are its decorations."""
    repeated = next((m for text in hung if (m := _REPEATED.fullmatch(text))), None)
    if repeated:
        element = said.source or said.element
        return ELEMENT_BYTES[element] if element else bits // 8 // int(repeated[1])
    if said.kind in (isa.GATHER, isa.SCATTER):
        return _gathered(mnemonic, said, parts, number)
    if isinstance(said.memory, int):
        return said.memory
    # an instruction that the table lacks and no vector register is in
    whole = (bits or said.letter) // 8 or SUFFIXES.get(mnemonic[-1:], 8)
    if said.memory == SHIFT_COUNT:
        return min(whole, 16) if number == 0 else whole
    if said.memory == DUPLICATED:
        return 8 if bits == 128 else whole
    if said.memory == CONVERTED:
        return _converted(mnemonic, said, whole, stored=number + 1 == len(parts))
    return whole


def _converted(mnemonic: str, said: Form, whole: int, *, stored: bool) -> int:
    """Bytes in memory of a conversion; the wider side fills the register of `whole` bytes."""
    assert said.source is not None and said.element is not None
    source, result = ELEMENT_BYTES[said.source], ELEMENT_BYTES[said.element]
    if stored:
        return whole * result // source
    if source <= result:
        return whole * source // result
    if said.letter:
        return said.letter // 8
    return whole * source // result if mnemonic.startswith("v") else 16


def _gathered(mnemonic: str, said: Form, parts: list[str], number: int) -> int:
    """Elements that both the data register and the register of indices have room for."""
    assert said.element is not None
    element = ELEMENT_BYTES[said.element]
    index = 8 if re.search(r"(?:gather|scatter)q", mnemonic) else 4
    data = parts[0] if said.kind == isa.SCATTER else parts[-1]
    lanes = min(vector_bits(data) // 8 // element, vector_bits(parts[number]) // 8 // index)
    return lanes * element


def _stack_registers(code: Iterable[tuple[str, str]]) -> frozenset[str]:
    found = {"rsp"}
    for mnemonic, operands in code:
        if not mnemonic.startswith(("mov", "lea")):
            continue
        source, _, target = operands.rpartition(", ")
        to = register(target)
        if to in _FRAME_POINTERS and (
            register(source) == "rsp"
            or (mnemonic[:3] == "lea" and source.endswith(("(%rsp)", "(%esp)")))
        ):
            found.add(to)
    return frozenset(found)
