"""What corr asks of an instruction, whatever processor it is for.

A module for each instruction set answers from the text that llvm-objdump prints; nothing else
reads mnemonics and operands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from collectors.machine_code.control_flow import FALL

#: What an instruction is for; one word each, in the `kind` column of `instructions`.
CALL, RETURN, JUMP, BRANCH, TRAP = "call", "return", "jump", "branch", "trap"
NOP, FENCE, PREFETCH, ADDRESS = "nop", "fence", "prefetch", "address"
MOVE, SHUFFLE, CONVERT, SELECT, COMPARE, LOGIC = (
    *("move", "shuffle", "convert", "select", "compare", "logic"),
)
ARITHMETIC, DIVISION, FMA = "arithmetic", "division", "fma"
GATHER, SCATTER, ATOMIC, OTHER = "gather", "scatter", "atomic", "other"
KINDS = (
    *(CALL, RETURN, JUMP, BRANCH, TRAP, NOP, FENCE, PREFETCH, ADDRESS),
    *(MOVE, SHUFFLE, CONVERT, SELECT, COMPARE, LOGIC, ARITHMETIC, DIVISION, FMA),
    *(GATHER, SCATTER, ATOMIC, OTHER),
)
#: Kinds whose work on vector registers is arithmetic, one element at a time or all of them.
COMPUTES = frozenset({ARITHMETIC, DIVISION, FMA, COMPARE, CONVERT, LOGIC})

ELEMENT_BYTES = {
    **{"f64": 8, "f32": 4, "f16": 2, "bf16": 2, "f80": 10},
    **{"i8": 1, "i16": 2, "i32": 4, "i64": 8, "i128": 16},
}


#: Characters of the longest text that is taken for operands.
LONGEST_OPERANDS = 512


def signed(number: int) -> int:
    """A number of 64 bits as two's complement has it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


@dataclass(frozen=True, slots=True)
class Address:
    """A memory operand: base + scale × index + offset; registers by their full names."""

    base: str | None = None
    index: str | None = None
    scale: int = 1
    offset: int = 0

    @property
    def through(self) -> str | None:
        """The registers as text, such as `r9+8*rbp`; None for an address that is a constant."""
        if self.index is None:
            return self.base
        index = f"{self.scale}*{self.index}" if self.scale != 1 else self.index
        return f"{self.base}+{index}" if self.base else index


@dataclass(frozen=True, slots=True)
class Meaning:
    """One instruction.

    `vector_bits`: width of the vector that it works on, 0 for a scalar. `packed`: arithmetic on all
    elements of a vector register (True), on one (False), or none in vector registers (None).
    `element`: the type of an element. `flops`: floating-point operations of one execution.
    `transfer` and `target` are those of a `control_flow.Step`.
    """

    kind: str
    vector_bits: int = 0
    packed: bool | None = None
    element: str | None = None
    flops: int = 0
    load_bytes: int = 0
    store_bytes: int = 0
    address: Address | None = None
    transfer: int = FALL
    target: int | None = None
    uses_stack: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A register that an instruction changes: by a number of bytes, by another register, or anew.

    Neither `add` nor `by`: the register is computed or loaded; `copied` is the register that it is
    made the same as, but for `plus`, where it is no more than that.
    """

    register: str
    add: int | None = None
    by: str | None = None
    copied: str | None = None
    plus: int = 0


class InstructionSet(Protocol):
    """The questions. `triple` is LLVM's name of a Linux target with these instructions."""

    @property
    def name(self) -> str: ...

    @property
    def triple(self) -> str: ...

    @property
    def comment(self) -> str:
        """What begins a comment in assembly."""

    @property
    def any_cpu(self) -> str:
        """The processor that LLVM models where none is named."""

    @property
    def extensions(self) -> str:
        """What an assembler must be told to read all of the instructions."""

    def meaning(self, mnemonic: str, operands: str) -> Meaning:
        """What an instruction is; one that is not known is `other`, by its operands' widths."""

    def registers(self, operands: str) -> Sequence[str]:
        """The registers that are named, by their full names, vectors by one name for all widths."""

    def vector_target(self, _operands: str) -> str | None:
        """The vector register that an instruction with these operands leaves its result in.

        None where there is none, or `writes` has it.
        """

    def stack_registers(self, code: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Registers through which a function reaches its stack frame: stack and frame pointer."""

    def writes(self, mnemonic: str, operands: str) -> Sequence[Write]:
        """Registers that an instruction changes."""

    def assembly(self, mnemonic: str, operands: str) -> str:
        """The instruction as LLVM's assembler reads it."""
